/** The bytes of every S3 row: a change here is a change of the format on disk (docs/format/manifest.md). */
import { expect, test } from "bun:test";
import { decodeBucket, encodeBucket } from "../../../src/s3/records/bucket-record.ts";
import { decodeChunk, encodeChunk } from "../../../src/s3/records/chunk.ts";
import {
  aliveKey,
  bucketKey,
  chunkKey,
  objectKey,
  partChunksPrefix,
  partKey,
  partReferencesPrefix,
  pendingWriteKey,
  uploadKey,
} from "../../../src/s3/records/keys.ts";
import {
  decodeManifest,
  decodePartTable,
  encodeManifest,
  encodePartTable,
  type Manifest,
} from "../../../src/s3/records/manifest.ts";
import { readSummary } from "../../../src/s3/records/manifest-summary.ts";
import { type RowOwner, rowOwner, userOf } from "../../../src/s3/records/owner.ts";
import { decodePendingWrite, encodePendingWrite } from "../../../src/s3/records/pending-write.ts";
import { RecordError } from "../../../src/s3/records/record-error.ts";
import { decodePart, decodeUpload, encodePart, encodeUpload } from "../../../src/s3/records/upload.ts";
import { versionIdOf } from "../../../src/s3/records/version-id.ts";
import { encodeGarbage } from "../../../src/txn/garbage.ts";
import { referenceKey } from "../../../src/txn/references.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));

/** As rows named their owner before users had ids. */
const BEFORE_IDS: RowOwner = { kind: "root", accessKey: "AK" };
const USER = "5a".repeat(32);
const ROOT = "00".repeat(32);

const headers = {
  contentType: "text/plain",
  contentEncoding: "",
  contentDisposition: "",
  contentLanguage: "",
  cacheControl: "",
  expires: "",
};
const manifest: Manifest = {
  versionId: "null",
  size: 2 ** 40,
  etag: "d41d8cd98f00b204e9800998ecf8427e-2",
  modifiedMs: 1_795_248_000_000,
  headers,
  metadata: [["colour", "blau grün"]],
  checksum: { algorithm: "crc32", type: "COMPOSITE", value: bytes("01020304") },
  owner: BEFORE_IDS,
  storageClass: "STANDARD",
  content: {
    kind: "parts",
    attempt: bytes("aabb"),
    chunkSize: 1 << 20,
    partCount: 2,
    payloadCrc32: 0xdeadbeef,
  },
};

test("keys", () => {
  const ref = { bucket: "b", generation: 0x0102030405060708n };
  const id = bytes("0a00");
  expect(hex(bucketKey("b"))).toBe("62000162" + "0001");
  expect(hex(aliveKey(ref, "off"))).toBe("670001" + "620001" + "0102030405060708");
  expect(hex(objectKey(ref, "k\0"))).toBe("6f0001" + "620001" + "0102030405060708" + "6b00ff0001");
  expect(hex(uploadKey(ref, "k", "u"))).toBe("750001" + "620001" + "0102030405060708" + "6b0001" + "750001");
  expect(hex(partKey(ref, "k", "u", 7))).toBe(
    "700001" + "620001" + "0102030405060708" + "6b0001" + "750001" + "0000000000000007",
  );
  expect(hex(chunkKey(partChunksPrefix(ref, "k", id), 2))).toBe(
    "630001" +
      "620001" +
      "0102030405060708" +
      "6b0001" +
      "0a00ff0001" +
      "0000000000000000" +
      "0001" +
      "0000000000000002",
  );
  expect(hex(referenceKey(partReferencesPrefix(ref, "k", id), 2))).toBe(
    "720001" +
      "620001" +
      "0102030405060708" +
      "6b0001" +
      "0a00ff0001" +
      "0000000000000000" +
      "0001" +
      "0000000000000002",
  );
  expect(hex(pendingWriteKey(id))).toBe("610001" + "0a00ff0001");
});

