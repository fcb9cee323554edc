"""main_job.py make FOLDER ROWS: 4 CSV files of February 2024.   check FOLDER PIECES FILES [ordered]: compares with them."""
import csv, glob, io, os, random, sys

def rows_of(data):
    """Raw rows, header left out: a row ends at a line end outside of quotes."""
    rows, start, quoted = [], 0, False
    for i, c in enumerate(data):
        if c == 34:
            quoted = not quoted
        elif c == 10 and not quoted:
            rows.append(data[start:i + 1])
            start = i + 1
    if start < len(data):
        rows.append(data[start:] + b'\n')
    return rows

def make(folder, count):
    os.makedirs(folder)
    r = random.Random(5)
    notes = ['', 'plain', '"a, b"', '"say ""hi"""', '"two\nlines"', '"q ""x"", and\nmore"', '"not needed"']
    for part in range(4):
        with open('%s/part-%d.csv' % (folder, part), 'w', newline='') as f:
            f.write('userid,day,note\n')
            f.write(''.join('%032x,%d,%s\n' % (r.getrandbits(128), r.randint(1, 29), r.choice(notes)) for _ in range(count // 4)))

def check(folder, pieces, files, ordered):
    want, header = {}, None
    for path in sorted(glob.glob(folder + '/part-*.csv')):
        raw = rows_of(open(path, 'rb').read())
        header = raw[0]
        for row in raw[1:]:
            fields = next(csv.reader(io.StringIO(row.decode())))
            want.setdefault('%s/%s.csv' % (fields[1], fields[0][0]), []).append(row)
    found = {}
    for where, _, names in os.walk(pieces):
        for name in names:
            path = os.path.join(where, name)
            raw = rows_of(open(path, 'rb').read())
            if raw[:1] != [header]:
                sys.exit('%s: header is %r' % (path, raw[:1]))
            found[os.path.relpath(path, pieces)] = raw[1:]
    if len(found) != files:
        sys.exit('%d files, expected %d' % (len(found), files))
    for name, rows in found.items():
        expected = want.pop(name, [])
        if rows != expected and (ordered or sorted(rows) != sorted(expected)):
            sys.exit('%s: %d rows, expected %d; or other bytes, or another order' % (name, len(rows), len(expected)))
    if want:
        sys.exit('missing: %s' % sorted(want)[:5])

if sys.argv[1] == 'make':
    make(sys.argv[2], int(sys.argv[3]))
else:
    check(sys.argv[2], sys.argv[3], int(sys.argv[4]), len(sys.argv) > 5)
