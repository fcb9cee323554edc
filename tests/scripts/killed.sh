#!/bin/sh
# SIGKILL at every step of a COPY (-o die_at=N), also while a failed one is taken back: whoever reads next finds the old
# or the new output, never a mix, and the next writer leaves nothing of the killed one.
. tests/scripts/lib.sh.inc
seq 1 60 >"$work/a.csv"
memory=$(mktemp -d /dev/shm/dcetl-script-XXXXXX 2>/dev/null || mktemp -d "$work/memory-XXXXXX") # where fsync costs nothing
trap 'rm -rf "$work" "$memory"' EXIT
target=$memory/target/out
cat >"$work/make.tdl" <<'END'
LOAD "a" csv(@header = FALSE) VALUE ("n") FROM $IN;
ALTER "a" KEY INT "n" PARTITION 5;
SELECT "n" || $MARK AS "n" FROM "a" PARTITION [0, 1] INTO "d/one";
SELECT "n" || $MARK AS "n" FROM "a" PARTITION [2] INTO "d/two";
SELECT "n" || $MARK AS "n" FROM "a" PARTITION [3, 4] INTO "three";
END
cat "$work/make.tdl" - >"$work/all.tdl" <<'END'
COPY "d/" *, "three" text(@mode = $MODE) INTO $OUT;
END
cat "$work/make.tdl" - >"$work/one.tdl" <<'END'
COPY "d/one" text(@mode = $MODE) INTO $OUT;
END
cat "$work/make.tdl" - >"$work/single.tdl" <<'END'
COPY "d/" *, "three" text(@mode = $MODE, @single = TRUE) INTO $OUT;
END
cat "$work/make.tdl" - >"$work/marked.tdl" <<'END'
COPY "d/" *, "three" text(@mode = $MODE, @success = TRUE, @manifest = 'xxh128', @fsync = TRUE) INTO $OUT;
END
export SOURCE_DATE_EPOCH=0
echo "CREATE r text FROM \$OUT; COPY r text INTO '-';" >"$work/read.tdl"
echo 'LOAD "p" text FROM $IN; COPY "p" text(@mode = $MODE) INTO $OUT;' >"$work/probe.tdl"

run() { # run SCRIPT MODE MARK [OPTION…]
  run_script=$work/$1.tdl run_mode=$2 run_mark=$3
  shift 3
  "$dcetl" -t 2 "$@" "$run_script" -v IN="$work/a.csv" -v OUT="$target" -v MODE="$run_mode" -v MARK="$run_mark"
}
visible() { # all files that readers see, with their content
  [ ! -d "$target" ] || (cd "$target" && find . -type f ! -name '.*' ! -path '*/.*' ! -path './p/*' | sort | xargs -r -d '\n' cksum)
}
prepare_nothing() { mkdir -p "$memory/target"; }
prepare_old() {
  run all error old
  mkdir -p "$target/d/other" "$target/three/deep"
  echo kept >"$target/three/deep/part-00000"
  echo kept >"$target/d/other/part-00000"
}
prepare_plain() { run all error old; }
prepare_more() { # parts that the new output has not
  run all error old
  echo old >"$target/d/one/part-00007.txt"
  echo hidden >"$target/d/one/.hidden"
}
prepare_marked() { run marked error old; }
prepare_single() { run single error old; }

# Each shape: what is there before, the script, its mode.
walk() { # walk NAME PREPARE SCRIPT MODE [OPTION…]
  name=$1 prepare=$2 script=$3 mode=$4
  shift 4
  rm -rf "$memory/target"
  "$prepare"
  rm -rf "$work/before"
  cp -a "$memory/target" "$work/before"
  visible >"$work/old"
  run "$script" "$mode" new
  visible >"$work/new"
  n=${from:-1} mended=0 old=0
  while :; do
    rm -rf "$memory/target"
    cp -a "$work/before" "$memory/target"
    status=0
    run "$script" "$mode" new -o die_at=$n "$@" 2>"$work/err" || status=$?
    [ $status -eq 137 ] || break
    visible >"$work/mixed"
    run read - - >"$work/read" 2>"$work/err" || [ ! -d "$target" ] || fail "$name, die_at=$n: it cannot be read: $(cat "$work/err")"
    visible >"$work/now"
    cmp -s "$work/now" "$work/mixed" || mended=$((mended + 1))
    if cmp -s "$work/now" "$work/old"; then old=$((old + 1)); else
      cmp -s "$work/now" "$work/new" || fail "$name, die_at=$n: neither old nor new: $(cat "$work/now")"
    fi
    run probe overwrite -
    visible | cmp -s - "$work/now" || fail "$name, die_at=$n: the next run changed the outputs"
    left=$(find "$memory" -name '.dcetl-*')
    [ -z "$left" ] || fail "$name, die_at=$n: temporary files were left: $left"
    n=$((n + 1))
    [ $n -lt 2000 ] || fail "$name: it dies for ever"
  done
  echo "$name: killed at $((n - ${from:-1})) places: $old times the old output, $mended times completed or taken back"
}
walk "first write" prepare_nothing all error
walk "overwrite of one" prepare_old one overwrite
walk "overwrite of one, some files kept" prepare_more one overwrite
walk "overwrite of three" prepare_old all overwrite
walk "overwrite of three, nothing else there" prepare_plain all overwrite
walk "append" prepare_more all append
walk "single files" prepare_single single overwrite
walk "append to single files" prepare_single single append
from=30 # before that only files are written
walk "overwrite of three with manifests, forced to the disk" prepare_marked marked overwrite
walk "append with manifests, forced to the disk" prepare_marked marked append
from=1
rm -rf "$memory/target" # the last step fails, and the way back is cut off
prepare_more
steps=1
while ! run all overwrite new -o fail_at=$steps 2>"$work/err"; do steps=$((steps + 1)); done
walk "a failure at the last step" prepare_more all overwrite -o fail_at=$((steps - 1))
