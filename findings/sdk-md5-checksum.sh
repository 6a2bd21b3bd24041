#!/bin/bash
# S3's checksum algorithm MD5 (x-amz-checksum-md5) is in the enumerations of the SDKs, and they compute none: asked for it, botocore 1.44.8 and
# aws-sdk-go-v2/service/s3 1.114.10 end before anything is sent, and the Go SDK, which has no code for XXHASH* either, the same for those.
# A value computed by the caller is sent as it is. So MD5 and (from Go) XXHASH* reach a server only from callers who hash for themselves.
# Exit code 1 when that is no longer so.
set -euo pipefail
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check boto3==1.44.8 botocore==1.44.8 awscrt==0.38.0
"$work/venv/bin/python" - <<'PYTHON'
import base64, hashlib, http.server, threading
import boto3, botocore
from botocore.exceptions import FlexibleChecksumError

seen = []
class Server(http.server.BaseHTTPRequestHandler):
    def do_PUT(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        seen.append(self.headers.get("x-amz-checksum-md5"))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *_):
        pass

server = http.server.HTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
s3 = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{server.server_port}", region_name="us-east-1", aws_access_key_id="key", aws_secret_access_key="secret")
enumerated = s3.meta.service_model.shape_for("ChecksumAlgorithm").enum
assert "MD5" in enumerated, enumerated
try:
    s3.put_object(Bucket="bucket", Key="key", Body=b"hello", ChecksumAlgorithm="MD5")
    raise SystemExit("botocore computed it")
except FlexibleChecksumError as error:
    print(f"botocore {botocore.__version__}: {error}")
assert seen == []
value = base64.b64encode(hashlib.md5(b"hello").digest()).decode()
s3.put_object(Bucket="bucket", Key="key", Body=b"hello", ChecksumMD5=value)
assert seen == [value], seen
PYTHON
cd "$work"
go mod init finding >/dev/null 2>&1
go get github.com/aws/aws-sdk-go-v2/service/s3@v1.114.10 github.com/aws/aws-sdk-go-v2/credentials@v1.21.0 >/dev/null 2>&1
cat >main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func main() {
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests++ }))
	defer server.Close()
	client := s3.New(s3.Options{BaseEndpoint: &server.URL, Region: "us-east-1", UsePathStyle: true, Credentials: credentials.NewStaticCredentialsProvider("key", "secret", "")})
	for _, algorithm := range types.ChecksumAlgorithm("").Values() {
		before := requests
		_, err := client.PutObject(context.Background(), &s3.PutObjectInput{Bucket: aws.String("bucket"), Key: aws.String("key"), Body: strings.NewReader("hello"), ChecksumAlgorithm: algorithm})
		fmt.Printf("Go SDK: %-10s sent: %t %v\n", algorithm, requests > before, err)
		unknown := algorithm == types.ChecksumAlgorithmMd5 || strings.HasPrefix(string(algorithm), "XXHASH")
		if unknown == (requests > before) {
			os.Exit(1)
		}
	}
}
GO
go mod tidy >/dev/null 2>&1
go run .
