# ORC files with a flipped bit or cut short: an error that names the file, or all of its rows; never a crash of the program, and
# no process is left.
. "$(dirname "$0")/lib.sh.inc"
command -v python3 >/dev/null || skip 'no python3'
[ -e "$(dirname "$dcetl")/dcetl-arrow.so" ] || skip 'no dcetl-arrow.so'
python3 "$(dirname "$0")/orc_damage.py" "$dcetl" "$work/files" tests/data/tables/small.orc tests/data/tables/types.orc
no_litter
