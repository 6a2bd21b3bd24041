/** The bytes of tags, redirects and configurations of buckets (docs/format/manifest.md). */
import { expect, test } from "bun:test";
import { decodeCors, encodeCors } from "../../../src/s3/records/cors.ts";
import { configurationKey } from "../../../src/s3/records/keys.ts";
import { decodeManifest, encodeManifest, type Manifest } from "../../../src/s3/records/manifest.ts";
import { readSummary } from "../../../src/s3/records/manifest-summary.ts";
import { RecordError } from "../../../src/s3/records/record-error.ts";
import { decodeRequesterPays, encodeRequesterPays } from "../../../src/s3/records/request-payment.ts";
import { decodeTagging, encodeTagging } from "../../../src/s3/records/tags.ts";
import { decodeUpload, encodeUpload, type UploadRecord } from "../../../src/s3/records/upload.ts";
import { NULL_VERSION } from "../../../src/s3/records/version-id.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

const TAGS = [
  { key: "a", value: "" },
  { key: "b", value: "c" },
];
const headers = {
  contentType: "",
  contentEncoding: "",
  contentDisposition: "",
  contentLanguage: "",
  cacheControl: "",
  expires: "",
};
const manifest: Manifest = {
  versionId: NULL_VERSION,
  size: 1,
  etag: "e",
  modifiedMs: 2,
  headers,
  metadata: [],
  checksum: undefined,
  owner: { kind: "root", accessKey: "AK" },
  storageClass: "STANDARD",
  content: { kind: "inline", payloadCrc32: 1 },
};
const upload: UploadRecord = {
  initiatedMs: 5,
  headers,
  metadata: [],
  checksumAlgorithm: undefined,
  checksumType: undefined,
  initiator: { kind: "root", accessKey: "AK" },
  chunkSize: 1,
  storageClass: "STANDARD",
};
const MORE = { tags: TAGS, redirect: "/x" };
const FIELDS = "f201030a0161f201060a0162120163fa01022f78";

test("tags and redirect are the last fields of a manifest and of an upload", () => {
  expect(hex(encodeManifest({ ...manifest, ...MORE }))).toBe(hex(encodeManifest(manifest)) + FIELDS);
  expect(hex(encodeUpload({ ...upload, ...MORE }))).toBe(hex(encodeUpload(upload)) + FIELDS);
  expect(decodeManifest(encodeManifest({ ...manifest, ...MORE }))).toEqual({ ...manifest, ...MORE });
  expect(decodeUpload(encodeUpload({ ...upload, ...MORE }))).toEqual({ ...upload, ...MORE });
  expect(readSummary(encodeManifest({ ...manifest, ...MORE }))).toEqual(
    readSummary(encodeManifest(manifest)),
  );
});

test("configurations", () => {
  const rules = [
    {
      id: "i",
      allowedHeaders: ["*"],
      allowedMethods: ["GET", "PUT"],
      allowedOrigins: ["http://a"],
      exposeHeaders: ["ETag"],
      maxAgeSeconds: 0,
    },
    {
      id: "",
      allowedHeaders: [],
      allowedMethods: ["GET"],
      allowedOrigins: ["*"],
      exposeHeaders: [],
      maxAgeSeconds: undefined,
    },
  ];
  expect(hex(encodeCors(rules))).toBe(
    "0a220a016912012a1a034745541a035055542208687474703a2f2f612a04455461673000" + "0a081a0347455422012a",
  );
  expect(decodeCors(encodeCors(rules))).toEqual(rules);
  expect(hex(encodeTagging(TAGS))).toBe("0a030a01610a060a0162120163");
  expect(decodeTagging(encodeTagging(TAGS))).toEqual(TAGS);
  expect(hex(encodeRequesterPays())).toBe("0801");
  expect([decodeRequesterPays(encodeRequesterPays()), decodeRequesterPays(new Uint8Array(0))]).toEqual([
    true,
    false,
  ]);
  expect(hex(configurationKey({ bucket: "b", generation: 1n }, "cors"))).toBe(
    "660001" + "620001" + "0000000000000001" + "636f72730001",
  );
});

test("rows that are not what they should be are named", () => {
  const bad = new Uint8Array([0x0a, 0xff]);
  for (const decode of [decodeCors, decodeTagging, decodeRequesterPays])
    expect(() => decode(bad)).toThrow(RecordError);
});
