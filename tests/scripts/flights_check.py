"""flights_check.py INPUT FOLDER COLUMN…: below FOLDER lies <value>/<value>/….csv for each combination of the columns.

Every file has the header and, byte for byte and in order, the rows of the input that belong there; files of combinations
that do not occur have no rows. The data has no quotes, so splitting at commas is right.
"""
import gzip, os, sys, zipfile

source, folder, columns = sys.argv[1], sys.argv[2], sys.argv[3:]
if source.endswith('.zip'):
    with zipfile.ZipFile(source) as z:
        text = z.read('flights.csv')
else:
    text = gzip.open(source).read()
lines = text.splitlines(keepends=True)
names = lines[0].decode().strip().split(',')
at = [names.index(c) for c in columns]
want = {}
for line in lines[1:]:
    fields = line.rstrip(b'\n').split(b',')
    want.setdefault('/'.join(fields[i].decode() for i in at) + '.csv', []).append(line)
seen = 0
for where, _, files in os.walk(folder):
    for f in files:
        path = os.path.join(where, f)
        name = os.path.relpath(path, folder)
        data = open(path, 'rb').read()
        if data != lines[0] + b''.join(want.get(name, [])):
            sys.exit('%s differs: %d bytes, expected %d rows' % (path, len(data), len(want.get(name, []))))
        seen += name in want
if seen != len(want):
    sys.exit('%d files with rows, expected %d' % (seen, len(want)))
print('%d rows in %d pieces' % (len(lines) - 1, seen))
