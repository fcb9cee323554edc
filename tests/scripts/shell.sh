#!/bin/sh
# The shell at a pseudo-terminal, with line editing and without.
. tests/scripts/lib.sh.inc
mkdir "$work/home"
python3 tests/scripts/shell.py "$dcetl" "$work/home" plain || fail "plain terminal"
if python3 -c 'import ctypes; ctypes.CDLL("libedit.so.2")' 2>/dev/null; then
  python3 tests/scripts/shell.py "$dcetl" "$work/home" || fail "terminal with editing"
fi
# Runs without a shell open no library for it.
if command -v strace >/dev/null 2>&1; then
  ! strace -f -e trace=openat "$dcetl" -e '' 2>&1 | grep -q libedit || fail "libedit is opened by an ordinary run"
fi
no_litter
