#!/bin/sh
# A run that is killed while it writes to S3, many objects or a large one, leaves no object that is not whole; the next run completes them.
set -u
DCETL=$(realpath "${DCETL:-build/dcetl}")
[ -n "${DCETL_TEST_S3:-}" ] || { echo 'skipped: no S3 server'; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work" "$DCETL_TEST_S3_FOLDER"/.upload*' EXIT
cd "$work" || exit 1
failed=0
awk 'BEGIN { print "id,x"; for (i = 0; i < 600000; i++) printf "%d,xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n", i }' >in.csv
keys='@endpoint = $"ENV:DCETL_TEST_S3", @access_key = $"ENV:DCETL_TEST_S3_KEY", @secret_key = $"ENV:DCETL_TEST_S3_SECRET"'
printf '%s\n' "CREATE \"t\" csv FROM 'in.csv' PARTITION 60;" 'COPY "t" csv INTO $out;' >local.tdl
printf '%s\n' "CREATE \"t\" csv FROM 'in.csv' PARTITION 60;" "COPY \"t\" csv($keys, @mode = 'overwrite') INTO 's3://test/killed/many';" \
  "COPY \"t\" csv($keys, @mode = 'overwrite', @single = TRUE) INTO 's3://test/killed/one';" >store.tdl
"$DCETL" -q -v out=many local.tdl || exit 1
there=$DCETL_TEST_S3_FOLDER/test/killed
rm -rf "$there"

check() { # check WHEN: what is visible is whole
  for file in $(cd "$there" 2>/dev/null && find . -name '*.csv'); do
    case $file in
    ./many/*) cmp -s "$there/$file" "$file" || failed=1 ;;
    *) cmp -s "$there/$file" in.csv || failed=1 ;;
    esac
    [ $failed = 0 ] || { echo "FAILED $1: $file is not whole"; exit 1; }
  done
}

for pause in 0.05 0.1 0.15 0.2 0.25 0.3 0.4 0.5; do
  "$DCETL" -q store.tdl 2>/dev/null &
  sleep $pause
  kill -KILL $! 2>/dev/null
  wait $! 2>/dev/null
  check "killed after $pause s"
done
"$DCETL" -q store.tdl || exit 1
check 'run again'
[ "$(find "$there" -name '*.csv' | wc -l)" = 61 ] || { echo 'FAILED: objects are missing'; exit 1; }
