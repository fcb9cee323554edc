#!/usr/bin/env python3
"""A web server for tests, which also misbehaves on demand: http_server.py PORT FOLDER [CERTIFICATE]; PORT 0: any, which it prints.
With a file of certificate and key it speaks TLS.

/NAME serves the file, with ranges, ETag and Last-Modified. The query asks for misbehaviour:
  ranges=no          no ranges, no Accept-Ranges     head=405       that status for HEAD
  chunked=1          no Content-Length, no ranges    etag=none      neither ETag nor Last-Modified
  etag=weak          a weak ETag                     etag=changing  another one for each request
  fail=503           that status …                   after=1        … with Retry-After
  reset=1000         the connection ends behind so many bytes of the body
  times=2            fail and reset: only for the first requests of this address (any other parameter tells addresses apart)
  slow=0.5           waits before the answer         stall=1        sends half of the body, then nothing
  longer=10          Content-Length says so many bytes more than there are
  redirect=URL       302 to there                    auth=user:pw   401 without these credentials
  bearer=TOKEN       401 without this token
/-/log gives the requests so far, one line each: method, address, Range, Authorization and X-Test headers.
"""
import base64
import email.utils
import hashlib
import os
import socket
import ssl
import sys
import threading
import time
import urllib.parse

import serving

folder = os.path.realpath(sys.argv[2])
lock = threading.Lock()
counts = {}
log = []


class Handler(serving.Handler):
    def do_HEAD(self):
        self.answer(True)

    def do_GET(self):
        self.answer(False)

    def do_POST(self):
        self.close_connection = True
        self.plain(405, b"")

    do_PUT = do_DELETE = do_POST

    def plain(self, status, body, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def answer(self, head):
        path, _, query = self.path.partition("?")
        wish = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        with lock:
            log.append("\t".join([self.command, self.path] + [self.headers.get(n, "") for n in ("Range", "Authorization", "X-Test")]))
            number = counts[self.path] = counts.get(self.path, 0) + 1
        if path == "/-/log":
            return self.plain(200, "".join(line + "\n" for line in log).encode())
        if "slow" in wish:
            time.sleep(float(wish["slow"]))
        early = number <= int(wish.get("times", "1000000"))
        if self.refuse(wish, early, head):
            return None
        name = os.path.realpath(os.path.join(folder, urllib.parse.unquote(path).lstrip("/")))
        if not name.startswith(folder + "/") or not os.path.isfile(name):
            return self.plain(404, b"no such file\n")
        with open(name, "rb") as file:
            data = file.read()
        return self.send_file(wish, early, head, number, name, data)

    def refuse(self, wish, early, head):
        wanted = None
        if "auth" in wish:
            wanted = "Basic " + base64.b64encode(wish["auth"].encode()).decode()
        if "bearer" in wish:
            wanted = "Bearer " + wish["bearer"]
        if "redirect" in wish:
            self.plain(int(wish.get("status", "302")), b"", [("Location", wish["redirect"])])
        elif wanted and self.headers.get("Authorization") != wanted:
            self.plain(401, b"", [("WWW-Authenticate", 'Basic realm="test"')])
        elif head and "head" in wish:
            self.plain(int(wish["head"]), b"")
        elif "fail" in wish and early:
            self.plain(int(wish["fail"]), b"", [("Retry-After", wish["after"])] if "after" in wish else [])
        else:
            return False
        return True

    def validators(self, wish, number, name, data):
        kind = wish.get("etag", "strong")
        tag = '"' + hashlib.md5(data).hexdigest() + '"'
        if kind == "changing":
            tag = '"%d"' % number
        if kind == "weak":
            tag = "W/" + tag
        changed = email.utils.formatdate(os.path.getmtime(name), usegmt=True)
        return (None, None) if kind == "none" else (tag, changed)

    def send_file(self, wish, early, head, number, name, data):
        tag, changed = self.validators(wish, number, name, data)
        match = self.headers.get("If-Match")
        if match and tag and match != tag:
            return self.plain(412, b"")
        ranged = wish.get("ranges") != "no" and "chunked" not in wish
        start, end, status = 0, len(data), 200
        asked = self.asked_range(len(data))
        if asked and ranged and not head:
            (start, end), status = asked, 206
            if start >= len(data):
                return self.plain(416, b"", [("Content-Range", "bytes */%d" % len(data))])
        self.send_response(status)
        self.send_header("Content-Type", "application/octet-stream")
        if ranged:
            self.send_header("Accept-Ranges", "bytes")
        if status == 206:
            self.send_header("Content-Range", "bytes %d-%d/%d" % (start, end - 1, len(data)))
        if tag:
            self.send_header("ETag", tag)
            self.send_header("Last-Modified", changed)
        if "chunked" in wish:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(end - start + int(wish.get("longer", "0"))))
        self.end_headers()
        return None if head else self.send_body(wish, early, data[start:end])

    def send_body(self, wish, early, body):
        if "reset" in wish and early and len(body) > int(wish["reset"]):
            body = body[: int(wish["reset"])]
            self.wfile.write(b"%x\r\n%b" % (len(body) + 1, body) if "chunked" in wish else body)
            self.wfile.flush()
            self.close_connection = True
            return self.connection.shutdown(socket.SHUT_RDWR)
        if "stall" in wish:
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            time.sleep(float(wish["stall"]))
            self.close_connection = True
            return None
        if "longer" in wish:
            self.close_connection = True
        if "chunked" in wish:
            for at in range(0, len(body), 65536):
                piece = body[at : at + 65536]
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            body = b"0\r\n\r\n"
        try:
            self.wfile.write(body)
        except OSError:
            self.close_connection = True
        return None


def wrap(sock):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[3])
    return context.wrap_socket(sock, server_side=True)


serving.serve(Handler, wrap if len(sys.argv) > 3 else None)
