#!/usr/bin/env python3
"""make bench: measures dcetl against the hand-written splitter (climit) and DuckDB in one run, and prints the ratios.

  python3 tests/bench/bench.py [--rows 10000000] [--runs 5] [--workloads W1,W1z,W1p,P1,P2,W2,W3,W4,W5,W6,W8,W9] [--dcetl build/dcetl]
                               [--kit ../shared/bench] [--work build/bench] [--no-duckdb] [--markdown FILE]

The runs of all programs are interleaved, so that a noisy moment hits all of them; the table shows the smallest user,
system, CPU (user + system) and wall seconds, the greatest resident memory and the bytes written. Every output is checked
by the kit's verify. DuckDB is the Python package: the one at hand, else one installed into a venv below --work.
Wrong output or a failed run makes the exit status 1.
"""
import argparse, glob, json, os, shutil, subprocess, sys

ap = argparse.ArgumentParser(description='Compares dcetl with climit and DuckDB.')
ap.add_argument('--rows', type=int, default=int(os.environ.get('ROWS', 10000000)))
ap.add_argument('--runs', type=int, default=int(os.environ.get('RUNS', 5)))
ap.add_argument('--workloads', default=os.environ.get('WORKLOADS', 'W1,W1z,W1p,P1,P2,W2,W3,W4,W5,W6,W8,W9'))
ap.add_argument('--dcetl', default='build/dcetl')
ap.add_argument('--kit', default=os.environ.get('KIT', '../shared/bench'))
ap.add_argument('--work', default=os.environ.get('BENCH_WORK', 'build/bench'))
ap.add_argument('--no-duckdb', action='store_true', default=bool(os.environ.get('NO_DUCKDB')))
ap.add_argument('--markdown', help='write the table of ratios there, too')
opt = ap.parse_args()
HERE = os.path.dirname(os.path.abspath(__file__))
KIT, WORK, DCETL = (os.path.abspath(p) for p in (opt.kit, opt.work, opt.dcetl))
BIN = WORK + '/bin'


def stop(text):
    print('bench: ' + text, file=sys.stderr)
    sys.exit(1)


def build_tools():
    os.makedirs(BIN, exist_ok=True)
    cc = os.environ.get('CC', 'gcc')
    for name, flags in (('gen', []), ('verify', []), ('meas', []), ('climit', ['-O3', '-march=native', '-pthread'])):
        target = '%s/%s' % (BIN, name)
        if not os.path.exists(target):
            subprocess.run([cc, '-O2', '-w', *flags, '-o', target, '%s/%s.c' % (KIT, name), '-lzstd'], check=True)


def make_data():
    folder = '%s/data-%d' % (WORK, opt.rows)
    if not os.path.exists(folder + '/lookup.csv'):
        print('bench: making %d rows' % opt.rows, flush=True)
        subprocess.run([BIN + '/gen', '-o', folder, '-n', str(opt.rows)], check=True)
    return folder


def duckdb_python():
    if opt.no_duckdb:
        return None
    for python in (os.environ.get('BENCH_PY', sys.executable), WORK + '/venv/bin/python'):
        if shutil.which(python) and subprocess.run([python, '-c', 'import duckdb'], capture_output=True).returncode == 0:
            return python
    print('bench: installing duckdb into %s/venv' % WORK, flush=True)
    done = subprocess.run('%s -m venv %s/venv && %s/venv/bin/pip install -q duckdb' % (sys.executable, WORK, WORK), shell=True)
    if done.returncode:
        print('bench: no DuckDB: pip could not install it; its rows are left out')
        return None
    return WORK + '/venv/bin/python'


def measure(command, out, log):
    shutil.rmtree(out, ignore_errors=True)
    os.makedirs(out)
    p = subprocess.run([BIN + '/meas', '1800', log, command], capture_output=True, text=True, env=dict(os.environ, LC_ALL='C.UTF-8'))
    m = json.loads(p.stdout)
    files = output_files(out)
    m['files'], m['bytes'] = len(files), sum(os.path.getsize(f) for f in files)
    return m


def output_files(out):
    return sorted(os.path.join(d, f) for d, _, fs in os.walk(out) for f in fs if not f.startswith('.'))


def verify(pairs, *flags):
    text = ''.join('%s\t%s\n' % pair for pair in pairs)
    p = subprocess.run([BIN + '/verify', *flags], input=text, capture_output=True, text=True)
    return dict(word.split('=') for word in p.stdout.split()), p.returncode


