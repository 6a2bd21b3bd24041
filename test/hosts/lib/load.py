"""Load with boto3 and its default retries: load.py ENDPOINT BUCKET STOP_FILE.

Each thread is one client with objects of its own, so it knows what every answer must be. Ends when STOP_FILE exists, reads everything back,
and prints one JSON object: operations, requests that were sent again, longest pause of one client in seconds, and errors.
"""
import json
import os
import sys
import threading
import time

import boto3

endpoint, bucket, stop_file = sys.argv[1:]
totals = {"operations": 0, "retries": 0, "longest": 0.0, "errors": []}
lock = threading.Lock()
PART = b"p" * (5 << 20)


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

    def call(self, method, **arguments):
        begin = time.monotonic()
        answer = getattr(self.s3, method)(Bucket=bucket, **arguments)
        if method == "get_object":
            answer["Content"] = answer["Body"].read()
        pause = time.monotonic() - begin
        with lock:
            totals["operations"] += 1
            totals["retries"] += answer["ResponseMetadata"]["RetryAttempts"]
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


def work(name, operation, pause):
    client, written, turn = Client(name), {}, 0
    while not os.path.exists(stop_file):
        try:
            key, content = getattr(client, operation)(turn)
            written[key] = content
        except Exception as error:  # Everything that a program with default retries would have seen.
            with lock:
                totals["errors"].append(f"{time.strftime('%T')} {name} {turn}: {error!r}")
        turn += 1
        time.sleep(pause)
    for key, content in list(written.items())[-500:]:
        try:
            client.expect(key, content)
        except Exception as error:
            with lock:
                totals["errors"].append(f"{name} read back {key}: {error!r}")


threads = [threading.Thread(target=work, args=(f"small-{i}", "small", 0.02)) for i in range(4)]
threads.append(threading.Thread(target=work, args=("multi", "multipart", 0.3)))
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(json.dumps(totals))
