"""Apache OpenDAL's S3 service."""

import os
from importlib.metadata import version

import opendal

import harness as h

LABEL = "opendal"
BUCKET = h.bucket(LABEL)


def operator(**more):
    return opendal.Operator(
        "s3", bucket=BUCKET, endpoint=h.ENDPOINT, region=h.REGION, access_key_id=h.ACCESS_KEY, secret_access_key=h.SECRET_KEY,
        disable_config_load="true", disable_ec2_metadata="true", **more,
    )


op = operator()


def write_read_stat():
    h.make_bucket(BUCKET)
    for size in (0, 1, 65_536, h.MIB + 1, 4 * h.MIB):
        body = os.urandom(size)
        op.write("sized", body, content_type="x/y", cache_control="no-cache", user_metadata={"colour": "blue"})
        assert bytes(op.read("sized")) == body
        stat = op.stat("sized")
        assert (stat.content_length, stat.content_type) == (size, "x/y"), (stat.content_length, stat.content_type)
    h.raises("NotFound", op.stat, "nothing")


def create_in_a_race():
    for turn in range(4):
        answers = h.race(16, lambda number: op.write(f"race/{turn}", f"{number}".encode(), if_not_exists=True))
        winner = h.only_winner(answers, lambda error: type(error).__name__ == "ConditionNotMatch")
        assert bytes(op.read(f"race/{turn}")) == f"{winner}".encode()


def parts_at_once():
    body = os.urandom(37 * h.MIB + 3)
    op.write("large", body, chunk=5 * h.MIB, concurrent=6)
    assert op.stat("large").etag.endswith('-8"'), op.stat("large").etag
    assert bytes(op.read("large")) == body
    assert bytes(op.read("large", chunk=3 * h.MIB, concurrent=4)) == body
    assert bytes(op.read("large", offset=5 * h.MIB - 2, size=5)) == body[5 * h.MIB - 2 : 5 * h.MIB + 3]
    with op.open("streamed", "wb", chunk=5 * h.MIB) as out:
        for start in range(0, len(body), 4 * h.MIB + 1):
            out.write(body[start : start + 4 * h.MIB + 1])
    with op.open("streamed", "rb") as file:
        assert file.read() == body
        file.seek(-9, 2)
        assert file.read() == body[-9:]
    assert h.uploads(BUCKET) == []


def crc32c_in_every_request():
    careful = operator(checksum_algorithm="crc32c")
    body = os.urandom(11 * h.MIB)
    careful.write("small sum", b"x")
    careful.write("summed", body, chunk=5 * h.MIB, concurrent=3)
    assert bytes(op.read("summed")) == body
    assert "ChecksumCRC32C" in h.sdk().head_object(Bucket=BUCKET, Key="small sum", ChecksumMode="ENABLED")
    assert h.sdk().head_object(Bucket=BUCKET, Key="summed", ChecksumMode="ENABLED")["ChecksumCRC32C"].endswith("-3")


def conditional_reads():
    op.write("conditional", b"one")
    tag = op.stat("conditional").etag
    assert bytes(op.read("conditional", if_match=tag)) == b"one"
    h.raises("ConditionNotMatch", op.read, "conditional", if_match='"0"')
    h.raises("ConditionNotMatch", op.read, "conditional", if_none_match=tag)


def odd_keys_and_listings():
    for key in h.ODD_KEYS:
        op.write(f"odd/{key}", key.encode())
        assert bytes(op.read(f"odd/{key}")) == key.encode(), key
    files = sorted(entry.path for entry in op.scan("odd/") if not entry.path.endswith("/"))
    assert files == sorted(f"odd/{key}" for key in h.ODD_KEYS), files
    flat = {entry.path for entry in op.list("odd/")} - {"odd/"}
    assert flat == {f"odd/{key.split('/')[0]}" + ("/" if "/" in key else "") for key in h.ODD_KEYS}, flat
    op.copy("odd/sp ace", "odd/copy +%")
    assert bytes(op.read("odd/copy +%")) == b"sp ace"
    op.remove_all("odd/")
    assert [entry.path for entry in op.scan("odd/")] == []


def directories():
    op.create_dir("dir/sub/")
    assert op.stat("dir/sub/").mode.is_dir()
    assert op.exists("dir/sub/") and not op.exists("dir/none")
    op.delete("dir/sub/")
    op.delete("dir/sub/")  # not an error


def clean():
    h.remove_bucket(BUCKET)


h.run(LABEL, f"opendal {version('opendal')}", [
    write_read_stat, create_in_a_race, parts_at_once, crc32c_in_every_request, conditional_reads, odd_keys_and_listings, directories, clean,
])
