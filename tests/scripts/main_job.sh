#!/bin/sh
# The split script, unchanged, between load.tdl and save.tdl: February 2024 has 29 days; days 30 and 31 come out empty
# with one warning. SPLIT gives the same pieces. Rows hold quotes and line ends, and stay byte for byte.
. tests/scripts/lib.sh.inc
split=$shared/examples/split-by-day-and-digit.tdl
[ -f "$split" ] || skip "no $split"
python3 tests/scripts/main_job.py make "$work/data" "${ROWS:-40000}"
cat >"$work/split.tdl" <<'END'
LOAD "all" csv FROM '{$DATA}/part-*.csv';
SPLIT "all" BY "day", STR_SLICE("userid", 0, 1) AS "digit" INTO "processed/" *;
COPY "processed/" * csv(@single = TRUE) INTO $OUT;
END
ulimit -n 256
# The order of rows within a piece follows RANDOM, so runs are compared with each other byte by byte, with the input by row.
for way in "-t 1" "-t 4" "-t 4 -m 16M" "-t 1 -o batch_rows=500"; do
  rm -rf "$work/out" "$work/err"
  # shellcheck disable=SC2086
  "$dcetl" $way examples/load.tdl "$split" examples/save.tdl -v year=2024 -v month=2 -v DATA="$work/data" -v OUT="$work/out" \
    2>"$work/err" || fail "the split script failed ($way): $(cat "$work/err")"
  python3 tests/scripts/main_job.py check "$work/data" "$work/out/processed" 496
  [ "$(grep -c 'warning' "$work/err")" -eq 1 ] || fail "not one warning ($way): $(cat "$work/err")"
  # 2 days × 16 digits × 4 parts do not exist.
  grep -q '128' "$work/err" || fail "the warning has no count ($way): $(cat "$work/err")"
  if [ -d "$work/first" ]; then
    diff -r "$work/first" "$work/out" || fail "other bytes than in the first run ($way)"
  else
    mv "$work/out" "$work/first"
  fi
  no_litter
done
for way in "-t 1" "-t 4" "-t 4 -m 16M"; do
  rm -rf "$work/out"
  # shellcheck disable=SC2086
  "$dcetl" $way "$work/split.tdl" -v DATA="$work/data" -v OUT="$work/out" || fail "SPLIT failed ($way)"
  python3 tests/scripts/main_job.py check "$work/data" "$work/out/processed" 464 ordered
done
no_litter
