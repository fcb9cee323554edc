#!/bin/sh
# Runs the conformance cases of this step, if ../shared (or $SHARED) is there, on a copy of them.
#   tests/conformance.sh PROGRAM [CASE…]
set -u
program=$(realpath "${1:?usage: tests/conformance.sh PROGRAM [CASE…]}") || exit 1
shift
kit=${SHARED:-../shared}/conformance
if [ ! -f "$kit/run_cases.py" ]; then
  echo "skipped: no $kit"
  echo "0 passed, 0 failed, 1 skipped"
  exit 0
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
if [ $# -eq 0 ]; then
  for n in 11 47 49 51 53 55; do set -- "$@" "$kit/tdl55/$n"-*; done # operations
  for n in 03 05 09; do set -- "$@" "$kit/tdl55/$n"-*; done; set -- "$@" "$kit/dcetl/18"-* # joins and unions
  for n in 13 14 16 17 21 22 24 26 28 31 33 35 37; do set -- "$@" "$kit/tdl55/$n"-*; done
  for n in 06 11 12 21 22 23; do set -- "$@" "$kit/dcetl/$n"-*; done
  for n in 41 43; do set -- "$@" "$kit/tdl55/$n"-*; done # dates and times
  for n in 09; do set -- "$@" "$kit/dcetl/$n"-*; done
fi
cp -r "$@" "$work"
python3 "$kit/run_cases.py" --cmd "$program {script}" --vars-flag '--vars {vars}' --jobs 2 -q "$work"/* >"$work/log" 2>&1
cat "$work/log"
ok=$(grep -c '^ok ' "$work/log")
bad=$(grep -c '^FAIL ' "$work/log")
[ $((ok + bad)) -eq $# ] || { echo "$# cases, but $((ok + bad)) results"; bad=$((bad + 1)); }
echo "$ok passed, $bad failed, 0 skipped"
[ "$bad" -eq 0 ]
