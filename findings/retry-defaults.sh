#!/usr/bin/env bash
# How eight S3 clients repeat a request by default, when a server answers every attempt alike. Surprising in it:
#
# - Bun.S3Client asks once. A part of a multipart upload is asked for four times, all of them within some 0.04 s.
# - Three AWS SDKs give up a 503 whose code is not SlowDown after three attempts in 0.1 s, and any 503 of a HEAD, which has no body
#   to hold a code. An election of a replicated server takes longer.
# - botocore and the Go SDK pay no heed to Retry-After (RFC 9110 section 10.2.3), the JavaScript SDK does. All three obey
#   x-amz-retry-after, milliseconds, which few servers send.
# - obstore, minio-go and pyarrow obey neither.
#
# The script talks to no S3 server: a small one of its own answers by the bucket's name and counts. Seen on 2026-11-28: `expected` below. Quick: all
# attempts within 0.5 s. Obeyed: all attempts took at least 95 % of the waits that the header asks for.
# It fails when that changes. Needs: node 20, npm, python3 (3.11) with venv, go, and their registries. Usage: findings/retry-defaults.sh
set -euo pipefail

expected='aws-sdk-go-v2: 3 attempts, PUT 503 quick, HEAD SlowDown quick, Retry-After no, x-amz-retry-after yes
aws-sdk-js: 3 attempts, PUT 503 quick, HEAD SlowDown quick, Retry-After yes, x-amz-retry-after yes
botocore: 3 attempts, PUT 503 quick, HEAD SlowDown quick, Retry-After no, x-amz-retry-after yes
bun: 1 attempts, PUT 503 quick, HEAD SlowDown quick, Retry-After no, x-amz-retry-after no, part 4 attempts quick
minio-go: 10 attempts, PUT 503 slow, HEAD SlowDown slow, Retry-After no, x-amz-retry-after no
minio-py: 6 attempts, PUT 503 slow, HEAD SlowDown slow, Retry-After yes, x-amz-retry-after no
obstore: 11 attempts, PUT 503 slow, HEAD SlowDown slow, Retry-After no, x-amz-retry-after no
pyarrow: 3 attempts, PUT 503 slow, HEAD SlowDown slow, Retry-After no, x-amz-retry-after no'

work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; chmod -R u+w "$work"; rm -rf "$work"' EXIT
cd "$work"

echo '{"private":true,"type":"module"}' > package.json
npm install --silent --no-fund --no-audit @aws-sdk/client-s3@3.1175.0 bun@1.4.5
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check boto3==1.44.8 botocore==1.44.8 minio==7.2.20 obstore==0.12.1 pyarrow==26.0.0

