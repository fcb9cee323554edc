#!/bin/sh
# What 1 M rows (bigint, double, text, date) cost into PostgreSQL and MariaDB and out of them, beside psql's \copy and LOAD DATA LOCAL
# of the mariadb client, in the same run and on the same scratch servers: the smallest wall seconds of RUNS, and the ratio.
#   sh tests/bench/databases.sh        DCETL (build/dcetl), ROWS (1000000), RUNS (5)
set -eu
top=$PWD
DCETL=$(realpath "${DCETL:-build/dcetl}") ROWS=${ROWS:-1000000} RUNS=${RUNS:-5}
. "$top/tests/systems/servers.sh.inc"
. "$top/tests/bench/measure.sh.inc"
work=$(mktemp -d "${TMPDIR:-/tmp}/dcetl-bench-XXXXXX")
trap 'stop_servers; rm -rf "$work"' EXIT
start_postgres || exit
start_mariadb || exit
cd "$work"
awk -v n="$ROWS" 'BEGIN { srand(1); print "id,amount,name,day"
  for (i = 0; i < n; i++) printf "%d,%.4f,name %d,%04d-%02d-%02d\n", i, rand() * 1000, rand() * 1e8, 2000 + i % 25, 1 + i % 12, 1 + i % 28 }' >rows.csv

postgres() { psql -qX "$DCETL_TEST_POSTGRES" -c "$1"; }
mariadb_() { mariadb --no-defaults --local-infile=1 --quick -h127.0.0.1 -P"$DCETL_TEST_MARIADB_PORT" -uetl -p"$DCETL_TEST_MARIADB_PASSWORD" etl -Be "$1"; }
put() { "$DCETL" -q -e "CREATE \"a\" csv FROM 'rows.csv'; COPY \"a\" $1(@url = \$\"ENV:$2\", @mode = 'append') INTO 'ours';"; }
get() { "$DCETL" -q -e "CREATE \"a\" $1(@url = \$\"ENV:$2\") FROM 'peers'; COPY \"a\" csv(@single = TRUE, @mode = 'overwrite') INTO 'ours';"; }

for table in peers ours; do
  postgres "CREATE TABLE $table (id bigint, amount double precision, name text, day date)"
  mariadb_ "CREATE TABLE $table (id bigint, amount double, name text, day date)"
done
run=0
while [ $run -lt "$RUNS" ]; do
  run=$((run + 1))
  postgres 'TRUNCATE peers, ours'
  measure pg-in-peer postgres "\\copy peers FROM 'rows.csv' (FORMAT csv, HEADER)"
  measure pg-in-ours put postgres DCETL_TEST_POSTGRES
  measure pg-out-peer postgres "\\copy peers TO 'peer.csv' (FORMAT csv, HEADER)"
  measure pg-out-ours get postgres DCETL_TEST_POSTGRES
  mariadb_ 'TRUNCATE peers; TRUNCATE ours'
  measure my-in-peer mariadb_ "LOAD DATA LOCAL INFILE 'rows.csv' INTO TABLE peers FIELDS TERMINATED BY ',' IGNORE 1 LINES"
  measure my-in-ours put mariadb DCETL_TEST_MARIADB
  measure my-out-peer mariadb_ 'SELECT * FROM peers' >peer.csv
  measure my-out-ours get mariadb DCETL_TEST_MARIADB
done
show "PostgreSQL in, psql copy" pg-in-peer pg-in-ours
show "PostgreSQL out, psql copy" pg-out-peer pg-out-ours
show 'MariaDB in, LOAD DATA LOCAL' my-in-peer my-in-ours
show 'MariaDB out, mariadb --quick' my-out-peer my-out-ours
