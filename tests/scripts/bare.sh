# The program without any module: its cases pass, and what a module is for says which one is missing and what brings it.
. "$(dirname "$0")/lib.sh.inc"
runner=$PWD/build/runner
[ -x "$runner" ] || skip 'no build/runner'
mkdir "$work/bin"
cp "$dcetl" "$work/bin/dcetl"
[ -n "${QUICK:-}" ] || DCETL=$work/bin/dcetl CASES_WAYS=1 "$runner" >"$work/log" 2>&1 || { grep -A12 '^FAILED' "$work/log"; fail 'cases fail without modules'; }
for adapter in parquet orc arrow arrowStream xml xlsx; do
  echo 'no such file' >"$work/a.$adapter"
  "$work/bin/dcetl" -e "LOAD \"a\" $adapter FROM '$work/a.$adapter'; COPY \"a\" csv INTO '-';" >"$work/out" 2>&1 && fail "$adapter works without its module"
  grep -q 'need.* the module dcetl-.*\.so, which is not installed' "$work/out" || { cat "$work/out"; fail "$adapter does not say what is missing"; }
  grep -q 'hint: it comes with dcetl when .* is there' "$work/out" || { cat "$work/out"; fail "$adapter does not say what brings the module"; }
done
