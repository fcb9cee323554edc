#!/bin/sh
# Folders called name=value: random odd values, written and read back, against a model in Python, and DuckDB and pyarrow.
. tests/scripts/lib.sh.inc
python3 tests/scripts/hive.py "$dcetl" "$work"
no_litter
