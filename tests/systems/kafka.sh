#!/bin/sh
# Kafka in trouble, against the mock brokers: they go away and come back, an interruption, large messages, a login that fails, two runs
# at once, what the shell commits.
set -u
[ -n "${DCETL_TEST_KAFKA:-}" ] || exit 77
. tests/systems/kafka.sh.inc
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
b=$DCETL_TEST_KAFKA tool=$DCETL_TEST_KAFKA_TOOL failed=0 limit=60
name=trouble-$$

produce() { kcat -P -b "$b" -t "$1" -p 0; } # produce TOPIC
topic() { "$tool" topic "$1" 1 || fail "topic $1"; }

# A script that waits at a named pipe, so that something can happen between its statements.
gated() { # gated SCRIPT COMMAND: runs the script, and the command while it waits
  rm -f gate
  mkfifo gate
  run -e "$1" &
  pid=$!
  exec 8>gate # until it has opened the other end
  $2
  exec 8>&-
  wait $pid
}
before='CREATE "g" text FROM '"'gate'; COPY \"g\" text(@mode = 'overwrite') INTO 'passed';"
all_down() { "$tool" down -1; }
all_up() { "$tool" up -1; }
down_and_up() {
  all_down
  (sleep 2 && all_up) &
}

# Brokers go away between CREATE and reading: an error after @timeout; they come back: nobody is told.
topic $name-read
seq 1 100 | produce $name-read
read="CREATE \"m\" kafka(@brokers = \$b, @group = '$name', @timeout = 3) VALUE (\"value\") FROM '$name-read'; $before COPY \"m\" csv(@header = FALSE, @mode = 'overwrite') INTO 'got';"
gated "$read" all_down && fail 'brokers that are gone: exit status 0'
says 'brokers that are gone' "no message came for 3 s after offset 0"
[ ! -e got ] || fail 'brokers that are gone: an output'
all_up
gated "$read" down_and_up || fail 'brokers that come back'
wait
[ "$(cat got/m/*.csv | wc -l)" = 100 ] || fail 'brokers that come back: rows'

# The same for writing.
topic $name-write
write="$before COPY \"g\" kafka(@brokers = \$b, @timeout = 3) INTO '$name-write';"
printf 'CREATE "l" text FROM '"'lines.txt'"'; COPY "l" kafka(@brokers = $b, @timeout = 2) INTO '"'$name-write'"';' >write.tdl
seq 1 1000 >lines.txt
all_down
run write.tdl && fail 'writing to brokers that are gone: exit status 0'
says 'writing to brokers that are gone' 'no answer from'
all_up
run write.tdl || fail 'writing to brokers that are back'
[ "$(kcat -C -b "$b" -t $name-write -e -q | wc -l)" = 1000 ] || fail 'writing to brokers that are back: messages'

# A few requests that fail are tried again: no message is lost and none comes twice (Produce: 0, Fetch: 1).
topic $name-again
"$tool" fail 0 6 7 19
sed "s/$name-write/$name-again/" write.tdl >again.tdl
run again.tdl || fail 'requests that fail'
[ "$(kcat -C -b "$b" -t $name-again -e -q | sort -n | cmp - lines.txt 2>&1)" = '' ] || fail 'requests that fail: messages'

# Those that may not be tried again: not allowed to write (29), to store offsets (OffsetCommit: 8), to end a transaction (EndTxn: 26, fenced).
"$tool" fail 0 29 29 29 29 29 29
run again.tdl && fail 'no right to write: exit status 0'
says 'no right to write' 'not delivered'
says 'no right to write' 'Topic authorization failed'
"$tool" fail 0
topic $name-denied
seq 1 3 | produce $name-denied
denied="CREATE \"m\" kafka(@brokers = \$b, @group = '$name-denied') VALUE (\"value\") FROM '$name-denied'; COPY \"m\""
"$tool" fail 8 30
run -e "$denied csv INTO 'denied';" && fail 'no right to store offsets: exit status 0'
says 'no right to store offsets' 'cannot store the group'
[ "$(wc -l <denied/m/part-00000.csv)" = 4 ] || fail 'no right to store offsets: outputs are complete'
"$tool" fail 26 90
run -e "$denied kafka(@brokers = \$b, @transaction = '$name') INTO '$name-denied';" && fail 'another run has the transaction: exit status 0'
says 'another run has the transaction' "another run has begun the transaction '$name'"

