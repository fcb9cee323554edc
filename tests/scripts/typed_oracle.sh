# Typed files against pyarrow, where it is installed: every type goes through dcetl from each kind of file into each and
# comes back with its values.
. "$(dirname "$0")/lib.sh.inc"
python=${ORACLE_PYTHON:-python3}
"$python" -c 'import pyarrow' 2>/dev/null || skip 'pyarrow is not installed'
[ -e "$(dirname "$dcetl")/dcetl-arrow.so" ] || skip 'no dcetl-arrow.so'
"$python" "$(dirname "$0")/typed_oracle.py" "$dcetl" "$work"
