#!/usr/bin/env python3
"""A stand-in for object stores, for tests: object_server.py PORT (0: any); it prints its port. Everything is in memory.

/s3/BUCKET/KEY   S3: checks signatures (version 4) against the keys below; pages of 3 names
/gs/BUCKET/KEY   the same with the token of /token
/az/devacc/CONTAINER/NAME   Azure blobs: checks Shared Key signatures, or the signature sig=good
/token           gives the token, for an assertion of three parts or a refresh token
/latest/…        the metadata service of an instance, version 2;  /keys: that of a container
/-/uploads       how many uploads are under way;  /-/connections: how many there were;  /-/log: methods and addresses so far
Buckets misbehave by their names: slow: each kind of request is told SlowDown once; late: an upload's end answers 200 with an error once;
lost: an upload's end is done, but the connection closed; expired: the session token "old" has expired; nothing: no such bucket;
unlisted: no listing, and no names told that are not there; moved: in another region; zone: signatures name another region than "here";
skewed: another time; far: each answer takes 50 ms.
"""
import base64
import hashlib
import hmac
import json
import re
import threading
import time
import urllib.parse
import xml.sax.saxutils

import serving

KEYS = {"AKTEST": ("SKTEST", None), "AKSESSION": ("SKSESSION", ("new", "old")), "AKMETA": ("SKMETA", ("metatoken",))}
AZURE_KEY = base64.b64encode(b"azure test key 4711").decode()
PAGE = 3
lock = threading.Lock()
objects, uploads, told, log = {}, {}, set(), []
escape = xml.sax.saxutils.escape


