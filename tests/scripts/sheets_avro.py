"""Random spreadsheets written by openpyxl, and random Avro files from and to fastavro, against what these libraries were given.

usage: sheets_avro.py DCETL FOLDER

Status 77: neither library is installed. The first round has a fixed seed; DCETL_TEST_SEED gives that of the second.
"""
import csv
import datetime
import decimal
import io
import os
import random
import subprocess
import sys

try:
    import openpyxl
except ImportError:
    openpyxl = None
try:
    import fastavro
except ImportError:
    fastavro = None

dcetl, folder = sys.argv[1:3]
TEXTS = ['', 'a', ' b ', 'ä€𝄞', 'x,y', '"q"', 'line\nend', '_x0041_', '=not', '0012', 'NULL', "<&>'"]


def run(script):
    done = subprocess.run([dcetl, '-e', script], cwd=folder, capture_output=True)
    if done.returncode:
        sys.exit('%s\nfailed: %s' % (script, done.stderr.decode()))
    return list(csv.reader(io.StringIO(done.stdout.decode(), newline='')))


def same(what, got, wanted):
    for number, (a, b) in enumerate(zip(got, wanted)):
        if a != b:
            sys.exit('%s, row %d: %r in place of %r' % (what, number, a, b))
    if len(got) != len(wanted):
        sys.exit('%s: %d rows in place of %d' % (what, len(got), len(wanted)))


def shown(value):
    """As dcetl prints it."""
    if value is None:
        return 'NIL'
    if isinstance(value, bool):
        return 'true' if value else 'false'
    if isinstance(value, (datetime.datetime, datetime.time)):
        text = value.isoformat()
        return text.rstrip('0') if '.' in text else text
    return str(value)


def cell(rng):
    day = datetime.datetime(1900, 3, 1) + datetime.timedelta(days=rng.randrange(50000))
    return rng.choice([None, rng.randrange(-10**6, 10**15), rng.random() < 0.5, rng.randrange(1, 10**6) + 0.5, 'text %d ä' % rng.randrange(100),
                       day.date(), day + datetime.timedelta(seconds=rng.randrange(1, 86400)), datetime.time(rng.randrange(24), rng.randrange(60), 7)])


def sheet_round(rng):
    width, rows = rng.randrange(1, 30), []
    book = openpyxl.Workbook()
    sheet = book.active
    names = ['c%d' % i for i in range(width)]
    sheet.append(names)
    for _ in range(rng.randrange(1, 60)):
        rows.append(['first'] + [cell(rng) for _ in range(width - 1)])
        sheet.append(rows[-1])
    book.save(os.path.join(folder, 'a.xlsx'))
    got = run("LOAD \"a\" xlsx FROM 'a.xlsx'; COPY \"a\" csv(@null = 'NIL') INTO '-';")
    same('sheet', got, [names] + [[shown(v) for v in row] for row in rows])


FIELDS = {
    'i': 'int', 'l': ['null', 'long'], 's': ['string', 'null'], 'b': 'boolean', 'e': {'type': 'enum', 'name': 'E', 'symbols': ['A', 'B']},
    'd': {'type': 'int', 'logicalType': 'date'}, 'c': {'type': 'bytes', 'logicalType': 'decimal', 'precision': 30, 'scale': 2},
    't': ['null', {'type': 'long', 'logicalType': 'local-timestamp-micros'}],
}


def avro_row(rng):
    return {'i': rng.randrange(-2**31, 2**31), 'l': rng.choice([None, 0, -1, 2**63 - 1, -2**63, rng.randrange(10**6)]), 's': rng.choice(TEXTS[1:] + [None]),
            'b': rng.random() < 0.5, 'e': rng.choice('AB'), 'd': datetime.date(1, 1, 1) + datetime.timedelta(rng.randrange(3652059)),
            'c': decimal.Decimal(rng.randrange(-10**rng.randrange(1, 29), 10**28)).scaleb(-2),
            't': rng.choice([None, datetime.datetime(2024, 2, 29, 1, 2, 3, rng.randrange(1, 10**6))])}


def avro_round(rng):
    schema = fastavro.parse_schema({'type': 'record', 'name': 'r', 'fields': [{'name': n, 'type': t} for n, t in FIELDS.items()]})
    rows = [avro_row(rng) for _ in range(rng.randrange(400))]
    path, out = os.path.join(folder, 'a.avro'), os.path.join(folder, 'out', 'a.avro')
    with open(path, 'wb') as file:
        fastavro.writer(file, schema, rows, codec=rng.choice(['null', 'deflate', 'bzip2', 'xz']), sync_interval=rng.choice([10, 1000, 100000]))
    codec = rng.choice(['none', 'deflate', 'bzip2', 'xz'])
    got = run("LOAD \"a\" avro FROM 'a.avro'; COPY \"a\" avro(@single = TRUE, @mode = 'overwrite', @codec = '%s', @block_size = %d) INTO 'out'; "
              "COPY \"a\" csv(@null = 'NIL') INTO '-';" % (codec, rng.choice([1, 1000, 100000])))
    same('Avro as CSV', got, [list(FIELDS)] + [[shown(v) for v in row.values()] for row in rows])
    with open(out, 'rb') as file:
        same('Avro to Avro', list(fastavro.reader(file)), rows)


if not openpyxl and not fastavro:
    sys.exit(77)
for seed in (1, int(os.environ.get('DCETL_TEST_SEED', '0')) or random.randrange(2**31)):
    rng = random.Random(seed)
    try:
        for _ in range(6):
            if openpyxl:
                sheet_round(rng)
            if fastavro:
                avro_round(rng)
    except SystemExit:
        print('DCETL_TEST_SEED=%d' % seed, file=sys.stderr)
        raise
