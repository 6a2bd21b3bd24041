"""boto3 against elastickv. Usage: boto3-client.py LABEL; ENDPOINT, PREFIX and the keys come from the environment.
Prints one `ok`/`FAIL` line a check, like lib.sh."""

import base64
import hashlib
import io
import os
import sys
import time
import traceback
import urllib.error
import urllib.request
import zlib

import boto3
import botocore
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

LABEL = sys.argv[1]
ENDPOINT = os.environ["ENDPOINT"]
BUCKET = os.environ["PREFIX"] + "-" + LABEL
MIB = 1024 * 1024

s3 = boto3.client(
    "s3",
    endpoint_url=ENDPOINT,
    region_name="us-east-1",
    config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}, signature_version="s3v4"),
)


def refused(code, call, **arguments):
    """The call fails with exactly this error code (HEAD has no body: there it is the status)."""
    try:
        call(**arguments)
    except ClientError as error:
        got = error.response["Error"]["Code"]
        assert got == code, f"expected {code}, got {got}: {error}"
        return
    raise AssertionError(f"expected {code}, but it was accepted")


def get(key, **arguments):
    return s3.get_object(Bucket=BUCKET, Key=key, **arguments)["Body"].read()


def put(key, body=b"x", **arguments):
    return s3.put_object(Bucket=BUCKET, Key=key, Body=body, **arguments)


def keys(**arguments):
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, **arguments)
    return [entry["Key"] for page in pages for entry in page.get("Contents", [])]


def buckets():
    s3.create_bucket(Bucket=BUCKET)
    assert BUCKET in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    s3.head_bucket(Bucket=BUCKET)
    assert s3.get_bucket_location(Bucket=BUCKET)["LocationConstraint"] in (None, "us-east-1")
    refused("404", s3.head_bucket, Bucket=BUCKET + "-none")
    refused("NoSuchBucket", s3.delete_bucket, Bucket=BUCKET + "-none")
    # Names that botocore lets through and AWS refuses.
    for name in ("ab", "Has-Upper", "under_score", "dots..dots", "192.168.0.1", "-lead", "trail-"):
        refused("InvalidBucketName", s3.create_bucket, Bucket=name)


def put_and_get():
    body = os.urandom(100_000)
    answer = put("a/b", body, ContentType="text/x-test", Metadata={"colour": "blue", "shape": "round"}, CacheControl="no-cache")
    etag = '"' + hashlib.md5(body).hexdigest() + '"'
    assert answer["ETag"] == etag, answer
    got = s3.get_object(Bucket=BUCKET, Key="a/b")
    assert got["Body"].read() == body
    assert (got["ContentType"], got["CacheControl"], got["Metadata"]) == ("text/x-test", "no-cache", {"colour": "blue", "shape": "round"})
    head = s3.head_object(Bucket=BUCKET, Key="a/b")
    assert (head["ContentLength"], head["ETag"]) == (len(body), etag)
    override = s3.get_object(Bucket=BUCKET, Key="a/b", ResponseContentType="x/y", ResponseContentDisposition='attachment; filename="z"')
    assert (override["ContentType"], override["ContentDisposition"]) == ("x/y", 'attachment; filename="z"')
    put("empty", b"")
    assert get("empty") == b""
    refused("NoSuchKey", s3.get_object, Bucket=BUCKET, Key="nothing")
    refused("404", s3.head_object, Bucket=BUCKET, Key="nothing")
    s3.delete_object(Bucket=BUCKET, Key="nothing")  # not an error


def ranges():
    body = os.urandom(3 * MIB + 17)
    put("ranged", body)
    for text, expected in (("0-0", body[:1]), ("5-9", body[5:10]), (f"{MIB - 3}-{2 * MIB + 3}", body[MIB - 3 : 2 * MIB + 4]), (f"{3 * MIB}-", body[3 * MIB :]), ("-5", body[-5:]), (f"-{9 * MIB}", body)):
        got = s3.get_object(Bucket=BUCKET, Key="ranged", Range="bytes=" + text)
        assert got["Body"].read() == expected, text
        assert got["ResponseMetadata"]["HTTPStatusCode"] == 206
        assert got["ContentRange"].endswith(f"/{len(body)}")
    refused("InvalidRange", s3.get_object, Bucket=BUCKET, Key="ranged", Range=f"bytes={len(body)}-")


