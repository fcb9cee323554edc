#!/bin/sh
# Every write and every allocation of data fails once (-o fail_at=N): one message, status 1, no output, no temporary file.
# N goes up until the script succeeds.
. tests/scripts/lib.sh.inc
awk 'BEGIN { for (i = 0; i < 20000; i++) print i "," i % 7 ",text " i }' >"$work/a.csv"
cat >"$work/job.tdl" <<'END'
LOAD "a" csv(@header = FALSE) VALUE ("id", "k", "t") FROM $IN;
ALTER "a" KEY INT "k" PARTITION 7;
SELECT "id", STR_UPPER("t") AS "t" FROM "a" PARTITION [1, 2] INTO "o/up";
SELECT COUNT(*) AS "n" FROM "a" INTO "o/n";
LOOP $i IN RANGE[3, 6] BEGIN SELECT * FROM "a" PARTITION $i INTO "o/{$i}"; END LOOP;
COPY "o/" * csv(@single = TRUE) INTO $OUT;
END
for memory in 1G 1M; do
  n=0
  while :; do
    n=$((n + 1))
    [ $n -le 400 ] || break
    status=0
    "$dcetl" -m $memory -o fail_at=$n "$work/job.tdl" -v IN="$work/a.csv" -v OUT="$work/out" 2>"$work/err" || status=$?
    [ $status -ne 0 ] || break
    [ $status -eq 1 ] || fail "fail_at=$n: status $status: $(cat "$work/err")"
    [ "$(grep -c 'error:' "$work/err")" -eq 1 ] || fail "fail_at=$n: not one message: $(cat "$work/err")"
    [ ! -e "$work/out" ] || fail "fail_at=$n: output was left: $(find "$work/out" | head -5)"
    no_litter
  done
  [ $n -gt 3 ] || fail "nothing failed: fail_at has no effect"
  echo "--memory $memory: failed at $((n - 1)) places"
  rm -rf "$work/out"
done
