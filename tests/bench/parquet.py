#!/usr/bin/env python3
"""What bench.py needs of DuckDB for Parquet.   parquet.py P1|P2|make|sum …

  P1 DATA OUT          CSV to Parquet          P2 PARQUET OUT   Parquet to CSV          make DATA FILE   the input of P2
  sum DATA|OUT csv|parquet                     rows and the sum of hashes of all rows, typed
"""
import glob, sys

import duckdb

TYPES = dict(lat='DOUBLE', lon='DOUBLE', accuracy='INTEGER', timestamp='BIGINT', day='INTEGER', hour='INTEGER', price='DOUBLE')
COLUMNS = 'userid lat lon accuracy timestamp day hour country platform note price'.split()
con = duckdb.connect()


def csv(files):
    return "read_csv(%r, header=true, auto_detect=false, delim=',', quote='\"', escape='\"', columns={%s})" % (
        files, ', '.join("'%s': '%s'" % (c, TYPES.get(c, 'VARCHAR')) for c in COLUMNS))


what, source = sys.argv[1:3]
parts = sorted(glob.glob(source + '/part-*.csv'))
if what in ('P1', 'make'):
    target = sys.argv[3] + ('/all.parquet' if what == 'P1' else '')
    con.execute("COPY (SELECT * FROM %s) TO '%s' (FORMAT parquet, COMPRESSION snappy)" % (csv(parts), target))
elif what == 'P2':
    con.execute("COPY (SELECT * FROM '%s') TO '%s/all.csv' (FORMAT csv, HEADER)" % (source, sys.argv[3]))
else:
    files = sorted(glob.glob(source + '/**/*.' + sys.argv[3], recursive=True)) if sys.argv[3] == 'parquet' or not parts else parts
    files = [f for f in files if not f.endswith('lookup.csv')]
    table = csv(files) if sys.argv[3] == 'csv' else 'read_parquet(%r, hive_partitioning=false)' % files
    print(*con.execute('SELECT count(*), sum(hash(%s))::varchar FROM %s' % (', '.join('%s::%s' % (c, TYPES.get(c, 'VARCHAR')) for c in COLUMNS), table)).fetchone())
