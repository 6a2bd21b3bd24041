/** The bytes of rows and mutations about blobs (docs/format/references.md). */
import { expect, test } from "bun:test";
import {
  blobCountKey,
  blobQueueKey,
  decodeBlobCount,
  decodeReference,
  encodeBlobCount,
  encodeReference,
  packReferences,
  parseBlobCountKey,
  parseBlobQueueKey,
  REFERENCES_PER_ENTRY,
  unpackReferences,
} from "../../src/txn/references.ts";
import type { ReferenceMutation } from "../../src/txn/types.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const SHA = new Uint8Array(32).fill(0xab);
const AB = "ab".repeat(32);
const SHA_KEY = new Uint8Array(32).fill(0x0c);
const C = "0c".repeat(32);

test("golden: rows", () => {
  const reference = { sha256: SHA, size: 1024 * 1024, source: 7 };
  expect(hex(encodeReference(reference))).toBe(`${AB}00100000${"0000000000000007"}`);
  expect(decodeReference(encodeReference(reference))).toEqual(reference);
  const count = { references: 3, size: 258 };
  expect(hex(encodeBlobCount(count))).toBe("000000000000000300000102");
  expect(decodeBlobCount(encodeBlobCount(count))).toEqual(count);
  // Tag, end of text; the SHA-256, end of bytes.
  expect(hex(blobCountKey(SHA_KEY))).toBe(`6e0001${C}0001`);
  expect(hex(blobQueueKey(0x0102030405060708n, SHA_KEY))).toBe(`7100010102030405060708${C}0001`);
  expect(hex(parseBlobCountKey(blobCountKey(SHA)))).toBe(AB);
  expect(parseBlobQueueKey(blobQueueKey(9n, SHA))).toEqual({ queuedTs: 9n, sha256: SHA });
});

test("golden: packed references; 64 of them are 2320 bytes", () => {
  const prefix = Uint8Array.of(1);
  const blobs = [
    { sha256: SHA, size: 1024 * 1024 },
    { sha256: SHA_KEY, size: 5 },
  ];
  const mutation: ReferenceMutation = { kind: "reference", prefix, first: 64, source: 7, blobs };
  const packed = packReferences(mutation);
  expect(hex(packed)).toBe(`${"0000000000000040"}${"0000000000000007"}${AB}00100000${C}00000005`);
  expect(unpackReferences(prefix, packed)).toEqual(mutation);
  const full = Array.from({ length: REFERENCES_PER_ENTRY }, () => ({ sha256: SHA, size: 1 }));
  expect(packReferences({ ...mutation, blobs: full }).byteLength).toBe(2320);
});

test("bytes of another length are refused", () => {
  const short = encodeReference({ sha256: SHA, size: 1, source: 1 }).subarray(1);
  expect(() => decodeReference(short)).toThrow(RangeError);
  expect(() => decodeBlobCount(new Uint8Array(11))).toThrow(RangeError);
  for (const length of [0, 15, 17, 51, 53]) {
    expect(() => unpackReferences(SHA, new Uint8Array(length))).toThrow(RangeError);
  }
  expect(() => encodeReference({ sha256: new Uint8Array(31), size: 1, source: 1 })).toThrow(RangeError);
});
