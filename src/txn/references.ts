/**
 * Rows that the state machine keeps about blobs, content beside the log (docs/format/references.md):
 *
 *   caller's prefix, number   reference: SHA-256 (32), size (4), source (8)     written by `reference`
 *   n sha256                  count: number of references (8), size (4)
 *   q commitTs sha256         blob queue: this blob has had no reference since commitTs
 *
 * Count and queue change in the apply that changes the references: to zero -> the count row says 0 and the queue gets
 * an entry; up again -> the entry goes. `sweep` removes both rows. A blob without a count row is not reachable, and no
 * transaction makes it so without storing it again.
 */
import { appendSegments, decodeKey, encodeKey } from "../store/key-encoding.ts";
import type { Timestamp } from "../store/types.ts";
import type { BlobRef, ReferenceMutation } from "./types.ts";

export const SHA256_BYTES = 32;
/** References in one Raft entry (docs/design/contract.md, section 5). */
export const REFERENCES_PER_ENTRY = 64;
const SIZE_BYTES = 4;
const SOURCE_BYTES = 8;
const PACKED_HEAD_BYTES = 16;
const PACKED_BYTES = SHA256_BYTES + SIZE_BYTES;
const REFERENCE_BYTES = SHA256_BYTES + SIZE_BYTES + SOURCE_BYTES;
const COUNT_BYTES = 8 + SIZE_BYTES;

const COUNT_TAG = "n";
const QUEUE_TAG = "q";

/** The prefix of all count rows, in order of SHA-256: every blob that is reachable, or was until a moment ago. */
export const BLOB_COUNTS_PREFIX: Uint8Array = encodeKey([COUNT_TAG]);
/** The prefix of the blob queue, the oldest entry first. */
export const BLOB_QUEUE_PREFIX: Uint8Array = encodeKey([QUEUE_TAG]);

export const blobCountKey = (sha256: Uint8Array): Uint8Array => encodeKey([COUNT_TAG, sha256]);

/** @throws RangeError when `key` is no key of `blobCountKey` */
export function parseBlobCountKey(key: Uint8Array): Uint8Array {
  return decodeKey(key, ["string", "bytes"])[1];
}

export const blobQueueKey = (queuedTs: Timestamp, sha256: Uint8Array): Uint8Array =>
  encodeKey([QUEUE_TAG, queuedTs, sha256]);

/** @throws RangeError when `key` is no key of `blobQueueKey` */
export function parseBlobQueueKey(key: Uint8Array): {
  readonly queuedTs: Timestamp;
  readonly sha256: Uint8Array;
} {
  const [, queuedTs, sha256] = decodeKey(key, ["string", "timestamp", "bytes"]);
  return { queuedTs, sha256 };
}

/** The key of the `number`-th reference under a prefix. */
export const referenceKey = (prefix: Uint8Array, number: number): Uint8Array =>
  appendSegments(prefix, [number]);

export interface Reference extends BlobRef {
  /** Raft id of a node that held the blob when the reference was made. */
  readonly source: number;
}

export function encodeReference({ sha256, size, source }: Reference): Uint8Array {
  checkSha256(sha256);
  const bytes = new Uint8Array(REFERENCE_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(sha256);
  view.setUint32(SHA256_BYTES, size);
  view.setBigUint64(SHA256_BYTES + SIZE_BYTES, BigInt(source));
  return bytes;
}

/** The SHA-256 is a view of `value`. @throws RangeError */
export function decodeReference(value: Uint8Array): Reference {
  if (value.byteLength !== REFERENCE_BYTES) {
    throw new RangeError(`a reference has ${value.byteLength} bytes, not ${REFERENCE_BYTES}`);
  }
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  return {
    sha256: value.subarray(0, SHA256_BYTES),
    size: view.getUint32(SHA256_BYTES),
    source: Number(view.getBigUint64(SHA256_BYTES + SIZE_BYTES)),
  };
}

export interface BlobCount {
  readonly references: number;
  /** Bytes of the blob. */
  readonly size: number;
}

export function encodeBlobCount({ references, size }: BlobCount): Uint8Array {
  const bytes = new Uint8Array(COUNT_BYTES);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(references));
  view.setUint32(8, size);
  return bytes;
}

/** @throws RangeError */
export function decodeBlobCount(value: Uint8Array): BlobCount {
  if (value.byteLength !== COUNT_BYTES) {
    throw new RangeError(`a blob count has ${value.byteLength} bytes, not ${COUNT_BYTES}`);
  }
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  return { references: Number(view.getBigUint64(0)), size: view.getUint32(8) };
}

/** Number of the first reference (8), source (8), then SHA-256 (32) and size (4) of each blob. */
export function packReferences({ first, source, blobs }: ReferenceMutation): Uint8Array {
  const bytes = new Uint8Array(PACKED_HEAD_BYTES + blobs.length * PACKED_BYTES);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(first));
  view.setBigUint64(8, BigInt(source));
  blobs.forEach(({ sha256, size }, i) => {
    checkSha256(sha256);
    const at = PACKED_HEAD_BYTES + i * PACKED_BYTES;
    bytes.set(sha256, at);
    view.setUint32(at + SHA256_BYTES, size);
  });
  return bytes;
}

/** The SHA-256 values are views of `bytes`. @throws RangeError */
export function unpackReferences(prefix: Uint8Array, bytes: Uint8Array): ReferenceMutation {
  const rest = bytes.byteLength - PACKED_HEAD_BYTES;
  if (rest < 0 || rest % PACKED_BYTES !== 0) {
    throw new RangeError(`packed references of ${bytes.byteLength} bytes`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const blobs: BlobRef[] = [];
  for (let at = PACKED_HEAD_BYTES; at < bytes.byteLength; at += PACKED_BYTES) {
    blobs.push({
      sha256: bytes.subarray(at, at + SHA256_BYTES),
      size: view.getUint32(at + SHA256_BYTES),
    });
  }
  return {
    kind: "reference",
    prefix,
    first: Number(view.getBigUint64(0)),
    source: Number(view.getBigUint64(8)),
    blobs,
  };
}

function checkSha256(sha256: Uint8Array): void {
  if (sha256.byteLength !== SHA256_BYTES) throw new RangeError(`a SHA-256 of ${sha256.byteLength} bytes`);
}
