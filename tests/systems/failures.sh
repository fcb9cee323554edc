#!/bin/sh
# The same failures for each database and each way to it: a wrong password, no server, one that never answers, one that ends in the
# middle, what does not fit, an interruption. Each time: a clear error, soon; nothing half-written; no connection and no secret left.
set -u
work=$(mktemp -d "${TMPDIR:-/tmp}/dcetl-failures-XXXXXX")
proxy=
trap 'end_proxy; rm -rf "$work"' EXIT
top=$PWD
cd "$work" || exit 1
ways=
[ -z "${DCETL_TEST_POSTGRES:-}" ] || ways=postgres
[ -z "${DCETL_TEST_MARIADB:-}" ] || [ ! -e "${DCETL%/*}/dcetl-mysql.so" ] || ways="$ways mariadb"
[ -z "${ODBCSYSINI:-}" ] || ways="$ways odbc-postgres odbc-mariadb"
ways=${FAILURES_WAYS:-$ways}
[ -n "$ways" ] || { echo 'skipped: no server runs'; exit 77; }
wrong=0

bad() { # bad WHAT: of the way that is being tested
  echo "FAILED $way: $1"
  sed 's/^/  /' output 2>/dev/null | head -n 8
  wrong=1
}

mariadb_client() { mariadb --no-defaults -h 127.0.0.1 -P "$DCETL_TEST_MARIADB_PORT" -u etl "-p$DCETL_TEST_MARIADB_PASSWORD" "$database" "$@"; }

sql() { # sql STATEMENT: by the client of the database itself
  case $way in
  *postgres) psql -qAt "${DCETL_TEST_POSTGRES%/etl}/$database" -c "$1" ;;
  *) mariadb_client -N -e "$1" | tr '\t' '|' ;;
  esac
}

set_way() { # the adapter up to its last parameter; $port is that of the server or of the proxy
  case $1 in
  *postgres) server_port=$DCETL_TEST_POSTGRES_PORT password=$DCETL_TEST_POSTGRES_PASSWORD ;;
  *) server_port=$DCETL_TEST_MARIADB_PORT password=$DCETL_TEST_MARIADB_PASSWORD ;;
  esac
  case $1 in
  odbc-*) adapter="odbc(@url = 'odbc:Driver=${1#odbc-};Server=127.0.0.1;Port={\$port};Database=$database', @user = 'etl', @password = \$password" ;;
  *) adapter="$1(@url = '$1://etl@127.0.0.1:{\$port}/$database', @password = \$password" ;;
  esac
}

dcetl() { # dcetl PORT PASSWORD SCRIPT: everything it says goes to `output`; its exit status
  rm -rf out
  timeout 40 "$DCETL" -v "port=$1" -v "password=$2" -e "$3" >output 2>&1
  status=$?
  cat output >>everything
  return $status
}

fails() { # fails WHAT SECONDS PATTERN PORT PASSWORD SCRIPT: it does, soon, with that text
  begun=$(date +%s)
  dcetl "$4" "$5" "$6"
  [ $status = 1 ] || bad "$1: exit status $status"
  [ $(($(date +%s) - begun)) -le "$2" ] || bad "$1: took too long"
  grep -Eqi "$3" output || bad "$1: the message is another one"
  [ ! -e out ] || [ -z "$(find out -type f)" ] || bad "$1: something is written"
}

connections() { # those of programs other than the tests' clients
  case $way in
  *postgres) sql "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = '$database' AND pid <> pg_backend_pid() AND application_name <> 'psql'" ;;
  *) sql "SELECT COUNT(*) FROM information_schema.processlist WHERE db = '$database' AND id <> CONNECTION_ID()" ;;
  esac
}

hanging() { # does a statement sleep, or wait for a lock?
  case $way in
  *postgres) sql "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = '$database' AND (wait_event = 'PgSleep' OR wait_event_type = 'Lock')" ;;
  *) sql "SELECT COUNT(*) FROM information_schema.processlist WHERE db = '$database' AND (state = 'User sleep' OR state LIKE 'Waiting for %lock')" ;;
  esac
}

none_left() { # none_left WHAT
  tries=30
  while [ "$(connections)" != 0 ]; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || { bad "$1: a connection is left"; return; }
    sleep 0.1
  done
}

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

start_proxy() { # start_proxy MODE [BYTES]: its port is $through
  rm -f proxy.port
  python3 "$top/tests/systems/proxy.py" "$server_port" "$@" >proxy.port 2>proxy.log &
  proxy=$!
  tries=100
  until [ -s proxy.port ]; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || { bad 'the proxy does not start'; return; }
    sleep 0.05
  done
  through=$(cat proxy.port)
}

end_proxy() {
  [ -z "$proxy" ] || kill "$proxy" 2>/dev/null
  [ -z "$proxy" ] || wait "$proxy" 2>/dev/null
  proxy=
}

