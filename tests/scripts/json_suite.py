"""json_suite.py DCETL: run in a scratch folder. Each wrong text has to be an error, each right one gives the values it has."""
import json, random, subprocess, sys

dcetl = sys.argv[1]

WRONG = [
    '[1 true]', b'[a\xe5]', '["": 1]', '[""],', '[,1]', '[1,,2]', '["x",,]', '["x"]]', '["",]', '["x"', '[x', '[3[4]]', '[1:2]', '[,]', '[-]', '[   , ""]',
    '["a",\n4\n,1,', '[1,]', '[1,,]', '["\x0ba"\\f]', '[*]', '[""', '[1,', '[1,\n1\n,1', '[{}', '[fals]', '[nul]', '[tru]', '123\0', '[-01]', '[1.]', '[.5]',
    '[+1]', '[0x1]', '[1e]', '[1eE2]', '[1e+]', '[NaN]', '[Infinity]', '[-Infinity]', '[012]', '[1 000.0]', '[0.1.2]', '[1.2a-3]', '[--2.]', '[1+2]', '["x", truth]',
    '{[: "x"}', '{"x", null}', '{"x"::"b"}', '{"a":"a" 123}', "{key: 'value'}", '{"a":"b",}', '{"id":0,,}', '{"a":"b"}#', '{"a":"b"}/**/', '{"a": true} "x"',
    "{'a':0}", '{"a":', '{"a"', '{1:1}', '{"a":"b",,"c":"d"}', '{"a":"b"}{', '{"a":/*comment*/"b"}', '["\\uD800\\"]', '["\\u00A"]', '["\\x00"]', '["\\a"]',
    '["\t"]', '["new\nline"]', b'["\xff"]', b'["\xed\xa0\x80"]', b'["\xc0\xaf"]', '"', '["asd', '\\u0020"asd"', "['x']", 'abc', '["\\', '<.>', '[<null>]', '[1]x', '[1]]',
    '["asd]', 'å', '[True]', '1]', '{"x": true,', '[][]', ']', b'\xef\xbb{}', b'\xe5', '[', '[\0]', '2@', '{}}', '{', '{]', '{,', '{[', '{"a', '["\\{["\\{["\\{["\\{', '*',
    '{"a":"b"}#{}', '[\\u000A""]', '[1', '[ false, nul', b'\xe2\x81\xa0', '[\f]', '[' * 100000, '[{"":' * 50000 + '\n', '{"a":1}]', '[{"a":1]]', '{"a":[1}}',
    b'\xff\xfe[\x00]\x00', b'[\x00]\x00',
]
RIGHT = [
    '[[]   ]', '[""]', '[]', '["a"]', '[null, 1, "1", {}]', '[1\n]', ' [1]', '[2] ', '[123e65]', '[0e+1]', '[-0]', '[1E22]', '[1E-2]', '[123.456e78]', '{"a":"b","a":"c"}',
    '{}', '{"":0}', '{"foo\\u0000bar": 42}', '{ "min": -1.0e+28, "max": 1.0e+28 }', '{\n"a": "b"\n}', '["\\u0060\\u012a\\u12AB"]', '["\\uD801\\udc37"]',
    '["\\"\\\\\\/\\b\\f\\n\\r\\t"]', '["\\\\u0000"]', '["a/*b*/c/*d//e"]', '["\u2028"]', b'["\xf4\x8f\xbf\xbf"]', 'false', '42', '-0.1', 'null', '"asd"', '""', '["\x7f"]',
    '[100000000000000000000]', '[0.30000000000000004,5e-324,1.7976931348623157e308]', '{"a":{"b":[{"c":[[[1]]]}]}}', '[' * 400 + ']' * 400, b'\xef\xbb\xbf{}',
]


def run(script, text=None):
    if text is not None:
        with open('in.json', 'wb') as file:
            file.write(text if isinstance(text, bytes) else text.encode())
    done = subprocess.run([dcetl, '-e', script], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return done.returncode, done.stdout.decode(), done.stderr.decode(errors='replace')


def suite():
    for text in WRONG:
        status, out, err = run("LOAD x json FROM 'in.json'; COPY x json INTO 'none';", text)
        assert status == 1 and 'in.json' in err, 'taken for JSON: %.60r (%d) %s' % (text, status, err)
    for text in RIGHT:
        status, out, err = run("LOAD x json FROM 'in.json'; COPY x json INTO '-';", text)
        value = json.loads(text.decode('utf-8-sig') if isinstance(text, bytes) else text)
        wanted = value if isinstance(value, list) else [value]
        assert status == 0, '%r: %s' % (text, err)
        assert [json.loads(line) for line in out.split('\n')[:-1]] == wanted, '%r gave %r' % (text, out)


def made(random_, level=0):
    kind = random_.randrange(9 if level < 4 else 6)
    if kind < 2:
        return random_.choice([0, -1, 7, 2 ** 63 - 1, -2 ** 63, 10 ** 30, 1.5, 0.1, 1e300, -2.25e-8, True, False, None])
    if kind < 6:
        return ''.join(random_.choice('ab"\\{}[],: \n\t/äπ😀\x01') for _ in range(random_.randrange(80 if random_.random() < .1 else 9)))
    if kind == 6:
        return [made(random_, level + 1) for _ in range(random_.randrange(5))]
    return {'k%d' % random_.randrange(40): made(random_, level + 1) for _ in range(random_.randrange(7))}


def layouts():
    random_ = random.Random(7)
    values = [{'n': i, 'v': made(random_), 'w': made(random_)} for i in range(6000)]
    indents = [None, 1, 3]
    texts = {
        'lines': '\n'.join(json.dumps(v) for v in values),
        'array': '[' + ' ,\n'.join(json.dumps(v, ensure_ascii=False, indent=random_.choice(indents)) for v in values) + ']',
        'documents': ''.join(json.dumps(v, indent=random_.choice(indents)) + random_.choice(['', ' ', '\n\n']) for v in values),
    }
    for layout, text in texts.items():
        for memory in ('16M', '1G'):
            script = "OPTIONS @memory = '%s'; LOAD x json(@layout = '%s') FROM 'in.json'; COPY x json(@layout = 'array') INTO '-';" % (memory, layout)
            status, out, err = run(script, text)
            assert status == 0, (layout, err)
            assert json.loads(out) == values, 'another value: ' + layout
        status, out, err = run("LOAD x json VALUE (n, v, \"w.k1\") FROM 'in.json'; COPY x json(@layout = 'array') INTO '-';", text)
        wanted = [{'n': v['n'], 'v': v['v'], 'w.k1': v['w'].get('k1') if isinstance(v['w'], dict) else None} for v in values]
        assert status == 0 and json.loads(out) == wanted, 'columns: ' + layout + err


suite()
layouts()
