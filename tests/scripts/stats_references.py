"""Checks the --stats of tests/cases/partition/references.tdl: SELECT … PARTITION is a reference. Called by that case."""
import json, sys

statements = json.load(open(sys.argv[1]))['statements']
selects = [s for s in statements if s['kind'] == 'SELECT']
loop = [s for s in selects if s['executions'] == 496]
assert len(loop) == 1, [(s['text'], s['executions']) for s in selects]
for s in selects:
    if 'COUNT' in s['text']:
        continue
    for field in ('bytes_read', 'rows_copied', 'bytes_written', 'bytes_spilled'):
        assert s[field] == 0, (s['text'], field, s[field])
four = [s for s in selects if 'four' in s['text'] and 'COUNT' not in s['text']][0]
assert (four['partitions_read'], four['partitions_of']) == (4, 496), four
# What counted the four read nothing but them.
count = [s for s in statements if s['kind'] in ('SELECT', 'COPY') and s['rows_in'] > 0 and s['line'] > four['line']]
assert count and all(s['rows_in'] <= 44 for s in count), count
assert all(s['bytes_read'] == 0 for s in count), count
