#!/usr/bin/env bash
# minio-go 7.4.1 ends the trailer of an unsigned aws-chunked body with LF CRLF CRLF, where the S3 documentation ("Including
# trailing headers", and every other client looked at) has CRLF CRLF: the header ends in LF alone, and a second blank line
# follows the first. A server that takes the first blank line for the end finds two bytes behind it.
#
# Needed for it: an endpoint over TLS (elsewhere the client signs its chunks) and Options.TrailingHeaders. The code is
# StreamingUSReader.addTrailer of pkg/signer/request-signature-streaming-unsigned-trailer.go; the signed variant has LF CRLF too,
# but there the signature line follows, which makes it what a server expects.
#
# This script talks to no S3 server: it uploads "abc" to a listener of its own that prints the body. Seen on 2026-11-28:
#   3\r\nabc\r\n0\r\nx-amz-checksum-crc32c:Nks/tw==\n\r\n\r\n
# It fails when that changes. Needs: go, python3, a Go module proxy. Usage: findings/minio-go-trailer-end.sh
set -euo pipefail

version=v7.4.1
expected='3\r\nabc\r\n0\r\nx-amz-checksum-crc32c:Nks/tw==\n\r\n\r\n'

work=$(mktemp -d)
recorder=
trap '[ -z "$recorder" ] || kill "$recorder" 2>/dev/null || true; chmod -R u+w "$work"; rm -rf "$work"' EXIT
cd "$work"

cat > recorder.py <<'PY'
"""Takes one request with a Content-Length, writes its body as Python writes bytes, answers 200."""
import socket
import sys

listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], file=open("port.tmp", "w"), flush=True)
__import__("os").rename("port.tmp", "port")
connection, _ = listener.accept()
data = b""
while b"\r\n\r\n" not in data:
    data += connection.recv(65536)
head, body = data.split(b"\r\n\r\n", 1)
lines = [line.split(b": ", 1) for line in head.split(b"\r\n")[1:]]
headers = {name.lower(): value for name, value in lines}
if b"expect" in headers:
    connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
while len(body) < int(headers[b"content-length"]):
    body += connection.recv(65536)
print(headers[b"x-amz-content-sha256"].decode(), repr(body)[2:-1])
connection.sendall(b'HTTP/1.1 200 OK\r\nETag: "900150983cd24fb0d6963f7d28e17f72"\r\nContent-Length: 0\r\n\r\n')
PY

cat > main.go <<'GO'
package main

import (
	"context"
	"net/http"
	"os"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// plain sends what is meant for TLS in the clear: the bytes of HTTP are the same.
type plain struct{ host string }

func (p plain) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.URL.Scheme, request.URL.Host = "http", p.host
	return http.DefaultTransport.RoundTrip(request)
}

func main() {
	client, err := minio.New(os.Args[1], &minio.Options{
		Creds:           credentials.NewStaticV4("access", "secret-key", ""),
		Region:          "us-east-1",
		Secure:          true,
		TrailingHeaders: true,
		BucketLookup:    minio.BucketLookupPath,
		Transport:       plain{os.Args[1]},
	})
	if err != nil {
		panic(err)
	}
	options := minio.PutObjectOptions{Checksum: minio.ChecksumCRC32C}
	if _, err := client.PutObject(context.Background(), "bucket", "key", strings.NewReader("abc"), 3, options); err != nil {
		panic(err)
	}
}
GO

go mod init finding > /dev/null 2>&1
go get "github.com/minio/minio-go/v7@$version" > /dev/null 2>&1
go build -o upload .
python3 recorder.py > recorded &
recorder=$!
for _ in $(seq 100); do [ ! -f port ] || break; sleep 0.1; done
timeout 60 ./upload "127.0.0.1:$(cat port)"
wait "$recorder"
recorder=

read -r mode body < recorded
echo "minio-go $version: $mode"
echo "$body"
if [ "$mode" != STREAMING-UNSIGNED-PAYLOAD-TRAILER ] || [ "$body" != "$expected" ]; then
  echo "changed: expected STREAMING-UNSIGNED-PAYLOAD-TRAILER $expected" >&2
  exit 1
fi
echo "as found"