# An interruption, and a kill, when outputs are there already, but not all: soon over, nothing stored.
topic $name-stop
seq 1 10 | produce $name-stop
for end in INT:130 KILL:137; do
  rm -rf stop
  "$DCETL" -v b="$b" -e "CREATE \"m\" kafka(@brokers = \$b, @group = '$name') FROM '$name-stop'; COPY \"m\" csv INTO 'stop'; CREATE \"w\" kafka(@brokers = \$b, @from = 'latest', @wait = 60) FROM '$name-stop';" >out 2>&1 &
  pid=$!
  tries=0
  while [ ! -e stop ] && [ $tries -lt 100 ]; do sleep 0.1 && tries=$((tries + 1)); done
  kill -${end%:*} $pid
  wait $pid 2>/dev/null
  [ $? = ${end#*:} ] || fail "${end%:*}: exit status"
  run -e "CREATE \"m\" kafka(@brokers = \$b, @group = '$name', @reset = 'error') FROM '$name-stop';" && fail "${end%:*} has stored offsets"
  says "${end%:*}" 'has stored no offset'
done

# Waiting for as many messages as are wanted.
topic $name-wait
echo 1 | produce $name-wait
(sleep 0.5 && printf '2\n3\n4\n' | produce $name-wait) &
run -e "CREATE \"m\" kafka(@brokers = \$b, @wait = 20, @count = 3) VALUE (\"value\") FROM '$name-wait'; COPY \"m\" csv(@header = FALSE) INTO '-';" || fail waiting
wait $!
[ "$(cat out)" = "$(seq 1 3)" ] || fail 'waiting: other messages'

# Large messages.
topic $name-large
head -c 3000000 /dev/zero | tr '\0' x >large.txt
large="CREATE \"l\" text FROM 'large.txt'; COPY \"l\" kafka(@brokers = \$b"
run -e "$large) INTO '$name-large';" && fail 'a large message: exit status 0'
says 'a large message' 'is too large'
says 'a large message' 'message.max.bytes'
run -e "$large, @options = ['message.max.bytes=4000000']) INTO '$name-large';" || fail 'a large message that is allowed'
run -e "CREATE \"m\" kafka(@brokers = \$b) VALUE (\"value\") FROM '$name-large'; SELECT STR_LENGTH(\"value\") AS n FROM \"m\" INTO \"n\"; COPY \"n\" csv(@header = FALSE) INTO '-';" || fail 'reading a large message'
[ "$(cat out)" = 3000000 ] || fail 'a large message: length'

# A login that fails; the password is nowhere.
run -e "CREATE \"m\" kafka(@brokers = \$b, @user = 'etl', @password = 'Geheim-Kafka-4711', @options = ['security.protocol=SASL_PLAINTEXT', 'sasl.mechanism=PLAIN', 'debug=all']) FROM 't';" && fail 'a login that fails: exit status 0'
says 'a login that fails' 'does not let us in'
grep -q Geheim out && fail 'a login that fails: the password is shown'

# Another run with the same group.
topic $name-two
seq 1 3 | produce $name-two
other() { "$DCETL" -v b="$b" -e "CREATE \"m\" kafka(@brokers = \$b, @group = '$name') FROM '$name-two'; COPY \"m\" csv INTO 'other';" || fail 'another run'; }
gated "CREATE \"m\" kafka(@brokers = \$b, @group = '$name') FROM '$name-two'; $before COPY \"m\" csv INTO 'this';" other && fail 'two runs at once: exit status 0'
says 'two runs at once' 'another run has stored offsets'

# The shell stores offsets when it is told to.
topic $name-shell
seq 1 3 | produce $name-shell
shell() { printf '%s\n' "CREATE \"m\" kafka(@brokers = '$b', @group = '$name') VALUE (\"value\") FROM '$name-shell';" 'COPY "m" csv(@header = FALSE) INTO '"'-';" "$@" | "$DCETL" -i >out 2>&1; }
shell
shell '\commit'
[ "$(cat out)" = "$(seq 1 3)" ] || fail 'the shell without \commit has stored offsets'
shell
[ ! -s out ] || fail 'the shell with \commit has not stored offsets'

exit $failed
