#!/bin/sh
# @fsync = TRUE: files and folders of the stage are forced to the disk before the first move, the journal, too; the
# folders that the moves changed are before the journal goes. Without it nothing is forced. Needs strace.
. tests/scripts/lib.sh.inc
[ -z "${QUICK:-}" ] || skip "only for the normal build" # no leak check under strace
strace -o "$work/try" true 2>/dev/null || skip "strace is not installed or may not trace"
seq 10 >"$work/a.csv"
echo 'LOAD "a" text FROM $IN; COPY "a" text(@mode = $MODE, @fsync = $FORCE, @manifest = "xxh128") INTO $OUT;' | tr '"' "'" |
  sed "s/'a'/\"a\"/g" >"$work/job.tdl"
trace() { # trace MODE FORCE: "fsync PATH", "rename FROM TO" and "unlink PATH" of the commit, paths below $work
  strace -f -y -e trace=fsync,rename,renameat2,unlink -o "$work/trace" "$dcetl" "$work/job.tdl" \
    -v MODE="$1" -v FORCE="$2" -v IN="$work/a.csv" -v OUT="$work/out"
  sed -n "s,$work/,,g; s/\.dcetl-[0-9]*-[0-9]*/STAGE/g; s/^[0-9]* *//
    s/^fsync([0-9]*<\(.*\)>) = 0.*/fsync \1/p
    s/^rename(\"\(.*\)\", \"\(.*\)\") = 0.*/rename \1 \2/p
    s/^renameat2(.*, \"\(.*\)\", .*, \"\(.*\)\", .*) = 0.*/rename \1 \2/p
    s/^unlink(\"\(.*\)\") = 0.*/unlink \1/p" "$work/trace" | grep -v '^unlink out/STAGE/\(old\|new\)' |
    awk '/^fsync out\/STAGE\/new\/a\// { print | "sort"; next } { close("sort"); print; fflush() }' >"$work/steps" # files come in any order
}
expect() { # the steps are standard input
  cat >"$work/expected"
  diff "$work/expected" "$work/steps" || fail "wrong steps ($1)"
}
mkdir "$work/out"
trace error TRUE
expect "first write" <<'END'
fsync out/STAGE/new/a/_manifest.json
fsync out/STAGE/new/a/part-00000.txt
fsync out/STAGE/new/a
fsync out/STAGE/new
rename out/STAGE/new/a out/a
fsync out
unlink out/.dcetl-lock
END
trace append TRUE
expect append <<'END'
fsync out/STAGE/new/a/_manifest.json
fsync out/STAGE/new/a/part-00001.txt
fsync out/STAGE/new/a
fsync out/STAGE/new
fsync out/STAGE/draft
rename out/STAGE/draft out/STAGE/journal
fsync out/STAGE
fsync out
rename out/a/_manifest.json out/STAGE/old/0
rename out/STAGE/new/a/part-00001.txt out/a/part-00001.txt
rename out/STAGE/new/a/_manifest.json out/a/_manifest.json
fsync out/a
unlink out/STAGE/journal
fsync out/STAGE
unlink out/.dcetl-lock
END
trace overwrite TRUE
expect overwrite <<'END'
fsync out/STAGE/new/a/_manifest.json
fsync out/STAGE/new/a/part-00000.txt
fsync out/STAGE/new/a
fsync out/STAGE/new
fsync out/STAGE/draft
rename out/STAGE/draft out/STAGE/journal
fsync out/STAGE
fsync out
rename out/STAGE/new/a out/a
fsync out
unlink out/STAGE/journal
fsync out/STAGE
unlink out/.dcetl-lock
END
trace overwrite FALSE
grep fsync "$work/steps" && fail "something is forced that should not be"
no_litter
