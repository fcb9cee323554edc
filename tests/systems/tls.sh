#!/bin/sh
# TLS to MariaDB and PostgreSQL by sslmode, against servers with a certificate of an authority of the test's own.
set -u
top=$PWD
. "$top/tests/systems/servers.sh.inc"
trap stop_servers EXIT
DCETL=$(realpath "${DCETL:-build/dcetl}")
failed=0
command -v openssl >/dev/null || { missing openssl openssl; exit 77; }
tls=$servers/tls
mkdir "$tls"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout "$tls/ca.key" -out "$tls/ca.pem" 2>/dev/null || exit 1
openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout "$tls/server.key" -out "$tls/server.csr" 2>/dev/null || exit 1
printf 'subjectAltName=DNS:localhost\n' >"$tls/names"
openssl x509 -req -days 2 -in "$tls/server.csr" -CA "$tls/ca.pem" -CAkey "$tls/ca.key" -CAcreateserial -extfile "$tls/names" -out "$tls/server.pem" 2>/dev/null || exit 1
chmod 755 "$tls"

try() { # try WHAT STATUS MESSAGE ADAPTER URL QUERY: the query's answer, or the error, has the message
  out=$("$DCETL" -q -e "CREATE \"a\" $4(@url = '$5') FROM '$6'; COPY \"a\" csv INTO '-';" 2>&1)
  status=$?
  case $status:$out in
  $2:*$3*) ;;
  *)
    failed=1
    echo "FAILED $1: status $status: $out"
    ;;
  esac
}

check() { # check ADAPTER URL QUERY: URL without sslmode, to localhost, ends with ?
  try "$1 disable" 0 none "$1" "$2sslmode=disable" "$3"
  try "$1 prefer" 0 TLS "$1" "$2sslmode=prefer" "$3"
  try "$1 require" 0 TLS "$1" "$2sslmode=require" "$3"
  try "$1 verify-full" 0 TLS "$1" "$2sslmode=verify-full&sslrootcert=$tls/ca.pem" "$3"
  try "$1 another name" 1 error "$1" "$(echo "$2" | sed 's/localhost/127.0.0.1/')sslmode=verify-full&sslrootcert=$tls/ca.pem" "$3"
  cp "$tls/server.pem" "$tls/other.pem"
  try "$1 another authority" 1 error "$1" "$2sslmode=verify-full&sslrootcert=$tls/other.pem" "$3"
}

if start_postgres; then
  try 'no TLS at the server' 1 'does not support SSL' postgres "$DCETL_TEST_POSTGRES?sslmode=require" 'SELECT 1 AS x'
  cp "$tls/server.pem" "$tls/server.key" "$servers/postgres/"
  chown --reference="$servers/postgres/db" "$servers/postgres/server.key" "$servers/postgres/server.pem"
  chmod 600 "$servers/postgres/server.key"
  psql -qX "$DCETL_TEST_POSTGRES" -c "ALTER SYSTEM SET ssl_cert_file = '$servers/postgres/server.pem'" -c "ALTER SYSTEM SET ssl_key_file = '$servers/postgres/server.key'" \
    -c 'ALTER SYSTEM SET ssl = on' -c 'SELECT pg_reload_conf()' >/dev/null
  wait_for 10 psql -qX "$DCETL_TEST_POSTGRES?sslmode=require" -c 'SELECT 1'
  check postgres "postgres://etl:$DCETL_TEST_POSTGRES_PASSWORD@localhost:$DCETL_TEST_POSTGRES_PORT/etl?" \
    "SELECT COALESCE((SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()), ''none'') AS v"
fi
if start_mariadb; then
  try 'no TLS at the server' 1 'the server has no TLS' mariadb "$DCETL_TEST_MARIADB?sslmode=require" 'SELECT 1 AS x'
  cp "$tls/server.pem" "$tls/server.key" "$tls/ca.pem" "$servers/mariadb/"
  chown --reference="$servers/mariadb/db" "$servers/mariadb/server.key"
  kill -TERM "$DCETL_TEST_MARIADB_PID"
  wait_for 20 ended "$DCETL_TEST_MARIADB_PID"
  as_user "$servers/mariadb" mariadbd --no-defaults --datadir="$servers/mariadb/db" --socket="$servers/mariadb/socket" --port="$DCETL_TEST_MARIADB_PORT" --bind-address=127.0.0.1 \
    --skip-name-resolve --ssl-cert="$servers/mariadb/server.pem" --ssl-key="$servers/mariadb/server.key" --ssl-ca="$servers/mariadb/ca.pem" >>"$servers/mariadb.log" 2>&1 &
  started mariadb $! "$DCETL_TEST_MARIADB_PORT" || exit 1
  check mariadb "mariadb://etl:$DCETL_TEST_MARIADB_PASSWORD@localhost:$DCETL_TEST_MARIADB_PORT/etl?" \
    "SELECT COALESCE(NULLIF(VARIABLE_VALUE, ''''), ''none'') AS v FROM information_schema.SESSION_STATUS WHERE VARIABLE_NAME = ''SSL_VERSION''"
fi
exit $failed
