"""obstore: Rust's object_store, as delta-rs, Polars, DataFusion and many more use it."""

import asyncio
import os
from datetime import timedelta
from importlib.metadata import version

import obstore
from obstore.exceptions import AlreadyExistsError, NotModifiedError, PreconditionError
from obstore.store import S3Store

import harness as h

LABEL = "obstore"
BUCKET = h.bucket(LABEL)


def store(**more):
    return S3Store(
        BUCKET, endpoint=h.ENDPOINT, region=h.REGION, access_key_id=h.ACCESS_KEY, secret_access_key=h.SECRET_KEY,
        client_options={"allow_http": True}, virtual_hosted_style_request=False, **more,
    )


s3 = store()


def get(path, **more):
    return bytes(obstore.get(s3, path, **more).bytes())


def put_get_head():
    h.make_bucket(BUCKET)
    for size in (0, 1, 65_536, h.MIB + 1, 4 * h.MIB):
        body = os.urandom(size)
        answer = obstore.put(s3, "sized", body, attributes={"Content-Type": "x/y", "colour": "blue"}, use_multipart=False)
        assert get("sized") == body
        head = obstore.head(s3, "sized")
        assert (head["size"], head["e_tag"]) == (size, answer["e_tag"])
    assert obstore.get(s3, "sized").attributes["Content-Type"] == "x/y"
    h.raises("NotFoundError", obstore.head, s3, "nothing")


def create_in_a_race():
    for turn in range(4):
        answers = h.race(16, lambda number: obstore.put(s3, f"race/{turn}", f"{number}".encode(), mode="create", use_multipart=False))
        winner = h.only_winner(answers, lambda error: isinstance(error, AlreadyExistsError))
        assert get(f"race/{turn}") == f"{winner}".encode()


def compare_and_swap_counter():
    obstore.put(s3, "counter", b"0")
    tries = []

    def count(_):
        done = 0
        while done < 5:
            now = obstore.get(s3, "counter")
            value = int(bytes(now.bytes()))
            tries.append(value)
            try:
                obstore.put(s3, "counter", str(value + 1).encode(), mode={"e_tag": now.meta["e_tag"]}, use_multipart=False)
                done += 1
            except PreconditionError:
                pass
        return done

    answers = h.race(8, count)
    assert answers == [5] * 8, answers
    assert get("counter") == b"40", get("counter")
    assert len(tries) > 40, "nobody lost a round: the race is none"


def copy_if_not_exists_in_a_race():
    # A multipart upload of one copied part, whose completion carries If-None-Match.
    careful = store(copy_if_not_exists="multipart")
    for number in range(6):
        obstore.put(s3, f"from/{number}", f"from {number}".encode())
    answers = h.race(6, lambda number: obstore.copy(careful, f"from/{number}", "to", overwrite=False))
    winner = h.only_winner(answers, lambda error: isinstance(error, AlreadyExistsError))
    assert get("to") == f"from {winner}".encode()
    assert h.uploads(BUCKET) == []
    obstore.copy(s3, "from/0", "to")
    assert get("to") == b"from 0"
    obstore.rename(s3, "to", "renamed")
    assert get("renamed") == b"from 0"
    h.raises("NotFoundError", obstore.head, s3, "to")


def multipart_and_ranges():
    body = os.urandom(43 * h.MIB + 5)
    obstore.put(s3, "large", body, chunk_size=5 * h.MIB, max_concurrency=8)
    assert obstore.head(s3, "large")["e_tag"].endswith('-9"')
    assert get("large") == body
    assert get("large", options={"range": (5 * h.MIB - 2, 5 * h.MIB + 3)}) == body[5 * h.MIB - 2 : 5 * h.MIB + 3]
    assert get("large", options={"range": {"suffix": 77}}) == body[-77:]
    assert get("large", options={"range": {"offset": 40 * h.MIB}}) == body[40 * h.MIB :]
    starts = [number * 3 * h.MIB for number in range(14)]
    parts = obstore.get_ranges(s3, "large", starts=starts, lengths=[1000] * 14)
    assert [bytes(part) for part in parts] == [body[start : start + 1000] for start in starts]
    with obstore.open_writer(s3, "written", buffer_size=5 * h.MIB, max_concurrency=3) as out:
        for start in range(0, len(body), 1_234_567):
            out.write(body[start : start + 1_234_567])
    assert get("written") == body
    assert bytes(obstore.open_reader(s3, "written").readall()) == body


