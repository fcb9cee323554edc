#!/usr/bin/env python3
"""A stand-in for HDFS's REST interface, for tests: webhdfs_server.py PORT [FOLDER]; PORT 0: any, which it prints. Files are in memory; FOLDER is not used.

As the real one it redirects reading and writing of bytes to a data node (another port), makes folders as they are needed, wants user.name,
and refuses an OPEN behind a file's end. The user "nobody" may do nothing. Its data node takes its time for paths with "slow".
"""
import json
import threading
import time
import urllib.parse

import serving

lock = threading.Lock()
files = {}  # path: (bytes, moment)
clock = [int(time.time() * 1000)]


class Handler(serving.Handler):
    def answer(self, status, value=None, headers=()):
        body = b"" if value is None else value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        for name, text in headers:
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, status, exception, message):
        self.answer(status, {"RemoteException": {"exception": exception, "message": message, "javaClassName": "x"}})

    def handle_any(self):
        raw, _, query = self.path.partition("?")
        query = dict(urllib.parse.parse_qsl(query))
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        path = urllib.parse.unquote(raw)[len("/webhdfs/v1") :].rstrip("/")
        name = query.get("user.name")
        if "slow" in path and self.server is data_node:
            time.sleep(0.5)
        with lock:
            if not name or name == "nobody":
                return self.refuse(403, "AccessControlException", "Permission denied: user=%s" % name)
            return getattr(self, self.command + "_" + query.get("op", ""), self.unknown)(path, query, body)

    do_GET = do_PUT = do_POST = do_DELETE = handle_any

    def unknown(self, path, query, body):
        self.refuse(400, "IllegalArgumentException", "Invalid value for webhdfs parameter \"op\"")

    def is_folder(self, path):
        return not path or any(name.startswith(path + "/") for name in files)

    def status(self, path, suffix):
        if path in files:
            data, moment = files[path]
            return {"pathSuffix": suffix, "type": "FILE", "length": len(data), "modificationTime": moment}
        return {"pathSuffix": suffix, "type": "DIRECTORY", "length": 0, "modificationTime": 0}

    def missing(self, path):
        if path in files or self.is_folder(path):
            return False
        self.refuse(404, "FileNotFoundException", "File does not exist: " + path)
        return True

    def at_data_node(self, query):
        """Redirects to the data node, unless this is the one."""
        if self.server is data_node:
            return True
        self.answer(307, None, [("Location", "http://127.0.0.1:%d%s&namenoderpcaddress=x" % (data_node.server_address[1], self.path))])
        return False

    def GET_GETFILESTATUS(self, path, query, body):
        if not self.missing(path):
            self.answer(200, {"FileStatus": self.status(path, "")})

    def GET_LISTSTATUS(self, path, query, body):
        if self.missing(path):
            return
        names = [""] if path in files else sorted({name[len(path) + 1 :].split("/")[0] for name in files if name.startswith(path + "/")})
        self.answer(200, {"FileStatuses": {"FileStatus": [self.status(path + "/" + n if n else path, n) for n in names]}})

    def GET_OPEN(self, path, query, body):
        if path not in files:
            return self.refuse(404, "FileNotFoundException", "File does not exist: " + path)
        data, offset = files[path][0], int(query.get("offset", "0"))
        if offset >= len(data) and (data or offset):
            return self.refuse(403, "IOException", "Offset=%d out of the range [0, %d)" % (offset, len(data)))
        if self.at_data_node(query):
            self.answer(200, data[offset : offset + int(query.get("length", len(data)))])
        return None

    def store(self, path, data):
        clock[0] += 1
        files[path] = (data, clock[0])

    def PUT_CREATE(self, path, query, body):
        if self.at_data_node(query):
            self.store(path, body)
            self.answer(201)

    def POST_APPEND(self, path, query, body):
        if not self.missing(path) and self.at_data_node(query):
            self.store(path, files[path][0] + body)
            self.answer(200)

    def PUT_RENAME(self, path, query, body):
        target = query["destination"]
        if self.missing(path):
            return
        if target in files and query.get("renameoptions") != "OVERWRITE":
            return self.answer(200, {"boolean": False})
        files[target] = files.pop(path)
        self.answer(200)

    def DELETE_DELETE(self, path, query, body):
        self.answer(200, {"boolean": files.pop(path, None) is not None})


data_node = serving.Server(("127.0.0.1", 0), Handler)
threading.Thread(target=data_node.serve_forever, daemon=True).start()
serving.serve(Handler)
