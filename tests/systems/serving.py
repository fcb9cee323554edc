"""What the servers for tests have in common: threads, logs that nobody reads, and parts of files."""
import http.server
import re
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "test"
    disable_nagle_algorithm = True  # headers and body are two writes
    disable_nagle_algorithm = True  # no body waits for the receipt of its head

    connections = 0  # so far

    def setup(self):
        super().setup()
        Handler.connections += 1

    def log_message(self, *args):
        pass

    def asked_range(self, size):
        """The bytes [start, end) of so many that are asked for; None: all. A start of size or more: there are none."""
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        return asked and (int(asked[1]), min(int(asked[2]) + 1, size) if asked[2] else size)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass


def serve(handler, wrap=None):
    """Listens at the port of the first argument (0: any), which it prints, for ever. wrap: makes the server's socket another one."""
    server = Server(("127.0.0.1", int(sys.argv[1])), handler)
    if wrap:
        server.socket = wrap(server.socket)
    print(server.server_address[1], flush=True)
    server.serve_forever()
