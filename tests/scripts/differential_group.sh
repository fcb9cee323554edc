#!/bin/sh
# GROUP BY, aggregates and DISTINCT over odd data: the same bytes with every number of threads and every memory size, and
# what a model in Python says. DCETL_TEST_SEED repeats a run; QUICK runs less.
. tests/scripts/lib.sh.inc
python3 tests/scripts/differential_group.py "$dcetl" "$work" ${QUICK:+quick}
no_litter
