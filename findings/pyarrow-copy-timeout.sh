#!/bin/bash
# pyarrow 26.0.1 (aws-sdk-cpp) gives up on a request for which it gets less than one byte a second for 3 s: CopyObject, and so copy_file and
# move, fail for whatever a store needs longer to copy, however often they are tried. S3's way, white space in the answer, helps only when it
# is faster than a byte a second: one blank each second is still "too slow". `request_timeout` raises the limit, on Linux too, of which its
# documentation says: "This option is ignored on non-Windows, non-macOS systems."
# Seen on Linux: silence of 4 s fails after 3 s, and succeeds with request_timeout=60; a blank a second fails within 14 s; 16 blanks every 2 s
# succeed. Exit code 1 when that is no longer so.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pyarrow==26.0.1
"$work/venv/bin/python" - <<'PYTHON'
import http.server, os, threading, time
from pyarrow.fs import AwsStandardS3RetryStrategy, S3FileSystem

RESULT = b'<CopyObjectResult><ETag>"x"</ETag><LastModified>2024-01-01T00:00:00.000Z</LastModified></CopyObjectResult>'


class Store(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    silence, every, blanks, total = 0, 0, b"", 0

    def do_HEAD(self):
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()

    def do_PUT(self):
        begin = time.monotonic()
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        time.sleep(self.silence)
        try:
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.chunk(b'<?xml version="1.0" encoding="UTF-8"?>')
            while time.monotonic() - begin < self.total:
                time.sleep(self.every)
                self.chunk(self.blanks)
            self.chunk(RESULT)
            self.chunk(b"")
        except OSError:
            pass  # the client has gone

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def log_message(self, *_):
        pass


def copy(silence, every, blanks, total, **options):
    handler = type("Slow", (Store,), {"silence": silence, "every": every, "blanks": blanks, "total": total})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    fs = S3FileSystem(access_key="key", secret_key="secret", endpoint_override=f"127.0.0.1:{server.server_port}", scheme="http", region="us-east-1", retry_strategy=AwsStandardS3RetryStrategy(max_attempts=1), **options)
    begin = time.monotonic()
    try:
        fs.copy_file("bucket/from", "bucket/to")
        outcome = "copied"
    except OSError as error:
        outcome = str(error).partition("Details: ")[2] or str(error)
    print(f"silent {silence} s, then {len(blanks)} bytes each {every} s until {total} s {options or ''}: {outcome} after {time.monotonic() - begin:.1f} s")
    return outcome


slow = "Operation too slow. Less than 1 bytes/sec transferred the last 3 seconds"
right = (
    copy(4, 1, b" ", 4) == slow
    and copy(4, 1, b" ", 4, request_timeout=60) == "copied"
    and "ignored on non-Windows" in S3FileSystem.__doc__
    and copy(1, 1, b" ", 14) == slow
    and copy(2, 2, b" " * 16, 14) == "copied"
)
os._exit(0 if right else 1)
PYTHON
