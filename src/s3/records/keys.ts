/**
 * Keys of the rows that S3 keeps (docs/format/manifest.md). The first segment is a tag; the bucket's generation is part
 * of every key below a bucket, so that a new bucket never reads rows of an older bucket of the same name.
 *
 *   b bucket                                              bucket
 *   g bucket generation                                   this generation is alive, and was never versioned
 *   g bucket generation state                             this generation is alive, and versioned so
 *   f bucket generation name                              configuration (bucket-configuration.ts)
 *   o bucket generation key                               current manifest
 *   v bucket generation key slot                          other versions, and delete markers (docs/decisions/170-versions.md)
 *   u bucket generation key upload                        multipart upload
 *   p bucket generation key upload part                   part
 *   c bucket generation key attempt part partAttempt no   chunk
 *   r bucket generation key attempt part partAttempt no   reference to a blob (txn/references.ts)
 *   a write                                               pending write
 */

import {
  appendSegments,
  decodeKey,
  encodeKey,
  encodeKeyPrefix,
  KeyReader,
  prefixEnd,
} from "../../store/key-encoding.ts";
import type { AliveState } from "./versioning.ts";

/** A bucket, and the generation that distinguishes buckets of the same name. */
export interface BucketRef {
  readonly bucket: string;
  readonly generation: bigint;
}

const NO_PART_ATTEMPT = new Uint8Array(0);

export const BUCKETS_PREFIX: Uint8Array = encodeKey(["b"]);
export const PENDING_WRITES_PREFIX: Uint8Array = encodeKey(["a"]);

export const bucketKey = (bucket: string): Uint8Array => encodeKey(["b", bucket]);
/**
 * The row says that the generation is alive, and how it is versioned: a write that was decided under another state of
 * versioning finds no such row when it is applied.
 */
export const aliveKey = (ref: BucketRef, state: AliveState): Uint8Array =>
  state === "off"
    ? encodeKey(["g", ref.bucket, ref.generation])
    : encodeKey(["g", ref.bucket, ref.generation, state]);
export const configurationKey = (ref: BucketRef, name: string): Uint8Array =>
  encodeKey(["f", ref.bucket, ref.generation, name]);

export const objectsPrefix = (ref: BucketRef): Uint8Array => encodeKey(["o", ref.bucket, ref.generation]);
export const objectKey = (ref: BucketRef, key: string): Uint8Array =>
  encodeKey(["o", ref.bucket, ref.generation, key]);
export const versionsPrefix = (ref: BucketRef): Uint8Array => encodeKey(["v", ref.bucket, ref.generation]);
/** Every version of one key, without the current object. */
export const keyVersionsPrefix = (ref: BucketRef, key: string): Uint8Array =>
  encodeKey(["v", ref.bucket, ref.generation, key]);
/** @param slot `CURRENT_MARKER`, `NULL_SLOT` or the version's id */
export const versionKey = (ref: BucketRef, key: string, slot: string): Uint8Array =>
  encodeKey(["v", ref.bucket, ref.generation, key, slot]);
/** Slot of the delete marker that is the current version of its key. Such a key has no row "o". */
export const CURRENT_MARKER = "";
/** Slot of the version `null` while it is not current. Slots of other versions, hex digits, sort above it. */
export const NULL_SLOT = "-";

export const uploadsPrefix = (ref: BucketRef): Uint8Array => encodeKey(["u", ref.bucket, ref.generation]);
export const uploadKey = (ref: BucketRef, key: string, uploadId: string): Uint8Array =>
  encodeKey(["u", ref.bucket, ref.generation, key, uploadId]);

export const bucketPartsPrefix = (ref: BucketRef): Uint8Array => encodeKey(["p", ref.bucket, ref.generation]);
export const partsPrefix = (ref: BucketRef, key: string, uploadId: string): Uint8Array =>
  encodeKey(["p", ref.bucket, ref.generation, key, uploadId]);
export const partKey = (ref: BucketRef, key: string, uploadId: string, partNumber: number): Uint8Array =>
  encodeKey(["p", ref.bucket, ref.generation, key, uploadId, partNumber]);

export const bucketChunksPrefix = (ref: BucketRef): Uint8Array =>
  encodeKey(["c", ref.bucket, ref.generation]);
