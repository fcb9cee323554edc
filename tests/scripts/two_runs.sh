#!/bin/sh
# Two runs at once on one target: the second gets an error that names the first, at once; other outputs may be written.
. tests/scripts/lib.sh.inc
mkdir "$work/out"
mkfifo "$work/slow"
seq 1 10 >"$work/fast"
echo 'LOAD "d/a" text FROM $IN; COPY "d/a" text(@mode = $MODE) INTO $OUT;' >"$work/job.tdl"
sed 's/a"/b"/g' "$work/job.tdl" >"$work/other.tdl"
run() { # run SCRIPT MODE IN OUT
  "$dcetl" "$work/$1.tdl" -v MODE="$2" -v IN="$work/$3" -v OUT="$work/$4"
}
refused() { # refused SCRIPT MODE OUT SHOWN
  status=0
  run "$1" "$2" fast "$3" 2>"$work/err" || status=$?
  [ $status -eq 1 ] || fail "$1, $2 into $3: status $status: $(cat "$work/err")"
  grep -q "error: \"$work/$4\" is being written by another run (process $first)" "$work/err" || fail "$1, $2 into $3 says: $(cat "$work/err")"
}
start() { # start OUT: a run that waits for its input, with its output claimed
  "$dcetl" "$work/job.tdl" -v MODE=overwrite -v IN="$work/slow" -v OUT="$work/$1" 2>"$work/first" &
  first=$!
  exec 3>"$work/slow"
  echo first >&3
  tries=0
  while ! grep -qs . "$work/$1/.dcetl-lock"; do
    tries=$((tries + 1))
    [ $tries -lt 500 ] || fail "the first run claims nothing: $(cat "$work/first")"
    sleep 0.01
  done
}
start out
for mode in error overwrite append ignore; do refused job $mode out out/d/a; done
run other error fast out
[ "$(wc -l <"$work/out/d/b/part-00000.txt")" -eq 10 ] || fail "the other output is wrong"
[ ! -e "$work/out/d/a" ] || fail "outputs are there before their run has ended"
echo last >&3
exec 3>&-
wait $first || fail "the first run failed: $(cat "$work/first")"
[ "$(cat "$work/out/d/a/part-00000.txt")" = "first
last" ] || fail "wrong: $(cat "$work/out/d/a/part-00000.txt")"
no_litter
# A killed run claims nothing any more, and the next one clears up behind it.
start out
kill -9 $first
wait $first 2>/dev/null || true
exec 3>&-
run job append fast out
[ "$(cat "$work/out/d/a/"* | wc -l)" -eq 12 ] || fail "appended wrongly"
no_litter
