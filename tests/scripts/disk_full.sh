#!/bin/sh
# A full disk as target and as folder of temporary files: one message, status 1, nothing left. Needs the right to mount.
. tests/scripts/lib.sh.inc
mkdir "$work/small"
mount -t tmpfs -o size=2m tmpfs "$work/small" 2>/dev/null || skip "may not mount a tmpfs"
trap 'umount "$work/small"; rm -rf "$work"' EXIT
seq 1000000 >"$work/a.csv"
cat >"$work/job.tdl" <<'END'
LOAD "a" csv(@header = FALSE) VALUE ("n") FROM $IN;
ALTER "a" KEY INT "n" PARTITION 50;
SELECT * FROM "a" PARTITION RANGE[0, 20] INTO "p/1";
SELECT * FROM "a" PARTITION RANGE[21, 49] INTO "p/2";
SELECT COUNT(*) AS "n" FROM "a" INTO "count";
COPY "p/" * csv INTO '{$OUT}/deep';
COPY "count" csv INTO '{$OUT}/count';
END
status=0
"$dcetl" "$work/job.tdl" -v IN="$work/a.csv" -v OUT="$work/small/out" 2>"$work/err" || status=$?
[ $status -eq 1 ] || fail "status $status, not 1: $(cat "$work/err")"
grep -q 'No space left on device' "$work/err" || fail "says: $(cat "$work/err")"
[ "$(grep -c 'error:' "$work/err")" -eq 1 ] || fail "not one message: $(cat "$work/err")"
[ -z "$(find "$work/small" -mindepth 1)" ] || fail "left behind: $(find "$work/small" | head -5)"
no_litter
# What is overwritten or appended to stays as it was.
for mode in overwrite append; do
  for single in TRUE FALSE; do
    cat >"$work/over.tdl" <<'END'
LOAD "a" csv(@header = FALSE) VALUE ("n") FROM $IN;
SELECT * FROM "a" LIMIT 10 INTO "few";
COPY "a", "few" csv(@mode = $MODE, @single = $SINGLE) INTO $OUT;
END
    seq 100 >"$work/b.csv"
    "$dcetl" "$work/over.tdl" -v MODE=error -v SINGLE=$single -v IN="$work/b.csv" -v OUT="$work/small/out"
    cp -a "$work/small/out" "$work/before"
    status=0
    "$dcetl" "$work/over.tdl" -v MODE=$mode -v SINGLE=$single -v IN="$work/a.csv" -v OUT="$work/small/out" 2>"$work/err" || status=$?
    [ $status -eq 1 ] || fail "$mode: status $status, not 1: $(cat "$work/err")"
    grep -q 'No space left on device' "$work/err" || fail "$mode says: $(cat "$work/err")"
    diff -r "$work/before" "$work/small/out" || fail "$mode on a full disk changed what was there"
    no_litter
    rm -rf "$work/small/out" "$work/before"
  done
done
# Spilling to a full disk.
status=0
"$dcetl" -m 1M --temp-dir "$work/small" "$work/job.tdl" -v IN="$work/a.csv" -v OUT="$work/out" 2>"$work/err" || status=$?
if [ $status -ne 0 ]; then
  [ $status -eq 1 ] || fail "status $status, not 1: $(cat "$work/err")"
  grep -q 'No space left on device' "$work/err" || fail "says: $(cat "$work/err")"
fi
[ -z "$(find "$work/small" -mindepth 1)" ] || fail "left behind: $(find "$work/small" | head -5)"
no_litter
