"""pyarrow's S3FileSystem (aws-sdk-cpp) and its datasets."""

import hashlib
import os

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.fs as pafs
import pyarrow.parquet as pq

import harness as h

LABEL = "pyarrow"
BUCKET = h.bucket(LABEL)
fs = pafs.S3FileSystem(
    access_key=h.ACCESS_KEY, secret_key=h.SECRET_KEY, endpoint_override=h.ENDPOINT.removeprefix("http://"), scheme="http",
    region=h.REGION, allow_bucket_creation=True, allow_bucket_deletion=True,
)
CITIES = ["plain", "two words", "ä/ö", "100%", "a=b", "+", "日本"]


def table(rows):
    return pa.table({"n": pa.array(range(rows), pa.int64()), "city": pa.array([CITIES[i % len(CITIES)] for i in range(rows)])})


def bucket_by_the_file_system():
    fs.create_dir(BUCKET)
    assert fs.get_file_info(BUCKET).type == pafs.FileType.Directory
    assert fs.get_file_info(f"{BUCKET}/nothing").type == pafs.FileType.NotFound


def dataset_round_trip():
    whole = table(70_000)
    where = f"{BUCKET}/set"
    ds.write_dataset(whole, where, filesystem=fs, format="parquet", partitioning=ds.partitioning(pa.schema([("city", pa.string())]), flavor="hive"))
    back = ds.dataset(where, filesystem=fs, format="parquet", partitioning="hive")
    assert len(back.files) == len(CITIES), back.files
    got = back.to_table().select(["n", "city"]).sort_by("n")
    assert got.equals(whole), got.schema
    for city in CITIES:
        part = back.to_table(filter=pc.field("city") == city)
        assert part.num_rows == 10_000, (city, part.num_rows)
    # Overwritten: what is there afterwards is the second one only.
    ds.write_dataset(table(700), where, filesystem=fs, format="parquet", partitioning=["city"], existing_data_behavior="delete_matching", partitioning_flavor="hive")
    assert ds.dataset(where, filesystem=fs, partitioning="hive").count_rows() == 700


def parquet_row_groups_by_range():
    whole = pa.table({"n": pa.array(range(2_000_000), pa.int64()), "r": pa.array([os.urandom(8) for _ in range(200)] * 10_000)})
    pq.write_table(whole, f"{BUCKET}/wide.parquet", filesystem=fs, row_group_size=100_000, compression="none", use_dictionary=False)
    file = pq.ParquetFile(f"{BUCKET}/wide.parquet", filesystem=fs, pre_buffer=True)
    assert file.metadata.num_row_groups == 20
    for group in (0, 7, 19):
        assert file.read_row_group(group, columns=["n"])["n"][0].as_py() == group * 100_000
    assert pq.read_table(f"{BUCKET}/wide.parquet", filesystem=fs).equals(whole)


def large_stream_in_parts():
    pieces = [os.urandom(3 * h.MIB + 7) for _ in range(20)]
    with fs.open_output_stream(f"{BUCKET}/large", metadata={"Content-Type": "x/y", "colour": "blue"}) as out:
        for piece in pieces:
            out.write(piece)
    whole = b"".join(pieces)
    head = h.sdk().head_object(Bucket=BUCKET, Key="large")
    assert head["ContentLength"] == len(whole) and head["ContentType"] == "x/y" and "-" in head["ETag"], head
    with fs.open_input_file(f"{BUCKET}/large") as file:
        assert file.size() == len(whole)
        for offset, size in ((0, 1), (5 * h.MIB - 1, 3), (len(whole) - 10, 100), (h.MIB, 9 * h.MIB)):
            assert file.read_at(size, offset) == whole[offset : offset + size], (offset, size)
    with fs.open_input_stream(f"{BUCKET}/large") as stream:
        assert hashlib.sha256(stream.read()).digest() == hashlib.sha256(whole).digest()
    assert h.uploads(BUCKET) == []


def copy_and_move():
    fs.copy_file(f"{BUCKET}/large", f"{BUCKET}/copied here/large + 1")
    with fs.open_input_stream(f"{BUCKET}/copied here/large + 1") as left, fs.open_input_stream(f"{BUCKET}/large") as right:
        assert left.read() == right.read()
    fs.move(f"{BUCKET}/copied here/large + 1", f"{BUCKET}/moved")
    assert fs.get_file_info(f"{BUCKET}/copied here/large + 1").type == pafs.FileType.NotFound
    assert fs.get_file_info(f"{BUCKET}/moved").size == fs.get_file_info(f"{BUCKET}/large").size


def odd_keys_and_selectors():
    for key in h.ODD_KEYS:
        with fs.open_output_stream(f"{BUCKET}/odd/{key}") as out:
            out.write(key.encode())
    found = fs.get_file_info(pafs.FileSelector(f"{BUCKET}/odd", recursive=True))
    files = sorted(info.path.removeprefix(f"{BUCKET}/odd/") for info in found if info.is_file)
    assert files == sorted(h.ODD_KEYS), files
    for key in h.ODD_KEYS:
        with fs.open_input_stream(f"{BUCKET}/odd/{key}") as stream:
            assert stream.read() == key.encode(), key
    top = [info.base_name for info in fs.get_file_info(pafs.FileSelector(f"{BUCKET}/odd")) if not info.is_file]
    assert sorted(top) == sorted({key.split("/")[0] for key in h.ODD_KEYS if "/" in key}), top


def many_files_deleted_in_bulk():
    def write(number):
        with fs.open_output_stream(f"{BUCKET}/many/{number % 7}/{number}") as out:
            out.write(b"x")

    for start in range(0, 1200, 12):
        for answer in h.race(12, lambda number, start=start: write(start + number)):
            assert answer is None, answer
    assert sum(info.is_file for info in fs.get_file_info(pafs.FileSelector(f"{BUCKET}/many", recursive=True))) == 1200
    fs.delete_dir_contents(f"{BUCKET}/many")
    assert fs.get_file_info(pafs.FileSelector(f"{BUCKET}/many", recursive=True)) == []
    fs.delete_dir(f"{BUCKET}/many")


def errors_by_name():
    h.raises("FileNotFoundError", fs.open_input_file, f"{BUCKET}/nothing")
    h.raises("FileNotFoundError", fs.open_input_file, f"{BUCKET}-none/nothing")
    wrong = pafs.S3FileSystem(access_key=h.ACCESS_KEY, secret_key="wrong", endpoint_override=h.ENDPOINT.removeprefix("http://"), scheme="http", region=h.REGION)
    h.raises("SIGNATURE_DOES_NOT_MATCH", lambda: wrong.get_file_info(pafs.FileSelector(BUCKET)))


def clean():
    assert h.uploads(BUCKET) == []
    fs.delete_dir(BUCKET)
    assert fs.get_file_info(BUCKET).type == pafs.FileType.NotFound


h.run(LABEL, f"pyarrow {pa.__version__}", [
    bucket_by_the_file_system, dataset_round_trip, parquet_row_groups_by_range, large_stream_in_parts, copy_and_move, odd_keys_and_selectors,
    many_files_deleted_in_bulk, errors_by_name, clean,
])
