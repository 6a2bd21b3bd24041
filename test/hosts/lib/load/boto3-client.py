"""Load with boto3 and its default retries. Arguments and output: ../load.ts.

Each thread is one client with objects of its own, so it knows what every answer must be. Before the end everything is read back.
"""
import collections
import hashlib
import io
import json
import os
import sys
import threading
import time

import boto3

endpoint, bucket, stop_file, large_bytes, folder = sys.argv[1:]
totals = {"operations": 0, "retries": 0, "longest": 0.0, "uploads": [], "downloads": [], "errors": []}
lock = threading.Lock()
PART = b"p" * (5 << 20)
# So many large objects differ in all their chunks; after them the contents repeat, which bounds the space on the hosts.
LARGE_CONTENTS = 4
READ_BACK = 100


class Client:
    def __init__(self, name):
        self.s3 = boto3.client(
            "s3",
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id=os.environ["ACCESS_KEY"],
            aws_secret_access_key=os.environ["SECRET_KEY"],
        )
        self.name = name

    def call(self, method, is_large=False, **arguments):
        begin = time.monotonic()
        answer = getattr(self.s3, method)(Bucket=bucket, **arguments)
        if method == "get_object":
            answer["Content"] = answer["Body"].read()
        pause = time.monotonic() - begin
        with lock:
            totals["operations"] += 1
            totals["retries"] += answer["ResponseMetadata"]["RetryAttempts"]
            if not is_large:
                totals["longest"] = max(totals["longest"], pause)
        return answer

    def expect(self, key, content):
        if self.call("get_object", Key=key)["Content"] != content:
            raise AssertionError(f"{key} is not what was written")

    def small(self, turn):
        key, content = f"{self.name}/{turn:06}", os.urandom(2000)
        self.call("put_object", Key=key, Body=content)
        self.expect(key, content)
        page = self.call("list_objects_v2", Prefix=key)
        if [entry["Key"] for entry in page.get("Contents", [])] != [key]:
            raise AssertionError(f"{key} is not listed")
        return key, content

    def multipart(self, turn):
        key = f"{self.name}/large-{turn:06}"
        upload = self.call("create_multipart_upload", Key=key)["UploadId"]
        last = os.urandom(1000)
        parts = [
            {"PartNumber": number, "ETag": self.call("upload_part", Key=key, UploadId=upload, PartNumber=number, Body=body)["ETag"]}
            for number, body in ((1, PART), (2, last))
        ]
        self.call("complete_multipart_upload", Key=key, UploadId=upload, MultipartUpload={"Parts": parts})
        self.expect(key, PART + last)
        return key, PART + last

    def large(self, turn):
        """One PUT of a file."""
        shift = (turn % LARGE_CONTENTS) * 4099
        begin = time.time()
        with Rotated(source, shift) as body:
            etag = self.call("put_object", is_large=True, Key=f"{self.name}/{turn % 2}", Body=body)["ETag"]
            longest = body.longest
        with lock:
            totals["uploads"].append([begin, time.time()])
            totals["longest"] = max(totals["longest"], longest)
        if etags.setdefault(shift, etag) != etag:
            raise AssertionError(f"{self.name} {turn}: the same content got {etag}, and {etags[shift]} before")
        return None


class Rotated(io.RawIOBase):
    """A file whose content begins at `shift` and ends there. Knows the longest time between two reads."""

    def __init__(self, path, shift):
        super().__init__()
        self.file = open(path, "rb")
        self.size, self.shift, self.position = os.path.getsize(path), shift, 0
        self.longest, self.last = 0.0, None

    def readable(self):
        return True

    def seekable(self):
        return True

    def tell(self):
        return self.position

    def seek(self, offset, whence=io.SEEK_SET):
        self.position = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self.position, io.SEEK_END: self.size}[whence]
        return self.position

    def readinto(self, buffer):
        now = time.monotonic()
        if self.last is not None:
            self.longest = max(self.longest, now - self.last)
        start = (self.position + self.shift) % self.size
        wanted = min(len(buffer), self.size - self.position, self.size - start)
        self.file.seek(start)
        count = self.file.readinto(memoryview(buffer)[: max(wanted, 0)])
        self.position += count
        self.last = time.monotonic()
        return count

    def close(self):
        self.file.close()
        super().close()


def work(client, operation, pause):
    name, written, turn = client.name, collections.deque(maxlen=READ_BACK), 0
    while not os.path.exists(stop_file):
        try:
            made = getattr(client, operation)(turn)
            if made is not None:
                written.append((made[0], hashlib.sha256(made[1]).digest()))
        except Exception as error:  # Everything that a program with default retries would have seen.
            with lock:
                totals["errors"].append(f"{time.strftime('%T')} {name} {turn}: {error!r}")
        turn += 1
        time.sleep(pause)
    for key, digest in written:
        try:
            if hashlib.sha256(client.call("get_object", Key=key)["Content"]).digest() != digest:
                raise AssertionError("is not what was written")
        except Exception as error:
            with lock:
                totals["errors"].append(f"{name} read back {key}: {error!r}")


source, etags = os.path.join(folder, "boto3-source"), {}
works = [(f"boto3-small-{i}", "small", 0.1) for i in range(3)]
works.append(("boto3-multi", "multipart", 1))
if int(large_bytes) > 0:
    with open(source, "wb") as file:
        for _ in range(0, int(large_bytes), 1 << 20):
            file.write(os.urandom(1 << 20))
    works.append(("boto3-large", "large", 15))
# boto3 makes clients in one thread at a time only.
threads = [threading.Thread(target=work, args=(Client(name), operation, pause)) for name, operation, pause in works]
print("ready", flush=True)
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(json.dumps(totals))