test("values", () => {
  const golden = {
    bucket: encodeBucket({
      generation: 1n,
      createdMs: 1000,
      region: "us-east-1",
      owner: BEFORE_IDS,
      versioning: "off",
      objectLock: false,
    }),
    manifest: encodeManifest(manifest),
    inline: encodeManifest({
      ...manifest,
      checksum: undefined,
      metadata: [],
      content: { kind: "inline", payloadCrc32: 1 },
    }),
    invoked: encodeManifest({
      ...manifest,
      checksum: undefined,
      metadata: [],
      content: { kind: "inline", payloadCrc32: 1 },
      invocation: bytes("11".repeat(16)),
    }),
    chunks: encodeManifest({
      ...manifest,
      checksum: undefined,
      metadata: [],
      content: { kind: "chunks", attempt: bytes("aa"), chunkSize: 4096 },
    }),
    partTable: encodePartTable([
      { number: 1, kind: "chunks", attempt: bytes("cc"), size: 5, checksum: new Uint8Array(0) },
    ]),
    upload: encodeUpload({
      initiatedMs: 5,
      headers,
      metadata: [],
      checksumAlgorithm: "sha256",
      checksumType: "COMPOSITE",
      initiator: BEFORE_IDS,
      chunkSize: 1 << 20,
      storageClass: "STANDARD",
    }),
    classed: encodeManifest({
      ...manifest,
      checksum: undefined,
      metadata: [],
      storageClass: "GLACIER_IR",
      content: { kind: "inline", payloadCrc32: 1 },
    }),
    classedUpload: encodeUpload({
      initiatedMs: 5,
      headers,
      metadata: [],
      checksumAlgorithm: undefined,
      checksumType: undefined,
      initiator: BEFORE_IDS,
      chunkSize: 1 << 20,
      storageClass: "REDUCED_REDUNDANCY",
    }),
    part: encodePart({
      kind: "chunks",
      attempt: bytes("cc"),
      size: 5,
      md5: bytes("00".repeat(16)),
      checksum: undefined,
      modifiedMs: 6,
    }),
    chunk: encodeChunk({ crc32: 0xffffffff, size: 1 << 20 }),
    attempt: encodePendingWrite({
      origin: bytes("0102030405060708"),
      node: "n",
      startedMs: 1,
      seenMs: 2,
      bucket: "b",
      key: "k",
    }),
    garbage: encodeGarbage([
      { kind: "prefix", prefix: bytes("6300") },
      { kind: "prefix", prefix: bytes("7000") },
    ]),
  };
  expect(Object.fromEntries(Object.entries(golden).map(([name, value]) => [name, hex(value)]))).toEqual({
    attempt: "0a0801020304050607081001180222016e2a016232016b",
    bucket: "0a08000000000000000110e8071a0975732d656173742d312202414b",
    chunk: "0dffffffff10808040",
    classed:
      "0a046e756c6c108080808080201a2264343164386364393866303062323034653938303039393865636638343237652d32208098fae89f342a0c0a0a746578742f706c61696e4202414b48016d010000007005",
    classedUpload: "0805120c0a0a746578742f706c61696e3202414b388080404001",
    chunks:
      "0a046e756c6c108080808080201a2264343164386364393866303062323034653938303039393865636638343237652d32208098fae89f342a0c0a0a746578742f706c61696e4202414b48025201aa588020",
    garbage: "0a0263000a027000",
    inline:
      "0a046e756c6c108080808080201a2264343164386364393866303062323034653938303039393865636638343237652d32208098fae89f342a0c0a0a746578742f706c61696e4202414b48016d01000000",
    invoked:
      "0a046e756c6c108080808080201a2264343164386364393866303062323034653938303039393865636638343237652d32208098fae89f342a0c0a0a746578742f706c61696e4202414b48016d01000000a20110" +
      "11".repeat(16),
    manifest:
      "0a046e756c6c108080808080201a2264343164386364393866303062323034653938303039393865636638343237652d32208098fae89f342a0c0a0a746578742f706c61696e32140a06636f6c6f7572120a626c6175206772c3bc6e3a0a080110021a04010203044202414b48035202aabb5880804060026defbeadde",
    part: "0a01cc10051a10000000000000000000000000000000002806",
    partTable: "0a0708011201cc1805",
    upload: "0805120c0a0a746578742f706c61696e200528023202414b38808040",
  });
});

test("checksums of a part: what each algorithm is called on the disk", () => {
  const algorithms = [
    "crc32",
    "crc32c",
    "crc64nvme",
    "sha1",
    "sha256",
    "sha512",
    "md5",
    "xxhash64",
    "xxhash3",
    "xxhash128",
  ] as const;
  const checksums = algorithms.map((algorithm) => ({
    algorithm,
    type: "FULL_OBJECT" as const,
    value: bytes("ab"),
  }));
  const parts = checksums.map((checksum) =>
    encodePart({ kind: "chunks", attempt: bytes("cc"), size: 5, md5: bytes("00"), checksum, modifiedMs: 6 }),
  );
  expect(parts.map(hex)).toEqual(
    ["01", "02", "03", "04", "05", "06", "07", "08", "09", "0a"].map(
      (number) => `0a01cc10051a0100220708${number}10011a01ab2806`,
    ),
  );
  expect(parts.map((part) => decodePart(part).checksum)).toEqual(checksums);
});

