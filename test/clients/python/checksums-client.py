"""Every checksum of S3, by the current boto3 with the AWS common runtime, in every place that has one.

Which algorithms may be combined how is in "Checking object integrity for data uploads in Amazon S3" (user guide): the CRCs over the whole
object, all but CRC64NVME over the parts (COMPOSITE)."""

import base64
import hashlib
import io
import os
import zlib
from importlib.metadata import version

import awscrt.checksums
import boto3
import botocore
import botocore.httpchecksum
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

import harness as h

LABEL = "checksums"
BUCKET = h.bucket(LABEL)
s3 = h.sdk()


def xxhash(kind):
    def digest(body):
        state = getattr(awscrt.checksums.XXHash, f"new_{kind}")()
        state.update(body)
        return state.finalize()

    return digest


# Big-endian bytes of each, as S3 wants them in base64.
DIGESTS = {
    "CRC32": lambda body: zlib.crc32(body).to_bytes(4, "big"),
    "CRC32C": lambda body: awscrt.checksums.crc32c(body).to_bytes(4, "big"),
    "CRC64NVME": lambda body: awscrt.checksums.crc64nvme(body).to_bytes(8, "big"),
    "SHA1": lambda body: hashlib.sha1(body).digest(),
    "SHA256": lambda body: hashlib.sha256(body).digest(),
    "SHA512": lambda body: hashlib.sha512(body).digest(),
    "MD5": lambda body: hashlib.md5(body).digest(),
    "XXHASH64": xxhash("xxhash64"),
    "XXHASH3": xxhash("xxhash3_64"),
    "XXHASH128": xxhash("xxhash3_128"),
}
# botocore knows MD5's name and has no code for it (findings/sdk-md5-checksum.sh): such a value has to be given.
BY_SDK = tuple(name for name in DIGESTS if name != "MD5")
WHOLE = ("CRC32", "CRC32C", "CRC64NVME")
IN_PARTS = tuple(name for name in DIGESTS if name != "CRC64NVME")
PARTS = [os.urandom(5 * h.MIB), os.urandom(5 * h.MIB + 1), os.urandom(77)]


def base(raw):
    return base64.b64encode(raw).decode()


def summed(name, body):
    return base(DIGESTS[name](body))


def composite(name, parts=PARTS):
    return summed(name, b"".join(DIGESTS[name](part) for part in parts)) + f"-{len(parts)}"


def field(name):
    return "Checksum" + name


def refused(codes, call, **arguments):
    try:
        call(Bucket=BUCKET, **arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] in codes, error
        return
    raise AssertionError(f"expected {codes}, but it was accepted")


def for_each(names, call):
    """Every algorithm is tried, also after one that failed."""
    bad = []
    for name in names:
        try:
            call(name)
        except Exception as error:
            bad.append(f"{name}: {type(error).__name__} {error}")
    assert bad == [], "\n".join(bad)


def head(key):
    return s3.head_object(Bucket=BUCKET, Key=key, ChecksumMode="ENABLED")


def seen_everywhere(key, name, value, kind):
    """HEAD, GET and GetObjectAttributes tell the same value."""
    for answer in (head(key), s3.get_object(Bucket=BUCKET, Key=key, ChecksumMode="ENABLED")):
        assert (answer[field(name)], answer["ChecksumType"]) == (value, kind), {k: v for k, v in answer.items() if "hecksum" in k}
        if "Body" in answer:
            answer["Body"].read()
    told = s3.get_object_attributes(Bucket=BUCKET, Key=key, ObjectAttributes=["Checksum", "ObjectSize", "ETag", "StorageClass"])
    # GetObjectAttributes tells a composite one without the number of parts.
    assert told["Checksum"] == {field(name): value.split("-")[0], "ChecksumType": kind}, told["Checksum"]
    assert told["StorageClass"] == "STANDARD" and told["ObjectSize"] == head(key)["ContentLength"]


