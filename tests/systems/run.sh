#!/bin/sh
# Tests against real servers: starts those that are installed, runs the cases of each (cases/NAME/*.tdl, as in tests/cases) and the
# scripts (*.sh, but this one) with DCETL_TEST_… in their environment, and stops them. Last line: N passed, N failed, N skipped.
#   tests/systems/run.sh [NAME…]     postgres mariadb odbc s3 http webhdfs objects kafka, and names of scripts; default: all
# DCETL: the program; CASES_WAYS as for the cases.
set -u
export LC_ALL=C.UTF-8
top=$PWD
DCETL=$(realpath "${DCETL:-build/dcetl}")
export DCETL
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY all_proxy AWS_PROFILE AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY PGPASSWORD PGHOST PGUSER
. "$top/tests/systems/servers.sh.inc"
trap stop_servers EXIT
trap 'exit 130' INT TERM
passed=0 failed=0 skipped=0

wanted() { # wanted NAME LIST: is it asked for?
  [ -z "$2" ] && return 0
  case " $2 " in *" $1 "*) return 0 ;; esac
  return 1
}

add() { # add OUTPUT: counts its last line
  # shellcheck disable=SC2046
  set -- $(printf '%s\n' "$1" | grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' | tail -n 1 | tr -d ,)
  if [ $# -eq 0 ]; then
    failed=$((failed + 1))
    return
  fi
  passed=$((passed + $1)) failed=$((failed + $3)) skipped=$((skipped + $5))
}

# needed SERVER LIST: does anything that is asked for use it? Cases and scripts do by its DCETL_TEST_…
needed() {
  [ -z "$2" ] && return 0
  for name in $2; do
    [ "$name" = "$1" ] && return 0
    grep -qrs "$(echo "DCETL_TEST_$1" | tr '[:lower:]' '[:upper:]')" "tests/systems/cases/$name" "tests/systems/$name.sh" && return 0
    case $1$name in mariadbodbc | postgresodbc) return 0 ;; esac
  done
  return 1
}

up=' '
for server in postgres mariadb s3 http webhdfs objects kafka; do
  needed "$server" "$*" || continue
  "start_$server"
  case $? in
  0) up="$up$server " ;;
  77) skipped=$((skipped + 1)) ;;
  *) failed=$((failed + 1)) ;;
  esac
done
case $up in
*postgres*mariadb*)
  if start_odbc; then up="${up}odbc "; else skipped=$((skipped + 1)); fi
  ;;
esac

for folder in tests/systems/cases/*/; do
  name=$(basename "$folder")
  wanted "$name" "$*" || continue
  case $up in
  *" $name "*) ;;
  *)
    echo "skipped $folder: its server is not there"
    continue
    ;;
  esac
  out=$(build/runner "$folder" 2>&1) || printf '%s\n' "$out"
  add "$out"
done
for script in tests/systems/*.sh; do
  name=$(basename "$script" .sh)
  [ "$name" != run ] && wanted "$name" "$*" || continue
  out=$(sh "$script" 2>&1)
  case $? in
  0) passed=$((passed + 1)) word=ok ;;
  77) skipped=$((skipped + 1)) word=skipped ;;
  *) failed=$((failed + 1)) word=FAILED ;;
  esac
  echo "$word $script"
  [ $word = ok ] || printf '%s\n' "$out" | tail -n 40
done
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
