#!/bin/sh
# What can go wrong outside of a script: each gives one clear message and status 1, no output, no temporary file.
. tests/scripts/lib.sh.inc
mkdir "$work/in"
seq 1000 | awk '{ print $1 "," $1 % 7 ",text " $1 }' >"$work/in/a.csv"
seq 300000 | awk '{ print $1 "," $1 % 50 ",some text " $1 }' >"$work/in/big.csv"
(seq 1000 | awk '{ print $1 "," $1 % 7 ",text" }'; echo '1001,x7,text'; seq 1002 2000 | awk '{ print $1 ",1,text" }') >"$work/in/bad.csv"

# Load, shuffle, 50 pieces by reference and one that is computed.
cat >"$work/job.tdl" <<'END'
LOAD "a" csv(@header = FALSE) VALUE ("id", "k", "t") FROM $IN;
ALTER "a" KEY INT "k" PARTITION 50;
LOOP $i IN RANGE[0, 49] BEGIN SELECT * FROM "a" PARTITION $i INTO "p/{$i}"; END LOOP;
SELECT INT "id" + 1 AS "n", INT "k" AS "k" FROM "a" WHERE INT "k" < 20 INTO "made";
COPY "p/" *, "made" csv INTO $OUT;
END
cat >"$work/print.tdl" <<'END'
LOAD "a" csv(@header = FALSE) VALUE ("id", "k", "t") FROM $IN;
COPY "a" csv INTO '-';
END

# expect TEXT STATUS: what the run before left in $work/err
expect() {
  [ "$status" -eq "$2" ] || fail "$what: status $status, not $2: $(cat "$work/err")"
  grep -qF -- "$1" "$work/err" || fail "$what: '$1' is not said: $(cat "$work/err")"
  [ "$(grep -c 'error:' "$work/err")" -eq 1 ] || fail "$what: not one message: $(cat "$work/err")"
  [ ! -d "$work/out" ] || [ -z "$(find "$work/out" -type f)" ] || fail "$what: output was left: $(find "$work/out" -type f | head -5)"
  rm -rf "$work/out"
  no_litter
}
run() { # run WHAT ARGUMENTS…
  what=$1
  shift
  status=0
  "$dcetl" "$@" >"$work/stdout" 2>"$work/err" || status=$?
}
as_user() { # the superuser may read and write everything
  [ "$(id -u)" -ne 0 ] || { command -v setpriv >/dev/null && set -- setpriv --reuid 65534 --clear-groups "$@"; }
  "$@"
}

for t in 1 4; do
  run 'missing file' -t $t "$work/job.tdl" -v IN="$work/in/none.csv" -v OUT="$work/out"
  expect 'none.csv' 1
  run 'a bad number' -t $t "$work/job.tdl" -v IN="$work/in/bad.csv" -v OUT="$work/out"
  expect "cannot read 'x7' as INT" 1
  grep -q 'in/bad.csv line 1001' "$work/err" || fail "file and line are not named: $(cat "$work/err")"
  grep -q '^[^ ]*job.tdl:2:' "$work/err" || fail "the statement is not named: $(cat "$work/err")"
  run 'a missing column' -t $t -e "LOAD \"a\" csv FROM '$work/in/a.csv'; SELECT \"nope\" FROM \"a\" INTO \"b\"; COPY \"b\" csv INTO '$work/out';"
  expect 'nope' 1
  run 'a missing column of the file' -t $t -e "LOAD \"a\" csv VALUE (\"1\", \"nope\") FROM '$work/in/a.csv'; COPY \"a\" csv INTO '$work/out';"
  expect 'nope' 1
  run 'a file as folder' -t $t "$work/job.tdl" -v IN="$work/in/a.csv" -v OUT="$work/in/a.csv/below"
  expect 'is a file, not a folder' 1
  run 'a file as target' -t $t "$work/job.tdl" -v IN="$work/in/a.csv" -v OUT="$work/in/a.csv"
  expect 'is a file, not a folder' 1
  run 'a temporary folder that is not there' -t $t -m 8M --temp-dir "$work/none" "$work/job.tdl" -v IN="$work/in/big.csv" -v OUT="$work/out"
  if [ $status -ne 0 ]; then expect "$work/none" 1; else rm -rf "$work/out"; fi