/** Every chunk of one PUT attempt, or of all the parts of one upload. */
export const attemptChunksPrefix = (ref: BucketRef, key: string, attempt: Uint8Array): Uint8Array =>
  encodeKey(["c", ref.bucket, ref.generation, key, attempt]);
/** Every chunk of one attempt to write one part. A plain PUT is part 0 with an empty part attempt. */
export const partChunksPrefix = (
  ref: BucketRef,
  key: string,
  attempt: Uint8Array,
  partNumber = 0,
  partAttempt: Uint8Array = NO_PART_ATTEMPT,
): Uint8Array => encodeKey(["c", ref.bucket, ref.generation, key, attempt, partNumber, partAttempt]);
/** @param prefix of `partChunksPrefix` @param chunk 0, 1, 2 ... */
export const chunkKey = (prefix: Uint8Array, chunk: number): Uint8Array => appendSegments(prefix, [chunk]);

export const bucketReferencesPrefix = (ref: BucketRef): Uint8Array =>
  encodeKey(["r", ref.bucket, ref.generation]);
/** Every reference of one PUT attempt, or of all the parts of one upload. */
export const attemptReferencesPrefix = (ref: BucketRef, key: string, attempt: Uint8Array): Uint8Array =>
  encodeKey(["r", ref.bucket, ref.generation, key, attempt]);
/** Every reference of one attempt to write one part. A plain PUT is part 0 with an empty part attempt. */
export const partReferencesPrefix = (
  ref: BucketRef,
  key: string,
  attempt: Uint8Array,
  partNumber = 0,
  partAttempt: Uint8Array = NO_PART_ATTEMPT,
): Uint8Array => encodeKey(["r", ref.bucket, ref.generation, key, attempt, partNumber, partAttempt]);

export const pendingWriteKey = (id: Uint8Array): Uint8Array => encodeKey(["a", id]);

/** The rows whose key segment begins with `namePrefix` (an open prefix). */
export const namesPrefix = (tag: "o" | "u" | "v", ref: BucketRef, namePrefix: string): Uint8Array =>
  encodeKeyPrefix([tag, ref.bucket, ref.generation, namePrefix]);

/** The lowest key above every row of exactly this name. Names end with a mark, so such a key always exists. */
export function afterName(tag: "o" | "u" | "v", ref: BucketRef, name: string): Uint8Array {
  const end = prefixEnd(encodeKey([tag, ref.bucket, ref.generation, name]));
  if (end === undefined) throw new Error("a key that ends with a mark has no successor");
  return end;
}

/** Upload ids are ASCII text in keys of uploads and parts, and the same bytes as the attempt in keys of chunks. */
export const uploadAttempt = (uploadId: string): Uint8Array => new TextEncoder().encode(uploadId);

/**
 * The name in an object row's key. @param offset length of `objectsPrefix`: listings read a thousand keys of one bucket.
 * @throws RangeError when `key` is no key of an object row
 */
export function parseObjectKey(key: Uint8Array, offset: number): string {
  const end = key.byteLength - 2;
  if (end >= offset && key.indexOf(0, offset) === end && key[end + 1] === 1) {
    return Buffer.prototype.utf8Slice.call(key, offset, end);
  }
  const reader = new KeyReader(key, offset);
  const name = reader.string();
  if (!reader.done) throw new RangeError("an object key has bytes after its name");
  return name;
}

/** @throws RangeError when `key` is no key of an upload row. */
export function parseUploadKey(key: Uint8Array): { readonly key: string; readonly uploadId: string } {
  const [, , , name, uploadId] = decodeKey(key, ["string", "string", "timestamp", "string", "string"]);
  return { key: name, uploadId };
}

/** @throws RangeError when `key` is no key of a version row. */
export function parseVersionKey(key: Uint8Array): { readonly key: string; readonly slot: string } {
  const [, , , name, slot] = decodeKey(key, ["string", "string", "timestamp", "string", "string"]);
  return { key: name, slot };
}

/** @throws RangeError when `key` is no key of a part row. */
export function parsePartKey(key: Uint8Array): number {
  return decodeKey(key, ["string", "string", "timestamp", "string", "string", "number"])[5];
}

/** @throws RangeError when `key` is no key of a bucket row. */
export function parseBucketKey(key: Uint8Array): string {
  return decodeKey(key, ["string", "string"])[1];
}
