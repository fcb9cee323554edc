"""Damaged copies of ORC files, all read by one script.

usage: orc_damage.py DCETL FOLDER FILE…

The damages are the same in each run; DCETL_TEST_SEED chooses others, DCETL_TEST_ALL=1 flips every bit (minutes).
"""
import os
import random
import re
import subprocess
import sys

dcetl, folder = sys.argv[1:3]
FLIPS, CUTS = 100, 15
SCRIPT = """LOOP $i IN RANGE[0, %d] BEGIN
  TRY BEGIN
    LOAD "t{$i}" orc FROM '{$i}.orc';
    COPY "t{$i}" csv(@single = TRUE, @header = FALSE) INTO 'out';
  ON ERROR $e
    RAISE NOTICE 'failed {$i}: {$e}';
  END TRY;
END LOOP;
"""


def run(script):
    return subprocess.run([dcetl, '-t', '2', '-e', script], cwd=folder, capture_output=True, timeout=600)


def rows_of(path):
    with open(path, 'rb') as file:
        return file.read().count(b'\n')


def damages(data, rng):
    if os.environ.get('DCETL_TEST_ALL'):
        bits = range(len(data) * 8)
    else:
        bits = rng.sample(range(len(data) * 8), FLIPS)
    for bit in bits:
        copy = bytearray(data)
        copy[bit // 8] ^= 1 << bit % 8
        yield 'bit %d flipped' % bit, bytes(copy)
    for size in rng.sample(range(len(data)), CUTS):
        yield 'cut at %d' % size, data[:size]


def check(path, rng):
    with open(path, 'rb') as file:
        data = file.read()
    whats = ['whole']
    with open(os.path.join(folder, '0.orc'), 'wb') as file:
        file.write(data)
    for what, copy in damages(data, rng):
        with open(os.path.join(folder, '%d.orc' % len(whats)), 'wb') as file:
            file.write(copy)
        whats.append(what)
    done = run(SCRIPT % (len(whats) - 1))
    if done.returncode:
        sys.exit('%s: status %d: %s' % (path, done.returncode, done.stderr.decode()[-2000:]))
    said = dict(re.findall(r'^notice: failed (\d+): (.*)', done.stderr.decode(), re.M))
    rows = rows_of(os.path.join(folder, 'out/t0.csv'))
    for i, what in enumerate(whats):
        out = os.path.join(folder, 'out/t%d.csv' % i)
        if str(i) in said:
            if '%d.orc' % i not in said[str(i)]:
                sys.exit('%s, %s: an error without the name of the file: %s' % (path, what, said[str(i)]))
            if os.path.exists(out):
                sys.exit('%s, %s: failed, but there is an output' % (path, what))
        elif rows_of(out) != rows:
            sys.exit('%s, %s: %d rows in place of %d' % (path, what, rows_of(out), rows))
        elif what.startswith('cut'):
            sys.exit('%s, %s: no error' % (path, what))
        else:
            os.remove(out)

    crashed = sum('the process that reads it' in text for text in said.values())
    print('%s: %d copies, %d errors, %d of them crashes of the reader' % (path, len(whats) - 1, len(said), crashed))


def alone():
    """One file by itself: status 1, and nothing is written."""
    with open(os.path.join(folder, 'a.orc'), 'wb') as file:
        file.write(b'ORC but nothing else of it')
    done = run("LOAD \"a\" orc FROM 'a.orc'; COPY \"a\" csv INTO 'out';")
    if done.returncode != 1 or b'a.orc' not in done.stderr or os.path.exists(os.path.join(folder, 'out/a.csv')):
        sys.exit('no ORC file: status %d: %s' % (done.returncode, done.stderr.decode()))


os.makedirs(os.path.join(folder, 'out'))
rng = random.Random(int(os.environ.get('DCETL_TEST_SEED', '1')))
alone()
for name in sys.argv[3:]:
    check(name, rng)