def digest(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


class Handler(serving.Handler):
    def answer(self, status, body=b"", headers=()):
        body = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if "Content-Length" not in dict(headers):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def error(self, status, code, message="refused", more="", headers=()):
        self.answer(status, "<?xml version='1.0'?><Error><Code>%s</Code><Message>%s</Message>%s</Error>" % (code, message, more), [("x-ms-error-code", code), *headers])

    def handle_any(self):
        path, _, self.query_text = self.path.partition("?")
        self.query = dict(urllib.parse.parse_qsl(self.query_text, keep_blank_values=True))
        self.body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        first, _, rest = path[1:].partition("/")
        if rest.startswith("far/") or rest == "far":
            time.sleep(0.05)
        with lock:
            log.append(self.command + " " + self.path)
            if first in ("s3", "gs"):
                bucket, _, key = rest.partition("/")
                denied = self.check_v4(path) if first == "s3" else self.headers.get("Authorization") != "Bearer tok-4711" and "AccessDenied"
                return self.error(403, denied) if denied else self.s3(bucket, urllib.parse.unquote(key))
            if first == "az":
                return self.azure(path, rest)
            return self.services(first, path)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_any

    # --- S3 ---

    def check_v4(self, path):
        wanted = self.headers.get("Authorization")
        if not wanted:
            return "AccessDenied"
        found = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d+)/([^/]+)/s3/aws4_request, SignedHeaders=([^,]+), Signature=(\w+)", wanted)
        access_key, day, region, names, signature = found.groups()
        if access_key not in KEYS:
            return "InvalidAccessKeyId"
        secret, tokens = KEYS[access_key]
        if tokens and self.headers.get("x-amz-security-token") not in tokens:
            return "InvalidToken"
        payload = self.headers["x-amz-content-sha256"]
        if payload != hashlib.sha256(self.body).hexdigest():
            return "XAmzContentSHA256Mismatch"
        pairs = sorted((urllib.parse.quote(n, "-_.~"), urllib.parse.quote(v, "-_.~")) for n, v in urllib.parse.parse_qsl(self.query_text, keep_blank_values=True))
        headers = "".join("%s:%s\n" % (name, self.headers[name].strip()) for name in names.split(";"))
        request = "\n".join([self.command, path, "&".join("=".join(p) for p in pairs), headers, names, payload])
        scope = "%s/%s/s3/aws4_request" % (day, region)
        text = "\n".join(["AWS4-HMAC-SHA256", self.headers["x-amz-date"], scope, hashlib.sha256(request.encode()).hexdigest()])
        key = ("AWS4" + secret).encode()
        for part in (day, region, "s3", "aws4_request"):
            key = digest(key, part)
        return "" if digest(key, text).hex() == signature else "SignatureDoesNotMatch"

    def s3(self, bucket, key):
        if bucket == "nothing":
            return self.error(404, "NoSuchBucket")
        if bucket == "moved":
            return self.error(301, "PermanentRedirect", more="<Endpoint>moved.s3.eu-west-3.amazonaws.com</Endpoint>", headers=[("x-amz-bucket-region", "eu-west-3")])
        if bucket == "zone" and "/here/s3/" not in self.headers.get("Authorization", "/here/s3/"):
            return self.error(400, "AuthorizationHeaderMalformed", "the region is wrong", "<Region>here</Region>")
        if bucket == "skewed":
            return self.error(403, "RequestTimeTooSkewed")
        if bucket == "unlisted" and self.command in ("GET", "HEAD") and (bucket, key) not in objects:
            return self.error(403, "AccessDenied")
        if bucket == "expired" and self.headers.get("x-amz-security-token") == "old":
            return self.error(400, "ExpiredToken")
        if bucket == "slow" and (self.command, len(self.query)) not in told:
            told.add((self.command, len(self.query)))
            return self.error(503, "SlowDown")
        if self.command in ("GET", "HEAD"):
            return self.send_object((bucket, key)) if key else self.s3_list(bucket)
        if "uploads" in self.query:
            uploads[str(len(told) + len(log))] = {}
            return self.answer(200, "<R><UploadId>%d</UploadId></R>" % (len(told) + len(log)))
        if "uploadId" in self.query:
            return self.s3_upload(bucket, key, self.query["uploadId"])
        if self.command == "PUT":
            objects[bucket, key] = self.body
            return self.answer(200, b"", [("ETag", self.tag(self.body))])
        objects.pop((bucket, key), None)
        return self.answer(204)

    def s3_upload(self, bucket, key, upload):
        if upload not in uploads:
            return self.error(404, "NoSuchUpload")
        if self.command == "PUT":
            uploads[upload][int(self.query["partNumber"])] = self.body
            return self.answer(200, b"", [("ETag", self.tag(self.body))])
        if self.command == "DELETE":
            del uploads[upload]
            return self.answer(204)
        parts = re.findall(r"<PartNumber>(\d+)</PartNumber><ETag>&quot;(\w+)&quot;</ETag>", self.body.decode())
        if bucket == "late" and upload not in told:
            told.add(upload)
            return self.answer(200, "<Error><Code>InternalError</Code><Message>try again</Message></Error>")
        if [(int(n), '"%s"' % t) for n, t in parts] != [(n, self.tag(d)) for n, d in sorted(uploads[upload].items())]:
            return self.error(400, "InvalidPart")
        objects[bucket, key] = b"".join(data for _, data in sorted(uploads.pop(upload).items()))
        if bucket == "lost":
            self.close_connection = True
            return None
        return self.answer(200, "<CompleteMultipartUploadResult/>")

    def tag(self, data):
        return '"%s"' % hashlib.md5(data).hexdigest()

    def send_object(self, name):
        if name not in objects:
            return self.error(404, "NoSuchKey" if name[0] != "az" else "BlobNotFound")
        data = objects[name]
        if self.headers.get("If-Match", self.tag(data)) != self.tag(data):
            return self.error(412, "PreconditionFailed" if name[0] != "az" else "ConditionNotMet")
        asked = self.asked_range(len(data))
        if not asked:
            return self.answer(200, data if self.command == "GET" else b"", [("ETag", self.tag(data)), ("Content-Length", str(len(data)))])
        start, end = asked
        if start >= len(data):
            return self.error(416, "InvalidRange")
        return self.answer(206, data[start:end], [("ETag", self.tag(data)), ("Content-Range", "bytes %d-%d/%d" % (start, end - 1, len(data)))])

    def page(self, place, delimiter, start):
        prefix = self.query.get("prefix", "")
        names = {}
        for where, key in objects:
            if where == place and key.startswith(prefix):
                rest = key[len(prefix) :]
                folder = delimiter and delimiter in rest
                names[prefix + rest.split(delimiter)[0] + delimiter if folder else key] = None if folder else objects[where, key]
        behind = sorted(name for name in names if name > start)
        most = min(PAGE, int(self.query.get("max-keys", PAGE)))
        return [(name, names[name]) for name in behind[:most]], behind[most:]

    def s3_list(self, bucket):
        shown, rest = self.page(bucket, self.query.get("delimiter", ""), self.query.get("continuation-token", ""))
        encoded = "encoding-type" in self.query  # as Amazon does: a space is +; names that XML cannot have are in order only then
        body = "<ListBucketResult xmlns='urn:x'>" + "<EncodingType>url</EncodingType>" * encoded
        for name, data in shown:
            text = escape(urllib.parse.quote_plus(name, "/*") if encoded else name)
            body += "<CommonPrefixes><Prefix>%s</Prefix></CommonPrefixes>" % text if data is None else \
                "<Contents><Key>%s</Key><Size>%d</Size><ETag>%s</ETag></Contents>" % (text, len(data), escape(self.tag(data)))
        if rest:
            body += "<IsTruncated>true</IsTruncated><NextContinuationToken>%s</NextContinuationToken>" % escape(shown[-1][0])
        return self.answer(200, body + "</ListBucketResult>")

    # --- Azure ---

    def check_azure(self, path):
        if self.query.get("sig") == "good":
            return True
        names = ["Content-Encoding", "Content-Language", "Content-Length", "Content-MD5", "Content-Type", "Date", "If-Modified-Since", "If-Match", "If-None-Match",
                 "If-Unmodified-Since", "Range"]
        values = [self.headers.get(name, "") for name in names]
        values[2] = "" if values[2] == "0" else values[2]
        own = sorted((n.lower(), v.strip()) for n, v in self.headers.items() if n.lower().startswith("x-ms-"))
        text = "\n".join([self.command] + values) + "\n" + "".join("%s:%s\n" % pair for pair in own) + "/devacc" + path
        text += "".join("\n%s:%s" % (n.lower(), v) for n, v in sorted(self.query.items()))
        wanted = base64.b64encode(digest(base64.b64decode(AZURE_KEY), text)).decode()
        return self.headers.get("Authorization") == "SharedKey devacc:" + wanted

    def azure(self, path, rest):
        if not self.check_azure(path):
            return self.error(403, "AuthenticationFailed")
        _, container, name = (urllib.parse.unquote(rest).split("/", 2) + [""])[:3]
        if container == "nothing":
            return self.error(404, "ContainerNotFound")
        if self.query.get("comp") == "list":
            return self.azure_list()
        if self.command in ("GET", "HEAD"):
            return self.send_object(("az", name))
        if self.command == "DELETE":
            return self.answer(202) if objects.pop(("az", name), None) is not None else self.error(404, "BlobNotFound")
        if self.query.get("comp") == "block":
            uploads.setdefault("az" + name, {})[self.query["blockid"]] = self.body
        elif self.query.get("comp") == "blocklist":
            blocks = uploads.pop("az" + name, {})
            objects["az", name] = b"".join(blocks[i] for i in re.findall("<Latest>(.*?)</Latest>", self.body.decode()))
        elif self.headers.get("x-ms-blob-type") == "BlockBlob":
            objects["az", name] = self.body
        else:
            return self.error(400, "MissingRequiredHeader")
        return self.answer(201)

    def azure_list(self):
        shown, rest = self.page("az", self.query.get("delimiter", ""), self.query.get("marker", ""))
        body = "<EnumerationResults><Blobs>"
        for name, data in shown:
            body += "<BlobPrefix><Name>%s</Name></BlobPrefix>" % escape(name) if data is None else \
                "<Blob><Name>%s</Name><Properties><Content-Length>%d</Content-Length><Etag>%s</Etag></Properties></Blob>" % (escape(name), len(data), self.tag(data).strip('"'))
        return self.answer(200, body + "</Blobs><NextMarker>%s</NextMarker></EnumerationResults>" % (escape(shown[-1][0]) if rest else ""))

    # --- Services ---

    def services(self, first, path):
        keys = {"AccessKeyId": "AKMETA", "SecretAccessKey": "SKMETA", "Token": "metatoken", "Expiration": "2999-01-01T00:00:00Z"}
        if first == "token":
            form = dict(urllib.parse.parse_qsl(self.body.decode()))
            fine = form.get("assertion", "").count(".") == 2 or form.get("refresh_token") == "refresh-4711"
            return self.answer(200, json.dumps({"access_token": "tok-4711", "expires_in": 3599})) if fine else self.answer(400, '{"error":"invalid_grant"}')
        if path == "/latest/api/token" and self.command == "PUT":
            return self.answer(200, "imds-4711")
        if first == "latest" and self.headers.get("X-aws-ec2-metadata-token") != "imds-4711":
            return self.answer(401)
        if first == "latest":
            return self.answer(200, json.dumps(keys) if path.endswith("/role") else "role")
        if first == "keys":
            return self.answer(200, json.dumps(keys)) if self.headers.get("Authorization") == "container-4711" else self.answer(403)
        if path == "/-/connections":
            return self.answer(200, str(serving.Handler.connections))
        if path == "/-/uploads":
            return self.answer(200, str(len(uploads)))
        return self.answer(200, "".join(line + "\n" for line in log)) if path == "/-/log" else self.answer(404)


serving.serve(Handler)