def key_of(path, out):
    import re
    name = os.path.relpath(path, out)
    m = re.search(r'p_day=(\d+)/p_h=(\w)/', name) or re.search(r'(?:^|/)(\d+)[_/](\w)(?:\.|/part-)', name)
    return '%s_%s' % m.groups() if m else name


def check_split(out, want):
    for f in output_files(out):
        if f.endswith('.zst'):
            subprocess.run(['zstd', '-d', '-q', '--rm', '-f', f], check=True)
    got, status = verify([(key_of(f, out), f) for f in output_files(out)], '-k', '-H', '2')
    return status == 0 and all(got[k] == want[k] for k in ('rows', 'sum', 'keys', 'keysum')), got


def references(data):
    """The kit's results of W2 to W5, made once by Python's csv module."""
    folder = data + '/ref'
    if not os.path.exists(folder + '/W8.txt'):
        print('bench: making reference results', flush=True)
        subprocess.run([sys.executable, KIT + '/ref.py', data], check=True)
    return folder


def rows_of(files):
    import csv
    rows = []
    for path in files:
        with open(path, newline='') as f:
            rows += list(csv.reader(f))[1:]
    return rows


TYPES = {'W2': 'sssf', 'W4': 'sssfs', 'W5': 's', 'W6': ''}


def check_rows(w, out, data, text):
    """The same rows as the reference; W6: those of the input, in order; W5: their number is printed, too."""
    files = output_files(out)
    if w == 'W3':
        got = {(r[0], r[1]): [float(x) for x in r[2:5]] for r in rows_of(files)}
        want = {(r[0], r[1]): [float(x) for x in r[2:5]] for r in rows_of([references(data) + '/W3.csv'])}
        close = got.keys() == want.keys() and all(abs(x - y) <= 1e-5 * max(1, abs(y)) for k in got for x, y in zip(got[k], want[k]))
        return close, {'rows': len(got)}
    if w == 'W6':
        want, _ = verify([('-', p) for p in sorted(glob.glob(data + '/part-*.csv'))], '-H', '1')
    else:
        want, _ = verify([('-', '%s/%s.csv' % (references(data), w))], '-H', '1', '-c', TYPES[w])
    got, status = verify([('-', f) for f in files], '-H', '1', *(['-c', TYPES[w]] if TYPES[w] else []), *(['-S'] if w == 'W6' else []))
    good = status == 0 and got.get('rows') == want.get('rows') and got.get('sum') == want.get('sum')
    return good and (w != 'W5' or text.split()[-1:] == [got['rows']]), got


def count_w8(files):
    import csv
    n = 0
    for path in files:
        with open(path, newline='') as f:
            n += sum(1 for _ in csv.reader(f)) - 1
    return n


def check_typed(w, out, data, python):
    """The same rows as the input, typed; DuckDB tells. Needs it."""
    if not python:
        return True, 'not checked'
    def total(folder, kind):
        return subprocess.run([python, HERE + '/parquet.py', 'sum', folder, kind], capture_output=True, text=True).stdout.split()
    got, want = total(out, 'csv' if w == 'P2' else 'parquet'), total(data, 'csv')
    return got == want and len(got) == 2, got


def polars_python():
    python = os.environ.get('BENCH_PY', sys.executable)
    return python if subprocess.run([python, '-c', 'import polars'], capture_output=True).returncode == 0 else None


def commands(w, data, out, w8, python):
    parts = ' '.join(sorted(glob.glob(data + '/part-*.csv')))
    parquet = data + '/all.parquet'
    def script(name, extra=''):
        return '%s %s %s/%s.tdl -v DATA=%s -v OUT=%s -v W8=%s -v PARQUET=%s' % (DCETL, extra, HERE, name, data, out, w8, parquet)
    climit = '%s/climit -t 1 -m read -s memchr %s -o %s %s' % (BIN, '-z 3 -b 256' if w == 'W1z' else '', out, parts)
    duck = '%s %s/peers/p_duckdb.py %s %s %s %s' % (python, KIT, w, data, out, w8)
    table = {
        'W1': [('climit', climit), ('dcetl', script('W1')), ('dcetl SPLIT', script('W1split')),
               ('dcetl --memory 200M', script('W1', '--memory 200M')), ('dcetl SPLIT --memory 200M', script('W1split', '--memory 200M')), ('duckdb', duck)],
        'W1z': [('climit', climit), ('dcetl', script('W1z')), ('duckdb', duck)],
        'W1p': [('dcetl', script('W1p', '--memory 1G')), ('duckdb', duck), ('polars', duck.replace('p_duckdb', 'p_polars'))],
        'P1': [('dcetl', script('P1', '--memory 1G')), ('duckdb', '%s %s/parquet.py P1 %s %s' % (python, HERE, data, out))],
        'P2': [('dcetl', script('P2', '--memory 1G')), ('duckdb', '%s %s/parquet.py P2 %s %s' % (python, HERE, parquet, out))],
    }.get(w) or [('dcetl', script(w, '--memory 512M' if w in ('W3', 'W4', 'W5', 'W6') else '')), ('duckdb', duck)]
    return [(n, c) for n, c in table if (python or n != 'duckdb') and (n != 'polars' or polars_python())]


