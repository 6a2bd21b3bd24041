"""minio-py. No region is set: it asks for the bucket's location."""

import io
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from importlib.metadata import version

from minio import Minio
from minio.commonconfig import REPLACE, ComposeSource, CopySource
from minio.deleteobjects import DeleteObject
from minio.error import S3Error

import harness as h

LABEL = "minio-py"
BUCKET = h.bucket(LABEL)
client = Minio(h.ENDPOINT.removeprefix("http://"), access_key=h.ACCESS_KEY, secret_key=h.SECRET_KEY, secure=False)


def get(key, **more):
    answer = client.get_object(BUCKET, key, **more)
    try:
        return answer.read()
    finally:
        answer.close()
        answer.release_conn()


def put(key, body, **more):
    return client.put_object(BUCKET, key, io.BytesIO(body), len(body), **more)


class Pipe(io.RawIOBase):
    """A stream of `size` bytes that tells no length and cannot seek."""

    def __init__(self, body):
        self.left = io.BytesIO(body)

    def read(self, size=-1):
        return self.left.read(size)


def bucket():
    client.make_bucket(BUCKET)
    assert client.bucket_exists(BUCKET) and not client.bucket_exists(BUCKET + "-none")
    assert BUCKET in [found.name for found in client.list_buckets()]


def put_get_stat():
    for size in (0, 1, 65_536, h.MIB + 1, 4 * h.MIB):
        body = os.urandom(size)
        put("sized", body, content_type="x/y", metadata={"colour": "blue", "Cache-Control": "no-cache"})
        assert get("sized") == body
        stat = client.stat_object(BUCKET, "sized")
        assert (stat.size, stat.content_type, stat.metadata["x-amz-meta-colour"]) == (size, "x/y", "blue"), stat.metadata
    try:
        client.stat_object(BUCKET, "nothing")
    except S3Error as error:
        assert error.code == "NoSuchKey", error
    else:
        raise AssertionError("stat of nothing")


def parts_of_a_pipe():
    body = os.urandom(33 * h.MIB + 3)
    client.put_object(BUCKET, "piped", Pipe(body), -1, part_size=5 * h.MIB, num_parallel_uploads=3)
    assert get("piped") == body
    assert get("piped", offset=5 * h.MIB - 2, length=5) == body[5 * h.MIB - 2 : 5 * h.MIB + 3]
    assert client.stat_object(BUCKET, "piped").etag.endswith("-7")
    path = os.path.join(h.WORK, "piped")
    client.fget_object(BUCKET, "piped", path)
    client.fput_object(BUCKET, "from a file", path, part_size=8 * h.MIB)
    assert get("from a file") == body
    assert h.uploads(BUCKET) == []


def compose_of_ranges():
    first, second = os.urandom(6 * h.MIB), os.urandom(7 * h.MIB)
    put("source +1", first)
    put("source/2", second)
    client.compose_object(BUCKET, "composed", [
        ComposeSource(BUCKET, "source +1", offset=1, length=5 * h.MIB + 1), ComposeSource(BUCKET, "source/2"), ComposeSource(BUCKET, "source +1", offset=9),
    ])
    assert get("composed") == first[1 : 5 * h.MIB + 2] + second + first[9:]


def copies():
    tag = put("copied from", b"source", metadata={"a": "1"}).etag
    client.copy_object(BUCKET, "copied", CopySource(BUCKET, "copied from"))
    assert client.stat_object(BUCKET, "copied").metadata["x-amz-meta-a"] == "1"
    client.copy_object(BUCKET, "copied", CopySource(BUCKET, "copied from"), metadata={"b": "2"}, metadata_directive=REPLACE)
    assert "x-amz-meta-a" not in client.stat_object(BUCKET, "copied").metadata
    client.copy_object(BUCKET, "copied", CopySource(BUCKET, "copied from", match_etag=tag))
    h.raises("PreconditionFailed", client.copy_object, BUCKET, "copied", CopySource(BUCKET, "copied from", not_match_etag=tag))
    assert get("copied") == b"source"


def odd_keys_listings_and_bulk_delete():
    for key in h.ODD_KEYS:
        put(f"odd/{key}", key.encode())
        assert get(f"odd/{key}") == key.encode(), key
    found = [entry.object_name for entry in client.list_objects(BUCKET, "odd/", recursive=True)]
    assert found == sorted((f"odd/{key}" for key in h.ODD_KEYS), key=lambda name: name.encode()), found
    flat = {entry.object_name: entry.is_dir for entry in client.list_objects(BUCKET, "odd/")}
    assert flat == {f"odd/{key.split('/')[0]}" + ("/" if "/" in key else ""): "/" in key for key in h.ODD_KEYS}, flat
    old = [entry.object_name for entry in client.list_objects(BUCKET, "odd/", recursive=True, use_api_v1=True, include_version=False)]
    assert old == found
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: put(f"odd/many/{number}", b""), range(1100)))
    names = [DeleteObject(entry.object_name) for entry in client.list_objects(BUCKET, "odd/", recursive=True)]
    assert len(names) == 1100 + len(h.ODD_KEYS)
    assert list(client.remove_objects(BUCKET, names)) == []
    assert list(client.list_objects(BUCKET, "odd/", recursive=True)) == []


def presigned():
    url = client.presigned_put_object(BUCKET, "pre signed+1", expires=timedelta(seconds=60))
    assert h.fetch(url, "PUT", b"by url")[0] == 200
    url = client.presigned_get_object(BUCKET, "pre signed+1", expires=timedelta(seconds=60), response_headers={"response-content-type": "a/b"})
    assert h.fetch(url) == (200, b"by url")
    assert h.fetch(url.replace("a%2Fb", "a%2Fc"))[0] == 403


def refused_upload_says_why():
    body = os.urandom(5 * h.MIB)
    for _ in range(4):
        h.raises("NoSuchBucket", client.put_object, BUCKET + "-none", "x", io.BytesIO(body), len(body))


def clean():
    h.remove_bucket(BUCKET)
    assert not client.bucket_exists(BUCKET)


h.run(LABEL, f"minio {version('minio')}", [
    bucket, put_get_stat, parts_of_a_pipe, compose_of_ranges, copies, odd_keys_listings_and_bulk_delete, presigned, refused_upload_says_why, clean,
])
