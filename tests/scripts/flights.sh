#!/bin/sh
# The examples on the sample data: flights of January by day and carrier, by PARTITION and by SPLIT.
. tests/scripts/lib.sh.inc
for threads in 1 4; do
  rm -rf "$work/a" "$work/b"
  "$dcetl" -t $threads examples/flights-by-day-and-carrier.tdl -v OUT="$work/a" || fail "the main job failed"
  "$dcetl" -t $threads examples/flights-split.tdl -v OUT="$work/b" || fail "the SPLIT failed"
  python3 tests/scripts/flights_check.py examples/data/flights-2013-01.csv.gz "$work/a/flights" day carrier
  python3 tests/scripts/flights_check.py examples/data/flights-2013-01.csv.gz "$work/b/flights" day carrier
done
[ "$(find "$work/a" -type f | wc -l)" -eq 496 ] || fail "not 496 files"
[ "$(find "$work/b" -type f | wc -l)" -eq 460 ] || fail "not 460 files"
no_litter