def run(w, data, w8, python, want):
    out, log = WORK + '/out', WORK + '/log'
    runs, ok = {}, {}
    for turn in range(opt.runs):
        for name, command in commands(w, data, out, w8, python):
            if turn and name == 'duckdb' and runs[name][0]['wall'] > 60:
                continue
            m = measure(command, out, log)
            text = open(log, errors='replace').read()
            runs.setdefault(name, []).append(m)
            if m['rc'] != 0:
                ok[name] = 'failed: ' + text[-300:].strip()
            elif turn == 0:
                if w in ('W1', 'W1z'):
                    good, got = check_split(out, want)
                elif w in ('W2', 'W3', 'W4', 'W5', 'W6'):
                    good, got = check_rows(w, out, data, text)
                elif w in ('W1p', 'P1', 'P2'):
                    good, got = check_typed(w, out, data, python)
                elif w == 'W9':
                    got = [int(n) for n in text.split() if n.isdigit()][-1000:]
                    good, got = sum(got) == 499500, len(got)
                else:
                    got = text.split()
                    good = str(want) in got[-1:]
                ok[name] = 'yes' if good else 'WRONG: %s' % got
            print('  %-4s %-26s run %d: user %.2f sys %.2f wall %.2f s, %.0f MB' % (w, name, turn + 1, m['user'], m['sys'], m['wall'], m['rss'] / 1024), flush=True)
    shutil.rmtree(out, ignore_errors=True)
    return runs, ok


def table(results):
    lines = ['| job | program | user s | sys s | CPU s | wall s | memory MB | written MB | files | CPU × | wall × | right |', '|' + '---|' * 12]
    for w, (runs, ok) in results.items():
        base = runs.get('climit') or runs['dcetl']
        cpu0, wall0 = min(m['cpu'] for m in base), min(m['wall'] for m in base)
        for name, ms in runs.items():
            best = {k: min(m[k] for m in ms) for k in ('user', 'sys', 'cpu', 'wall')}
            lines.append('| %s | %s | %.2f | %.2f | %.2f | %.2f | %.0f | %.1f | %d | %.2f | %.2f | %s |' % (
                w, name, best['user'], best['sys'], best['cpu'], best['wall'], max(m['rss'] for m in ms) / 1024, ms[0]['bytes'] / 1e6,
                ms[0]['files'], best['cpu'] / max(cpu0, 1e-4), best['wall'] / max(wall0, 1e-4), ok[name]))
    return lines


def main():
    if not os.path.exists(KIT + '/gen.c'):
        stop('no benchmark kit in %s (set KIT=…)' % KIT)
    if not os.path.exists(DCETL):
        stop('no %s: run make first' % DCETL)
    build_tools()
    data = make_data()
    parts = sorted(glob.glob(data + '/part-*.csv'))
    python = duckdb_python()
    workloads = opt.workloads.split(',')
    w8 = WORK + '/w8-%d' % opt.rows
    if 'W8' in workloads and not os.path.exists(w8):
        subprocess.run([BIN + '/climit', '-o', w8, *parts], check=True, stderr=subprocess.DEVNULL)
    if 'P2' in workloads and not os.path.exists(data + '/all.parquet') and python:
        subprocess.run([python, HERE + '/parquet.py', 'make', data, data + '/all.parquet'], check=True)
    want = {}
    if 'W1' in workloads or 'W1z' in workloads:
        want['W1'] = want['W1z'] = verify([('-', p) for p in parts], '-x')[0]
    if 'W8' in workloads:
        want['W8'] = count_w8(['%s/p_day=7/p_h=%s/data.csv' % (w8, h) for h in '0123'])
    results = {w: run(w, data, w8, python, want.get(w)) for w in workloads}
    lines = table(results)
    print('\n%d rows, smallest of %d interleaved runs, ratios to climit (from W2 on: to dcetl), %d cores' % (opt.rows, opt.runs, os.cpu_count()))
    print('\n'.join(lines))
    if opt.markdown:
        open(opt.markdown, 'w').write('\n'.join(lines) + '\n')
    sys.exit(any(v != 'yes' for _, ok in results.values() for v in ok.values()))


main()
