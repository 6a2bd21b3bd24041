"""Polars reads and writes by Rust's object_store, with its own scheduling of ranges."""

import polars as pl

import harness as h

LABEL = "polars"
BUCKET = h.bucket(LABEL)
OPTIONS = {
    "aws_access_key_id": h.ACCESS_KEY, "aws_secret_access_key": h.SECRET_KEY, "aws_endpoint_url": h.ENDPOINT, "aws_region": h.REGION, "aws_allow_http": "true",
}


def frame():
    return pl.DataFrame({"n": range(300_000), "city": ["plain", "two words", "ä", "100%", "a=b", "+"] * 50_000})


def parquet_round_trip():
    h.make_bucket(BUCKET)
    frame().write_parquet(f"s3://{BUCKET}/one.parquet", storage_options=OPTIONS, row_group_size=10_000)
    assert pl.read_parquet(f"s3://{BUCKET}/one.parquet", storage_options=OPTIONS).equals(frame())
    lazy = pl.scan_parquet(f"s3://{BUCKET}/one.parquet", storage_options=OPTIONS)
    assert lazy.filter(pl.col("n").is_between(123_456, 123_460)).select("n").collect()["n"].to_list() == list(range(123_456, 123_461))
    assert lazy.select(pl.len()).collect().item() == 300_000


def partitions_and_globs():
    frame().lazy().sink_parquet(pl.PartitionBy(f"s3://{BUCKET}/hive/", key="city"), storage_options=OPTIONS, mkdir=False)
    back = pl.scan_parquet(f"s3://{BUCKET}/hive/", storage_options=OPTIONS, hive_partitioning=True).collect()
    assert back.sort("n").select("n", "city").equals(frame()), back.head()
    found = pl.scan_parquet(f"s3://{BUCKET}/hive/**/*.parquet", storage_options=OPTIONS, hive_partitioning=True)
    assert found.filter(pl.col("city") == "100%").select(pl.len()).collect().item() == 50_000


def large_sink_in_parts():
    many = pl.LazyFrame({"n": pl.int_range(0, 4_000_000, eager=True)}).with_columns(pl.col("n").hash(7).alias("h"))
    many.sink_parquet(f"s3://{BUCKET}/large.parquet", storage_options=OPTIONS, compression="uncompressed")
    assert "-" in h.sdk().head_object(Bucket=BUCKET, Key="large.parquet")["ETag"]
    assert pl.scan_parquet(f"s3://{BUCKET}/large.parquet", storage_options=OPTIONS).select(pl.col("h").sum()).collect().equals(many.select(pl.col("h").sum()).collect())


def other_formats():
    small = frame().head(5_000)
    small.lazy().sink_csv(f"s3://{BUCKET}/c.csv", storage_options=OPTIONS)
    small.lazy().sink_ndjson(f"s3://{BUCKET}/l.ndjson", storage_options=OPTIONS)
    small.lazy().sink_ipc(f"s3://{BUCKET}/i.arrow", storage_options=OPTIONS)
    for scan, name in ((pl.scan_csv, "c.csv"), (pl.scan_ndjson, "l.ndjson"), (pl.scan_ipc, "i.arrow")):
        assert scan(f"s3://{BUCKET}/{name}", storage_options=OPTIONS).collect().equals(small), name


def clean():
    h.remove_bucket(BUCKET)


h.run(LABEL, f"polars {pl.__version__}", [parquet_round_trip, partitions_and_globs, large_sink_in_parts, other_formats, clean])
