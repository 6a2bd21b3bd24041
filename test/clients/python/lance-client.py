"""Lance (pylance): versions are manifests that are made with If-None-Match."""

import os
from datetime import timedelta
from importlib.metadata import version

import lance
import pyarrow as pa

import harness as h

LABEL = "lance"
BUCKET = h.bucket(LABEL)
OPTIONS = {
    "aws_access_key_id": h.ACCESS_KEY, "aws_secret_access_key": h.SECRET_KEY, "aws_endpoint": h.ENDPOINT, "aws_region": h.REGION, "allow_http": "true",
}
SET = f"s3://{BUCKET}/sets/one.lance"


def rows(writer, count):
    return pa.table({"writer": pa.array([writer] * count), "n": pa.array(range(count), pa.int64())})


def opened(**more):
    return lance.dataset(SET, storage_options=OPTIONS, **more)


def write_and_read():
    h.make_bucket(BUCKET)
    lance.write_dataset(rows("first", 1000), SET, storage_options=OPTIONS)
    assert opened().count_rows() == 1000
    assert opened().take([1, 999], columns=["n"])["n"].to_pylist() == [1, 999]
    assert opened().to_table(filter="n >= 990", columns=["n"])["n"].to_pylist() == list(range(990, 1000))


def concurrent_appends_lose_nothing():
    def append(number):
        for _ in range(3):
            lance.write_dataset(rows(f"writer {number}", 10), SET, mode="append", storage_options=OPTIONS)

    answers = h.race(4, append)
    assert answers == [None] * 4, answers
    table = opened()
    assert table.version == 13, table.version
    assert table.count_rows() == 1000 + 4 * 3 * 10
    assert [entry["version"] for entry in table.versions()] == list(range(1, 14))


def update_delete_and_time_travel():
    table = opened()
    table.update({"n": "n + 5000"}, where="writer = 'writer 1'")
    opened().delete("writer = 'writer 2'")
    assert opened().count_rows() == 1000 + 90
    assert opened().count_rows("n >= 5000") == 30
    assert opened(version=1).count_rows() == 1000


def merge_insert_index_compact_cleanup():
    opened().merge_insert("n").when_not_matched_insert_all().execute(pa.table({"writer": ["m"], "n": pa.array([77_777], pa.int64())}))
    opened().create_scalar_index("n", "BTREE")
    assert opened().count_rows("n = 77777") == 1
    opened().optimize.compact_files()
    opened().cleanup_old_versions(older_than=timedelta(0))
    assert opened().count_rows() == 1091 and opened().count_rows("n = 77777") == 1


def large_in_parts():
    where = f"s3://{BUCKET}/sets/large.lance"
    body = pa.table({"b": pa.array([os.urandom(1000) for _ in range(30_000)], pa.binary())})
    lance.write_dataset(body, where, storage_options=OPTIONS)
    assert lance.dataset(where, storage_options=OPTIONS).to_table().equals(body)
    assert h.uploads(BUCKET) == []


def clean():
    h.remove_bucket(BUCKET)


h.run(LABEL, f"pylance {version('pylance')}", [write_and_read, concurrent_appends_lose_nothing, update_delete_and_time_travel, merge_insert_index_compact_cleanup, large_in_parts, clean])