done

# Nothing to read or write as.
chmod 755 "$work" "$work/in"
cp "$work/in/a.csv" "$work/in/secret.csv"
chmod 0 "$work/in/secret.csv"
mkdir -m 755 "$work/locked" "$work/locked/deep"
if as_user true 2>/dev/null && as_user test -x "$dcetl" && as_user test -r "$work/job.tdl" && ! as_user cat "$work/in/secret.csv" >/dev/null 2>&1; then
  status=0 what='a file that may not be read'
  as_user "$dcetl" --temp-dir /tmp "$work/job.tdl" -v IN="$work/in/secret.csv" -v OUT="$work/out" 2>"$work/err" || status=$?
  expect 'Permission denied' 1
  status=0 what='a folder that may not be written'
  as_user "$dcetl" --temp-dir /tmp "$work/job.tdl" -v IN="$work/in/a.csv" -v OUT="$work/locked/deep/out" 2>"$work/err" || status=$?
  expect 'Permission denied' 1
  [ -z "$(find "$work/locked/deep" -mindepth 1)" ] || fail "left in the locked folder: $(find "$work/locked")"
else
  echo "not run: the checks that need a user without rights"
fi

# An output that exists: nothing is touched.
run 'first run' "$work/job.tdl" -v IN="$work/in/a.csv" -v OUT="$work/kept"
[ $status -eq 0 ] || fail "$(cat "$work/err")"
(cd "$work/kept" && find . -type f -exec cksum {} + | sort) >"$work/before"
run 'an existing target' "$work/job.tdl" -v IN="$work/in/big.csv" -v OUT="$work/kept"
expect 'exists already' 1
(cd "$work/kept" && find . -type f -exec cksum {} + | sort) | cmp - "$work/before" || fail "an existing target was changed"

# Standard output: full, or closed by its reader.
if [ -c /dev/full ]; then
  for input in a big; do
    status=0 what="a full standard output ($input.csv)"
    "$dcetl" "$work/print.tdl" -v IN="$work/in/$input.csv" >/dev/full 2>"$work/err" || status=$?
    expect 'No space left on device' 1
  done
fi
status=0 what='a closed pipe'
{ "$dcetl" "$work/print.tdl" -v IN="$work/in/big.csv" 2>"$work/err" || echo $? >"$work/status"; } | head -n 1 >/dev/null
status=$(cat "$work/status")
expect 'Broken pipe' 1
status=0 what='standard output closed from the start'
"$dcetl" "$work/print.tdl" -v IN="$work/in/a.csv" >&- 2>"$work/err" || status=$?
expect 'cannot write standard output' 1
status=0 what='standard input closed from the start'
"$dcetl" "$work/print.tdl" -v IN=- <&- >/dev/null 2>"$work/err" || status=$?
expect 'cannot read standard input' 1
status=0 what='a folder as standard input'
"$dcetl" "$work/print.tdl" -v IN=- <"$work" >/dev/null 2>"$work/err" || status=$?
expect 'cannot read standard input' 1

# Hardly any file descriptors: it works, or says why not.
for n in 16 10 8 7 6 5 4; do
  status=0 what="ulimit -n $n"
  (ulimit -n $n && exec "$dcetl" -m 8M "$work/job.tdl" -v IN="$work/in/big.csv" -v OUT="$work/out") 2>"$work/err" || status=$?
  if [ $status -eq 0 ]; then
    [ "$(cat "$work"/out/p/*/* | grep -vcx 'id,k,t')" -eq 300000 ] || fail "$what: rows are missing"
    rm -rf "$work/out"
  elif grep -q 'error while loading shared libraries' "$work/err"; then
    break
  else
    expect 'Too many open files' 1
  fi
done
