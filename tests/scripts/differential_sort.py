"""Differential test of ORDER BY and window functions: odd data, random statements, a model in Python, and DuckDB if it is
there.

usage: differential_sort.py DCETL FOLDER [quick]

Each statement runs several ways (threads, memory, rows a batch); all must give the bytes that the model says. Statements
that mean the same to DuckDB are compared with it, too. DCETL_TEST_SEED gives the seed of the second round; the first has
a fixed one.
"""
import csv
import functools
import os
import random
import subprocess
import sys

try:
    import duckdb
except ImportError:
    duckdb = None

WAYS = [['-t', '1'], ['-t', '4'], ['-t', '4', '-m', '8M'], ['-t', '2', '-m', '8M', '-o', 'batch_rows=3']]
TEXTS = ['', 'a', 'A', 'ab', 'abc', 'é', 'ä', '😀', 'x,y', 'say "no"', 'two\nlines', ' ', '10', '9', 'null', '\x01', '\x01\x01', 'zzzzzzzzzzzz', 'zzzzzzzzzzzzz']
NULL = 'NA'


def cell(value):
    return NULL if value is None else value if isinstance(value, str) else str(value)


# --- Data: rows of n (its number), i (integer), d (double), t (text), g (group) ---

def integer(shape):
    if shape == 'extreme':
        return random.choice([-2**63, -2**63 + 1, 2**63 - 1, 2**63 - 2, 2**53, 2**53 + 1, -2**53 - 1, 0, -1, 1])
    return random.randint(-5, 5) if shape == 'few' else random.randint(-10**6, 10**6)


def double(shape):
    if shape == 'extreme':
        return random.choice(['-Infinity', 'Infinity', 'NaN', '-0.0', '0.0', '1e300', '-1e300', '5e-324', '9007199254740993', '1.5'])
    return repr(random.choice([0.5, 1.5, -2.25, 3.0]) if shape == 'few' else random.randint(-4000, 4000) / 8)


def make_rows(shape, count):
    rows = []
    for n in range(count):
        null = random.random() < (0.5 if shape == 'nulls' else 0.05)
        group = 'one' if shape == 'skew' and random.random() < 0.95 else 'g%d' % random.randrange(1 if shape == 'one' else 40)
        text = random.choice(TEXTS) if shape != 'long' else 'a long beginning that all texts share ' * 3 + str(random.randrange(50))
        rows.append({'n': n, 'i': None if null else integer(shape), 'd': None if random.random() < 0.05 else double(shape),
                     't': None if random.random() < 0.1 else text, 'g': None if random.random() < 0.02 else group})
    return rows


def value(row, key):
    text = row[key]
    return None if text is None else float(text.replace('Infinity', 'inf')) if key == 'd' else text


def compare(a, b):
    """The total order for values of one kind, NULL apart."""
    if isinstance(a, float) or isinstance(b, float):
        if a != a or b != b:
            return (a != a) - (b != b)
    if isinstance(a, str):
        a, b = a.encode(), b.encode()
    return (a > b) - (a < b)


class Key:
    def __init__(self, name, descending, first):
        self.name, self.descending, self.first = name, descending, first

    def sql(self, duck=False):
        name = '"%s"' % self.name
        if not duck and self.name in 'ni':
            name = 'INT ' + name
        if not duck and self.name == 'd':
            name = 'DOUBLE ' + name
        return name + (' DESC' if self.descending else '') + (' NULLS FIRST' if self.first else ' NULLS LAST')

    def order(self, x, y):
        a, b = value(x, self.name), value(y, self.name)
        if a is None or b is None:
            order = (a is None) - (b is None)
            return -order if self.first else order
        order = compare(a, b)
        return -order if self.descending else order


def order_by(keys):
    def order(x, y):
        for key in keys:
            o = key.order(x, y)
            if o:
                return o
        return 0
    return order


def random_keys(names, most):
    return [Key(name, random.random() < 0.4, random.random() < 0.3) for name in random.sample(names, random.randint(1, most))]


# --- Windows ---

def bounds(frame, at, count, peers_end, ordered):
    if frame is None:
        return 0, (peers_end if ordered else count)
    low = {'UP': 0, 'P': max(0, at - frame[0][1]), 'C': at, 'F': min(count, at + frame[0][1])}[frame[0][0]]
    high = {'UF': count, 'P': max(0, at - frame[1][1] + 1), 'C': at + 1, 'F': min(count, at + frame[1][1] + 1)}[frame[1][0]]
    return low, max(low, high)


def frame_sql(frame):
    words = {'UP': 'UNBOUNDED PRECEDING', 'UF': 'UNBOUNDED FOLLOWING', 'C': 'CURRENT ROW'}
    one = lambda b: words.get(b[0]) or '%d %s' % (b[1], 'PRECEDING' if b[0] == 'P' else 'FOLLOWING')
    return ' ROWS BETWEEN %s AND %s' % (one(frame[0]), one(frame[1]))


