#!/bin/sh
# The shell at a pseudo-terminal, with line editing and without. No library is opened by runs without a shell.
. tests/scripts/lib.sh.inc
mkdir "$work/home"
python3 tests/scripts/shell.py "$dcetl" "$work/home" plain || fail "plain terminal"
if ls /usr/lib/*/libedit.so.* /usr/lib*/libedit.so.* /lib/*/libedit.so.* >/dev/null 2>&1; then
  python3 tests/scripts/shell.py "$dcetl" "$work/home" || fail "terminal with editing"
fi
no_litter