interrupted() { # interrupted WHAT SCRIPT: SIGINT while the server is busy; it ends soon
  "$DCETL" -v "port=$server_port" -v "password=$password" -e "$2" >output 2>&1 &
  running=$!
  tries=100
  while [ "$(hanging)" = 0 ]; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || { bad "$1: it does not come to the server"; break; }
    sleep 0.1
  done
  sleep 0.2
  kill -INT $running
  begun=$(date +%s)
  wait $running
  status=$?
  [ $status = 130 ] || bad "$1: exit status $status, not 130"
  [ $(($(date +%s) - begun)) -le 4 ] || bad "$1: it does not end soon"
  cat output >>everything
}

lock_table() { # until unlock_table
  rm -f hold locked
  mkfifo hold
  case $way in
  *postgres) psql -qAt "${DCETL_TEST_POSTGRES%/etl}/$database" <hold >locked 2>&1 & lock="BEGIN; LOCK TABLE failures; SELECT 'locked';" ;;
  *) mariadb_client -n -N <hold >locked 2>&1 & lock="LOCK TABLES failures READ; SELECT 'locked';" ;;
  esac
  locker=$!
  exec 8>hold
  echo "$lock" >&8
  tries=100
  until [ -s locked ]; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || { bad 'the table cannot be locked'; break; }
    sleep 0.05
  done
}

unlock_table() {
  exec 8>&-
  wait $locker
}

# --- The failures ---

logins() {
  read="CREATE \"t\" $adapter, @timeout = 2) FROM 'failures'; COPY \"t\" csv INTO 'out';"
  fails 'a wrong password' 10 'password|denied' "$server_port" "Wrong-$password" "$read"
  fails 'no server' 20 'refused|connect' "$(free_port)" "$password" "$read"
  start_proxy silent
  fails 'a server that never answers' 20 'answer|time' "$through" "$password" "$read"
  end_proxy
  fails 'a missing table' 10 'failures_2.*|no table|exist' "$server_port" "$password" "CREATE \"t\" $adapter) FROM 'failures_2'; COPY \"t\" csv INTO 'out';"
  none_left logins
}

# The table has the rows 1 to 20000, and still has them after whatever failed.
unchanged() { # unchanged WHAT
  [ "$(sql 'SELECT COUNT(*), MIN(id), MAX(id) FROM failures')" = '20000|1|20000' ] || bad "$1: the table has changed"
}

cuts() {
  cut_reading
  cut_writing
}

cut_reading() {
  start_proxy down 200000
  fails 'a server that ends while it is read' 30 'connection|server|gone|lost|closed' "$through" "$password" "CREATE \"t\" $adapter, @timeout = 2) FROM 'failures'; COPY \"t\" csv INTO 'out';"
  end_proxy
}

cut_writing() {
  for mode in append replace; do
    start_proxy up 200000
    fails "a server that ends during $mode" 30 'connection|server|gone|lost|closed' "$through" "$password" "CREATE \"t\" csv FROM 'rows.csv'; COPY \"t\" $adapter, @mode = '$mode', @timeout = 2) INTO 'failures';"
    end_proxy
    none_left "a server that ends during $mode"
    unchanged "a server that ends during $mode"
  done
  start_proxy up 200000
  fails 'a server that ends while a table is made' 30 'connection|server|gone|lost|closed' "$through" "$password" "CREATE \"t\" csv FROM 'rows.csv'; COPY \"t\" $adapter, @timeout = 2) INTO 'failures_new';"
  end_proxy
}

misfits() {
  fails 'a value that does not fit' 20 'too long|truncated|does not fit' "$server_port" "$password" "CREATE \"t\" csv FROM 'long.csv'; COPY \"t\" $adapter, @mode = 'replace') INTO 'failures';"
  unchanged 'a value that does not fit'
  fails 'a text that is no number' 20 "'seven' does not fit" "$server_port" "$password" "CREATE \"t\" csv FROM 'words.csv'; COPY \"t\" $adapter, @mode = 'append') INTO 'failures';"
  unchanged 'a text that is no number'
  [ "$way" != postgres ] || endless
  none_left misfits
}

# Rows without an end, of which the server refuses the second one.
endless() {
  sql 'DROP TABLE IF EXISTS failures_key' 2>/dev/null
  sql 'CREATE TABLE failures_key (id int PRIMARY KEY)'
  (echo id; yes 1) | timeout 20 "$DCETL" -v "port=$server_port" -v "password=$password" -e "CREATE \"t\" csv FROM '-'; COPY \"t\" $adapter, @mode = 'append') INTO 'failures_key';" >output 2>&1
  grep -q 'row 2: duplicate key' output || bad 'a row that is refused, with others behind it without an end'
}

interruptions() {
  case $way in
  *postgres) nap='SELECT pg_sleep(20) AS s' ;;
  *) nap='SELECT SLEEP(20) AS s' ;;
  esac
  interrupted 'an interruption of reading' "CREATE \"t\" $adapter) FROM '$nap'; COPY \"t\" csv INTO 'out';"
  [ ! -e out ] || [ -z "$(find out -type f)" ] || bad 'an interruption of reading: something is written'
  none_left 'an interruption of reading'
  lock_table
  interrupted 'an interruption of writing' "CREATE \"t\" csv FROM 'rows.csv'; COPY \"t\" $adapter, @mode = 'append') INTO 'failures';" 8>&-
  unlock_table
  unchanged 'an interruption of writing'
  none_left 'an interruption of writing'
}

