#!/bin/sh
# One table of values, extremes and NULLs among them, from CSV into each database and back into CSV: what the database has then is what
# its own client makes of the same file (no row is on one side only), and what comes back is the file.
set -u
work=$(mktemp -d "${TMPDIR:-/tmp}/dcetl-types-XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
wrong=0 ways=
[ -z "${DCETL_TEST_POSTGRES:-}" ] || ways=postgres
[ -z "${DCETL_TEST_MARIADB:-}" ] || ways="$ways mariadb"
[ -z "${ODBCSYSINI:-}" ] || ways="$ways odbc-postgres odbc-mariadb"
command -v sqlite3 >/dev/null && ways="$ways sqlite"
[ -n "$ways" ] || { echo 'skipped: no server runs'; exit 77; }

python3 - <<'END'
import csv
rows = [
    ["id", "flag", "small", "f8", "amount", "name", "day", "tod", "ts"],
    [1, "true", -32768, "0.1", "1234567890123456789012345678.0123456789", "plain", "2024-02-29", "23:59:59.999999", "2024-02-29T12:00:00.000001"],
    [2**63 - 1, "false", 32767, "1.7976931348623157e+308", "-9999999999999999999999999999.9999999999", "'); DROP TABLE types_db; --", "1000-01-01", "00:00:00", "1000-01-01T00:00:00"],
    [-(2**63) + 1, "", "", "", "", "", "", "", ""],
    [3, "true", 0, "-2.5e-300", "0.0000000001", "tab\there, \"quotes\" and\na line; \\N \\t \\", "9999-12-31", "12:30:00", "9999-12-31T23:59:59.999999"],
    [4, "false", 7, "123456789.12345679", "0.0000000000", "ü€😀 \u202e العربية 日本語 NULL", "1970-01-01", "00:00:00.000001", "1969-12-31T23:59:59"],
]
with open("in.csv", "w", newline="") as out:
    csv.writer(out, lineterminator="\n").writerows(rows)
END

types="id int64, flag bool, small int16, f8 double, amount decimal(38, 10), name string, day date, tod time64[us], ts timestamp[us]"
differ='SELECT COUNT(*) FROM (SELECT * FROM (SELECT * FROM types_db EXCEPT SELECT * FROM types_own) a UNION ALL SELECT * FROM (SELECT * FROM types_own EXCEPT SELECT * FROM types_db) b) c'

set_way() {
  case $1 in
  postgres) adapter="postgres(@url = '$DCETL_TEST_POSTGRES'" ;;
  mariadb) adapter="mariadb(@url = '$DCETL_TEST_MARIADB'" ;;
  sqlite) adapter="sqlite(@url = '$work/types.db'" ;;
  odbc-*) adapter="odbc(@url = 'odbc:DSN=etl-${1#odbc-}'" ;;
  esac
}

mariadb_client() {
  mariadb --no-defaults --local-infile=1 --default-character-set=utf8mb4 -h 127.0.0.1 -P "$DCETL_TEST_MARIADB_PORT" -u etl "-p$DCETL_TEST_MARIADB_PASSWORD" etl -N "$@"
}

# How many rows are on one side only, where the database's client loads the file by itself.
compare() {
  case $1 in
  *postgres) psql -qAt -v ON_ERROR_STOP=1 "$DCETL_TEST_POSTGRES" -c 'DROP TABLE IF EXISTS types_own' -c 'CREATE TABLE types_own (LIKE types_db)' \
    -c "\\copy types_own FROM 'in.csv' CSV HEADER" -c "$differ" 2>&1 | tail -n 1 ;;
  *mariadb) mariadb_client -e "SET time_zone = '+00:00'; DROP TABLE IF EXISTS types_own; CREATE TABLE types_own LIKE types_db;
    LOAD DATA LOCAL INFILE 'in.csv' INTO TABLE types_own CHARACTER SET utf8mb4 FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"' ESCAPED BY '' LINES TERMINATED BY '\n' IGNORE 1 LINES
      (id, @flag, @small, @f8, @amount, @name, @day, @tod, @ts) SET flag = CASE @flag WHEN 'true' THEN 1 WHEN 'false' THEN 0 END, small = NULLIF(@small, ''), f8 = NULLIF(@f8, ''),
      amount = NULLIF(@amount, ''), name = NULLIF(@name, ''), day = NULLIF(@day, ''), tod = NULLIF(@tod, ''), ts = NULLIF(@ts, ''); $differ" 2>&1 | tail -n 1 ;;
  sqlite)
    sqlite3 types.db "$(sqlite3 types.db .schema | sed 's/types_db/types_own/')"
    sqlite3 types.db '.mode csv' '.import --skip 1 in.csv types_own' \
      "UPDATE types_own SET flag = CASE flag WHEN 'true' THEN 1 WHEN 'false' THEN 0 END, small = NULLIF(small, ''), f8 = NULLIF(f8, ''), amount = NULLIF(amount, ''), name = NULLIF(name, ''),
       day = NULLIF(day, ''), tod = NULLIF(tod, ''), ts = NULLIF(REPLACE(ts, 'T', ' '), '')" "$differ" 2>&1 | tr -d '\r' | tail -n 1 ;;
  esac
}

for way in $ways; do
  set_way "$way"
  rm -rf out
  if ! "$DCETL" -e "EXEC $adapter) 'DROP TABLE IF EXISTS types_db'; CREATE \"in\" csv(@null = '') FROM 'in.csv'; COPY \"in\" $adapter, @mode = 'overwrite', @types = '$types') INTO 'types_db';
    CREATE \"back\" $adapter) FROM 'types_db'; COPY \"back\" csv(@single = TRUE) INTO 'out';" 2>error; then
    echo "FAILED $way:" && head -n 6 error && wrong=1 && continue
  fi
  case $way in # a bit field or a small number
  *mariadb) sed -i 's/^\([-0-9]*\),1,/\1,true,/; s/^\([-0-9]*\),0,/\1,false,/' out/back.csv ;;
  esac
  cmp -s in.csv out/back.csv || { echo "FAILED $way: what comes back is not what was written" && diff in.csv out/back.csv | cat -A | head -n 8 && wrong=1; }
  apart=$(compare "$way")
  [ "$apart" = 0 ] || { echo "FAILED $way: rows that its own client has otherwise: $apart" && wrong=1; }
done
exit $wrong