def list_paginator():
    names = [f"list/{i // 50:02d}/{i:04d}" for i in range(350)]
    for name in names:
        put(name, b"")
    assert keys(Prefix="list/", PaginationConfig={"PageSize": 7}) == names
    assert keys(Prefix="list/", StartAfter="list/03/0199", PaginationConfig={"PageSize": 100}) == names[200:]
    pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="list/", Delimiter="/", PaginationConfig={"PageSize": 3}))
    assert [prefix["Prefix"] for page in pages for prefix in page.get("CommonPrefixes", [])] == [f"list/{i:02d}/" for i in range(7)]
    assert [page["KeyCount"] for page in pages] == [3, 3, 1], [page["KeyCount"] for page in pages]
    old = s3.get_paginator("list_objects").paginate(Bucket=BUCKET, Prefix="list/", PaginationConfig={"PageSize": 33})
    assert [entry["Key"] for page in old for entry in page.get("Contents", [])] == names
    versions = s3.get_paginator("list_object_versions").paginate(Bucket=BUCKET, Prefix="list/", PaginationConfig={"PageSize": 40})
    entries = [entry for page in versions for entry in page.get("Versions", [])]
    assert [entry["Key"] for entry in entries] == names
    assert all(entry["VersionId"] == "null" and entry["IsLatest"] for entry in entries)
    assert s3.list_objects_v2(Bucket=BUCKET, Prefix="list/", MaxKeys=0)["KeyCount"] == 0
    refused("InvalidArgument", s3.list_objects_v2, Bucket=BUCKET, ContinuationToken="nonsense")


def delete_objects():
    names = [f"delete/{i}" for i in range(1000)]
    for name in names[:100]:
        put(name)
    answer = s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": name} for name in names]})
    assert sorted(entry["Key"] for entry in answer["Deleted"]) == sorted(names)
    assert keys(Prefix="delete/") == []
    put("delete/quiet")
    quiet = s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "delete/quiet"}], "Quiet": True})
    assert "Deleted" not in quiet and "Errors" not in quiet
    refused("MalformedXML", s3.delete_objects, Bucket=BUCKET, Delete={"Objects": [{"Key": str(i)} for i in range(1001)]})


def conditional_reads():
    etag = put("conditional", b"one")["ETag"]
    modified = s3.head_object(Bucket=BUCKET, Key="conditional")["LastModified"]
    assert get("conditional", IfMatch=etag) == b"one"
    refused("PreconditionFailed", s3.get_object, Bucket=BUCKET, Key="conditional", IfMatch='"0"')
    refused("304", s3.get_object, Bucket=BUCKET, Key="conditional", IfNoneMatch=etag)
    refused("304", s3.head_object, Bucket=BUCKET, Key="conditional", IfModifiedSince=modified)
    refused("PreconditionFailed", s3.get_object, Bucket=BUCKET, Key="conditional", IfUnmodifiedSince="Mon, 01 Jan 2001 00:00:00 GMT")


def conditional_header(name, value):
    """Old botocore has no parameter for conditional writes: the header goes in before signing."""

    def add(request, **_):
        request.headers[name] = value

    return add


def put_if(name, value, key, body):
    handler = conditional_header(name, value)
    s3.meta.events.register("before-sign.s3.PutObject", handler)
    try:
        return put(key, body)
    finally:
        s3.meta.events.unregister("before-sign.s3.PutObject", handler)


def conditional_writes():
    first = put_if("If-None-Match", "*", "once", b"first")["ETag"]
    refused("PreconditionFailed", put_if, name="If-None-Match", value="*", key="once", body=b"second")
    assert get("once") == b"first"
    second = put_if("If-Match", first, "once", b"second")["ETag"]
    refused("PreconditionFailed", put_if, name="If-Match", value=first, key="once", body=b"third")
    assert get("once") == b"second"
    refused("NoSuchKey", put_if, name="If-Match", value=second, key="never", body=b"x")


