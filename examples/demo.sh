#!/bin/sh
# make demo: runs the main job on the sample data and shows what came out.   examples/demo.sh FOLDER
set -eu
dcetl=${DCETL:-build/dcetl}
out=${1:-out/demo}
rm -rf "$out"
echo "== dcetl --stats examples/flights-by-day-and-carrier.tdl -v OUT=$out"
"$dcetl" --stats examples/flights-by-day-and-carrier.tdl -v OUT="$out"

echo
echo "== What it wrote below $out (rows without header)"
find "$out" -name '*.csv' | sort -t/ -k4n -k5 >"$out/.files"
while IFS= read -r file; do
  printf '%7d  %s\n' "$(($(wc -l <"$file") - 1))" "${file#"$out"/}"
done <"$out/.files" >"$out/.rows"
head -n 8 "$out/.rows"
echo "        …"
tail -n 3 "$out/.rows"
files=$(wc -l <"$out/.rows")
rows=$(awk '{ n += $1 } END { print n }' "$out/.rows")
rm "$out/.files" "$out/.rows"
input=$(($(gzip -dc examples/data/flights-2013-01.csv.gz | wc -l) - 1))
echo
echo "$((files)) files with $rows rows; the input has $input rows"
[ "$rows" = "$input" ] || { echo "demo: rows are missing" >&2; exit 1; }
