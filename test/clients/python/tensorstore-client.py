"""TensorStore's own S3 driver (C++): every write of a chunk is conditional on the generation that was read."""

import os
from importlib.metadata import version

import numpy as np
import tensorstore as ts

import harness as h

LABEL = "tensorstore"
BUCKET = h.bucket(LABEL)


def kvstore(path):
    return {
        "driver": "s3", "bucket": BUCKET, "path": path, "endpoint": h.ENDPOINT, "aws_region": h.REGION,
        "aws_credentials": {"type": "environment"},
    }


def key_value_store():
    h.make_bucket(BUCKET)
    store = ts.KvStore.open(kvstore("kv/")).result()
    for key in h.ODD_KEYS:
        store.write(key, key.encode()).result()
        assert store.read(key).result().value == key.encode(), key
    assert sorted(name.decode() for name in store.list().result()) == sorted(h.ODD_KEYS)
    body = os.urandom(9 * h.MIB)
    generation = store.write("large", body).result().generation
    assert store.read("large").result().value == body
    assert store.read("large", if_not_equal=generation).result().state == "unspecified"
    assert store.read("nothing").result().state == "missing"
    store.delete_range(ts.KvStore.KeyRange("", "")).result()
    assert store.list().result() == []


def generations_are_conditions():
    store = ts.KvStore.open(kvstore("conditions/")).result()
    first = store.write("k", b"1").result().generation
    second = store.write("k", b"2", if_equal=first).result().generation
    assert second != first
    lost = store.write("k", b"3", if_equal=first).result()
    assert lost.generation == b"", lost
    assert store.read("k").result().value == b"2"


def compare_and_swap_counter():
    store = ts.KvStore.open(kvstore("conditions/")).result()
    store.write("counter", b"0").result()

    def add(_):
        done = 0
        while done < 5:
            now = store.read("counter").result()
            answer = store.write("counter", str(int(now.value) + 1).encode(), if_equal=now.stamp.generation).result()
            done += answer.generation != b""
        return done

    answers = h.race(6, add)
    assert answers == [5] * 6, answers
    assert store.read("counter").result().value == b"30"


def writers_of_one_chunk_lose_nothing():
    """Each writer has a row of the same chunk: the driver reads, changes and writes on condition, and tries again by itself."""
    spec = {"driver": "zarr", "kvstore": kvstore("shared/"), "recheck_cached_data": True}
    ts.open(spec, create=True, dtype=ts.int64, shape=[8, 50], fill_value=0, chunk_layout=ts.ChunkLayout(chunk_shape=[8, 50])).result()

    def write(number):
        own = ts.open(spec, open=True, context=ts.Context()).result()
        for column in range(0, 50, 10):
            own[number, column : column + 10].write(number + 1).result()

    answers = h.race(8, write)
    assert answers == [None] * 8, answers
    final = ts.open(spec, open=True, context=ts.Context()).result().read().result()
    assert final.tolist() == [[number + 1] * 50 for number in range(8)], final


def arrays_of_many_chunks():
    for driver, more in (("zarr", {}), ("zarr3", {}), ("n5", {})):
        spec = {"driver": driver, "kvstore": kvstore(f"array-{driver}/"), **more}
        store = ts.open(spec, create=True, dtype=ts.uint16, shape=[300, 400], chunk_layout=ts.ChunkLayout(chunk_shape=[64, 64])).result()
        data = np.arange(300 * 400, dtype=np.uint16).reshape(300, 400)
        store.write(data).result()
        back = ts.open({"driver": driver, "kvstore": kvstore(f"array-{driver}/")}, open=True, context=ts.Context()).result()
        assert np.array_equal(back.read().result(), data), driver
        assert np.array_equal(back[10:200:7, 399].read().result(), data[10:200:7, 399])
        back[5:7, 100:300] = 9
        data[5:7, 100:300] = 9
        assert np.array_equal(ts.open(spec, open=True, context=ts.Context()).result().read().result(), data)


def clean():
    h.remove_bucket(BUCKET)


h.run(LABEL, f"tensorstore {version('tensorstore')}", [key_value_store, generations_are_conditions, compare_and_swap_counter, writers_of_one_chunk_lose_nothing, arrays_of_many_chunks, clean])