def copy():
    body = os.urandom(2 * MIB)
    put("source key+1", body, Metadata={"a": "1"}, ContentType="x/one")
    source = {"Bucket": BUCKET, "Key": "source key+1"}
    s3.copy_object(Bucket=BUCKET, Key="copied", CopySource=source)
    head = s3.head_object(Bucket=BUCKET, Key="copied")
    assert (head["Metadata"], head["ContentType"]) == ({"a": "1"}, "x/one")
    s3.copy_object(Bucket=BUCKET, Key="replaced", CopySource=source, MetadataDirective="REPLACE", Metadata={"b": "2"}, ContentType="x/two")
    head = s3.head_object(Bucket=BUCKET, Key="replaced")
    assert (head["Metadata"], head["ContentType"]) == ({"b": "2"}, "x/two")
    s3.delete_object(Bucket=BUCKET, Key="source key+1")
    assert get("copied") == body and get("replaced") == body
    refused("NoSuchKey", s3.copy_object, Bucket=BUCKET, Key="copied", CopySource=source)
    refused("InvalidRequest", s3.copy_object, Bucket=BUCKET, Key="copied", CopySource={"Bucket": BUCKET, "Key": "copied"})
    refused("PreconditionFailed", s3.copy_object, Bucket=BUCKET, Key="x", CopySource={"Bucket": BUCKET, "Key": "copied"}, CopySourceIfMatch='"0"')


def multipart():
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="parts", Metadata={"m": "p"})["UploadId"]
    bodies = {2: os.urandom(5 * MIB), 1: os.urandom(6 * MIB), 7: os.urandom(100)}
    etags = {n: s3.upload_part(Bucket=BUCKET, Key="parts", UploadId=upload, PartNumber=n, Body=body)["ETag"] for n, body in bodies.items()}
    # A part sent again replaces the first one.
    bodies[1] = os.urandom(5 * MIB + 1)
    etags[1] = s3.upload_part(Bucket=BUCKET, Key="parts", UploadId=upload, PartNumber=1, Body=bodies[1])["ETag"]
    listed = s3.list_parts(Bucket=BUCKET, Key="parts", UploadId=upload)["Parts"]
    assert [(part["PartNumber"], part["Size"], part["ETag"]) for part in listed] == [(n, len(bodies[n]), etags[n]) for n in (1, 2, 7)]
    assert [u["UploadId"] for u in s3.list_multipart_uploads(Bucket=BUCKET)["Uploads"]] == [upload]
    refused("NoSuchKey", s3.get_object, Bucket=BUCKET, Key="parts")

    def complete(*numbers, etag=None):
        parts = [{"PartNumber": n, "ETag": etag or etags[n]} for n in numbers]
        return s3.complete_multipart_upload(Bucket=BUCKET, Key="parts", UploadId=upload, MultipartUpload={"Parts": parts})

    refused("InvalidPartOrder", lambda: complete(2, 1, 7))
    refused("InvalidPart", lambda: complete(1, 2, etag='"' + "0" * 32 + '"'))
    etags[8] = s3.upload_part(Bucket=BUCKET, Key="parts", UploadId=upload, PartNumber=8, Body=b"tail")["ETag"]
    refused("EntityTooSmall", lambda: complete(1, 2, 7, 8))
    done = complete(1, 2, 7)
    digest = hashlib.md5(b"".join(hashlib.md5(bodies[n]).digest() for n in (1, 2, 7))).hexdigest()
    assert done["ETag"] == f'"{digest}-3"', done["ETag"]
    assert get("parts") == bodies[1] + bodies[2] + bodies[7]
    assert s3.head_object(Bucket=BUCKET, Key="parts")["Metadata"] == {"m": "p"}
    refused("NoSuchUpload", s3.list_parts, Bucket=BUCKET, Key="parts", UploadId=upload)
    refused("NoSuchUpload", s3.abort_multipart_upload, Bucket=BUCKET, Key="parts", UploadId="nonsense")
    gone = s3.create_multipart_upload(Bucket=BUCKET, Key="gone")["UploadId"]
    s3.upload_part(Bucket=BUCKET, Key="gone", UploadId=gone, PartNumber=1, Body=b"x")
    s3.abort_multipart_upload(Bucket=BUCKET, Key="gone", UploadId=gone)
    refused("NoSuchUpload", s3.upload_part, Bucket=BUCKET, Key="gone", UploadId=gone, PartNumber=1, Body=b"x")
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=BUCKET)


