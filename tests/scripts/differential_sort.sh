#!/bin/sh
# ORDER BY and window functions over odd data against a model in Python, and against DuckDB if Python has it.
# DCETL_TEST_SEED repeats a run; QUICK runs less.
. tests/scripts/lib.sh.inc
python3 tests/scripts/differential_sort.py "$dcetl" "$work" ${QUICK:+quick}
no_litter