test("what was written is read back", () => {
  expect(decodeManifest(encodeManifest(manifest))).toEqual(manifest);
  const invoked = { ...manifest, invocation: bytes("22".repeat(16)) };
  expect(decodeManifest(encodeManifest(invoked))).toEqual(invoked);
  const bucket = { generation: 2n ** 60n, createdMs: 2 ** 52, region: "r", owner: BEFORE_IDS };
  for (const versioning of ["off", "enabled", "suspended"] as const) {
    const state = { versioning, objectLock: versioning === "enabled" };
    expect(decodeBucket(encodeBucket({ ...bucket, ...state }))).toEqual({ ...bucket, ...state });
  }
  const parts = [
    { number: 9, kind: "blobs" as const, attempt: bytes("fe"), size: 1, checksum: bytes("") },
    {
      number: 10_000,
      kind: "chunks" as const,
      attempt: bytes("ff"),
      size: 5 * 1024 ** 3,
      checksum: bytes("01"),
    },
  ];
  expect(decodePartTable(encodePartTable(parts))).toEqual(parts);
  const part = {
    kind: "blobs" as const,
    attempt: bytes("01"),
    size: 0,
    md5: bytes("02"),
    checksum: undefined,
    modifiedMs: 7,
  };
  expect(decodePart(encodePart(part))).toEqual(part);
  expect(decodeChunk(encodeChunk({ crc32: 0x80000001, size: 7 }))).toEqual({ crc32: 0x80000001, size: 7 });
  const attempt = { origin: bytes("01"), node: "n", startedMs: 1, seenMs: 2, bucket: "b", key: "k" };
  expect(decodePendingWrite(encodePendingWrite(attempt))).toEqual(attempt);
});

test("content of a newer release: the row is read, its kind is named, and it is not written anew", () => {
  // Later fields win: the row as a newer release would write it.
  const newer = Buffer.concat([encodeManifest(manifest), bytes("4863")]);
  const decoded = decodeManifest(newer);
  expect(decoded).toEqual({ ...manifest, content: { kind: "unknown", number: 99 } });
  expect(() => encodeManifest(decoded)).toThrow("cannot be written anew");
  expect(readSummary(newer)).toEqual(readSummary(encodeManifest(manifest)));
  expect(() => decodeManifest(Buffer.concat([encodeManifest(manifest), bytes("4800")]))).toThrow(RecordError);
  const part = { attempt: bytes("01"), size: 1, md5: bytes("02"), checksum: undefined, modifiedMs: 7 };
  const newerPart = Buffer.concat([encodePart({ kind: "chunks", ...part }), bytes("3009")]);
  expect(decodePart(newerPart)).toEqual({ kind: "unknown", ...part });
  expect(() => encodePart(decodePart(newerPart))).toThrow("cannot be written anew");
  const table = decodePartTable(bytes("0a09" + "0801" + "1201cc" + "1805" + "2809"));
  expect(table.map(({ kind, size }) => [kind, size])).toEqual([["unknown", 5]]);
  expect(() => encodePartTable(table)).toThrow("cannot be written anew");
});

test("rows of before the storage class are STANDARD", () => {
  const before =
    "0a046e756c6c108080808080201a2264343164386364393866303062323034653938303039393865636638343237652d32208098fae89f342a0c0a0a746578742f706c61696e4202414b48016d01000000";
  expect(decodeManifest(bytes(before)).storageClass).toBe("STANDARD");
  expect(readSummary(bytes(before)).storageClass).toBe("STANDARD");
  const upload = "0805120c0a0a746578742f706c61696e200528023202414b38808040";
  expect(decodeUpload(bytes(upload)).storageClass).toBe("STANDARD");
});

