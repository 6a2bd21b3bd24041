"""s3fs (aiobotocore), alone and under pandas. In a Python environment of its own: it needs an older botocore than boto3 does."""

import os
from importlib.metadata import version

import pandas as pd
import s3fs

import harness as h

LABEL = "s3fs"
BUCKET = h.bucket(LABEL)
OPTIONS = {"key": h.ACCESS_KEY, "secret": h.SECRET_KEY, "endpoint_url": h.ENDPOINT, "client_kwargs": {"region_name": h.REGION}, "config_kwargs": {"signature_version": "s3v4"}}
fs = s3fs.S3FileSystem(**OPTIONS, use_listings_cache=False)


def bucket():
    fs.mkdir(BUCKET)
    assert fs.exists(BUCKET) and not fs.exists(BUCKET + "-none")


def pandas_round_trip():
    frame = pd.DataFrame({"n": range(50_000), "text": [f"ä,\"{i}\"\n" for i in range(50_000)]})
    where = f"s3://{BUCKET}/pandas/all +%.csv.gz"
    frame.to_csv(where, index=False, storage_options=OPTIONS)
    pd.testing.assert_frame_equal(pd.read_csv(where, storage_options=OPTIONS), frame)
    where = f"s3://{BUCKET}/pandas/lines.json"
    frame.to_json(where, orient="records", lines=True, storage_options=OPTIONS)
    chunks = list(pd.read_json(where, orient="records", lines=True, chunksize=7_000, storage_options=OPTIONS))
    assert len(chunks) == 8 and sum(len(chunk) for chunk in chunks) == 50_000
    frame.to_pickle(f"s3://{BUCKET}/pandas/p", storage_options=OPTIONS)
    pd.testing.assert_frame_equal(pd.read_pickle(f"s3://{BUCKET}/pandas/p", storage_options=OPTIONS), frame)


def create_in_a_race():
    for turn in range(3):
        answers = h.race(8, lambda number: fs.pipe_file(f"{BUCKET}/race/{turn}", f"{number}".encode(), mode="create"))
        winner = h.only_winner(answers, lambda error: isinstance(error, FileExistsError))
        assert fs.cat_file(f"{BUCKET}/race/{turn}") == f"{winner}".encode()
    body = os.urandom(11 * h.MIB)
    # In parts: the completion carries If-None-Match.
    fs.pipe_file(f"{BUCKET}/race/large", body, mode="create", chunksize=5 * h.MIB)
    h.raises("FileExistsError", fs.pipe_file, f"{BUCKET}/race/large", body, mode="create", chunksize=5 * h.MIB)
    assert fs.cat_file(f"{BUCKET}/race/large") == body


def parts_append_and_ranges():
    body = os.urandom(23 * h.MIB + 3)
    path = f"{BUCKET}/large"
    with fs.open(path, "wb", block_size=5 * h.MIB, ContentType="x/y", Metadata={"colour": "blue"}) as out:
        for start in range(0, len(body), 3 * h.MIB + 1):
            out.write(body[start : start + 3 * h.MIB + 1])
    assert fs.cat_file(path) == body
    # A large file is appended to by UploadPartCopy of what is there, a small one by reading it.
    with fs.open(path, "ab", block_size=5 * h.MIB) as out:
        out.write(b"appended" * h.MIB)
    assert fs.cat_file(path) == body + b"appended" * h.MIB
    assert fs.metadata(path)["colour"] == "blue"
    with fs.open(f"{BUCKET}/small", "wb") as out:
        out.write(b"one")
    with fs.open(f"{BUCKET}/small", "ab") as out:
        out.write(b" two")
    assert fs.cat_file(f"{BUCKET}/small") == b"one two"
    starts = [0, 5 * h.MIB - 2, 20 * h.MIB]
    assert fs.cat_ranges([path] * 3, starts, [start + 100 for start in starts]) == [body[start : start + 100] for start in starts]
    assert fs.tail(path, 8) == b"appended"
    with fs.open(path, "rb", cache_type="readahead") as file:
        file.seek(10 * h.MIB)
        assert file.read(1000) == body[10 * h.MIB : 10 * h.MIB + 1000]