def bucket():
    s3.create_bucket(Bucket=BUCKET)


def in_a_header():
    body = os.urandom(70_000)

    def one(name):
        key = f"header/{name}"
        assert s3.put_object(Bucket=BUCKET, Key=key, Body=body, **{field(name): summed(name, body)})[field(name)] == summed(name, body)
        seen_everywhere(key, name, summed(name, body), "FULL_OBJECT")
        refused(["BadDigest"], s3.put_object, Key=f"wrong/{name}", Body=body, **{field(name): summed(name, body + b"x")})
        refused(["InvalidRequest"], s3.put_object, Key=f"wrong/{name}", Body=body, **{field(name): "bm9uc2Vuc2U"})
        refused(["404"], s3.head_object, Key=f"wrong/{name}")

    for_each(DIGESTS, one)


def by_the_sdk_alone():
    body = os.urandom(70_000)

    def one(name):
        assert s3.put_object(Bucket=BUCKET, Key="alone", Body=body, ChecksumAlgorithm=name)[field(name)] == summed(name, body)
        got = s3.get_object(Bucket=BUCKET, Key="alone", ChecksumMode="ENABLED")
        # botocore compares the body with it while it reads.
        assert got["Body"].read() == body and got[field(name)] == summed(name, body)

    for_each(BY_SDK, one)


def in_a_trailer():
    """botocore sends a checksum behind the body over TLS only, where it signs no body: here it takes the endpoint for one."""
    body = os.urandom(300_001)
    original = botocore.httpchecksum.urlparse
    botocore.httpchecksum.urlparse = lambda url: original(url.replace("http:", "https:"))
    seen = []
    watch = lambda request, **_: seen.append({name.lower(): value for name, value in request.headers.items()})
    s3.meta.events.register("before-send.s3", watch)

    def one(name):
        key = f"trailer/{name}"
        answer = s3.put_object(Bucket=BUCKET, Key=key, Body=io.BytesIO(body), ChecksumAlgorithm=name)
        assert answer[field(name)] == summed(name, body)
        assert seen[-1]["x-amz-trailer"] in (b"x-amz-checksum-" + name.lower().encode(), "x-amz-checksum-" + name.lower()), seen[-1]
        identity, parts = upload(f"trailer parts/{name}", name, "COMPOSITE" if name in IN_PARTS else "FULL_OBJECT", given=False)
        assert "x-amz-trailer" in seen[-1], seen[-1]
        s3.complete_multipart_upload(Bucket=BUCKET, Key=f"trailer parts/{name}", UploadId=identity, MultipartUpload={"Parts": parts})
        return key

    try:
        for_each(BY_SDK, one)
    finally:
        botocore.httpchecksum.urlparse = original
        s3.meta.events.unregister("before-send.s3", watch)
    for_each(BY_SDK, lambda name: seen_everywhere(f"trailer/{name}", name, summed(name, body), "FULL_OBJECT"))


def upload(key, name, kind, given=True):
    """Parts out of order, each with its checksum, given or left to the SDK; what CreateMultipartUpload answered is checked as well."""
    made = s3.create_multipart_upload(Bucket=BUCKET, Key=key, ChecksumAlgorithm=name, ChecksumType=kind)
    assert (made["ChecksumAlgorithm"], made["ChecksumType"]) == (name, kind), made
    done = {}
    for number in (3, 1, 2):
        body = PARTS[number - 1]
        how = {field(name): summed(name, body)} if given else {"ChecksumAlgorithm": name}
        answer = s3.upload_part(Bucket=BUCKET, Key=key, UploadId=made["UploadId"], PartNumber=number, Body=body, **how)
        assert answer[field(name)] == summed(name, body)
        done[number] = {"PartNumber": number, "ETag": answer["ETag"], field(name): answer[field(name)]}
    return made["UploadId"], [done[number] for number in (1, 2, 3)]


