#!/bin/sh
# Runs test suites and sums them up; called by make.   tests/check.sh all|fast|asan|tsan|lint|systems
# One line for each suite; the log of a failing one is shown. The last line: N passed, N failed, N skipped.
set -u
MAKE=${MAKE:-make} BUILD=${BUILD:-build}
passed=0 failed=0 skipped=0
logs=build/check
mkdir -p "$logs"
TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/dcetl-check-XXXXXX") || exit 1
chmod 755 "$TMPDIR" # failures.sh runs the program as a user without rights
export TMPDIR
trap 'chmod -R u+rwx "$TMPDIR"; rm -rf "$TMPDIR"' EXIT
trap 'exit 130' INT TERM

# run NAME COMMAND…: the command's last line may be "N passed, N failed, N skipped"; without one it counts as one test.
run() {
  name=$1
  shift
  start=$(date +%s)
  "$@" >"$logs/$name.log" 2>&1 </dev/null
  status=$?
  line=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$logs/$name.log" | tail -n 1)
  case $line in
  '') if [ $status -eq 0 ]; then line='1 passed, 0 failed, 0 skipped'; else line='0 passed, 1 failed, 0 skipped'; fi ;;
  esac
  # shellcheck disable=SC2086
  set -- $line
  p=$1 f=$3 s=$5
  [ $status -eq 0 ] || [ "$f" -gt 0 ] || f=1
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
  if [ "$f" -gt 0 ]; then
    printf 'FAILED %-18s %s of %s failed; %s:\n' "$name" "$f" "$((p + f))" "$logs/$name.log"
    grep -v ' passed, .* skipped$' "$logs/$name.log" | tail -n "${CHECK_LINES:-150}" | sed 's/^/    /'
  else
    printf 'ok     %-18s %4s tests, %s skipped, %s s\n' "$name" "$p" "$s" "$(($(date +%s) - start))"
  fi
}

units() { (cd tests/unit && for f in test_*.c; do echo "${f%.c}"; done); }

# Unit tests: each program is a libcheck run: "100%: Checks: 5, Failures: 0, Errors: 0".
unit() { # unit BUILD PROGRAM…: one after another, or JOBS at once
  up=0 uf=0 folder=$1/unit outputs=$(mktemp -d)
  shift
  # shellcheck disable=SC2016
  printf '%s\n' "$@" | xargs -P "${JOBS:-1}" -I '{}' sh -c '"$1/$3" >"$2/$3" 2>&1 && : >"$2/$3.fine"' - "$folder" "$outputs" '{}'
  for program in "$@"; do
    out=$(cat "$outputs/$program")
    [ -e "$outputs/$program.fine" ] && ok=1 || ok=0
    counts=$(printf '%s\n' "$out" | sed -n 's/^[0-9]*%: Checks: \([0-9]*\), Failures: \([0-9]*\), Errors: \([0-9]*\)$/\1 \2 \3/p' |
      awk '{ c += $1; b += $2 + $3 } END { print c + 0, b + 0 }')
    checks=${counts% *} bad=${counts#* }
    [ "$checks" -gt 0 ] || checks=1
    [ $ok = 1 ] || [ "$bad" -gt 0 ] || bad=1
    up=$((up + checks - bad)) uf=$((uf + bad))
    [ "$bad" -eq 0 ] || printf '%s\n' "$program" "$out"
  done
  rm -rf "$outputs"
  echo "$up passed, $uf failed, 0 skipped"
  [ $uf -eq 0 ]
}

cases() { # cases BUILD WAYS [FOLDER…]
  b=$1 w=$2
  shift 2
  DCETL=$b/dcetl CASES_WAYS=$w build/runner "$@"
}

fuzz() { # each corpus file through its target
  fp=0 ff=0 fs=0
  for target in "$1"/fuzz/fuzz_*; do
    case $target in *.d | *'*') continue ;; esac
    corpus=tests/fuzz/corpus/$(basename "$target")
    [ -d "$corpus" ] || corpus=tests/fuzz/corpus/$(basename "$target" | sed 's/^fuzz_//')
    if [ ! -d "$corpus" ]; then
      echo "skipped $target: no corpus"
      fs=$((fs + 1))
    elif "$target" "$corpus"; then fp=$((fp + 1)); else ff=$((ff + 1)); fi
  done
  echo "$fp passed, $ff failed, $fs skipped"
  [ $ff -eq 0 ]
}

