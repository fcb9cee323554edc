#!/bin/sh
# make install puts the program, its manual pages and completion where it should, and make uninstall takes them away.
. tests/scripts/lib.sh.inc
[ -z "${QUICK:-}" ] || skip "only for the normal build"
make -s NO_DEPS=1 install DESTDIR="$work/root" PREFIX=/usr
"$work/root/usr/bin/dcetl" --version | grep -q dcetl || fail "the installed program does not run"
"$work/root/usr/bin/dcetl" -e "RAISE INFO DT_TZ('Europe/Berlin', 0);" 2>&1 | grep -q '+01:00' || fail "the installed program finds no time zones"
"$work/root/usr/bin/dcetl" -e "RAISE INFO DT_FORMAT('UTC', 'MMMM', 0, 'de');" 2>&1 | grep -q Januar || fail "the installed program finds no German names"
printf 'BZh91AY&SYrest' >"$work/n.bz2"
rm -f "$work/root/usr/lib/dcetl/dcetl-tz.so" "$work/root/usr/lib/dcetl/dcetl-codecs.so" "$work/root/usr/lib/dcetl/dcetl-archive.so"
"$work/root/usr/bin/dcetl" -e "RAISE INFO DT_TZ('UTC', 0);" >/dev/null 2>&1 || fail "UTC needs no module"
"$work/root/usr/bin/dcetl" -e "RAISE INFO DT_TZ('Europe/Berlin', 0);" 2>&1 | grep -q 'need the module dcetl-tz.so' || fail "a missing module is not named"
"$work/root/usr/bin/dcetl" -e "LOAD a text FROM '$work/n.bz2'; COPY a text INTO '-';" 2>&1 | grep -q 'comes with dcetl when libbz2' ||
  fail "the libraries of the module for codecs are not named"
: >"$work/n.zip"
"$work/root/usr/bin/dcetl" -e "LOAD a text FROM '$work/n.zip';" 2>&1 | grep -q 'comes with dcetl when libarchive and libzip' ||
  fail "the libraries of the module for archives are not named"
share=$work/root/usr/share
for file in man/man1/dcetl.1 man/man7/dcetl-functions.7 man/man7/dcetl-language.7 man/man7/dcetl-adapters.7 \
  man/man7/dcetl-transforms.7 bash-completion/completions/dcetl zsh/site-functions/_dcetl \
  fish/vendor_completions.d/dcetl.fish dcetl/stdlib/dates.tdl; do
  [ -s "$share/$file" ] || fail "no $file"
done
make -s uninstall DESTDIR="$work/root" PREFIX=/usr
[ -z "$(find "$work/root" -type f)" ] || fail "uninstall leaves $(find "$work/root" -type f)"