def random_frame():
    n = lambda: random.choice([0, 1, 2, 5, 30])
    return (random.choice([('UP', 0), ('P', n()), ('C', 0), ('F', n())]), random.choice([('UF', 0), ('P', n()), ('C', 0), ('F', n())]))


def extreme(values, sign):
    best = None
    for v in values:
        if v is not None and (best is None or sign * compare(v, best) > 0):
            best = v
    return best


AGGREGATES = {
    'COUNT': lambda v: sum(x is not None for x in v),
    'SUM': lambda v: sum(x for x in v if x is not None) if any(x is not None for x in v) else None,
    'MIN': lambda v: extreme(v, -1),
    'MAX': lambda v: extreme(v, 1),
    'FIRST_VALUE': lambda v: v[0] if v else None,
    'LAST_VALUE': lambda v: v[-1] if v else None,
    'FIRST': lambda v: v[0] if v else None,
    'COUNT_DISTINCT': lambda v: len({x for x in v if x is not None}),
}
RANKS = ['ROW_NUMBER', 'RANK', 'DENSE_RANK', 'NTILE', 'LAG', 'LEAD', 'NTH_VALUE']


class Window:
    def __init__(self):
        self.name = random.choice(list(AGGREGATES) + RANKS)
        self.column = random.choice(['n', 'i', 't']) if self.name not in ('SUM',) else 'n'
        self.partition = random.choice([None, 'g', 'g', 't'])
        self.keys = random_keys(['i', 'd', 't', 'g'], 2) if random.random() < 0.8 else []
        self.frame = random_frame() if random.random() < 0.6 else None
        self.number = random.choice([1, 2, 7])
        self.total = random.random() < 0.5 and bool(self.keys)  # the row's number as the last key: an order without ties
        if self.total:
            self.keys.append(Key('n', False, False))

    def sql(self, duck=False):
        column = '"%s"' % self.column if duck or self.column == 't' else 'INT "%s"' % self.column
        args = {'NTILE': str(self.number), 'ROW_NUMBER': '', 'RANK': '', 'DENSE_RANK': '', 'LAG': '%s, %d' % (column, self.number),
                'LEAD': '%s, %d' % (column, self.number), 'NTH_VALUE': '%s, %d' % (column, self.number)}.get(self.name, column)
        over = ('PARTITION BY "%s"' % self.partition if self.partition else '')
        over += ' ORDER BY ' + ', '.join(k.sql(duck) for k in self.keys) if self.keys else ''
        return '%s(%s) OVER (%s%s)' % (self.name, args, over, frame_sql(self.frame) if self.frame else '')

    def for_duck(self):
        places = ['UP', 'P', 'C', 'F', 'UF']
        legal = not self.frame or places.index(self.frame[0][0]) <= places.index(self.frame[1][0])
        return legal and self.total and self.name not in ('FIRST', 'COUNT_DISTINCT')

    def model(self, rows):
        groups, out = {}, {}
        for row in rows:
            groups.setdefault(row[self.partition] if self.partition else 0, []).append(row)
        order = order_by(self.keys)
        for group in groups.values():
            group.sort(key=functools.cmp_to_key(order))
            rank = dense = start = 0
            for at, row in enumerate(group):
                if at == 0 or order(group[at - 1], row):
                    start, rank, dense = at, at + 1, dense + 1
                end = start
                if self.frame is None:
                    end = at + 1
                    while end < len(group) and order(row, group[end]) == 0:
                        end += 1
                out[row['n']] = self.one(group, at, rank, dense, bounds(self.frame, at, len(group), end, self.keys))
        return [out[row['n']] for row in rows]

    def one(self, group, at, rank, dense, frame):
        if self.name in AGGREGATES:
            return AGGREGATES[self.name]([value(r, self.column) for r in group[frame[0]:frame[1]]])
        if self.name == 'NTILE':
            size, longer = divmod(len(group), self.number)
            return at // (size + 1) + 1 if at < longer * (size + 1) else longer + (at - longer * (size + 1)) // size + 1
        if self.name in ('LAG', 'LEAD'):
            other = at + (self.number if self.name == 'LEAD' else -self.number)
            return value(group[other], self.column) if 0 <= other < len(group) else None
        if self.name == 'NTH_VALUE':
            return value(group[frame[0] + self.number - 1], self.column) if frame[0] + self.number <= frame[1] else None
        return {'ROW_NUMBER': at + 1, 'RANK': rank, 'DENSE_RANK': dense}[self.name]


# --- Running ---