def a_write_given_up_leaves_nothing():
    try:
        with fs.transaction:
            with fs.open(f"{BUCKET}/given up", "wb", block_size=5 * h.MIB) as out:
                out.write(os.urandom(12 * h.MIB))
            raise KeyError("given up")
    except KeyError:
        pass
    assert not fs.exists(f"{BUCKET}/given up")
    assert fs.list_multipart_uploads(BUCKET) == []


def copy_move_and_metadata():
    fs.pipe_file(f"{BUCKET}/from", b"content", ContentType="x/one")
    fs.copy(f"{BUCKET}/from", f"{BUCKET}/to +%")
    assert fs.cat_file(f"{BUCKET}/to +%") == b"content" and fs.info(f"{BUCKET}/to +%")["ContentType"] == "x/one"
    fs.setxattr(f"{BUCKET}/to +%", copy_kwargs={"ContentType": "x/two"}, colour="blue")
    assert fs.info(f"{BUCKET}/to +%")["ContentType"] == "x/two" and fs.getxattr(f"{BUCKET}/to +%", "colour") == "blue"
    fs.mv(f"{BUCKET}/to +%", f"{BUCKET}/moved")
    assert fs.exists(f"{BUCKET}/moved") and not fs.exists(f"{BUCKET}/to +%")
    fs.copy(f"{BUCKET}/large", f"{BUCKET}/large copy")
    assert fs.checksum(f"{BUCKET}/large copy") and fs.size(f"{BUCKET}/large copy") == fs.size(f"{BUCKET}/large")


def odd_keys_walk_and_bulk_delete():
    for key in h.ODD_KEYS:
        fs.pipe_file(f"{BUCKET}/odd/{key}", key.encode())
        assert fs.cat_file(f"{BUCKET}/odd/{key}") == key.encode(), key
    assert sorted(fs.find(f"{BUCKET}/odd")) == sorted(f"{BUCKET}/odd/{key}" for key in h.ODD_KEYS)
    top = fs.ls(f"{BUCKET}/odd", detail=True)
    assert sorted(entry["name"] for entry in top if entry["type"] == "directory") == sorted({f"{BUCKET}/odd/{key.split('/')[0]}" for key in h.ODD_KEYS if "/" in key})
    assert fs.du(f"{BUCKET}/odd") == sum(len(key.encode()) for key in h.ODD_KEYS)
    fs.pipe({f"{BUCKET}/odd/many/{number}": b"x" for number in range(1100)})
    assert len(fs.glob(f"{BUCKET}/odd/many/1*")) == 211
    fs.rm(f"{BUCKET}/odd", recursive=True)
    assert fs.find(f"{BUCKET}/odd") == []


def signed_url():
    assert h.fetch(fs.sign(f"{BUCKET}/from", expiration=60)) == (200, b"content")


def errors_by_name():
    h.raises("FileNotFoundError", fs.cat_file, f"{BUCKET}/nothing")
    h.raises("FileNotFoundError", fs.ls, BUCKET + "-none")
    wrong = s3fs.S3FileSystem(**{**OPTIONS, "secret": "wrong"})
    h.raises("PermissionError", wrong.ls, BUCKET)


def clean():
    fs.rm(BUCKET, recursive=True)
    assert not fs.exists(BUCKET)


h.run(LABEL, f"s3fs {version('s3fs')}, aiobotocore {version('aiobotocore')}, pandas {pd.__version__}", [
    bucket, pandas_round_trip, create_in_a_race, parts_append_and_ranges, a_write_given_up_leaves_nothing, copy_move_and_metadata,
    odd_keys_walk_and_bulk_delete, signed_url, errors_by_name, clean,
])
