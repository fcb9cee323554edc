#!/bin/sh
# What a text file of 1 GB costs into an S3 store and out of it, beside curl, in the same run: the smallest wall seconds of RUNS, and the ratio.
# curl sends the file by one request, unsigned; dcetl by parts that the store checks against their SHA-256.
#   sh tests/bench/stores.sh          DCETL (build/dcetl), MEGABYTES (1024), RUNS (5)
#   BUCKET=name sh tests/bench/…      a bucket of the store that AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY name;
#                                     without: a scratch server (s3s-fs), which hashes the whole file again at the end of an upload by parts
set -eu
top=$PWD
DCETL=$(realpath "${DCETL:-build/dcetl}") MEGABYTES=${MEGABYTES:-1024} RUNS=${RUNS:-5}
. "$top/tests/systems/servers.sh.inc"
. "$top/tests/bench/measure.sh.inc"
work=$(mktemp -d "${TMPDIR:-/tmp}/dcetl-bench-XXXXXX")
trap 'stop_servers; rm -rf "$work"' EXIT
if [ -z "${BUCKET:-}" ]; then
  start_s3 || exit
  AWS_ENDPOINT_URL=$DCETL_TEST_S3 AWS_ACCESS_KEY_ID=$DCETL_TEST_S3_KEY AWS_SECRET_ACCESS_KEY=$DCETL_TEST_S3_SECRET BUCKET=test
fi
AWS_REGION=${AWS_REGION:-us-east-1}
export AWS_ENDPOINT_URL AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_REGION
cd "$work"
awk 'BEGIN { for (i = 0; i < 20000; i++) printf "%09d,some text of a row that is long enough,%d\n", i, i * 7919 % 100003 }' >part.txt
awk -v want=$((MEGABYTES << 20)) -v have="$(wc -c <part.txt)" 'BEGIN { for (n = 0; n < want; n += have) print "part.txt" }' | xargs cat >big.txt

curl_() { # curl_ ARGUMENT… : a request for the peer's object
  curl -sf -H x-amz-content-sha256:UNSIGNED-PAYLOAD --aws-sigv4 "aws:amz:$AWS_REGION:s3" -u "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
    "$@" "$AWS_ENDPOINT_URL/$BUCKET/dcetl-bench/peer.txt"
}
put() { "$DCETL" -q -e "CREATE \"big\" text FROM 'big.txt'; COPY \"big\" text(@single = TRUE, @mode = 'overwrite') INTO 's3://$BUCKET/dcetl-bench';"; }
get() { "$DCETL" -q -e "CREATE \"big\" text FROM 's3://$BUCKET/dcetl-bench/big.txt'; COPY \"big\" text(@single = TRUE, @mode = 'overwrite') INTO 'ours';"; }

run=0
while [ $run -lt "$RUNS" ]; do
  run=$((run + 1))
  measure put-peer curl_ -T big.txt
  measure put-ours put
  measure get-peer curl_ -o peer.txt
  measure get-ours get
  cmp big.txt peer.txt
  cmp big.txt ours/big.txt
done
show "S3 put of $MEGABYTES MB, curl" put-peer put-ours
show "S3 get of $MEGABYTES MB, curl" get-peer get-ours