def multipart_copy():
    body = os.urandom(40 * MIB + 5)
    settings = TransferConfig(multipart_threshold=8 * MIB, multipart_chunksize=8 * MIB, max_concurrency=4)
    s3.upload_fileobj(io.BytesIO(body), BUCKET, "large", Config=settings)
    s3.copy({"Bucket": BUCKET, "Key": "large"}, BUCKET, "large copy", Config=settings)
    assert s3.head_object(Bucket=BUCKET, Key="large copy")["ETag"].endswith('-6"')
    back = io.BytesIO()
    s3.download_fileobj(BUCKET, "large copy", back, Config=settings)
    assert back.getvalue() == body
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="slice")["UploadId"]
    part = s3.upload_part_copy(Bucket=BUCKET, Key="slice", UploadId=upload, PartNumber=1, CopySource={"Bucket": BUCKET, "Key": "large"}, CopySourceRange="bytes=1000-9999999")
    s3.complete_multipart_upload(Bucket=BUCKET, Key="slice", UploadId=upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["CopyPartResult"]["ETag"]}]})
    assert get("slice") == body[1000:10_000_000]


def checksums():
    body = os.urandom(1000)
    values = {
        "CRC32": base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode(),
        "SHA1": base64.b64encode(hashlib.sha1(body).digest()).decode(),
        "SHA256": base64.b64encode(hashlib.sha256(body).digest()).decode(),
    }
    for name, value in values.items():
        answer = put("sum", body, ChecksumAlgorithm=name)
        assert answer["Checksum" + name] == value, answer
        got = s3.get_object(Bucket=BUCKET, Key="sum", ChecksumMode="ENABLED")
        assert got["Checksum" + name] == value
        assert got["Body"].read() == body
        wrong = base64.b64encode(b"\0" * len(base64.b64decode(value))).decode()
        refused("BadDigest", put, key="sum-wrong", body=body, **{"Checksum" + name: wrong})
    refused("BadDigest", put, key="sum-wrong", body=body, ContentMD5=base64.b64encode(b"\0" * 16).decode())
    refused("InvalidDigest", put, key="sum-wrong", body=body, ContentMD5="bm9uc2Vuc2U=")
    refused("404", s3.head_object, Bucket=BUCKET, Key="sum-wrong")
    # A file object without a known hash: signed by trailer or by chunk, as this botocore likes.
    put("sum-stream", io.BytesIO(body), ChecksumAlgorithm="CRC32")
    assert get("sum-stream") == body


def checksums_of_2026():
    """Of abc; a botocore that does not know them yet has nothing to say here."""
    values = {
        "SHA512": "3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw==",
        "MD5": "kAFQmDzST7DWlj99KOF/cg==",
        "XXHASH64": "RLws9a13CZk=",
        "XXHASH3": "eK9flIkvOVA=",
        "XXHASH128": "BrBatnM6YYV4r1+UiS85UA==",
    }
    members = s3.meta.service_model.shape_for("PutObjectRequest").members
    for name, value in values.items():
        if "Checksum" + name not in members:
            continue
        given = {"Checksum" + name: value}
        assert put("sum-2026", b"abc", **given)["Checksum" + name] == value
        assert s3.head_object(Bucket=BUCKET, Key="sum-2026", ChecksumMode="ENABLED")["Checksum" + name] == value
        attributes = s3.get_object_attributes(Bucket=BUCKET, Key="sum-2026", ObjectAttributes=["Checksum", "ObjectSize"])
        assert (attributes["Checksum"]["Checksum" + name], attributes["ObjectSize"]) == (value, 3)
        refused("BadDigest", put, key="sum-wrong", body=b"abd", **given)
        upload = s3.create_multipart_upload(Bucket=BUCKET, Key="sum-2026", ChecksumAlgorithm=name)["UploadId"]
        part = s3.upload_part(Bucket=BUCKET, Key="sum-2026", UploadId=upload, PartNumber=1, Body=b"abc", **given)
        parts = [{"PartNumber": 1, "ETag": part["ETag"], **given}]
        done = s3.complete_multipart_upload(Bucket=BUCKET, Key="sum-2026", UploadId=upload, MultipartUpload={"Parts": parts})
        assert done["ChecksumType"] == "COMPOSITE" and done["Checksum" + name].endswith("-1")
        copy = s3.copy_object(Bucket=BUCKET, Key="sum-2026-copy", CopySource=BUCKET + "/sum-2026")
        assert copy["CopyObjectResult"]["Checksum" + name] == value


