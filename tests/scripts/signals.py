"""signals.py DCETL WORK: sends SIGINT and SIGTERM while a run computes, waits for input, or waits for its reader.

Each must end soon with status 130 or 143 and one message, and leave neither outputs nor temporary files.
"""
import os, signal, subprocess, sys, time

dcetl, work = sys.argv[1:3]
out, temp, fifo = work + '/out', work + '/temp', work + '/fifo'
soon = float(os.environ.get('SOON', 3))  # seconds; it takes under one on a quiet machine

JOB = '''LOAD "a" csv(@header = FALSE) VALUE ("id", "text", "k") FROM '%s';
ALTER "a" KEY INT "k" PARTITION 97;
LOOP $i IN RANGE[0, 96] BEGIN
  SELECT * FROM "a" PARTITION $i INTO "p/{$i}";
END LOOP;
COPY "p/" * csv(@single = TRUE, @codec = 'zst', @level = 12) INTO $OUT;
'''
TO_PIPE = '''LOAD "a" csv(@header = FALSE) VALUE ("id", "text", "k") FROM '%s';
%sCOPY "a" csv INTO '-';
'''
DISTINCT = '''LOAD "a" csv(@header = FALSE) VALUE ("id", "text", "k") FROM '%s';
LOOP $i IN RANGE[1, 1000] BEGIN
  LET $n = SELECT DISTINCT "k" FROM "a";
END LOOP;
'''
SHUFFLE = '''LOAD "a" csv(@header = FALSE) VALUE ("id", "text", "k") FROM '%s';
LOOP $i IN RANGE[1, 100] BEGIN
  ALTER "a" KEY INT "id" + $i PARTITION 5000;
  LET $n = SELECT COUNT(*) FROM "a" PARTITION 1;
END LOOP;
'''
a = work + '/a.csv'
# name, script, how standard input and output are, delays
SCENES = [
    ('load, shuffle, copy', JOB % a, None, None, (0.05, 0.3, 0.8)),
    ('shuffles', SHUFFLE % a, None, None, (0.5, 1)),
    ('spilling', SHUFFLE % a, None, None, (0.5,)),
    ('distinct', DISTINCT % a, None, None, (0.5,)),
    ('loop without data', 'LET $n = 0; LOOP $a IN RANGE[1, 30000] BEGIN LOOP $b IN RANGE[1, 30000] BEGIN LET $n = $n + 1; END LOOP; END LOOP;', None, None, (0.3,)),
    ('loop in a function', 'CREATE FUNCTION f() AS BEGIN LOOP $i IN RANGE[1, 30000] BEGIN LOOP $j IN RANGE[1, 30000] BEGIN LET $x = $j; END LOOP; END LOOP; RETURN 1; END FUNCTION; LET $y = f();',
     None, None, (0.3,)),
    ('recursion', 'CREATE FUNCTION fib(@n) AS BEGIN IF $n < 2 THEN RETURN $n; END IF; RETURN fib($n - 1) + fib($n - 2); END FUNCTION; LET $y = fib(60);',
     None, None, (0.3,)),
    ('recursion over rows', """CREATE FUNCTION fib(@n) AS BEGIN IF $n < 2 THEN RETURN $n; END IF; RETURN fib($n - 1) + fib($n - 2); END FUNCTION;
LOAD "a" csv(@header = FALSE) VALUE ("id", "text", "k") FROM '%s'; SELECT fib(60 + INT "k") AS "f" FROM "a" INTO "b"; COPY "b" csv INTO $OUT;
""" % a, None, None, (0.3,)),
    ('transform without end', """TRANSFORM t() FROM TEXT INTO TEXT BEGIN IF FALSE THEN FETCH; END IF; END TRANSFORM; ALTER "dual" t INTO "a"; COPY "a" text INTO $OUT;
""", None, None, (0.3,)),
    ('caught errors', 'LOOP $a IN RANGE[1, 30000] BEGIN LOOP $b IN RANGE[1, 30000] BEGIN TRY BEGIN LET $n = INT "x"; ON ERROR $e LET $n = 1; END TRY; END LOOP; END LOOP;',
     None, None, (0.3,)),
    ('standard input', JOB % '-', 'pipe', None, (0.3,)),
    ('standard input, in the middle', JOB % '-', 'some', None, (0.5,)),
    ('named pipe without a writer', JOB % fifo, None, None, (0.3,)),
    ('standard output, nobody reads', TO_PIPE % (a, ''), None, 'pipe', (0.5,)),
    ('standard output, from a shuffle', TO_PIPE % (a, 'ALTER "a" KEY INT "k" PARTITION 7;\n'), None, 'pipe', (1,)),
    ('standard output, compressed', TO_PIPE.replace('csv INTO', "csv(@codec = 'gz', @level = 1) INTO") % (a, ''), None, 'pipe', (1,)),
    ('show, nobody reads', 'LOOP $i IN RANGE[1, 1000] BEGIN SHOW FUNCTIONS; END LOOP;', None, 'pipe', (0.5,)),
]


def run(name, script, stdin, stdout, delay, number):
    with open(work + '/job.tdl', 'w') as f:
        f.write(script)
    command = [dcetl, work + '/job.tdl', '-v', 'OUT=' + out, '-m', '8M' if name == 'spilling' else '1G', '--temp-dir', temp]
    p = subprocess.Popen(command, stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                         stdout=subprocess.PIPE if stdout else subprocess.DEVNULL, stderr=subprocess.PIPE)
    if stdin == 'some':
        p.stdin.write(b'1,text,5\n' * 100000)
        p.stdin.flush()
    time.sleep(delay)
    p.send_signal(number)
    sent = time.time()
    what = '%s: signal %d after %.2f s: ' % (name, number, delay)
    try:
        p.wait(20)
    except subprocess.TimeoutExpired:
        p.kill()
        sys.exit(what + 'still running after 20 s')
    took = time.time() - sent
    err = p.stderr.read().decode()
    if p.returncode == 0 and 'load' in name:  # it was faster than the signal
        subprocess.run(['rm', '-rf', out], check=True)
        return 0
    if p.returncode == -number and delay < 0.1:  # it had not begun yet
        return 0
    if p.returncode != 128 + number:
        sys.exit(what + 'status %d: %s' % (p.returncode, err[-500:]))
    if err.count('error') != 1 or 'interrupted' not in err:
        sys.exit(what + 'not one message: ' + err[-500:])
    left = [f for f in (os.listdir(out) if os.path.exists(out) else []) + os.listdir(temp)]
    if os.path.exists(out) or left:
        sys.exit(what + 'left behind: %s' % (left[:5] or out))
    if took > soon:
        sys.exit(what + 'it took %.1f s to stop' % took)
    print(what + 'stopped after %.2f s' % took)
    return 1


os.mkdir(temp)
os.mkfifo(fifo)
for i, (name, script, stdin, stdout, delays) in enumerate(SCENES):
    hits = 0
    both = (signal.SIGINT, signal.SIGTERM)
    for number in both if 'load' in name else both[i % 2:][:1]:
        for delay in delays:
            hits += run(name, script, stdin, stdout, delay, number)
    if not hits:
        sys.exit(name + ': no signal came in time')