cat > server.mjs <<'JS'
// GET /-log: one line a kind of request, "client mode kind attempts seconds". Buckets are named client.mode.
import { renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
const MODES = {
  slowdown: ["SlowDown", {}],
  other: ["ServiceUnavailable", {}],
  seconds: ["ServiceUnavailable", { "Retry-After": "2" }],
  milliseconds: ["ServiceUnavailable", { "x-amz-retry-after": "2500" }],
};
const seen = new Map();
const server = createServer((request, response) => {
  const { method, url } = request;
  const bucket = url.split(/[/?]/)[1];
  request.resume().on("end", () => {
    if (bucket === "-log") {
      const lines = [...seen].map(([kind, at]) => `${kind} ${at.length} ${((at.at(-1) - at[0]) / 1000).toFixed(2)}\n`);
      return response.end(lines.sort().join(""));
    }
    if (method === "POST" && /[?&]uploads/.test(url)) {
      response.setHeader("Content-Type", "application/xml");
      return response.end(`<InitiateMultipartUploadResult><Bucket>${bucket}</Bucket><Key>k</Key><UploadId>u</UploadId></InitiateMultipartUploadResult>`);
    }
    const [client, mode] = bucket.split(".");
    const part = /[?&]partNumber=(\d+)/.exec(url);
    const kind = `${client} ${mode} ${part === null ? method : `PART${part[1]}`}`;
    seen.set(kind, [...(seen.get(kind) ?? []), performance.now()]);
    const [code, headers] = MODES[mode];
    const body = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>m</Message><RequestId>R</RequestId></Error>`;
    response.writeHead(503, { "Content-Type": "application/xml", "Content-Length": body.length, ...headers });
    response.end(method === "HEAD" ? undefined : body);
  });
});
server.listen(0, "127.0.0.1", () => {
  writeFileSync("port.tmp", String(server.address().port));
  renameSync("port.tmp", "port");
});
JS

cat > clients.py <<'PY'
import io
import sys
import threading

import boto3
import obstore
import pyarrow.fs
from minio import Minio
from obstore.store import S3Store

address = f"127.0.0.1:{sys.argv[1]}"
MODES = ["slowdown", "other", "seconds", "milliseconds"]


def botocore(bucket):
    s3 = boto3.session.Session().client("s3", endpoint_url=f"http://{address}", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    return [lambda: s3.put_object(Bucket=bucket, Key="k", Body=b"x"), lambda: s3.head_object(Bucket=bucket, Key="k")]


def minio(bucket):
    client = Minio(address, "a", "b", secure=False, region="us-east-1")
    return [lambda: client.put_object(bucket, "k", io.BytesIO(b"x"), 1), lambda: client.stat_object(bucket, "k")]


def object_store(bucket):
    options = {"allow_http": True}
    store = S3Store(bucket, endpoint=f"http://{address}", region="us-east-1", access_key_id="a", secret_access_key="b", client_options=options)
    return [lambda: obstore.put(store, "k", b"x", use_multipart=False), lambda: obstore.head(store, "k")]


def arrow(bucket):
    fs = pyarrow.fs.S3FileSystem(endpoint_override=address, scheme="http", region="us-east-1", access_key="a", secret_key="b")

    def put():
        with fs.open_output_stream(f"{bucket}/k") as out:
            out.write(b"x")

    return [put, lambda: fs.get_file_info(f"{bucket}/k")]


def quiet(call):
    try:
        call()
    except Exception:
        pass


def run(name, make, mode):
    for call in make(f"{name}.{mode}"):
        quiet(call)


made = {"botocore": botocore, "minio-py": minio, "obstore": object_store, "pyarrow": arrow}
threads = [threading.Thread(target=run, args=(name, make, mode)) for name, make in made.items() for mode in MODES]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
PY

cat > aws.mjs <<'JS'
import { HeadObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
const endpoint = `http://127.0.0.1:${process.argv[2]}`;
const credentials = { accessKeyId: "a", secretAccessKey: "b" };
for (const mode of ["slowdown", "other", "seconds", "milliseconds"]) {
  const client = new S3Client({ endpoint, region: "us-east-1", forcePathStyle: true, credentials });
  const target = { Bucket: `aws-sdk-js.${mode}`, Key: "k" };
  await client.send(new PutObjectCommand({ ...target, Body: "x" })).catch(() => {});
  await client.send(new HeadObjectCommand(target)).catch(() => {});
}
JS

cat > bun.mjs <<'JS'
const endpoint = `http://127.0.0.1:${process.argv[2]}`;
for (const mode of ["slowdown", "other", "seconds", "milliseconds"]) {
  const client = new Bun.S3Client({ endpoint, region: "us-east-1", bucket: `bun.${mode}`, accessKeyId: "a", secretAccessKey: "b" });
  await client.write("k", "x").catch(() => {});
  await client.stat("k").catch(() => {});
  const writer = client.file("large").writer({ partSize: 5 << 20, queueSize: 1 });
  try {
    await writer.write(new Uint8Array((5 << 20) + 1));
    await writer.end();
  } catch {}
}
JS

cat > main.go <<'GO'
package main

import (
	"bytes"
	"context"
	"os"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/minio/minio-go/v7"
	miniocredentials "github.com/minio/minio-go/v7/pkg/credentials"
)

func sdk(address, bucket string) {
	keys := credentials.NewStaticCredentialsProvider("a", "b", "")
	client := s3.New(s3.Options{BaseEndpoint: aws.String("http://" + address), Region: "us-east-1", UsePathStyle: true, Credentials: keys})
	key := aws.String("k")
	_, _ = client.PutObject(context.Background(), &s3.PutObjectInput{Bucket: &bucket, Key: key, Body: bytes.NewReader([]byte("x"))})
	_, _ = client.HeadObject(context.Background(), &s3.HeadObjectInput{Bucket: &bucket, Key: key})
}

func mini(address, bucket string) {
	client, err := minio.New(address, &minio.Options{Creds: miniocredentials.NewStaticV4("a", "b", ""), Region: "us-east-1", BucketLookup: minio.BucketLookupPath})
	if err != nil {
		panic(err)
	}
	_, _ = client.PutObject(context.Background(), bucket, "k", bytes.NewReader([]byte("x")), 1, minio.PutObjectOptions{})
	_, _ = client.StatObject(context.Background(), bucket, "k", minio.StatObjectOptions{})
}

func main() {
	address := "127.0.0.1:" + os.Args[1]
	var group sync.WaitGroup
	for _, mode := range []string{"slowdown", "other", "seconds", "milliseconds"} {
		group.Go(func() { sdk(address, "aws-sdk-go-v2."+mode) })
		group.Go(func() { mini(address, "minio-go."+mode) })
	}
	group.Wait()
}
GO
export GOFLAGS=-modcacherw GOPATH="$work/go"
go mod init finding > go.log 2>&1
go get github.com/aws/aws-sdk-go-v2/service/s3@v1.114.0 github.com/aws/aws-sdk-go-v2/credentials@v1.21.0 github.com/minio/minio-go/v7@v7.4.1 >> go.log 2>&1 || { cat go.log; exit 1; }
go build -o gocl . >> go.log 2>&1 || { cat go.log; exit 1; }

node server.mjs & server=$!
for _ in $(seq 100); do [ -f port ] && break; sleep 0.1; done
port=$(cat port)
node aws.mjs "$port" 2> /dev/null
node_modules/.bin/bun bun.mjs "$port"
./gocl "$port"
venv/bin/python clients.py "$port"

cat > sum-up.py <<'PY'
import sys

seen = {}
for line in sys.stdin:
    client, mode, kind, attempts, seconds = line.split()
    seen[client, mode, kind] = (int(attempts), float(seconds))
for client in sorted({client for client, _, _ in seen}):
    # pyarrow writes every object in parts.
    put = "PUT" if (client, "other", "PUT") in seen else "PART1"
    attempts, seconds = seen[client, "other", put]

    def speed(mode, kind):
        return "quick" if seen[client, mode, kind][1] < 0.5 else "slow"

    def obeys(mode, wait):
        attempts, seconds = seen[client, mode, put]
        return "yes" if attempts > 1 and seconds >= 0.95 * wait * (attempts - 1) else "no"

    line = f"{client}: {attempts} attempts, PUT 503 {speed('other', put)}, HEAD SlowDown {speed('slowdown', 'HEAD')}, "
    line += f"Retry-After {obeys('seconds', 2)}, x-amz-retry-after {obeys('milliseconds', 2.5)}"
    if client == "bun":
        line += f", part {seen[client, 'other', 'PART1'][0]} attempts {speed('other', 'PART1')}"
    print(line)
PY
wget -qO log "http://127.0.0.1:$port/-log" 2> /dev/null || curl -sS -o log "http://127.0.0.1:$port/-log"
seen=$(python3 sum-up.py < log)
echo "$seen"
[ "$seen" = "$expected" ] || { echo "not as expected:"; diff <(echo "$expected") <(echo "$seen"); exit 1; }
