"""typed_oracle.py DCETL FOLDER: pyarrow writes tables of all types, dcetl takes them from one kind of file into another,
pyarrow reads the result: the same types and values."""
import datetime as dt
import decimal
import math
import random
import subprocess
import sys

import pyarrow as pa
import pyarrow.orc
import pyarrow.parquet

DCETL, FOLDER = sys.argv[1:3]
ROWS = 3000
random.seed(5)


def some(values):
    """The values in turn, with NULLs between."""
    return [None if i % 5 == 3 else values[i % len(values)] for i in range(ROWS)]


def whole(bits, signed):
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    return some([low, high, 0, 1] + [random.randint(low, high) for _ in range(50)])


def columns(orc):
    nan, inf = float('nan'), float('inf')
    day, moment = dt.date, dt.datetime
    utc, berlin = 'UTC', 'Europe/Berlin'
    ns = [0, 1, -1, 1_700_000_000_123_456_789, -2_208_988_800_000_000_001]
    early, late = (moment(1700, 1, 1), moment(2200, 12, 31)) if orc else (moment(1, 1, 1), moment(9999, 12, 31, 23, 59, 59, 999999))
    made = {
        'flag': pa.array(some([True, False]), pa.bool_()),
        'double': pa.array(some([0.0, -0.0, 1.5, nan, inf, -inf, 5e-324, 1.7976931348623157e308, 0.1]), pa.float64()),
        'single': pa.array(some([0.1, 3.14, nan, inf, 1e-45]), pa.float32()),
        'decimal': pa.array(some([decimal.Decimal('9' * 28 + '.' + '9' * 10), decimal.Decimal('-0.0000000001'), decimal.Decimal('0E-10')]), pa.decimal128(38, 10)),
        'cents': pa.array(some([decimal.Decimal('1.10'), decimal.Decimal('-99999999.99')]), pa.decimal128(10, 2)),
        'day': pa.array(some([day(1, 1, 1), day(9999, 12, 31), day(1970, 1, 1), day(2024, 2, 29), day(1582, 10, 15)]), pa.date32()),
        'moment': pa.array(some([early, late, moment(2024, 2, 29, 12, 30, 0, 1)]), pa.timestamp('us')),
        'text': pa.array(some(['', 'a', 'ä€😀', 'line\nbreak', '"quoted", comma', '\\', 'x' * 100_000, 'NULL']), pa.string()),
        'bytes': pa.array(some([b'', b'\0\xff', bytes(range(256))]), pa.binary()),
        'list': pa.array(some([[], [1], [1, None, 3]]), pa.list_(pa.int64())),
        'struct': pa.array(some([{'a': 1, 'b': 'x'}, {'a': None, 'b': None}]), pa.struct([('a', pa.int32()), ('b', pa.string())])),
        'deep': pa.array(some([[{'k': [['x'], []]}], []]), pa.list_(pa.struct([('k', pa.list_(pa.list_(pa.string())))]))),
        'map': pa.array(some([[('k', 1), ('l', None)], []]), pa.map_(pa.string(), pa.int64())),
        'nothing': pa.array([None] * ROWS, pa.string()),
    }
    for bits in (8, 16, 32, 64):
        made['int%d' % bits] = pa.array(whole(bits, True), getattr(pa, 'int%d' % bits)())
        if not orc:
            made['uint%d' % bits] = pa.array(whole(bits, False), getattr(pa, 'uint%d' % bits)())
    if not orc:
        made['ns'] = pa.array(some(ns), pa.timestamp('ns'))
        made['zoned'] = pa.array(some(ns), pa.timestamp('ns', utc))
        made['local'] = pa.array(some([0, 1_700_000_000_000_000]), pa.timestamp('us', berlin))
        made['time'] = pa.array(some([dt.time(0), dt.time(23, 59, 59, 999999), dt.time(12, 30, 0, 1)]), pa.time64('us'))
        made['time_ns'] = pa.array(some([0, 1, 86_399_999_999_999]), pa.time64('ns'))
        made['sorted_words'] = pa.array(some(['red', 'green']), pa.string()).dictionary_encode()
    return made


def write(table, kind, path):
    if kind == 'parquet':
        pyarrow.parquet.write_table(table, path, row_group_size=700)
    elif kind == 'orc':
        pyarrow.orc.write_table(table, path)
    else:
        new = pa.ipc.new_file if kind == 'arrow' else pa.ipc.new_stream
        with new(path, table.schema) as writer:
            writer.write_table(table, max_chunksize=700)


def read(kind, path):
    if kind == 'parquet':
        return pyarrow.parquet.read_table(path)
    if kind == 'orc':
        return pyarrow.orc.read_table(path)
    with pa.memory_map(path) as source:
        return (pa.ipc.open_file if kind == 'arrow' else pa.ipc.open_stream)(source).read_all()


def plain(kind):
    """A type without the names that files give to the parts of lists and maps."""
    return str(kind).replace('element', 'item').replace(" ('map')", '')


def same(a, b):
    if isinstance(a, float) and isinstance(b, float):
        return a == b and math.copysign(1, a) == math.copysign(1, b) or (a != a and b != b)
    return a == b


SUFFIX = {'parquet': 'parquet', 'orc': 'orc', 'arrow': 'arrow', 'arrowStream': 'arrows'}
failed = 0
for source in SUFFIX:
    for target in SUFFIX:
        orc = 'orc' in (source, target)
        table = pa.table(columns(orc))
        path = '%s/t.%s' % (FOLDER, SUFFIX[source])
        write(table, source, path)
        script = "LOAD \"t\" %s FROM '%s'; COPY \"t\" %s(@single = TRUE, @mode = 'overwrite') INTO '%s/out';" % (source, path, target, FOLDER)
        run = subprocess.run([DCETL, '-q', '-e', script], capture_output=True, text=True)
        if run.returncode:
            print('%s to %s: %s' % (source, target, run.stderr))
            failed += 1
            continue
        got = read(target, '%s/out/t.%s' % (FOLDER, SUFFIX[target]))
        for name in table.column_names:
            wanted, found = table[name], got[name]
            if pa.types.is_dictionary(wanted.type):
                wanted = wanted.cast(wanted.type.value_type)
            if plain(found.type) != plain(wanted.type) and not orc:
                print('%s to %s: %s is %s in place of %s' % (source, target, name, found.type, wanted.type))
                failed += 1
            exact = pa.types.is_timestamp(wanted.type) or pa.types.is_time(wanted.type)
            a, b = [(c.cast(pa.int64()) if exact and not orc else c).to_pylist() for c in (wanted, found)]
            bad = [i for i in range(ROWS) if not same(a[i], b[i])]
            if len(a) != len(b) or bad:
                print('%s to %s: %s: %d of %d values differ, as %r in place of %r' % (source, target, name, len(bad), ROWS, str(b[bad[0]])[:80], str(a[bad[0]])[:80]))
                failed += 1
sys.exit(failed > 0)
