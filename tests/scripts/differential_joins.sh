#!/bin/sh
# JOIN, UNION XOR and UNION AND over odd data: the same bytes with every number of threads and every memory size, what a
# model in Python says, and what DuckDB says where it is installed. DCETL_TEST_SEED repeats a run; QUICK runs less.
. tests/scripts/lib.sh.inc
python3 tests/scripts/differential_joins.py "$dcetl" "$work" ${QUICK:+quick}
no_litter
