#!/bin/sh
# Resident memory stays below 256 MB with --memory 200M: 496 and 3,968 outputs, few open files, checked row by row.
# Data and checker come from ../shared/bench. ROWS=4000000 (400 MB) by default.
. tests/scripts/lib.sh.inc
[ -z "${QUICK:-}" ] || skip "only for the normal build"
[ -f "$shared/bench/gen.c" ] || skip "no $shared/bench"
for tool in gen verify meas; do cc -O2 -w -o "$work/$tool" "$shared/bench/$tool.c"; done
"$work/gen" -o "$work/data" -n "${ROWS:-4000000}" -p 8
cat >"$work/many.tdl" <<'END'
LOAD "all" csv FROM '{$DATA}/part-*.csv';
SPLIT "all" BY "day", STR_SLICE("userid", 0, 1) AS "digit", INT "hour" % 8 AS "h" INTO "processed/" *;
COPY "processed/" * csv(@single = TRUE) INTO $OUT;
END
cat >"$work/other.tdl" <<'END'
LOAD "all" csv FROM '{$DATA}/part-*.csv';
LOOP $d IN RANGE[1, 31] BEGIN SELECT * FROM "all" WHERE INT "day" = $d INTO "by day/{$d}"; END;
COPY "by day/" * csv(@single = TRUE, @null = 'none') INTO $OUT;
END
cp tests/bench/W1.tdl tests/bench/W1split.tdl "$work"
ulimit -n 256
for f in "$work"/data/part-*.csv; do printf '%s\t%s\n' - "$f"; done | "$work/verify" | tr ' ' '\n' | grep -E '^(rows|sum)=' | sort >"$work/want"
for job in W1:496 W1split:496 many:3968 other:31; do
  script=${job%:*} outputs=${job#*:}
  rm -rf "$work/out"
  "$work/meas" 600 "$work/log" "'$dcetl' -m 200M '$work/$script.tdl' -v DATA='$work/data' -v OUT='$work/out'" >"$work/measured"
  python3 -c "
import json, sys
m = json.load(open('$work/measured'))
print('$script', 'rss %.0f MB, cpu %.2f s, wall %.2f s' % (m['rss'] / 1024, m['cpu'], m['wall']))
sys.exit(m['rc'] != 0 or m['rss'] > 256 * 1024)" || fail "$script: $(cat "$work/measured" "$work/log")"
  [ "$(find "$work/out" -type f | wc -l)" -eq $outputs ] || fail "$script: not $outputs files"
  find "$work/out" -type f | sed 's/^/-	/' | "$work/verify" -H 2 | tr ' ' '\n' | grep -E '^(rows|sum)=' | sort >"$work/got"
  cmp "$work/want" "$work/got" || fail "$script: other rows than the input: $(cat "$work/want" "$work/got")"
  no_litter
done