def in_parts_and_completion():
    def one(name):
        key = f"parts/{name}"
        identity, parts = upload(key, name, "COMPOSITE")
        refused(["BadDigest"], s3.upload_part, Key=key, UploadId=identity, PartNumber=4, Body=b"x", **{field(name): summed(name, b"y")})
        listed = s3.list_parts(Bucket=BUCKET, Key=key, UploadId=identity)
        assert (listed["ChecksumAlgorithm"], listed["ChecksumType"]) == (name, "COMPOSITE")
        assert [part[field(name)] for part in listed["Parts"]] == [summed(name, body) for body in PARTS]
        complete = {"Key": key, "UploadId": identity}
        swapped = [{**parts[0], field(name): parts[1][field(name)]}, *parts[1:]]
        refused(["InvalidPart"], s3.complete_multipart_upload, MultipartUpload={"Parts": swapped}, **complete)
        refused(["BadDigest"], s3.complete_multipart_upload, MultipartUpload={"Parts": parts}, **complete, **{field(name): composite(name, PARTS[:2] + [b""])})
        refused(["InvalidRequest"], s3.complete_multipart_upload, MultipartUpload={"Parts": parts}, MpuObjectSize=5, **complete)
        answer = s3.complete_multipart_upload(Bucket=BUCKET, MultipartUpload={"Parts": parts}, **complete, **{field(name): composite(name)})
        assert (answer[field(name)], answer["ChecksumType"]) == (composite(name), "COMPOSITE"), answer
        seen_everywhere(key, name, composite(name), "COMPOSITE")
        told = s3.get_object_attributes(Bucket=BUCKET, Key=key, ObjectAttributes=["ObjectParts"], MaxParts=2)["ObjectParts"]
        assert (told["TotalPartsCount"], told["IsTruncated"], told["NextPartNumberMarker"]) == (3, True, 2), told
        assert [(part["PartNumber"], part["Size"], part[field(name)]) for part in told["Parts"]] == [(n + 1, len(PARTS[n]), summed(name, PARTS[n])) for n in (0, 1)]
        part = s3.get_object(Bucket=BUCKET, Key=key, PartNumber=2, ChecksumMode="ENABLED")
        assert part["Body"].read() == PARTS[1] and part["PartsCount"] == 3

    for_each(IN_PARTS, one)


def whole_object_over_parts():
    whole = b"".join(PARTS)

    def one(name):
        key = f"whole/{name}"
        identity, parts = upload(key, name, "FULL_OBJECT")
        complete = {"Key": key, "UploadId": identity, "MultipartUpload": {"Parts": parts}, "ChecksumType": "FULL_OBJECT"}
        refused(["BadDigest"], s3.complete_multipart_upload, **complete, **{field(name): summed(name, b"other")})
        answer = s3.complete_multipart_upload(Bucket=BUCKET, **complete, **{field(name): summed(name, whole)}, MpuObjectSize=len(whole))
        assert (answer[field(name)], answer["ChecksumType"]) == (summed(name, whole), "FULL_OBJECT"), answer
        seen_everywhere(key, name, summed(name, whole), "FULL_OBJECT")

    for_each(WHOLE, one)
    for name in ("SHA1", "SHA256"):
        refused(["InvalidRequest"], s3.create_multipart_upload, Key="never", ChecksumAlgorithm=name, ChecksumType="FULL_OBJECT")
    refused(["InvalidRequest"], s3.create_multipart_upload, Key="never", ChecksumAlgorithm="CRC64NVME", ChecksumType="COMPOSITE")


