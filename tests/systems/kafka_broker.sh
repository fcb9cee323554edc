#!/bin/sh
# Kafka itself, one broker in a scratch folder: what the mock cluster of librdkafka has not. Transactions that are given up stay
# unseen, offsets go with them; times; retention; passwords over TLS; a broker that hangs. Last, the time of 200,000 messages beside kcat.
# Its jars are in build/systems/kafka, where Java and Maven are there (.ci/install-deps --systems).
set -u
top=$PWD
jars=$top/build/systems/kafka
[ -d "$jars" ] && command -v java >/dev/null && command -v kcat >/dev/null || exit 77
. tests/systems/kafka.sh.inc
work=$(mktemp -d) || exit 1
cd "$work" || exit 1
broker= failed=0 limit=100
finish() {
  [ -z "$broker" ] || kill -KILL "$broker" 2>/dev/null
  rm -rf "$work"
}
trap finish EXIT
# shellcheck disable=SC2046
set -- $(python3 -c '
import socket
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
print(*(s.getsockname()[1] for s in sockets))')
port=$1 sasl=$2 control=$3 password=Geheim-Kafka-4711
b=127.0.0.1:$port
{
  openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out ca.pem -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 &&
    openssl pkcs12 -export -in ca.pem -inkey key.pem -out broker.p12 -passout pass:$password
} >openssl.log 2>&1 || { cat openssl.log && exit 1; }

cat >server.properties <<PROPERTIES
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$control
listeners=PLAINTEXT://127.0.0.1:$port,SASL_SSL://127.0.0.1:$sasl,CONTROLLER://127.0.0.1:$control
advertised.listeners=PLAINTEXT://127.0.0.1:$port,SASL_SSL://127.0.0.1:$sasl
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
sasl.enabled.mechanisms=PLAIN
listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_etl="$password";
ssl.keystore.type=PKCS12
ssl.keystore.location=$work/broker.p12
ssl.keystore.password=$password
log.dirs=$work/data
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
group.initial.rebalance.delay.ms=0
num.partitions=4
log.segment.bytes=1048576
log.retention.bytes=18000000
log.retention.ms=-1
log.retention.check.interval.ms=500
log.initial.task.delay.ms=500
PROPERTIES
quick='-XX:TieredStopAtLevel=1 -XX:+UseSerialGC' # it is up sooner
# shellcheck disable=SC2086
java $quick -Xmx128m -cp "$jars/*" kafka.tools.StorageTool format -t MkU3OEVBNTcwNTJENDM2Qg -c server.properties >broker.log 2>&1 || exit 1
# shellcheck disable=SC2086
java $quick -Xmx512m -cp "$jars/*" kafka.Kafka server.properties >>broker.log 2>&1 &
broker=$!
python3 - "$port" <<'PYTHON' && kcat -L -b "$b" -m 5 >/dev/null || { tail -n 20 broker.log && exit 1; }
import socket, sys, time
for _ in range(600):
    try:
        socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1)
        sys.exit(0)
    except OSError:
        time.sleep(0.1)
sys.exit(1)
PYTHON

rows() { run -e "CREATE \"m\" kafka(@brokers = \$b) VALUE (\"value\") FROM '$1'; COPY \"m\" csv(@header = FALSE) INTO '-';" && sort out; } # rows TOPIC
# Marks of transactions arrive a moment after the commit.
become() { # become TOPIC LINES
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    [ "$(rows "$1")" = "$2" ] && return
    sleep 0.1
  done
  return 1
}
lines() { printf '%s\n' "$@"; }

# A topic is made by its first message, as the broker is set; times choose messages.
printf 'value,timestamp\nold,2024-05-01T11:59:59.999Z\nnoon,2024-05-01T12:00:00Z\nlate,2024-05-02T00:00:00Z\n' >times.csv
run -e 'CREATE "t" csv FROM '"'times.csv'"'; COPY "t" kafka(@brokers = $b) INTO '"'times';" || fail 'times: writing'
run -e 'CREATE "m" kafka(@brokers = $b, @from = '"'2024-05-01T14:00:00+02:00', @until = '2024-05-02') VALUE (\"value\") FROM 'times'; COPY \"m\" csv(@header = FALSE) INTO '-';" || fail times
[ "$(cat out)" = noon ] || fail 'times: other messages'

# Exactly once: what a script that fails has sent is never seen, and its messages come again.
lines a:1 b:2 c:3 | kcat -P -b "$b" -t from -K :
cat >once.tdl <<'SCRIPT'
CREATE "m" kafka(@brokers = $b, @group = 'once') VALUE ("key", "value") FROM 'from';
COPY "m" kafka(@brokers = $b, @transaction = 'once') INTO 'to';
SELECT "key", "value" || '!' AS "value" FROM "m" INTO "n";
COPY "n" kafka(@brokers = $b, @transaction = 'once') INTO 'to';
IF $fail DEFAULT FALSE THEN RAISE ERROR 'it fails'; END IF;
SCRIPT
run -v fail=true once.tdl && fail 'once: exit status 0'
[ "$(rows to)" = '' ] || fail 'once: a script that failed has sent messages'
for round in first second; do
  run once.tdl || fail "once: $round"
  become to "$(lines 1 '1!' 2 '2!' 3 '3!')" || fail "once: $round: messages"
done
echo d:4 | kcat -P -b "$b" -t from -K :
run once.tdl || fail 'once: third'
become to "$(lines 1 '1!' 2 '2!' 3 '3!' 4 '4!')" || fail 'once: third: messages'
[ "$(kcat -C -b "$b" -t to -e -q -X isolation.level=read_committed | sort)" = "$(rows to)" ] || fail 'once: kcat sees others'

