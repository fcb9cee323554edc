"""Walks tests/errors.table: every error that a script writer can make, its place, its message, and its way out.

errors.py DCETL TABLE FOLDER [--accept]     FOLDER is a scratch folder; --accept rewrites the table with what came out

An entry of the table is a script in one or more lines, then lines that begin with two blanks:
  LINE:COLUMN MESSAGE         the error; the first one if there are several (0:0: it has no place in the script)
  hint: TEXT                  the way out, in the hint,
  says: TEXT                  or in words of the message itself
A first line "args: …" has options of the command line. '#' begins a heading.
"""
import json, os, shlex, shutil, subprocess, sys

dcetl, table, folder = sys.argv[1:4]
accept = '--accept' in sys.argv

FILES = {
    'n.csv': 'id,word\n1,one\n2,two\n3,x3\n',
    'm.csv': 'id,name\n1,eins\n4,vier\n',
    'short.csv': 'a,b\n1,2\n3\n',
    'long.csv': 'a,b\n1,2\n3,4,5\n',
    'quotes.csv': 'a,b\n1,"open\n2,x\n',
    'twice.csv': 'a,a\n1,2\n',
    'lines.txt': 'one\ntwo\n',
    'json.txt': '{"a": 1}\n{"a": \n',
    'bad.tdl': 'LET $x = ;\n',
    'loop.tdl': "INCLUDE 'loop.tdl';\n",
    'taken/x.csv': 'a\n1\n',
    'empty.folder/.hidden': '',
    'n.csv.gz': 'this is no gzip\n',
    'n.csv.zst': 'this is no zstd\n',
    'latin.csv': 'a\nx\n',
}


def prepare():
    for name, text in FILES.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w') as file:
            file.write(text)


def read_table():
    """A list of headings (texts) and entries (dicts)."""
    items, entry = [], None
    for number, line in enumerate(open(table, encoding='utf-8').read().split('\n'), 1):
        if line.startswith('#') or not line.strip():
            items.append(line)
            entry = None
            continue
        if entry is None or (not line.startswith('  ') and entry['expected']):
            entry = {'number': number, 'args': [], 'script': [], 'expected': []}
            items.append(entry)
        if line.startswith('args: '):
            entry['args'] = shlex.split(line[6:])
        elif line.startswith('  '):
            entry['expected'].append(line[2:])
        else:
            entry['script'].append(line)
    while items and items[-1] == '':
        items.pop()
    return items


def run(entry):
    """The first error as (place, message, hint), and the exit status."""
    shutil.rmtree(os.path.join(folder, 'out'), ignore_errors=True)
    script = '\n'.join(entry['script'])
    with open(os.path.join(folder, 's.tdl'), 'w', encoding='utf-8') as file:
        file.write(script + '\n')
    try:
        done = subprocess.run([dcetl, '--log-format', 'json', '-t', '2', *entry['args'], 's.tdl'], cwd=folder, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    except subprocess.TimeoutExpired:
        return ('0:0', 'TIMEOUT', ''), 124
    for line in done.stderr.decode('utf-8', 'replace').splitlines():
        try:
            message = json.loads(line)
        except ValueError:
            return ('0:0', 'NOT JSON: ' + line, ''), done.returncode
        if message['level'] == 'error' or (message['level'] == 'warning' and done.returncode == 0):
            place = '%s:%s' % (message.get('line', 0), message.get('column', 0))
            return (place, message['message'], message.get('hint', '')), done.returncode
    return ('0:0', 'NO ERROR', ''), done.returncode


def judge(entry, found):
    (place, message, hint), status = found
    expected = entry['expected']
    if not expected:
        return 'nothing is expected'
    if expected[0] != place + ' ' + message:
        return 'expected %r\n    found    %r' % (expected[0], place + ' ' + message)
    way = expected[1] if len(expected) > 1 else ''
    if status not in (1, 2, 3):
        return 'exit status %d' % status
    if way.startswith('hint: '):
        return None if hint == way[6:] else 'expected %r\n    found    %r' % (way, 'hint: ' + hint)
    if way.startswith('says: '):
        return None if way[6:] in message else 'the message does not say %r' % way[6:]
    return 'no way out: a hint, or words of the message'


prepare()
items = read_table()
entries = [item for item in items if isinstance(item, dict)]
failed = 0
for entry in entries:
    found = run(entry)
    if accept:
        (place, message, hint), _ = found
        old = entry['expected'][1:]
        entry['expected'] = [place + ' ' + message] + (['hint: ' + hint] if hint else [way for way in old if way.startswith('says: ')])
        continue
    problem = judge(entry, found)
    if problem:
        failed += 1
        print('%s:%d: %s\n    %s' % (table, entry['number'], ' '.join(entry['script'])[:100], problem))
if accept:
    with open(table, 'w', encoding='utf-8') as file:
        for item in items:
            if isinstance(item, dict):
                lines = (['args: ' + shlex.join(item['args'])] if item['args'] else []) + item['script'] + ['  ' + line for line in item['expected']]
                file.write('\n'.join(lines) + '\n')
            else:
                file.write(item + '\n')
print('%d entries, %d failed' % (len(entries), failed))
sys.exit(failed > 0 or len(entries) < 150)