def upload_given_up():
    def pieces():
        yield os.urandom(6 * h.MIB)
        yield os.urandom(6 * h.MIB)
        raise RuntimeError("given up")

    h.raises("given up", obstore.put, s3, "given up", pieces(), chunk_size=5 * h.MIB)
    h.raises("NotFoundError", obstore.head, s3, "given up")


def sha256_in_every_request():
    careful = store(checksum_algorithm="SHA256")
    body = os.urandom(12 * h.MIB)
    obstore.put(careful, "summed", body, chunk_size=5 * h.MIB)
    assert get("summed") == body
    head = h.sdk().head_object(Bucket=BUCKET, Key="summed", ChecksumMode="ENABLED")
    assert head["ChecksumSHA256"].endswith("-3") and head["ChecksumType"] == "COMPOSITE", head
    obstore.put(careful, "small", b"x", use_multipart=False)
    assert "ChecksumSHA256" in h.sdk().head_object(Bucket=BUCKET, Key="small", ChecksumMode="ENABLED")


def unsigned_payload():
    hasty = store(unsigned_payload=True)
    body = os.urandom(7 * h.MIB)
    obstore.put(hasty, "unsigned", body, chunk_size=5 * h.MIB)
    assert get("unsigned") == body


def conditional_reads():
    tag = obstore.put(s3, "conditional", b"one")["e_tag"]
    modified = obstore.head(s3, "conditional")["last_modified"]
    assert get("conditional", options={"if_match": tag}) == b"one"
    for options, error in (
        ({"if_match": '"0"'}, PreconditionError), ({"if_none_match": tag}, NotModifiedError),
        ({"if_modified_since": modified}, NotModifiedError), ({"if_unmodified_since": modified - timedelta(days=1)}, PreconditionError),
    ):
        h.raises(error.__name__, get, "conditional", options=options)


def odd_keys_and_listings():
    # object_store writes some characters of a path percent-encoded: what it lists must be what it was given.
    for key in h.ODD_KEYS:
        obstore.put(s3, f"odd/{key}", key.encode())
    found = sorted(entry["path"] for page in obstore.list(s3, "odd", chunk_size=7) for entry in page)
    assert found == sorted(f"odd/{key}" for key in h.ODD_KEYS), found
    for key in h.ODD_KEYS:
        assert get(f"odd/{key}") == key.encode(), key
    flat = obstore.list_with_delimiter(s3, "odd")
    assert sorted(flat["common_prefixes"]) == sorted({f"odd/{key.split('/')[0]}" for key in h.ODD_KEYS if "/" in key}), flat["common_prefixes"]
    assert sorted(entry["path"] for entry in flat["objects"]) == sorted(f"odd/{key}" for key in h.ODD_KEYS if "/" not in key)
    after = [entry["path"] for page in obstore.list(s3, "odd", offset="odd/sp ace") for entry in page]
    assert sorted(after) == sorted(f"odd/{key}" for key in h.ODD_KEYS if f"odd/{key}".encode() > b"odd/sp ace")


def many_at_once_and_bulk_delete():
    async def work():
        await asyncio.gather(*(obstore.put_async(s3, f"many/{number:04d}", b"x") for number in range(1100)))

    asyncio.run(work())
    names = [entry["path"] for page in obstore.list(s3, "many") for entry in page]
    assert names == [f"many/{number:04d}" for number in range(1100)]
    obstore.delete(s3, names)
    assert [page for page in obstore.list(s3, "many")] == []


def signed_urls():
    put, got = (obstore.sign(s3, method, "signed +1", timedelta(seconds=60)) for method in ("PUT", "GET"))
    assert h.fetch(put, "PUT", b"by url")[0] == 200
    assert h.fetch(got) == (200, b"by url")
    assert h.fetch(got, headers={"Range": "bytes=3-"}) == (206, b"url")
    assert h.fetch(got, "DELETE")[0] == 403


def clean():
    h.remove_bucket(BUCKET)


h.run(LABEL, f"obstore {version('obstore')}", [
    put_get_head, create_in_a_race, compare_and_swap_counter, copy_if_not_exists_in_a_race, multipart_and_ranges, upload_given_up,
    sha256_in_every_request, unsigned_payload, conditional_reads, odd_keys_and_listings, many_at_once_and_bulk_delete, signed_urls, clean,
])
