#!/bin/sh
# Spreadsheets that openpyxl wrote and Avro files from and to fastavro: values as these libraries have them.
. tests/scripts/lib.sh.inc
status=0
python3 tests/scripts/sheets_avro.py "$dcetl" "$work" || status=$?
[ "$status" != 77 ] || skip "neither openpyxl nor fastavro is installed"
[ "$status" = 0 ] || fail "see above"
no_litter