def run(dcetl, folder, script, ways):
    outputs = []
    for way in ways:
        out = os.path.join(folder, 'out')
        subprocess.run(['rm', '-rf', out], check=True)
        p = subprocess.run([dcetl, '-q', *way, '-e', script], cwd=folder, capture_output=True, text=True)
        if p.returncode:
            return None, 'status %d (%s): %s' % (p.returncode, ' '.join(way), p.stderr)
        with open(os.path.join(out, 'r.csv'), newline='', encoding='utf-8') as f:
            outputs.append(f.read())
        if outputs[0] != outputs[-1]:
            return None, 'other bytes with %s' % ' '.join(way)
    return list(csv.reader(outputs[0].splitlines(True))), None


def duck_rows(folder, query):
    load = "SELECT * FROM read_csv('%s/in.csv', header=true, nullstr='%s', columns={'n':'BIGINT','i':'BIGINT','d':'DOUBLE','t':'VARCHAR','g':'VARCHAR'})" % (folder, NULL)
    return duckdb.execute('WITH a AS (%s) %s' % (load, query)).fetchall()


def check(dcetl, folder, rows, ways):
    columns = ['n', 'i', 'd', 't', 'g']
    parts = random.choice([1, 1, 3, 7])
    load = "LOAD \"a\" csv(@null = '%s') FROM 'in.csv' PARTITION %d; " % (NULL, parts)
    if random.random() < 0.5:
        keys = random_keys(['i', 'd', 't', 'g'], 3)
        limit = random.choice([None, None, 0, 1, 10, 5000])
        text = ', '.join(k.sql() for k in keys)
        statement = 'SELECT * FROM "a" ORDER BY %s%s INTO "r"' % (text, '' if limit is None else ' LIMIT %d' % limit)
        expected = sorted(rows, key=functools.cmp_to_key(order_by(keys)))[:limit]
        want = [[cell(r[c]) for c in columns] for r in expected]
        query = 'SELECT n FROM a ORDER BY %s, n' % ', '.join(k.sql(True) for k in keys)
        duck = [r['n'] for r in expected] if limit is None else None
    else:
        windows = [Window() for _ in range(random.randint(1, 3))]
        items = ', '.join('%s AS "w%d"' % (w.sql(), i) for i, w in enumerate(windows))
        statement = 'SELECT "n", %s FROM "a" INTO "r"' % items
        results = [w.model(rows) for w in windows]
        want = [[cell(r['n'])] + [cell(result[at]) for result in results] for at, r in enumerate(rows)]
        query = 'SELECT %s FROM a ORDER BY n' % windows[0].sql(True)
        duck = results[0] if windows[0].for_duck() else None
    script = load + statement + "; COPY \"r\" csv(@single = TRUE, @null = '%s') INTO 'out';" % NULL
    got, problem = run(dcetl, folder, script, ways)
    if problem:
        return script, problem
    if got[1:] != want:
        at = next((i for i, (a, b) in enumerate(zip(got[1:], want)) if a != b), min(len(want), len(got) - 1))
        return script, 'row %d: %s, not %s' % (at, got[1 + at:2 + at], want[at:at + 1])
    if duckdb and duck is not None:
        theirs = [r[0] for r in duck_rows(folder, query)]
        if theirs != duck:
            at = next(i for i, (a, b) in enumerate(zip(theirs, duck)) if a != b)
            return script, 'DuckDB differs at row %d: %s, not %s\n%s' % (at, theirs[at], duck[at], query)
    return None


def one_round(dcetl, folder, seed, quick):
    random.seed(seed)
    shapes = ['plain', 'few', 'nulls', 'skew', 'one', 'extreme', 'long']
    for turn in range(7 if quick else 21):
        shape = shapes[turn % len(shapes)]
        rows = make_rows(shape, random.choice([0, 1, 2, 300, 1200]))
        with open(os.path.join(folder, 'in.csv'), 'w', newline='', encoding='utf-8') as f:
            writer = csv.writer(f, lineterminator='\n')
            writer.writerow(['n', 'i', 'd', 't', 'g'])
            writer.writerows([cell(r[c]) for c in ('n', 'i', 'd', 't', 'g')] for r in rows)
        failed = check(dcetl, folder, rows, WAYS if turn % 3 == 0 else random.sample(WAYS, 2))
        if failed:
            print('seed %s, turn %d (%s, %d rows)\n%s\n%s' % (seed, turn, shape, len(rows), failed[0], failed[1]))
            return False
    return True


def main():
    dcetl, folder, quick = sys.argv[1], sys.argv[2], 'quick' in sys.argv[3:]
    seeds = ['sort', os.environ.get('DCETL_TEST_SEED') or str(random.SystemRandom().randrange(10**9))]
    good = all([one_round(dcetl, folder, seed, quick) for seed in seeds])
    print('seeds %s%s: %s' % (', '.join(seeds), '' if duckdb else ', without DuckDB', 'right' if good else 'WRONG'))
    return 0 if good else 1


sys.exit(main())
