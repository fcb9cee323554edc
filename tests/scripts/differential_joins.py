"""Differential test of joins and of unions as sets, against a model in Python and, where it is installed, DuckDB.

usage: differential_joins.py DCETL FOLDER [quick]

A side is a list of partitions, each a file: rows (number, text, place). Keys are texts, integers up to 64 bits, doubles with
NaN and -0.0, or mixed; some are NULL, some are very frequent. DCETL_TEST_SEED gives the seed of the second round; the first
one has a fixed seed.
"""
import collections
import os
import random
import shutil
import struct
import subprocess
import sys

try:
    import duckdb
except ImportError:
    duckdb = None

DCETL, WORK = sys.argv[1:3]
QUICK = len(sys.argv) > 3
WAYS = [['-t', '1'], ['-t', '4', '-m', '8M'], ['-t', '3', '-o', 'batch_rows=50']]
NULL = '~'
KINDS = ['JOIN', 'LEFT JOIN', 'RIGHT JOIN', 'OUTER JOIN', 'LEFT ANTI JOIN', 'RIGHT ANTI JOIN']
SQL = dict(zip(KINDS, ['JOIN', 'LEFT JOIN', 'RIGHT JOIN', 'FULL JOIN', 'ANTI JOIN', 'ANTI JOIN']))
NUMBERS = ['0', '-0.0', '1', '1.0', '2', '9007199254740992', '9007199254740993', '9223372036854775807', '-9223372036854775808', '1e300', 'NaN', '0.5', '7']
TEXTS = ['', 'a', 'A', 'ab', 'é', 'É', '日本', 'x,y', '"', 'Aa', 'BB', '1', '1.0']


def number(text):
    """As INT or DOUBLE of the language: exact integers stay integers."""
    value = float(text)
    if value != value:
        return 'nan'
    return int(text) if text.lstrip('-').isdigit() else value


KEYS = {  # of a row: expression, what it gives (None: NULL)
    'text': ('s', lambda row: row[1]),
    'number': ("CASE WHEN n SEARCH '[.eN]' THEN DOUBLE n ELSE INT n END", lambda row: None if row[0] is None else ('n', number(row[0]))),
    'mixed': ("CASE WHEN s = 'a' THEN 1 ELSE s END", lambda row: None if row[1] is None else ('n', 1) if row[1] == 'a' else row[1]),
}


class Side:
    def __init__(self, name, rng, partitions, rows, wide):
        self.name, self.parts = name, []
        special = min(0.3, 60 / (rows + 1))
        hot = rng.choice([0, 0, min(0.3, 20 / (rows + 1))])
        for part in range(partitions):
            made = []
            for i in range(rng.choice([0, rows, rows, rows * 2])):
                n, s = str(rng.randrange(rows * 2)), 'k%d' % rng.randrange(rows * 2)
                if rng.random() < special:
                    n, s = rng.choice(NUMBERS), rng.choice(TEXTS)
                if rng.random() < hot:
                    n, s = '7', 'hot'
                if rng.random() < 0.05:
                    n, s = None, None
                made.append((n, s, '%s%d.%d%s' % (name, part, i, wide)))
            self.parts.append(made)

    def write(self, folder):
        os.makedirs('%s/%s' % (folder, self.name))
        for i, rows in enumerate(self.parts):
            with open('%s/%s/%04d.csv' % (folder, self.name, i), 'w', newline='') as f:
                f.write('n,s,p\n' + text_of(rows))


def key_place(key, n):
    """Partition of a key that is not NULL: language.md § 1, hash codes as in Java."""
    if isinstance(key, str):
        units, code = key.encode('utf-16-be'), 0
        for i in range(0, len(units), 2):
            code = (31 * code + units[i] * 256 + units[i + 1]) & 0xFFFFFFFF
    elif key[1] != 'nan' and key[1] == int(key[1]):
        return int(key[1]) % n
    else:
        bits = struct.unpack('>Q', struct.pack('>d', float(key[1])))[0]
        code = (bits ^ bits >> 32) & 0xFFFFFFFF
    return (code - (1 << 32) if code >= 1 << 31 else code) % n


# --- The model ---

def join(kind, left, right, key):
    """Partitions of rows of the result."""
    kept, other = (right, left) if kind.startswith('RIGHT') else (left, right)
    table = collections.defaultdict(list)
    for row in (row for part in other.parts for row in part):
        table[key(row)].append(row)
    met, result, nothing = set(), [], (None,) * 3
    for part in kept.parts:
        rows = []
        for row in part:
            found = table.get(key(row)) if key(row) is not None else None
            if 'ANTI' in kind:
                rows += [] if found else [row]
                continue
            met.add(key(row))
            pairs = found or ([] if kind == 'JOIN' else [nothing])
            rows += [(pair + row if kept is right else row + pair) for pair in pairs]
        result.append(rows)
    if kind == 'OUTER JOIN':
        for row in (row for part in right.parts for row in part):
            if key(row) is None or key(row) not in met:
                result[0 if key(row) is None else key_place(key(row), len(result))].append(nothing + row)
    return result


