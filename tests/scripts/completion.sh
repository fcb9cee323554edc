#!/bin/sh
# Completion in bash, and in zsh and fish where they are installed; every function and adapter has its manual entry.
. tests/scripts/lib.sh.inc
[ -z "${QUICK:-}" ] || skip "only for the normal build"
for shell in bash zsh fish; do
  "$dcetl" --generate $shell >"$work/$shell" || fail "no completion for $shell"
done

# expect 'WORDS' WORD: typed so far (the last one may be empty), and a word that must be offered; '' for nothing.
expect() {
  got=$(bash -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _dcetl 2>/dev/null; printf "%s\n" "${COMPREPLY[@]}"' bash "$work/bash" "$@")
}
offers() { # offers WORD WORDS…
  wanted=$1
  shift
  expect "$@"
  printf '%s\n' "$got" | grep -qxF -e "$wanted" || fail "bash: '$*' offers '$got', not '$wanted'"
}
if command -v bash >/dev/null 2>&1; then
  offers --eval dcetl --ev
  offers --statements dcetl --
  offers json dcetl --log-format ''
  offers json dcetl --log-format = j
  offers never dcetl --progress = ''
  offers memory= dcetl -o me
  offers strict= dcetl --option ''
  offers false dcetl -o strict = f
  offers capture dcetl --option = bad_records = ca
  offers STR_SLICE dcetl --functions STR_S
  offers daysPerMonth dcetl --functions LIKE days
  offers csv dcetl --adapters c
  offers SPLIT dcetl --statements SP
  cd "$work"
  : >some-script.tdl
  mkdir folder
  offers some-script.tdl dcetl -q some
  offers some-script.tdl dcetl -f some
  offers folder dcetl --temp-dir f
  expect dcetl -v s
  [ -z "$got" ] || fail "bash: -v offers '$got'"
  cd "$top"
fi
if command -v zsh >/dev/null 2>&1; then zsh -n "$work/zsh" || fail "zsh"; fi
if command -v fish >/dev/null 2>&1; then
  fish -n "$work/fish" || fail "fish"
  HOME=$work fish --no-config -c "source $work/fish; complete -C 'dcetl --functions STR_S'" 2>/dev/null | grep -q STR_SLICE || fail "fish: functions"
  HOME=$work fish --no-config -c "source $work/fish; complete -C 'dcetl --progress '" 2>/dev/null | grep -q never || fail "fish: values"
fi

for page in man/*.7.in; do
  "$dcetl" --generate "$page" >"$work/$(basename "$page" .in)" || fail "no page from $page"
  ! grep -n '^@[a-z]*@$' "$work/$(basename "$page" .in)" || fail "$page: an unknown kind of rows"
done
for name in STR_SLICE LIKE daysPerMonth DS_LIST; do
  grep -q "^.It Ic .*$name" "$work/dcetl-functions.7" || fail "no entry for $name"
done
"$dcetl" --generate "$work/missing" >/dev/null 2>&1 && fail "a missing template is no error"
exit 0
