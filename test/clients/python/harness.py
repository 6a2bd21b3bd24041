"""What the Python clients share. ENDPOINT, WORK, PREFIX and the keys come from the environment (test/clients/run.sh)."""

import os
import sys
import threading
import time
import traceback
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

ENDPOINT = os.environ["ENDPOINT"]
WORK = os.environ["WORK"]
ACCESS_KEY = os.environ["AWS_ACCESS_KEY_ID"]
SECRET_KEY = os.environ["AWS_SECRET_ACCESS_KEY"]
REGION = "us-east-1"
MIB = 1024 * 1024

# Keys that a client, its URL encoder, its XML parser or its path rules may change.
ODD_KEYS = [
    "plus+plus", "sp ace", "two  blanks", "100%", "%2F", "%41", "q?x=1&y=2", "h#ash", "a=b/c=d", "semi;colon,comma", "at@dollar$",
    "tilde~", "!'()*", "quote\"<>&'", "[br]{ace}|^`", "\u00e4\u00f6\u00fc", "a\u0308", "\u65e5\u672c\u8a9e", "\U0001f600/\U0001f680", "deep/" * 30 + "end",
]


def bucket(label):
    """The name of this client's own bucket."""
    return f"{os.environ['PREFIX']}-{label}"


def sdk():
    """boto3, for what a library cannot do by itself (make its bucket, look at what it wrote)."""
    import boto3
    from botocore.config import Config

    return boto3.client("s3", endpoint_url=ENDPOINT, region_name=REGION, config=Config(s3={"addressing_style": "path"}, signature_version="s3v4"))


def make_bucket(name):
    sdk().create_bucket(Bucket=name)


def uploads(name):
    """Keys of unfinished multipart uploads."""
    return [upload["Key"] for upload in sdk().list_multipart_uploads(Bucket=name).get("Uploads", [])]


def remove_bucket(name):
    """Fails when anything is left that a listing does not show, and when an upload was left unfinished."""
    s3 = sdk()
    assert uploads(name) == [], uploads(name)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=name):
        entries = [{"Key": entry["Key"]} for entry in page.get("Contents", [])]
        if entries:
            answer = s3.delete_objects(Bucket=name, Delete={"Objects": entries, "Quiet": True})
            assert "Errors" not in answer, answer
    s3.delete_bucket(Bucket=name)


def race(count, call):
    """Runs call(0) ... call(count - 1) at once, each in a thread of its own; answers and exceptions in that order."""
    barrier = threading.Barrier(count)

    def one(number):
        barrier.wait()
        try:
            return call(number)
        except Exception as error:  # the caller judges it
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def only_winner(answers, lost):
    """Exactly one answer is no exception, and every exception satisfies `lost`; the winner's number."""
    winners = [number for number, answer in enumerate(answers) if not isinstance(answer, Exception)]
    strange = [answer for answer in answers if isinstance(answer, Exception) and not lost(answer)]
    assert strange == [], strange
    assert len(winners) == 1, answers
    return winners[0]


def raises(text, call, *arguments, **named):
    """The call fails, and the failure says text."""
    try:
        call(*arguments, **named)
    except Exception as error:
        shown = f"{type(error).__name__}: {error}"
        assert text in shown, f"expected '{text}', got {shown}"
        return
    raise AssertionError(f"expected '{text}', but it was accepted")


def fetch(url, method="GET", body=None, headers=None):
    """Status and body of a plain request: what somebody with a presigned URL gets."""
    request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def run(label, version, checks):
    """Runs the checks in order, prints one `ok` or `FAIL` line each, and ends the process."""
    print(f"# {label}: {version}", flush=True)
    failed = 0
    for check in checks:
        name = check.__name__.replace("_", " ")
        begin = time.monotonic()
        try:
            check()
            print(f"ok {label}: {name} ({time.monotonic() - begin:.0f} s)", flush=True)
        except BaseException as error:  # panics of Rust libraries are BaseException
            if isinstance(error, KeyboardInterrupt):
                raise
            failed += 1
            print(f"FAIL {label}: {name}")
            print("    " + traceback.format_exc()[-3000:].replace("\n", "\n    "), flush=True)
    sys.stdout.flush()
    os._exit(1 if failed else 0)  # threads of some libraries outlive main
