"""delta-rs: a table's log is a file for each version, made with If-None-Match."""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

import harness as h

LABEL = "deltalake"
BUCKET = h.bucket(LABEL)
OPTIONS = {
    "AWS_ENDPOINT_URL": h.ENDPOINT, "AWS_ACCESS_KEY_ID": h.ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": h.SECRET_KEY, "AWS_REGION": h.REGION,
    "AWS_ALLOW_HTTP": "true", "AWS_CONDITIONAL_PUT": "etag",
}
TABLE = f"s3://{BUCKET}/tables/one"


def rows(writer, first, count):
    return pa.table({"writer": pa.array([writer] * count, pa.string()), "n": pa.array(range(first, first + count), pa.int64())})


def opened(where=TABLE):
    return DeltaTable(where, storage_options=OPTIONS)


def numbers(table):
    return sorted((row["writer"], row["n"]) for row in pa.table(table.to_pyarrow_table()).to_pylist())


def append(arguments):
    where, writer, commits = arguments
    for commit in range(commits):
        write_deltalake(where, rows(writer, commit * 10, 10), mode="append", storage_options=OPTIONS)
    return commits


def make_and_read():
    h.make_bucket(BUCKET)
    write_deltalake(TABLE, rows("first", 0, 10), storage_options=OPTIONS, partition_by=["writer"])
    assert numbers(opened()) == [("first", n) for n in range(10)]
    assert DeltaTable.is_deltatable(TABLE, storage_options=OPTIONS) and not DeltaTable.is_deltatable(TABLE + "-none", storage_options=OPTIONS)


def two_writers_lose_no_commit():
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        assert list(pool.map(append, [(TABLE, "a +%", 8), (TABLE, "b/ä", 8)])) == [8, 8]
    table = opened()
    assert table.version() == 16, table.version()
    assert numbers(table) == sorted([("first", n) for n in range(10)] + [(w, n) for w in ("a +%", "b/ä") for n in range(80)])
    assert sorted(entry["version"] for entry in table.history()) == list(range(17))
    log = {f"tables/one/_delta_log/{number:020d}.json" for number in range(17)}
    listed = h.sdk().list_objects_v2(Bucket=BUCKET, Prefix="tables/one/_delta_log/0")["Contents"]
    assert log <= {entry["Key"] for entry in listed}


def a_version_for_each_creator_that_won():
    # delta-rs lets a second creator win now and then, whose commit is then version 1 (findings/deltalake-create-race.sh).
    where = f"s3://{BUCKET}/tables/two"
    answers = h.race(6, lambda number: write_deltalake(where, rows(f"w{number}", 0, 3), mode="error", storage_options=OPTIONS))
    winners = [number for number, answer in enumerate(answers) if answer is None]
    assert winners, answers
    assert opened(where).version() == len(winners) - 1
    assert numbers(opened(where)) == [(f"w{number}", n) for number in winners for n in range(3)]


def conflicting_deletes_are_told():
    where = f"s3://{BUCKET}/tables/three"
    write_deltalake(where, rows("x", 0, 100), storage_options=OPTIONS)
    tables = [opened(where) for _ in range(2)]
    tables[0].delete("n < 50")
    h.raises("CommitFailedError", tables[1].delete, "n < 60")
    assert [n for _, n in numbers(opened(where))] == list(range(50, 100))


def merge_update_and_time_travel():
    table = opened()
    before = table.version()
    table.merge(rows("first", 5, 10), predicate="s.writer = t.writer and s.n = t.n", source_alias="s", target_alias="t").when_matched_update({"n": "t.n + 1000"}).when_not_matched_insert_all().execute()
    first = [n for writer, n in numbers(opened()) if writer == "first"]
    assert first == [*range(5), *range(10, 15), *range(1005, 1010)], first
    old = DeltaTable(TABLE, version=0, storage_options=OPTIONS)
    assert numbers(old) == [("first", n) for n in range(10)]
    table.restore(before)
    assert [n for writer, n in numbers(opened()) if writer == "first"] == list(range(10))


def checkpoint_optimize_vacuum():
    table = opened()
    before = numbers(table)
    table.create_checkpoint()
    table.optimize.compact()
    assert len(opened().file_uris()) == 3
    gone = opened().vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False)
    assert len(gone) >= 16, gone
    assert numbers(opened()) == before
    left = [entry["Key"] for entry in h.sdk().list_objects_v2(Bucket=BUCKET, Prefix="tables/one/")["Contents"] if entry["Key"].endswith(".parquet") and "_delta_log" not in entry["Key"]]
    assert len(left) == 3, left


def large_commit_in_parts():
    where = f"s3://{BUCKET}/tables/large"
    body = pa.table({"b": pa.array([os.urandom(1000) for _ in range(40_000)])})
    write_deltalake(where, body, storage_options=OPTIONS, target_file_size=100 * h.MIB)
    assert pa.table(opened(where).to_pyarrow_table()).sort_by("b").equals(body.sort_by("b"))
    assert h.uploads(BUCKET) == []


def clean():
    h.remove_bucket(BUCKET)


if __name__ == "__main__":
    h.run(LABEL, f"deltalake {version('deltalake')}", [
        make_and_read, two_writers_lose_no_commit, a_version_for_each_creator_that_won, conflicting_deletes_are_told, merge_update_and_time_travel,
        checkpoint_optimize_vacuum, large_commit_in_parts, clean,
    ])
