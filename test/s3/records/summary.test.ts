import { expect, test } from "bun:test";
import { isoTime } from "../../../src/s3/protocol/iso-time.ts";
import type { StoredChecksum } from "../../../src/s3/records/checksum.ts";
import { objectKey, objectsPrefix, parseObjectKey } from "../../../src/s3/records/keys.ts";
import {
  type Content,
  decodeManifest,
  encodeManifest,
  type Manifest,
} from "../../../src/s3/records/manifest.ts";
import { readSummary } from "../../../src/s3/records/manifest-summary.ts";
import { RecordError } from "../../../src/s3/records/record-error.ts";
import { seeded, testSeed } from "../support/seeded.ts";

const SEED = testSeed();

function randomManifest(random: ReturnType<typeof seeded>): Manifest {
  const text = (max: number): string =>
    "aé\u{1F600} /"
      .repeat(random.int(max))
      .slice(0, random.int(max * 2))
      .toWellFormed();
  const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, () => random.int(256));
  const contents: Content[] = [
    { kind: "inline", payloadCrc32: random.int(2 ** 32) },
    { kind: "chunks", attempt: bytes(16), chunkSize: 1 + random.int(2 ** 24) },
    {
      kind: "parts",
      attempt: bytes(44),
      chunkSize: 1 << 20,
      partCount: 1 + random.int(10_000),
      payloadCrc32: 1,
    },
  ];
  const checksums: (StoredChecksum | undefined)[] = [
    undefined,
    { algorithm: "crc32", type: "FULL_OBJECT", value: bytes(4) },
    { algorithm: "sha256", type: "COMPOSITE", value: bytes(32) },
  ];
  return {
    versionId: "null",
    size: random.pick([0, 1, 127, 128, 2 ** 31, 2 ** 32 + 5, 5 * 1024 ** 4]),
    etag: Buffer.from(bytes(16)).toString("hex") + random.pick(["", "-1", "-10000"]),
    modifiedMs: random.int(2 ** 31) * 1000 + random.int(1000),
    headers: {
      contentType: text(40),
      contentEncoding: text(3),
      contentDisposition: text(100),
      contentLanguage: "",
      cacheControl: text(3),
      expires: "",
    },
    metadata: Array.from({ length: random.int(4) }, (_, i) => [`name${i}`, text(60)] as const),
    checksum: random.pick(checksums),
    owner: random.pick([
      { kind: "root", accessKey: text(10) },
      { kind: "user", id: bytes(32) },
    ] as const),
    storageClass: random.pick(["STANDARD", "REDUCED_REDUNDANCY", "GLACIER_IR"] as const),
    content: random.pick(contents),
  };
}

test(`the summary says what the full decoder says (S3_TEST_SEED=${SEED})`, () => {
  const random = seeded(SEED);
  for (let i = 0; i < 2000; i++) {
    const value = encodeManifest(randomManifest(random));
    const { size, etag, modifiedMs, storageClass, checksum } = decodeManifest(value);
    expect(readSummary(value)).toEqual({
      size,
      etag,
      modifiedMs,
      storageClass,
      checksum: checksum === undefined ? undefined : { algorithm: checksum.algorithm, type: checksum.type },
    });
  }
});

test(`a row that is cut off anywhere is refused or loses nothing it claims (S3_TEST_SEED=${SEED})`, () => {
  const random = seeded(SEED);
  for (let i = 0; i < 50; i++) {
    const value = encodeManifest(randomManifest(random));
    for (let length = 0; length < Math.min(value.byteLength, 60); length++) {
      try {
        expect(readSummary(value.subarray(0, length)).etag).toBe(decodeManifest(value).etag);
      } catch (error) {
        expect(error).toBeInstanceOf(RecordError);
      }
    }
  }
});

test("names are read from keys whatever bytes they hold", () => {
  const ref = { bucket: "bucket", generation: 5n };
  const offset = objectsPrefix(ref).byteLength;
  for (const name of ["a", "a\0b", "\0", "\0\u0001", "é€\u{1F600}", "\uFEFFbom", "x".repeat(1024)]) {
    expect(parseObjectKey(objectKey(ref, name), offset)).toBe(name);
  }
  expect(() => parseObjectKey(objectKey(ref, "abc").subarray(0, offset + 2), offset)).toThrow(RangeError);
});

test("times as Date writes them", () => {
  const random = seeded(SEED);
  for (let i = 0; i < 3000; i++) {
    const ms = random.int(2 ** 32) * 900 + random.int(1000);
    expect(isoTime(ms)).toBe(new Date(ms).toISOString());
  }
});