def union(kind, sides, key):
    counts = [collections.Counter((key(row), row[:2]) for part in side.parts for row in part) for side in sides]
    result = []
    for number_of_side, side in enumerate(sides if kind == 'XOR' else sides[:1]):
        taken = collections.Counter()
        for part in side.parts:
            rows = []
            for row in part:
                pair = (key(row), row[:2])
                taken[pair] += 1
                wanted = min(count[pair] for count in counts)
                alone = sum(count[pair] > 0 for count in counts) == 1
                if alone if kind == 'XOR' else taken[pair] <= wanted:
                    rows.append(row[:2])
            result.append(rows)
    return result


# --- Running ---

def read(path):
    with open(path, newline='', encoding='utf-8') as f:
        return f.read()


def text_of(rows):
    def field(value):
        if value is None:
            return NULL
        return '"%s"' % value.replace('"', '""') if any(c in value for c in ',"\n\r') else value
    return ''.join(','.join(map(field, row)) + '\n' for row in rows)


def check(folder, name, expected):
    for i, rows in enumerate(expected):
        got = read('%s/%s/part-%05d.csv' % (folder, name, i))
        if got != text_of(rows):
            lines = list(zip(got.split('\n') + ['(end)'], text_of(rows).split('\n') + ['(end)']))
            at = next((k for k, (a, b) in enumerate(lines) if a != b), len(lines))
            sys.exit('%s, partition %d, line %d: got %r, not %r; see %s' % (name, i, at + 1, *(lines[at] if at < len(lines) else ('', '')), folder))
    more = '%s/%s/part-%05d.csv' % (folder, name, len(expected))
    if os.path.exists(more):
        sys.exit('%s has more than %d partitions' % (name, len(expected)))


def check_duckdb(folder, outputs):
    """Rows of all kinds of joins by text key, in any order."""
    base = duckdb.connect()
    for side in 'ab':
        base.execute("CREATE TABLE %s AS SELECT * FROM read_csv('%s/%s/*.csv', auto_detect=false, delim=',', quote='\"', escape='\"', header=true, columns={'n': 'VARCHAR', 's': 'VARCHAR', 'p': 'VARCHAR'}, nullstr='%s')" % (side, folder, side, NULL))
    for kind, partitions in outputs.items():
        first, second = ('b', 'a') if kind == 'RIGHT ANTI JOIN' else ('a', 'b')
        columns = 'b.*' if kind == 'RIGHT ANTI JOIN' else 'a.*' if 'ANTI' in kind else 'a.*, b.*'
        rows = base.execute('SELECT %s FROM %s %s %s ON a.s = b.s' % (columns, first, SQL[kind], second)).fetchall()
        if collections.Counter(rows) != collections.Counter(row for part in partitions for row in part):
            sys.exit('%s: DuckDB has other rows than the model; see %s' % (kind, folder))


def round_of(rng, number_of_round, rows, wide, ways):
    folder = '%s/%d' % (WORK, number_of_round)
    left, right = (Side(name, rng, rng.choice([1, 2, 3, 5]), rng.choice([0, rows, rows]), wide) for name in 'ab')
    kind_of_key = rng.choice(sorted(KEYS))
    expression, key = KEYS[kind_of_key]
    script = ''
    for side in (left, right):
        side.write(folder)
        script += "LOAD \"%s\" csv(@null = '%s') FROM '%s/%s/*.csv' BY SOURCE;\nALTER \"%s\" KEY %s;\n" % (side.name, NULL, folder, side.name, side.name, expression)
    names = ['j%d' % i for i in range(len(KINDS))]
    for name, kind in zip(names, KINDS):
        script += 'SELECT * FROM %s "a", "b" INTO "%s";\n' % (kind, name)
    script += 'SELECT n, s FROM "a" INTO "a2";\nSELECT n, s FROM "b" INTO "b2";\n'
    script += 'SELECT * FROM UNION XOR "a2", "b2" INTO "xor";\nSELECT * FROM UNION AND "b2", "a2" INTO "and";\n'
    script += "COPY %s csv(@header = FALSE, @null = '%s') INTO $OUT;\n" % (', '.join('"%s"' % n for n in names + ['xor', 'and']), NULL)
    with open(folder + '/script.tdl', 'w') as f:
        f.write(script)
    expected = {name: join(kind, left, right, key) for name, kind in zip(names, KINDS)}
    expected['xor'], expected['and'] = union('XOR', [left, right], key), union('AND', [right, left], key)
    for way in ways:
        out = folder + '/out'
        done = subprocess.run([DCETL, *way, folder + '/script.tdl', '-v', 'OUT=' + out], capture_output=True, text=True)
        if done.returncode:
            sys.exit('%s failed: %s' % (way, done.stderr))
        for name, partitions in expected.items():
            check(out, name, partitions)
        shutil.rmtree(out)
    if duckdb and kind_of_key == 'text' and any(left.parts) and any(right.parts):
        check_duckdb(folder, {kind: expected[name] for name, kind in zip(names, KINDS)})
    shutil.rmtree(folder)


def main():
    seed = int(os.environ.get('DCETL_TEST_SEED', random.SystemRandom().randrange(1 << 30)))
    print('DuckDB %s, second seed %d' % (duckdb.__version__ if duckdb else 'is not installed', seed))
    at = 0
    for rng in (random.Random(1), random.Random(seed)):
        for rows in [3, 20, 20, 300] * (1 if QUICK else 2):
            round_of(rng, at, rows, '', WAYS)
            at += 1
        round_of(rng, at, 6000, '=' * 500, [WAYS[0], WAYS[1]])  # does not fit into 8M
        at += 1


main()
