#!/bin/sh
# Every read, write, rename and allocation of data fails once (-o fail_at=N): one message, status 1, no output, no litter.
# N goes up until the script succeeds; where spilling makes many places alike, in growing steps.
. tests/scripts/lib.sh.inc
awk 'BEGIN { for (i = 0; i < 20000; i++) print i "," i % 7 ",text " i }' >"$work/few.csv"
awk 'BEGIN { for (i = 0; i < 200000; i++) print i "," i % 7 ",a text that makes the rows of this file longer " i }' >"$work/many.csv"
cat >"$work/job.tdl" <<'END'
LOAD "a" csv(@header = FALSE) VALUE ("id", "k", "t") FROM $IN;
ALTER "a" KEY INT "k" PARTITION 7;
SELECT "id", STR_UPPER("t") AS "t" FROM "a" PARTITION [1, 2] INTO "o/up";
SELECT COUNT(*) AS "n" FROM "a" INTO "o/n";
LOOP $i IN RANGE[3, 6] BEGIN SELECT * FROM "a" PARTITION $i INTO "o/{$i}"; END LOOP;
SELECT DISTINCT "k" FROM "a" INTO "k";
SELECT * FROM "a" ORDER BY "t" DESC INTO "s";
SELECT INT "id" % 1000 AS "r", COUNT(DISTINCT "t") AS "n", MEDIAN("id") AS "m", MAX("t") AS "x" FROM "a" GROUP BY 1 INTO "g";
TRANSFORM same() FROM COLUMNAR INTO COLUMNAR BEGIN -- no TRY makes up for what cannot be read or written
  TRY BEGIN FETCH @r; IF $NOTFOUND THEN RETURN; END IF; YIELD "k", $r; ON ERROR $e RETURN; END TRY;
END TRANSFORM;
ALTER "a" same INTO "same";
COPY "o/" *, "k", "s", "g", "same" csv(@single = TRUE) INTO $OUT;
END
loop() { # loop INPUT MEMORY STEP: N grows by 1 + N / STEP
  n=1 failed=0
  while :; do
    [ $n -le 20000 ] || fail "it fails for ever"
    status=0
    "$dcetl" -t 2 -m "$2" -o fail_at=$n "$work/job.tdl" -v IN="$work/$1.csv" -v OUT="$work/out" 2>"$work/err" || status=$?
    [ $status -ne 0 ] || break
    [ $status -eq 1 ] || fail "fail_at=$n: status $status: $(cat "$work/err")"
    [ "$(grep -c 'error:' "$work/err")" -eq 1 ] || fail "fail_at=$n: not one message: $(cat "$work/err")"
    [ ! -e "$work/out" ] || fail "fail_at=$n: output was left: $(find "$work/out" | head -5)"
    no_litter
    sed -n '1s/.*error: \(cannot [a-z]*\|out of [a-z]*\).*/\1/p' "$work/err" >>"$work/kinds"
    failed=$((failed + 1)) n=$((n + 1 + n / $3))
  done
  [ $failed -gt 12 ] || fail "$1: only $failed places failed"
  echo "$1.csv, --memory $2: failed at $failed of $n places"
  rm -rf "$work/out"
}
loop few 1G 100000
loop many 8M 8
sort "$work/kinds" | uniq -c