test("an owner is a user id, in a field of its own; an access key of before is root's, whichever it is", () => {
  const owner = rowOwner(USER);
  const upload = {
    ...decodeUpload(bytes("0805120c0a0a746578742f706c61696e200528023202414b38808040")),
    initiator: owner,
  };
  const bucket = {
    generation: 1n,
    createdMs: 1000,
    region: "us-east-1",
    owner,
    versioning: "off",
    objectLock: false,
  } as const;
  const rows = {
    manifest: encodeManifest({ ...manifest, owner }),
    upload: encodeUpload(upload),
    bucket: encodeBucket(bucket),
  };
  expect(hex(rows.manifest)).toEndWith(`6defbeaddeaa0120${USER}`);
  expect(hex(rows.upload)).toBe(`0805120c0a0a746578742f706c61696e20052802388080404a20${USER}`);
  expect(hex(rows.bucket)).toBe(`0a08000000000000000110e8071a0975732d656173742d312a20${USER}`);
  for (const decoded of [
    decodeManifest(rows.manifest).owner,
    decodeUpload(rows.upload).initiator,
    decodeBucket(rows.bucket).owner,
  ]) {
    expect(userOf(decoded, ROOT)).toBe(USER);
  }
  // An access key may look like a user id: that it is none is said by its field.
  for (const accessKey of ["AK", USER]) {
    const before = decodeManifest(encodeManifest({ ...manifest, owner: { kind: "root", accessKey } }));
    expect(userOf(before.owner, ROOT)).toBe(ROOT);
  }
  expect(() => rowOwner("AK")).toThrow(RecordError);
  expect(() => decodeManifest(Buffer.concat([encodeManifest(manifest), bytes("aa010101")]))).toThrow(
    RecordError,
  );
});

test("a row of a version is read, whatever its writer called it; what nobody would write is refused", () => {
  for (const id of [
    "null",
    "3sL4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY+MTRCxf3vjVBH40Nr8X8gdRQBpUMLUo",
    "0",
    "a".repeat(1024),
  ]) {
    const versioned = { ...manifest, versionId: versionIdOf(id) };
    expect(decodeManifest(encodeManifest(versioned))).toEqual(versioned);
    expect(readSummary(encodeManifest(versioned))).toEqual(readSummary(encodeManifest(manifest)));
  }
  for (const id of ["", "a b", "a\n", "é", "a".repeat(1025)])
    expect(() => versionIdOf(id)).toThrow(RecordError);
  // Without its first field, the version id.
  expect(() => decodeManifest(encodeManifest(manifest).subarray(6))).toThrow(RecordError);
});

test("every class has a number of its own; a number that is none is refused", () => {
  const names = [
    "STANDARD",
    "REDUCED_REDUNDANCY",
    "STANDARD_IA",
    "ONEZONE_IA",
    "INTELLIGENT_TIERING",
    "GLACIER_IR",
  ] as const;
  for (const [number, storageClass] of names.entries()) {
    const row = encodeManifest({ ...manifest, storageClass });
    expect(decodeManifest(row).storageClass).toBe(storageClass);
    expect(readSummary(row).storageClass).toBe(storageClass);
    // STANDARD writes nothing: such rows are those of before the field.
    expect(hex(row)).toEndWith(number === 0 ? "6defbeadde" : `6defbeadde700${number}`);
  }
  const strange = Buffer.concat([encodeManifest(manifest), bytes("7006")]);
  expect(() => decodeManifest(strange)).toThrow(RecordError);
  expect(() => readSummary(strange)).toThrow(RecordError);
});

test("numbers that a JavaScript number cannot hold are refused on both ways", () => {
  expect(() => encodeManifest({ ...manifest, size: 2 ** 53 })).toThrow(RecordError);
  expect(() => encodeManifest({ ...manifest, size: -1 })).toThrow(RecordError);
  // Field 2 (size) as a varint of 2^60.
  const tooLarge = Buffer.concat([
    Buffer.from("0a046e756c6c", "hex"),
    Buffer.from([0x10, ...Array<number>(8).fill(0x80), 0x10]),
  ]);
  expect(() => decodeManifest(tooLarge)).toThrow(RecordError);
});

test("rows that are not what they should be are named, never guessed", () => {
  for (const rubbish of ["ff", "0a", "08ffffffffffffffffffff"]) {
    for (const decode of [
      decodeManifest,
      decodeBucket,
      decodeUpload,
      decodePart,
      decodePendingWrite,
      decodeChunk,
    ]) {
      expect(() => decode(bytes(rubbish))).toThrow(RecordError);
    }
  }
  expect(() => decodeManifest(new Uint8Array(0))).toThrow(RecordError);
});