scripts() { # scripts BUILD: every tests/scripts/*.sh; status 77 means skipped
  sp=0 sf=0 ss=0
  for script in tests/scripts/*.sh; do
    begin=$(date +%s)
    out=$(DCETL=$PWD/$1/dcetl sh "$script" 2>&1)
    case $? in
    0) sp=$((sp + 1)) word=ok ;;
    77) ss=$((ss + 1)) word=skipped ;;
    *) sf=$((sf + 1)) word=FAILED ;;
    esac
    printf '%s %s (%s s)\n' "$word" "$script" "$(($(date +%s) - begin))"
    [ $word = ok ] || printf '%s\n' "$out" | tail -n 40
  done
  echo "$sp passed, $sf failed, $ss skipped"
  [ $sf -eq 0 ]
}

build() { # build BUILD SANITIZE: the program and its tests; without them nothing else makes sense
  $MAKE --no-print-directory -k -j2 BUILD="$1" SANITIZE="$2" tests all >"$logs/build-$1.log" 2>&1 && return 0
  failed=$((failed + 1))
  echo "FAILED build in $1:"
  grep -E 'error|Error|undefined|\*\*\*' "$logs/build-$1.log" | head -n 30 | sed 's/^/    /'
  return 1
}

normal() {
  build "$BUILD" '' || return
  $MAKE --no-print-directory build/runner >/dev/null
  run unit unit "$BUILD" $(units)
  run cases cases "$BUILD" "${CASES_WAYS:-4}"
  run fuzz-corpus fuzz "$BUILD"
  run lint sh tests/lint/lint.sh
}

# intercept_tls_get_addr: what it takes for the memory of a thread's variables is guessed from the bytes before it, and when they look
# like a header of an old glibc by chance, the search for leaks crashes there. It finds that memory without.
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0:intercept_tls_get_addr=0}" UBSAN_OPTIONS=print_stacktrace=1
export LSAN_OPTIONS="${LSAN_OPTIONS:-suppressions=$PWD/tests/leaks.supp:print_suppressions=0}"
asan() {
  build build-asan asan || return
  $MAKE --no-print-directory build/runner >/dev/null
  run asan-unit unit build-asan $(units)
  run asan-cases cases build-asan "${ASAN_WAYS:-2}"
  run asan-fuzz-corpus fuzz build-asan
  QUICK=1 run asan-scripts scripts build-asan
}

export TSAN_OPTIONS="${TSAN_OPTIONS:-halt_on_error=1:suppressions=$PWD/tests/races.supp:print_suppressions=0}"
tsan() {
  build build-tsan tsan || return
  $MAKE --no-print-directory build/runner >/dev/null
  # The others have no threads that could race, and take minutes here.
  run tsan-unit unit build-tsan test_body test_budget test_in_order test_kernels test_keymap test_pool test_session test_stage test_store test_stream test_system
  run tsan-cases cases build-tsan 1
}

# Tests against real servers, those that are installed.
systems() { DCETL=$1/dcetl CASES_WAYS=$2 sh tests/systems/run.sh; }

case ${1:-all} in
fast) CASES_WAYS=${CASES_WAYS:-1} JOBS=2 && normal ;; # for the inner loop
lint) run lint sh tests/lint/lint.sh ;;
asan) asan ;;
tsan) tsan ;;
systems)
  build "$BUILD" '' && $MAKE --no-print-directory build/runner >/dev/null && run systems systems "$BUILD" "${CASES_WAYS:-2}"
  build build-asan asan && run asan-systems systems build-asan 1
  ;;
all)
  normal
  run scripts scripts "$BUILD"
  run conformance sh tests/conformance.sh "$BUILD/dcetl"
  run systems systems "$BUILD" 1
  asan
  tsan
  ;;
*)
  echo "usage: tests/check.sh all|fast|asan|tsan|lint|systems" >&2
  exit 2
  ;;
esac
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
