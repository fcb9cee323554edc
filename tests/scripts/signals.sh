#!/bin/sh
# SIGINT and SIGTERM in the middle of each phase, while waiting for input, while nobody reads the output.
. tests/scripts/lib.sh.inc
awk 'BEGIN { for (i = 0; i < 1500000; i++) print i ",some text that makes the row a little longer," i % 97 }' >"$work/a.csv"
[ -z "${QUICK:-}" ] || export SOON=10
python3 tests/scripts/signals.py "$dcetl" "$work"
no_litter
