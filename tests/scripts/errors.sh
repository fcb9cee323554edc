#!/bin/sh
# Every error that a script writer can make has a place, a message and a way out: tests/errors.table, see errors.py.
. tests/scripts/lib.sh.inc
mkdir "$work/folder"
python3 tests/scripts/errors.py "$dcetl" tests/errors.table "$work/folder" || fail "see above"
no_litter
