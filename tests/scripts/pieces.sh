#!/bin/sh
# A SELECT of 4 of 100 partitions reads only those: of a load that is not computed yet, and of a spilled dataset.
. tests/scripts/lib.sh.inc
awk 'BEGIN { for (i = 0; i < 400000; i++) print i "," i % 100 ",some text that makes the row a little longer" }' >"$work/a.csv"
cat >"$work/load.tdl" <<'END'
LOAD "a" csv(@header = FALSE) VALUE ("id", "k", "t") FROM $IN PARTITION 100;
SELECT * FROM "a" PARTITION [3, 4, 50, 99] INTO "four";
COPY "four" csv(@header = FALSE) INTO $OUT;
END
cat >"$work/spilled.tdl" <<'END'
LOAD "a" csv(@header = FALSE) VALUE ("id", "k", "t") FROM $IN;
ALTER "a" KEY INT "k" PARTITION 100;
ANALYZE "a";
SELECT * FROM "a" PARTITION [3, 4, 50, 99] INTO "four";
COPY "four" csv(@header = FALSE) INTO $OUT;
SELECT COUNT(*) AS "n" FROM "a" INTO "n";
COPY "n" csv(@header = FALSE) INTO $OUT;
END
"$dcetl" --stats="$work/load.json" "$work/load.tdl" -v IN="$work/a.csv" -v OUT="$work/load"
"$dcetl" -m 6M --stats="$work/spilled.json" "$work/spilled.tdl" -v IN="$work/a.csv" -v OUT="$work/spilled"
awk -F, '$2 == 3 || $2 == 4 || $2 == 50 || $2 == 99' "$work/a.csv" | sort >"$work/want"
cat "$work"/spilled/four/part-* | sort | cmp - "$work/want" || fail "other rows than asked for"
[ "$(cat "$work"/spilled/n/part-*)" = 400000 ] || fail "not all rows are there afterwards"
[ "$(ls "$work/load/four" | wc -l)" -eq 4 ] || fail "not 4 part files"
cat "$work"/load/four/part-* | grep -vxFf "$work/a.csv" && fail "rows that are not in the input"
python3 - "$work/load.json" "$work/spilled.json" "$(wc -c <"$work/a.csv")" <<'END'
import json, sys
load, spilled = (json.load(open(f))['statements'] for f in sys.argv[1:3])
size = int(sys.argv[3])
read = sum(s['bytes_read'] for s in load)
assert 0 < read < size * 0.08, 'of a load: %d of %d bytes were read' % (read, size)
assert sum(s['bytes_spilled'] for s in spilled) > 0, 'nothing was spilled'
four = [s for s in spilled if s['kind'] == 'COPY'][0]
assert four['bytes_read'] < size * 0.08, 'of a spilled dataset: %d of %d bytes were read' % (four['bytes_read'], size)
assert four['rows_in'] == 16000, four
select = [s for s in spilled if s['kind'] == 'SELECT'][0]
assert select['bytes_read'] == 0 and select['rows_copied'] == 0, select
END
no_litter
