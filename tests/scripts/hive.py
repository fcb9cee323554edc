"""Folders called name=value: what COPY writes with @partition_by lies where Hive would put it, and LOAD, DuckDB and pyarrow
(where their packages are installed) read it back as it was.

usage: hive.py DCETL FOLDER

The first round has a fixed seed; DCETL_TEST_SEED gives that of the second.
"""
import csv
import os
import random
import re
import shutil
import subprocess
import sys

try:
    import duckdb
except ImportError:
    duckdb = None
try:
    import pyarrow.dataset as dataset
except ImportError:
    dataset = None

NULL = '__HIVE_DEFAULT_PARTITION__'
# org.apache.hadoop.hive.common.FileUtils: the characters of its charToEscape
ESCAPED = {chr(c) for c in range(1, 32)} | set('"#%\'*/:=?\\\x7f{[]^')
PARTS = ['a', 'B', '0', '7', '.', '..', ' ', '-', '+', '%', '%41', '=', '/', ':', '\\', "'", '"', '?', '*', '#', '{', '}', '[', ']', '^', '|', '<', '>', '&', ';', ',', '$', '~', '@', '!',
         'ä', '日本', '\U0001F600', '\t', '\x01', '\x7f', 'é']
NAMES = ['k', 'a b', 'x=y', 'größe', 'q"q']


def escape(text):
    return ''.join('%%%02X' % ord(c) if c in ESCAPED else c for c in text)


def folder_of(names, values):
    return '/'.join('%s=%s' % (escape(n), escape(v) if v else NULL) for n, v in zip(names, values))


def random_text(rng):
    return '' if rng.random() < 0.1 else ''.join(rng.choice(PARTS) for _ in range(rng.randrange(1, 5)))


def quoted(text):
    return '"' + re.sub(r'([{}])', r'\\\1', text.replace('"', '""')) + '"'


def run(dcetl, folder, script, *options):
    result = subprocess.run([dcetl, '-q', *options, '-e', script], cwd=folder, capture_output=True, text=True, timeout=60)
    if result.returncode:
        raise SystemExit('hive.py: %s\n%s' % (script, result.stderr))
    return result.stdout


def read(path):
    with open(path, newline='', encoding='utf-8') as file:
        return list(csv.reader(file))


def expect(what, got, want, seed):
    if got == want:
        return
    odd = [r for r in sorted(got, key=str) if r not in want][:3], [r for r in sorted(want, key=str) if r not in got][:3]
    raise SystemExit('hive.py: %s, DCETL_TEST_SEED=%d: got %r in place of %r' % (what, seed, odd[0], odd[1]))


def check_others(work, names, want, seed, plain):
    """want: (id, v, values…) with NULL as None."""
    if duckdb and plain:
        columns = ', '.join('"%s"' % n.replace('"', '""') for n in names)
        sql = ("SELECT id, v, %s FROM read_csv('%s/out/t/**/*.csv', hive_partitioning = true, hive_types_autocast = false, all_varchar = true, header = true, nullstr = '\\N')" % (columns, work))
        expect('DuckDB', {tuple(r) for r in duckdb.sql(sql).fetchall()}, set(want), seed)
    if dataset and plain:
        import pyarrow as pa
        schema = pa.schema([('id', pa.string()), ('v', pa.string())] + [(n, pa.string()) for n in names])
        table = dataset.dataset(work + '/out/t', format='csv', schema=schema, partitioning=dataset.partitioning(pa.schema([(n, pa.string()) for n in names]), flavor='hive')).to_table()
        rows = {tuple(row[c] for c in ['id', 'v'] + names) for row in table.to_pylist()}
        expect('pyarrow', rows, set(want), seed)


def one_round(dcetl, work, seed, plain):
    rng = random.Random(seed)
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    names = rng.sample(NAMES, 1 if plain else 2) if not plain else ['k', 'm']
    some = [random_text(rng) if not plain else rng.choice(['a', 'b c', 'x/y', 'ä', '1:2', '50%', '']) for _ in range(60)]
    rows = [[str(i), rng.choice(['x', 'y,z', 'q"'])] + [rng.choice(some) for _ in names] for i in range(2000)]
    with open(work + '/t.csv', 'w', newline='', encoding='utf-8') as file:
        csv.writer(file, lineterminator='\n').writerows([['id', 'v'] + names] + rows)
    by = ', '.join(quoted(n) for n in names)
    options = ['-t', str(rng.randrange(1, 5))] + rng.choice([[], ['-m', '4M'], ['-o', 'batch_rows=17']])
    run(dcetl, work, "LOAD \"t\" csv FROM 't.csv'; COPY \"t\" csv(@partition_by = [%s]) INTO 'out';" % by, *options)
    found = {}
    for base, _, files in os.walk(work + '/out/t'):
        for name in files:
            found[os.path.relpath(base, work + '/out/t')] = [tuple(r) for r in read(base + '/' + name)]
    want = {}
    for row in rows:
        want.setdefault(folder_of(names, row[2:]), [('id', 'v')]).append(tuple(row[:2]))
    expect('files', set(found), set(want), seed)
    for folder in want:
        if found[folder] != want[folder]:
            raise SystemExit('hive.py: %s has other rows, DCETL_TEST_SEED=%d' % (folder, seed))
    run(dcetl, work, "LOAD \"b\" csv FROM 'out/t'; COPY \"b\" csv(@null = '\\N', @single = TRUE) INTO 'back';", *options)
    back = read(work + '/back/b.csv')
    expect('header', back[0], ['id', 'v'] + names, seed)
    expect('LOAD', {tuple(r) for r in back[1:]}, {tuple(r[:2]) + tuple(v or '\\N' for v in r[2:]) for r in rows}, seed)
    value = next(r[2] for r in rows if re.search(r'[^-+ .0-9]', r[2]))  # no number, which other texts may equal
    run(dcetl, work, "LOAD \"b\" csv FROM 'out/t'; SELECT id FROM \"b\" INTO \"one\" WHERE %s = $v; COPY \"one\" csv(@header = FALSE, @single = TRUE) INTO 'one';" % quoted(names[0]), *options, '-v', 'v=' + value)
    if os.path.exists(work + '/one/one.csv'):
        expect('WHERE', {r[0] for r in read(work + '/one/one.csv')}, {r[0] for r in rows if r[2] == value}, seed)
    check_others(work, names, [tuple(r[:2]) + tuple(v or None for v in r[2:]) for r in rows], seed, plain)


def main():
    dcetl, work = sys.argv[1:3]
    given = int(os.environ.get('DCETL_TEST_SEED', '0')) or random.randrange(1 << 30)
    for seed in [1, given]:
        one_round(dcetl, work + '/round', seed, False)
        one_round(dcetl, work + '/round', seed, True)
    print('hive.py: DCETL_TEST_SEED=%d, DuckDB: %s, pyarrow: %s' % (given, bool(duckdb), bool(dataset)))


main()
