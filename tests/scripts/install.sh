#!/bin/sh
# make install puts the program and its manual page where it should, and make uninstall takes them away.
. tests/scripts/lib.sh.inc
[ -z "${QUICK:-}" ] || skip "only for the normal build"
make -s NO_DEPS=1 install DESTDIR="$work/root" PREFIX=/usr
"$work/root/usr/bin/dcetl" --version | grep -q dcetl || fail "the installed program does not run"
[ -s "$work/root/usr/share/man/man1/dcetl.1" ] || fail "no manual page"
make -s uninstall DESTDIR="$work/root" PREFIX=/usr
[ -z "$(find "$work/root" -type f)" ] || fail "uninstall leaves $(find "$work/root" -type f)"
