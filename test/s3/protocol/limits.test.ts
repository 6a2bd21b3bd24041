import { expect, test } from "bun:test";
import { planBatches } from "../../../src/s3/content/log/batcher.ts";
import {
  BUCKET_NAME_LENGTH_MAX,
  DELETE_OBJECTS_MAX,
  KEY_BYTES_MAX,
  LIST_DOCUMENT_BYTES_MAX,
  LIST_PARTS_MAX,
  OBJECT_BYTES_MAX,
  PART_BYTES_MIN,
  PART_NUMBER_MAX,
  REQUEST_BYTES_MAX,
} from "../../../src/s3/protocol/limits.ts";
import { entryBytesMax } from "../../../src/txn/entry-size.ts";
import { TestKv } from "../support/test-kv.ts";

test("every size up to the largest object can be had with parts", () => {
  expect(PART_NUMBER_MAX * REQUEST_BYTES_MAX).toBeGreaterThanOrEqual(OBJECT_BYTES_MAX);
  // The first object that is too large for one PUT has few enough parts, whatever their size.
  expect(PART_NUMBER_MAX * PART_BYTES_MIN).toBeGreaterThan(REQUEST_BYTES_MAX);
  expect(PART_NUMBER_MAX % LIST_PARTS_MAX).toBe(0);
});

test("a document can name as many objects or parts as it may", () => {
  const object = `<Object><Key>${"k".repeat(KEY_BYTES_MAX)}</Key><ETag>"${"e".repeat(32)}"</ETag></Object>\n`;
  expect(DELETE_OBJECTS_MAX * object.length).toBeLessThan(LIST_DOCUMENT_BYTES_MAX);
  const part =
    `<Part><PartNumber>${PART_NUMBER_MAX}</PartNumber><ETag>"${"e".repeat(32)}"</ETag>` +
    `<ChecksumSHA256>${"s".repeat(44)}</ChecksumSHA256></Part>\n`;
  expect(PART_NUMBER_MAX * part.length).toBeLessThan(LIST_DOCUMENT_BYTES_MAX);
});

test("the longest names fit into the smallest Raft entry that the settings allow", () => {
  const plan = planBatches(new TestKv({ maxTxnBytes: entryBytesMax(1) }));
  expect(plan.chunkBytes).toBeGreaterThan(KEY_BYTES_MAX + BUCKET_NAME_LENGTH_MAX);
});

test("no other file of src/s3 spells one of these numbers", async () => {
  const spelt = /\b5 \* (1024 \*\* [34]|1024 \* 1024)\b|\b10_000\b|\b10000\b/;
  const found: string[] = [];
  for await (const file of new Bun.Glob("src/s3/**/*.ts").scan(`${import.meta.dir}/../../..`)) {
    if (file.endsWith("protocol/limits.ts")) continue;
    if (spelt.test(await Bun.file(`${import.meta.dir}/../../../${file}`).text())) found.push(file);
  }
  expect(found).toEqual([]);
});
