#!/bin/sh
# make lint: rules that the compiler does not check. Prints every breach; the last line counts the rules.
set -u
export LC_ALL=C
passed=0 failed=0 skipped=0
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

rule() { # rule NAME STATUS: what it printed is in $work/out
  if [ "$2" -eq 0 ] && [ ! -s "$work/out" ]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "lint: $1:"
    sed 's/^/  /' "$work/out"
  fi
}

sources=$(find src modules tests -name '*.[ch]' -o -name '*.cc')
tracked=$(git ls-files 2>/dev/null || find . -type f -not -path './build*' -not -path './.git/*')

# shellcheck disable=SC2046,SC2086
awk -f tests/lint/layers.awk $(find src -name '*.[ch]') >"$work/out"
rule "layers (src/README.md)" $?

# shellcheck disable=SC2046
awk -f tests/lint/modules.awk $(find modules -name '*.[ch]' -o -name '*.cc') >"$work/out"
rule "modules see nothing of the program but its interfaces" $?

: >"$work/out"
build=${BUILD:-build}
for header in $(find src -name '*.h'); do
  printf '#include "%s"\n' "${header#src/}" |
    "${CC:-gcc}" -std=c11 -D_GNU_SOURCE -Isrc -I"$build/gen" -fsyntax-only -x c - >>"$work/out" 2>&1 || echo "$header" >>"$work/out"
done
rule "headers compile alone" 0

# Exceptions may only shrink: an entry is NAME LINES, and neither more entries nor longer ones pass.
# shellcheck disable=SC2086
{
  awk -v limit=60 -f tests/lint/functions.awk $sources
  for file in $sources; do awk -v f="$file" 'END { if (NR > 800) print f, NR }' "$file"; done
} | sort >"$work/long"
sort tests/lint/exceptions.txt | grep -v '^#' >"$work/allowed"
awk 'NR == FNR { allowed[$1] = $2; next }
     !($1 in allowed) { print $1 ": " $2 " lines: split it (functions: 60, files: 800)"; next }
     $2 > allowed[$1] { print $1 ": grew from " allowed[$1] " to " $2 " lines"; next }
     $2 < allowed[$1] { print $1 ": now " $2 " lines: write that into tests/lint/exceptions.txt" }
     { seen[$1] = 1 }
     END { for (n in allowed) if (!(n in seen)) print n ": is short now: take it out of tests/lint/exceptions.txt" }' \
  "$work/allowed" "$work/long" >"$work/out"
# An empty first file would make awk take the second one for it.
[ -s "$work/allowed" ] || sed 's/$/ lines: split it (functions: 60, files: 800)/' "$work/long" >"$work/out"
rule "length of functions and files" 0

# shellcheck disable=SC2086
grep -nE '[[:blank:]]$|	' $sources grammar/* 2>/dev/null >"$work/out"
rule "no tabs, no blanks at line ends" 0

# Nothing that holds on one machine only.
for file in $tracked; do
  case $file in tests/lint/lint.sh | tests/cases/* | tests/fuzz/* | *.gz | *.zst) continue ;; esac
  grep -InE '(^|[^A-Za-z0-9_.])/(home|root|work|Users)/|pythonhosted|deb\.debian\.org|archive\.ubuntu|pypi\.org' "$file" /dev/null
done >"$work/out" 2>/dev/null
rule "no paths of one machine, no package hosts" 0

if command -v mandoc >/dev/null 2>&1; then
  # Those that are made of tables are looked at where they have been built.
  # shellcheck disable=SC2046
  mandoc -T lint -W warning man/*.1 $(find "$build/man" -name '*.7' 2>/dev/null) >"$work/out" 2>&1
  rule "manual pages" 0
else
  skipped=$((skipped + 1))
fi

for script in .ci/run .ci/install-deps tests/*.sh tests/*/*.sh examples/*.sh; do
  [ ! -f "$script" ] || sh -n "$script"
done >"$work/out" 2>&1
rule "shell scripts parse" 0

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
