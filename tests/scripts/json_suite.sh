#!/bin/sh
# JSON against Python's reader: texts of RFC 8259 that are right and wrong in many ways, and made documents in every layout.
. tests/scripts/lib.sh.inc
cd "$work"
python3 "$top/tests/scripts/json_suite.py" "$dcetl"
no_litter