# The script goes on after one of the COPYs of a transaction has failed: no commit of the rest.
run -e 'CREATE "m" kafka(@brokers = $b, @group = '"'spoiled') VALUE (\"key\", \"value\") FROM 'from'; COPY \"m\" kafka(@brokers = \$b, @transaction = 'spoiled') INTO 'spoiled';
  SELECT \"value\", 99 AS \"partition\" FROM \"m\" INTO \"bad\"; TRY BEGIN COPY \"bad\" kafka(@brokers = \$b, @transaction = 'spoiled') INTO 'spoiled'; ON ERROR \$e RAISE INFO \$e; END TRY;" && fail 'a COPY that failed: exit status 0'
says 'a COPY that failed' 'the topic has no partition 99'
says 'a COPY that failed' "the transaction 'spoiled' was given up"
[ "$(rows spoiled)" = '' ] || fail 'a COPY that failed: messages'

# Two datasets of one topic and one group: both have all of it, and the transaction takes their offsets along.
cat >twice.tdl <<'SCRIPT'
CREATE "m" kafka(@brokers = $b, @group = 'twice') VALUE ("value") FROM 'from';
CREATE "n" kafka(@brokers = $b, @group = 'twice') VALUE ("value") FROM 'from';
COPY "m" kafka(@brokers = $b, @transaction = 'twice') INTO 'twice';
COPY "n" kafka(@brokers = $b, @transaction = 'twice') INTO 'twice';
SCRIPT
run twice.tdl || fail twice
run twice.tdl || fail 'twice: again'
become twice "$(lines 1 1 2 2 3 3 4 4)" || fail 'twice: messages'

# A password, over TLS.
login() { # login PASSWORD [OPTION]
  run -v password="$1" -e "CREATE \"m\" kafka(@brokers = '127.0.0.1:$sasl', @user = 'etl', @password = \$password, @options = ['security.protocol=SASL_SSL', 'sasl.mechanism=PLAIN'${2:-}]) VALUE (\"value\") FROM 'times'; COPY \"m\" csv(@header = FALSE) INTO '-';"
}
login $password ", 'ssl.ca.location=ca.pem'" || fail 'the right password'
[ "$(wc -l <out)" = 3 ] || fail 'the right password: messages'
login Falsch-4711 ", 'ssl.ca.location=ca.pem'" && fail 'a wrong password: exit status 0'
says 'a wrong password' 'does not let us in'
grep -q -e 4711 out && fail 'a wrong password is shown'
login $password && fail 'a certificate of nobody known: exit status 0'
says 'a certificate of nobody known' 'certificate verify failed'
login $password ", 'ssl.ca.location=none.pem'" && fail 'no file of certificates: exit status 0'
says 'no file of certificates' "ssl.ca.location names 'none.pem', which cannot be read"

# A broker that hangs.
kill -STOP $broker
run -e 'CREATE "m" kafka(@brokers = $b, @timeout = 2) FROM '"'times';" && fail 'a broker that hangs: exit status 0'
says 'a broker that hangs' 'no answer from'
kill -CONT $broker

# 200,000 messages, out and in.
seq -f '{"id":%.0f,"name":"some name of a thing","price":12.5}' 1 200000 >lines.txt
sort lines.txt >sorted.txt
now() { date +%s%N; }
since() { echo "$((($(now) - $1) / 1000000)) ms"; }
at=$(now) && kcat -P -b "$b" -t kcat -X enable.idempotence=true -X linger.ms=20 <lines.txt && echo "kcat -P: $(since "$at")"
at=$(now) && run -e 'CREATE "l" text FROM '"'lines.txt'; COPY \"l\" kafka(@brokers = \$b) INTO 'dcetl';" && echo "COPY: $(since "$at")"
at=$(now) && kcat -C -b "$b" -t kcat -e -q >kcat.txt && echo "kcat -C: $(since "$at")"
at=$(now) && run -e 'CREATE "m" kafka(@brokers = $b) VALUE ("value") FROM '"'dcetl'; ALTER \"m\" columnarToStructured(@template = '\$value\$'); COPY \"m\" json(@single = TRUE) INTO 'got';" && echo "CREATE: $(since "$at")"
sort got/m.json | cmp -s - sorted.txt || fail "200,000 messages: others came back: $(wc -l <got/m.json)"

# Messages that are gone: the broker deletes the oldest of one partition. (So much is in no partition of the topics above.)
run -e 'CREATE "m" kafka(@brokers = $b, @group = '"'gone', @count = 10) FROM 'from'; COPY \"m\" csv INTO 'gone';" || fail 'retention: first messages'
sed 's/^/a\t/' lines.txt lines.txt | kcat -P -b "$b" -t from -K '\t'
tries=0
until kcat -Q -b "$b" -t from:0:-2 -t from:1:-2 -t from:2:-2 -t from:3:-2 | grep -q 'offset [1-9]'; do
  tries=$((tries + 1))
  [ $tries -lt 200 ] || break
  sleep 0.1
done
run -e 'CREATE "m" kafka(@brokers = $b, @group = '"'gone') FROM 'from';" && fail 'retention: exit status 0'
says 'retention' 'messages are gone: the group stored offset'
says 'retention' "@from = 'earliest'"

[ $failed = 1 ] && tail -n 5 broker.log
exit $failed