def parts_without_a_checksum():
    """A composite upload needs one in every part; one over the whole object does without (the SDK adds none when told so)."""
    plain = boto3.client("s3", endpoint_url=h.ENDPOINT, region_name=h.REGION, config=Config(s3={"addressing_style": "path"}, request_checksum_calculation="when_required"))
    for name in ("SHA256", "CRC32C"):
        identity = plain.create_multipart_upload(Bucket=BUCKET, Key="bare", ChecksumAlgorithm=name)["UploadId"]
        try:
            plain.upload_part(Bucket=BUCKET, Key="bare", UploadId=identity, PartNumber=1, Body=b"x")
        except ClientError as error:
            assert error.response["Error"]["Code"] == "InvalidRequest" and "Checksum Type mismatch" in str(error), error
        else:
            raise AssertionError(f"{name}: a part without a checksum was accepted")
        finally:
            plain.abort_multipart_upload(Bucket=BUCKET, Key="bare", UploadId=identity)
    identity = plain.create_multipart_upload(Bucket=BUCKET, Key="bare", ChecksumAlgorithm="CRC64NVME")["UploadId"]
    tag = plain.upload_part(Bucket=BUCKET, Key="bare", UploadId=identity, PartNumber=1, Body=b"whole")["ETag"]
    plain.complete_multipart_upload(Bucket=BUCKET, Key="bare", UploadId=identity, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": tag}]})
    seen_everywhere("bare", "CRC64NVME", summed("CRC64NVME", b"whole"), "FULL_OBJECT")


def in_copies():
    body = os.urandom(6 * h.MIB)
    s3.put_object(Bucket=BUCKET, Key="from", Body=body, ChecksumAlgorithm="CRC32")
    source = {"Bucket": BUCKET, "Key": "from"}

    def one(name):
        answer = s3.copy_object(Bucket=BUCKET, Key=f"copy/{name}", CopySource=source, ChecksumAlgorithm=name)["CopyObjectResult"]
        assert answer[field(name)] == summed(name, body), answer
        seen_everywhere(f"copy/{name}", name, summed(name, body), "FULL_OBJECT")
        identity = s3.create_multipart_upload(Bucket=BUCKET, Key=f"part copy/{name}", ChecksumAlgorithm=name)["UploadId"]
        part = s3.upload_part_copy(Bucket=BUCKET, Key=f"part copy/{name}", UploadId=identity, PartNumber=1, CopySource=source, CopySourceRange=f"bytes=1-{5 * h.MIB}")["CopyPartResult"]
        piece = body[1 : 5 * h.MIB + 1]
        assert part[field(name)] == summed(name, piece), part
        done = s3.complete_multipart_upload(Bucket=BUCKET, Key=f"part copy/{name}", UploadId=identity, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"], field(name): part[field(name)]}]})
        assert done[field(name)] == (summed(name, piece) if done["ChecksumType"] == "FULL_OBJECT" else composite(name, [piece])), done

    for_each(DIGESTS, one)
    # Without an algorithm the copy keeps its source's.
    s3.copy_object(Bucket=BUCKET, Key="kept", CopySource=source)
    seen_everywhere("kept", "CRC32", summed("CRC32", body), "FULL_OBJECT")


def by_the_transfer_manager():
    body = b"".join(PARTS)
    settings = TransferConfig(multipart_threshold=5 * h.MIB, multipart_chunksize=5 * h.MIB, max_concurrency=4)

    def one(name):
        s3.upload_fileobj(io.BytesIO(body), BUCKET, f"transfer/{name}", Config=settings, ExtraArgs={"ChecksumAlgorithm": name})
        back = io.BytesIO()
        s3.download_fileobj(BUCKET, f"transfer/{name}", back, Config=settings, ExtraArgs={"ChecksumMode": "ENABLED"})
        assert back.getvalue() == body
        assert field(name) in head(f"transfer/{name}")

    for_each(BY_SDK, one)


def clean():
    h.remove_bucket(BUCKET)


h.run(LABEL, f"boto3 {boto3.__version__}, botocore {botocore.__version__}, awscrt {version('awscrt')}", [
    bucket, in_a_header, by_the_sdk_alone, in_a_trailer, in_parts_and_completion, whole_object_over_parts, parts_without_a_checksum, in_copies,
    by_the_transfer_manager, clean,
])
