#!/bin/sh
# SIGINT and SIGTERM in the middle of each phase: status 130 and 143, one message at most, no partial output, no temporary file.
. tests/scripts/lib.sh.inc
awk 'BEGIN { for (i = 0; i < 3000000; i++) print i ",some text that makes the row a little longer," i % 97 }' >"$work/a.csv"
cat >"$work/job.tdl" <<'END'
LOAD "a" csv(@header = FALSE) VALUE ("id", "text", "k") FROM $IN;
ALTER "a" KEY INT "k" PARTITION 97;
LOOP $i IN RANGE[0, 96] BEGIN
  SELECT * FROM "a" PARTITION $i INTO "p/{$i}";
END LOOP;
COPY "p/" * csv(@single = TRUE, @codec = 'zst', @level = 12) INTO $OUT;
END
python3 tests/scripts/signals.py "$dcetl" "$work"
# A second reader of the same kind: the script waits for its standard input.
python3 tests/scripts/signals.py "$dcetl" "$work" stdin
no_litter