NOT_IN_XML = ("\x01control\x1f", "\uffff")
ODD_KEYS = [
    "a/../b", "a/./b", "..", ".", "../x", "./x", "a/..", "a/.", "//x", "/", "//", "x//y", "x/", "%2F", "a%2Fb", "%", "%zz", "a%20b",
    "plus+plus", "sp ace", " lead", "trail ", "q?x=1&y=2", "h#ash", "semi;colon,comma:at@dollar$", "tilde~", "!'()*", "back\\slash",
    "quote\"<>&'", "[br]{ace}|^`", "\u00e4\u00f6\u00fc", "a\u0308", "\u65e5\u672c\u8a9e", "\U0001f600/\U0001f680", "tab\there", "line\nfeed", "cr\rhere",
    *NOT_IN_XML, "\x7f", "\ufeffbom", "k" * 1024, "\u00e9" * 512, "\U0001f600" * 256,
]


def odd_keys():
    prefixed = sorted(("odd:" + key for key in ODD_KEYS if len(key.encode()) < 1000), key=lambda k: k.encode())
    for key in prefixed:
        put(key, b"x")
    for key in ODD_KEYS:
        put(key, key.encode(), Metadata={"n": "1"})
        assert get(key) == key.encode(), repr(key)
        assert s3.head_object(Bucket=BUCKET, Key=key)["ContentLength"] == len(key.encode())
    # Byte-exact in listings: each one is there once, and nothing that a normalised path would have made.
    listed = set(keys())
    assert set(ODD_KEYS) <= listed, [k for k in ODD_KEYS if k not in listed]
    assert keys(Prefix="odd:") == prefixed
    for strange in ("b", "x", "a", "a b", "a/b/c"):
        assert strange not in listed, strange
    pages = s3.get_paginator("list_objects").paginate(Bucket=BUCKET, Prefix="odd:", PaginationConfig={"PageSize": 5})
    assert [e["Key"] for page in pages for e in page["Contents"]] == prefixed
    s3.copy_object(Bucket=BUCKET, Key="copy of odd", CopySource={"Bucket": BUCKET, "Key": "a/../b"})
    assert get("copy of odd") == b"a/../b"
    refused("KeyTooLongError", put, key="k" * 1025)
    # XML 1.0 has no way to name these two in a request or an answer.
    answer = s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": k} for k in ODD_KEYS if k not in NOT_IN_XML]})
    assert "Errors" not in answer, answer["Errors"]
    for key in prefixed:
        s3.delete_object(Bucket=BUCKET, Key=key)
    for key in ODD_KEYS:
        s3.delete_object(Bucket=BUCKET, Key=key)
        refused("404", s3.head_object, Bucket=BUCKET, Key=key)


