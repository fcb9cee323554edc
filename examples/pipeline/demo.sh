#!/bin/sh
# make demo-pipeline: a MariaDB and a small HTTP API in a scratch folder, and five batches through pipeline.tdl, one of them ended behind each
# step and started again.   examples/pipeline/demo.sh
set -eu
export LC_ALL=C.UTF-8 no_proxy=127.0.0.1
top=$PWD
dcetl=${DCETL:-build/dcetl}
. tests/systems/servers.sh.inc
trap stop_servers EXIT
trap 'exit 130' INT TERM
[ -n "${DCETL_TEST_MARIADB:-}" ] || start_mariadb || { echo "demo-pipeline: needs MariaDB: .ci/install-deps --demo" >&2; exit 1; }
port=$(free_port)
python3 examples/pipeline/api.py "$port" &
started api $! "$port"
export PIPELINE_DB="$DCETL_TEST_MARIADB" ALERTS="$servers/alerts.txt"

run() { # run BATCH [OPTION…]
  batch=$1
  shift
  echo "== pipeline.tdl -v BATCH=$batch $*"
  # shellcheck disable=SC2016 # the hook's own variable
  "$dcetl" -o raise_hook='echo "$DCETL_HOOK_LEVEL: $DCETL_HOOK_MESSAGE" >>"$ALERTS"' examples/pipeline/pipeline.tdl -v BATCH="$batch" -v API="http://127.0.0.1:$port" "$@"
}
table() { # table QUERY
  echo "== $1"
  mariadb --no-defaults --host=127.0.0.1 --port="$DCETL_TEST_MARIADB_PORT" --user=etl --password="$DCETL_TEST_MARIADB_PASSWORD" --table etl -e "$1"
}
value() { mariadb --no-defaults --host=127.0.0.1 --port="$DCETL_TEST_MARIADB_PORT" --user=etl --password="$DCETL_TEST_MARIADB_PASSWORD" -BN etl -e "$1"; }

for name in batches orders thresholds batch_stats features; do value "DROP TABLE IF EXISTS $name"; done
run 1
for step in loaded checked features done; do
  run 2 -v STOP_AFTER=$step && { echo "demo-pipeline: it did not stop" >&2; exit 1; }
done
run 2
run 3
run 4
run 5 -v KEEP=2
table 'SELECT batch, state, (SELECT COUNT(*) FROM orders WHERE orders.batch = batches.batch) AS orders, (SELECT COUNT(*) FROM features WHERE features.batch = batches.batch) AS features FROM batches'
table 'SELECT * FROM batch_stats WHERE NOT passed'
table 'SELECT * FROM features ORDER BY id LIMIT 5'
echo "== alerts that the hook heard"
cat "$ALERTS"

# What must have come out, whatever was ended in between.
[ "$(value "SELECT GROUP_CONCAT(state) FROM batches")" = done,done,done,done,done ] || { echo "demo-pipeline: a batch is not done" >&2; exit 1; }
[ "$(value "SELECT COUNT(*) FROM batch_stats WHERE NOT passed")" = 1 ] || { echo "demo-pipeline: one statistic should be out of bounds" >&2; exit 1; }
grep -q '^warning: batch 3: price_missing_percent' "$ALERTS" || { echo "demo-pipeline: the alert is missing" >&2; exit 1; }
python3 examples/pipeline/check.py "$port" "$(value 'SELECT id, is_books, is_food, is_garden, is_toys, name_length, promo_digit_sum, price FROM features ORDER BY id')"
