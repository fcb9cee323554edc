"""The shell at a pseudo-terminal: editing, completion, history, Ctrl-C, Ctrl-D.   shell.py DCETL HOME [plain]"""
import os, pty, re, select, sys, time

dcetl, home = sys.argv[1], sys.argv[2]
plain = len(sys.argv) > 3 # a terminal that cannot edit
LIMIT = 20 # seconds for each answer


class Shell:
    def __init__(self, *args):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(HOME=home, TERM='dumb' if plain else 'vt100', LC_ALL='C.UTF-8')
            os.execv(dcetl, [dcetl, '-i', '--progress', 'never', *args])
        self.seen = ''

    def expect(self, pattern):
        """Waits for the pattern; what came up to it is forgotten."""
        end = time.monotonic() + LIMIT
        while True:
            found = re.search(pattern, self.seen)
            if found:
                self.seen = self.seen[found.end():]
                return found
            ready, _, _ = select.select([self.fd], [], [], max(0, end - time.monotonic()))
            try:
                data = os.read(self.fd, 65536) if ready else b''
            except OSError: # the other side is closed
                data = b''
            if not data:
                sys.exit('expected %r, saw %r' % (pattern, self.seen))
            # Without the sequences that move the cursor.
            self.seen += re.sub(r'\x1b\[[0-9;]*[A-Za-z]', '', data.decode())

    def type(self, text):
        os.write(self.fd, text.encode())

    def end(self):
        end = time.monotonic() + LIMIT
        while time.monotonic() < end:
            try:
                self.seen += os.read(self.fd, 65536).decode()
            except OSError:
                break
        _, status = os.waitpid(self.pid, 0)
        if status != 0:
            sys.exit('ended with %d: %s' % (status, self.seen))


def talk(shell):
    shell.expect('dcetl> ')
    shell.type('6 *\n')
    shell.expect(r'\.\.\.> ')
    shell.type('7;\n')
    shell.expect(r'\r\n42\r\n')
    # Ctrl-C takes back a statement that is not complete, and stops one that runs.
    shell.expect('dcetl> ')
    shell.type('LOOP $i IN [1,\n')
    shell.expect(r'\.\.\.> ')
    shell.type('\x03')
    shell.expect('dcetl> ')
    shell.type('WHILE TRUE BEGIN END;\n')
    time.sleep(0.3)
    shell.type('\x03')
    shell.expect('interrupted')
    shell.expect('dcetl> ')
    shell.type("SELECT 'grün' AS colour FROM dual INTO shelf;\n")
    shell.expect('dcetl> ')
    shell.type('SELECT * FROM shelf;\n')
    shell.expect(r'_value\r\ngrün\r\n1 row')
    shell.expect('dcetl> ')


def edit(shell):
    shell.type('LET $coordinates = 5;\n')
    shell.expect('dcetl> ')
    shell.type('$coor\t* 3;\n')
    shell.expect(r'\r\n15\r\n')
    shell.expect('dcetl> ')
    shell.type('STR_UPP\t\'a\') || STR_LO\t\'B\');\n')
    shell.expect(r'\r\nAb\r\n')
    shell.expect('dcetl> ')
    shell.type('SELECT * FROM "sh\t;\n')
    shell.expect(r'grün')
    shell.expect('dcetl> ')
    shell.type('SELECT 1 AS a, 2 AS b FROM dual INTO "größe";\n')
    shell.expect('dcetl> ')
    shell.type('SELECT a, b FROM "grö\t;\n')
    shell.expect(r'\r\na  b\r\n1  2\r\n1 row')
    shell.expect('dcetl> ')
    shell.type('ANA\t\x01\x0b1 + 1;\n') # Ctrl-A, Ctrl-K: an empty line again
    shell.expect(r'\r\n2\r\n')
    shell.expect('dcetl> ')
    shell.type('\x1b[A\n') # the line before, once more
    shell.expect(r'\r\n2\r\n')
    shell.expect('dcetl> ')


shell = Shell()
talk(shell)
if not plain:
    edit(shell)
shell.type('\\quit\n')
shell.end()
if not plain:
    history = open(os.path.join(home, '.dcetl_history')).read()
    assert 'shelf' in history, history
    shell = Shell()
    shell.expect('dcetl> ')
    shell.type('\\history\n')
    shell.expect(r'WHILE TRUE BEGIN END;\r\n')
    shell.expect('dcetl> ')
    shell.type('\x04')
    shell.end()
print('ok')