def fetch(url, method="GET", body=None):
    request = urllib.request.Request(url, data=body, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def presigned():
    url = s3.generate_presigned_url("put_object", {"Bucket": BUCKET, "Key": "pre signed+1"}, ExpiresIn=60)
    assert fetch(url, "PUT", b"by url")[0] == 200
    url = s3.generate_presigned_url("get_object", {"Bucket": BUCKET, "Key": "pre signed+1"}, ExpiresIn=60)
    assert fetch(url) == (200, b"by url")
    assert fetch(url, "DELETE")[0] == 403
    assert fetch(url.replace("signed", "s1gned", 1))[0] == 403
    short = s3.generate_presigned_url("get_object", {"Bucket": BUCKET, "Key": "pre signed+1"}, ExpiresIn=1)
    time.sleep(2.5)
    status, text = fetch(short)
    assert status == 403 and b"AccessDenied" in text and b"expired" in text, text


def not_there_yet():
    """What this server does not do says so, and never answers with something else."""
    refused("NotImplemented", s3.put_bucket_accelerate_configuration, Bucket=BUCKET, AccelerateConfiguration={"Status": "Enabled"})
    # What S3 has a word of its own for.
    refused("MethodNotAllowed", s3.get_object_torrent, Bucket=BUCKET, Key="a/b")
    refused("AccessControlListNotSupported", s3.put_bucket_acl, Bucket=BUCKET, ACL="public-read")
    refused("AccessControlListNotSupported", put, key="acl", ACL="public-read")
    refused("InvalidRequest", put, key="lock", ObjectLockLegalHoldStatus="ON")
    refused("InvalidStorageClass", put, key="cold", StorageClass="DEEP_ARCHIVE")
    refused("NoSuchLifecycleConfiguration", s3.get_bucket_lifecycle_configuration, Bucket=BUCKET)
    s3.delete_bucket_lifecycle(Bucket=BUCKET)
    rules = s3.get_bucket_ownership_controls(Bucket=BUCKET)["OwnershipControls"]["Rules"]
    assert rules == [{"ObjectOwnership": "BucketOwnerEnforced"}], rules
    s3.put_bucket_ownership_controls(Bucket=BUCKET, OwnershipControls={"Rules": rules})


def storage_classes():
    put("classed", StorageClass="REDUCED_REDUNDANCY")
    assert s3.head_object(Bucket=BUCKET, Key="classed")["StorageClass"] == "REDUCED_REDUNDANCY"
    page = s3.list_objects_v2(Bucket=BUCKET, Prefix="classed")
    assert page["Contents"][0]["StorageClass"] == "REDUCED_REDUNDANCY", page
    s3.delete_object(Bucket=BUCKET, Key="classed")


def other_regions():
    """Without --region a client is in its own region, and may say so when it makes a bucket."""
    for region in ("auto", "eu-west-1"):
        other = boto3.client("s3", endpoint_url=ENDPOINT, region_name=region)
        bucket = f"{BUCKET}-{region}"
        other.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region})
        assert other.get_bucket_location(Bucket=bucket)["LocationConstraint"] == region
        head = other.head_bucket(Bucket=bucket)["ResponseMetadata"]["HTTPHeaders"]
        assert head["x-amz-bucket-region"] == region, head
        other.put_object(Bucket=bucket, Key="k", Body=b"x")
        assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"
        other.delete_object(Bucket=bucket, Key="k")
        other.delete_bucket(Bucket=bucket)


def clean():
    refused("BucketNotEmpty", s3.delete_bucket, Bucket=BUCKET)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
        for entry in page.get("Contents", []):
            s3.delete_object(Bucket=BUCKET, Key=entry["Key"])
    s3.delete_bucket(Bucket=BUCKET)
    refused("404", s3.head_bucket, Bucket=BUCKET)


CHECKS = [
    buckets, put_and_get, ranges, list_paginator, delete_objects, conditional_reads, conditional_writes, copy,
    multipart, multipart_copy, checksums, checksums_of_2026, odd_keys, presigned, storage_classes, other_regions,
    not_there_yet, clean,
]


def main():
    print(f"# {LABEL}: boto3 {boto3.__version__}, botocore {botocore.__version__}", flush=True)
    failed = 0
    for run in CHECKS:
        name = run.__name__.replace("_", " ")
        begin = time.monotonic()
        try:
            run()
            print(f"ok {LABEL}: {name} ({time.monotonic() - begin:.0f} s)", flush=True)
        except Exception:
            failed += 1
            print(f"FAIL {LABEL}: {name}")
            print("    " + traceback.format_exc().replace("\n", "\n    "), flush=True)
    sys.exit(1 if failed else 0)


main()