# What looks like SQL, in names, data, keys and statements, is a name or a value.
texts() {
  odd="we\"ird\`; DROP TABLE failures; --"
  printf 'key,"sel""ect \`x\`",größe\n1,"%s",ü\n2,"\\","?"\n' "'); DROP TABLE failures; --" >odd.csv
  dcetl "$server_port" "$password" "CREATE \"o\" csv FROM 'odd.csv'; COPY \"o\" $adapter, @mode = 'overwrite', @types = 'key bigint') INTO '${odd_name:=odd table}';
    CREATE \"b\" $adapter, @key = 'key') FROM '$odd_name' PARTITION 2; COPY \"b\" csv(@single = TRUE) INTO 'out';
    EXEC $adapter) 'DELETE FROM failures WHERE name = ?' USING ['x'' OR 1 = 1 --'] INTO \$n; RAISE INFO 'deleted {\$n}';" || bad 'odd names: it fails'
  grep -q 'deleted 0' output || bad 'a value of EXEC that looks like SQL'
  sort odd.csv | sed 's/"//g' >want
  sort out/b.csv | sed 's/"//g' | cmp -s - want || bad 'odd names: what is read is not what was written'
  unchanged 'odd texts'
  none_left 'odd texts'
}

# Everything that the program shows of a script whose parameters have passwords.
secrets() {
  url=postgres://etl:$password@127.0.0.1:$server_port/$database
  case $way in
  postgres) with="postgres(@url = '$url'" ;;
  mariadb) with="mariadb(@url = 'mariadb${url#postgres}'" ;;
  *) with="odbc(@url = 'odbc:Driver=${way#odbc-};Server=127.0.0.1;Port=$server_port;Database=$database;UID=etl;PWD=$password'" ;;
  esac
  echo "CREATE \"t\" \$\$WITH\$\$) FROM 'failures'; DESCRIBE DS \"t\"; SELECT COUNT(*) AS n FROM \"t\" INTO \"n\"; COPY \"n\" csv INTO 'out'; CREATE \"u\" \$\$WITH\$\$) FROM 'nowhere';" |
    python3 -c 'import sys; sys.stdout.write(sys.stdin.read().replace("$$WITH$$", sys.argv[1]))' "${with%%"$password"*}{\$password}${with#*"$password"}" >secret.tdl
  for how in '' '-n' '--stats=stats.json' '--stats' '--log-format json' '--print-ast'; do
    rm -rf out
    # shellcheck disable=SC2086
    "$DCETL" $how -v "password=$password" secret.tdl >>everything 2>&1
    cat stats.json >>everything 2>/dev/null
  done
  grep -Fq "$password" everything && bad 'the password is shown' && grep -Fn "$password" everything | head -n 3
}

python3 - <<'END'
with open("rows.csv", "w") as rows:
    rows.write("id,name\n" + "".join(f"{i},text of row {i} and some more of it\n" for i in range(1, 20001)))
open("long.csv", "w").write("id,name\n1,ok\n2," + "x" * 200 + "\n")
open("words.csv", "w").write("id,name\n1,ok\nseven,x\n")
END

test_way() { # test_way WAY: in its own database and in the folder where it is
  way=$1 database=$2
  trap end_proxy EXIT
  : >everything
  set_way "$way"
  sql 'CREATE TABLE failures (id BIGINT, name VARCHAR(100))'
  case $way in
  *postgres) sql "INSERT INTO failures SELECT i, 'text of row ' || i || ' and some more of it' FROM generate_series(1, 20000) i" ;;
  *) sql "INSERT INTO failures SELECT seq, CONCAT('text of row ', seq, ' and some more of it') FROM seq_1_to_20000" ;;
  esac
  for step in ${FAILURES_STEPS:-logins cuts misfits interruptions texts secrets}; do $step; done
  [ -z "$(sql 'SELECT COUNT(*) FROM failures_new' 2>/dev/null)" ] || bad 'a table that could not be filled is there'
  exit $wrong
}

# All ways at the same time, as most of it is waiting.
tests=
for way in $ways; do
  name=failures_$(echo "$way" | tr - _) database=etl
  sql "DROP DATABASE IF EXISTS $name" 2>/dev/null
  sql "CREATE DATABASE $name"
  mkdir "$way"
  cp ./*.csv "$way"
  (cd "$way" && test_way "$way" "$name") >"$way.log" 2>&1 &
  tests="$tests $!"
done
for test in $tests; do wait "$test" || wrong=1; done
for way in $ways; do
  cat "$way.log"
  database=etl
  sql "DROP DATABASE failures_$(echo "$way" | tr - _)" || wrong=1
done
exit $wrong
