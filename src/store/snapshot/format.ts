/**
 * The byte stream of a keyspace (docs/format/snapshot.md): a header, frames, a trailer. The stream is independent of
 * the store that wrote it: two stores with the same rows write the same bytes. All numbers are big-endian.
 */
import { crc32 } from "node:zlib";
import { ONLY_GROUP } from "../../threads/group.ts";
import { type AppliedState, BLIND, StoreError, type Timestamp } from "../types.ts";

/** "EKVSNAP" and a line feed: the line feed reveals a copy in text mode. */
const SNAPSHOT_MAGIC: Uint8Array = Uint8Array.of(0x45, 0x4b, 0x56, 0x53, 0x4e, 0x41, 0x50, 0x0a);
export const SNAPSHOT_VERSION = 1;
/** Magic (8), version (4), index (8), term (8), commit_ts (8), horizon (8), CRC-32 of the bytes before it (4). */
export const HEADER_BYTES = 48;
/** Kind (1), length of the body (4). */
export const FRAME_HEAD_BYTES = 5;
/** CRC-32 of head and body. */
export const FRAME_TAIL_BYTES = 4;
/** Rows are gathered up to this size; a single larger row makes a larger frame. */
export const FRAME_BODY_BYTES = 64 << 10;
/** The largest body: a reader notices a damaged length before the reader allocates memory for the body. */
export const FRAME_BODY_MAX_BYTES = 64 << 20;
/** A payload up to this size lies in its row; a larger payload follows its row in frames of its own. */
export const ROW_PAYLOAD_MAX_BYTES = 16 << 10;
/** Rows (8), state values (8), payload bytes (8), SHA-256 (32). */
const TRAILER_BODY_BYTES = 56;

/** The Raft group (4): the frame comes before every other frame, and a snapshot of group 0 has no such frame. */
export const FRAME_GROUP = 0;
export const FRAME_STATE = 1;
export const FRAME_ROWS = 2;
export const FRAME_PAYLOAD = 3;
export const FRAME_END = 4;

export const ROW_TOMBSTONE = 1;
export const ROW_GARBAGE = 2;
export const ROW_PAYLOAD = 4;

export interface SnapshotHeader {
  readonly position: AppliedState;
  /** Oldest timestamp that can be read. */
  readonly horizon: Timestamp;
}

export interface SnapshotCounts {
  rows: number;
  states: number;
  payloadBytes: number;
}

export function corrupt(message: string): StoreError {
  return new StoreError("CORRUPT", `snapshot stream: ${message}`);
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function encodeHeader({ position, horizon }: SnapshotHeader): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = viewOf(bytes);
  bytes.set(SNAPSHOT_MAGIC);
  view.setUint32(8, SNAPSHOT_VERSION);
  view.setBigUint64(12, BigInt(position.index));
  view.setBigUint64(20, BigInt(position.term));
  view.setBigUint64(28, position.commitTs);
  view.setBigUint64(36, horizon);
  view.setUint32(44, crc32(bytes.subarray(0, 44)));
  return bytes;
}

/** @throws StoreError CORRUPT */
export function decodeHeader(bytes: Uint8Array): SnapshotHeader {
  const view = viewOf(bytes);
  if (Buffer.compare(bytes.subarray(0, SNAPSHOT_MAGIC.length), SNAPSHOT_MAGIC) !== 0) {
    throw corrupt(`byte 0: begins with ${Buffer.from(bytes.subarray(0, 8)).toString("hex")}, not a snapshot`);
  }
  // The version is checked before the checksum, because another version may have the checksum at another place.
  const version = view.getUint32(8);
  if (version !== SNAPSHOT_VERSION) {
    throw corrupt(`byte 8: version ${version}, this program reads version ${SNAPSHOT_VERSION}`);
  }
  if (view.getUint32(44) !== crc32(bytes.subarray(0, 44))) {
    throw corrupt("byte 0: the header's checksum does not match");
  }
  const position = {
    index: safe(view.getBigUint64(12), "index"),
    term: safe(view.getBigUint64(20), "term"),
    commitTs: view.getBigUint64(28),
  };
  const horizon = view.getBigUint64(36);
  if (position.commitTs >= BLIND || horizon > position.commitTs) {
    throw corrupt(`byte 28: newest commit ${position.commitTs} with horizon ${horizon} cannot be`);
  }
  return { position, horizon };
}

/**
 * @throws StoreError WRONG_GROUP when the snapshot belongs to another group: a release with several groups wrote it
 */
export function checkGroupBody(body: Uint8Array): void {
  if (body.length !== 4) throw corrupt(`the Raft group has ${body.length} bytes, not 4`);
  const group = viewOf(body).getUint32(0);
  if (group !== ONLY_GROUP) {
    throw new StoreError(
      "WRONG_GROUP",
      `snapshot stream: of Raft group ${group}, and there is only ${ONLY_GROUP}`,
    );
  }
}

export function encodeTrailerBody(counts: SnapshotCounts, digest: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(TRAILER_BODY_BYTES);
  const view = viewOf(bytes);
  view.setBigUint64(0, BigInt(counts.rows));
  view.setBigUint64(8, BigInt(counts.states));
  view.setBigUint64(16, BigInt(counts.payloadBytes));
  bytes.set(digest, 24);
  return bytes;
}

/** @throws StoreError CORRUPT when the stream differs from its trailer */
export function checkTrailerBody(body: Uint8Array, counts: SnapshotCounts, digest: Uint8Array): void {
  if (body.length !== TRAILER_BODY_BYTES) throw corrupt(`the trailer has ${body.length} bytes`);
  const view = viewOf(body);
  const found = [counts.rows, counts.states, counts.payloadBytes];
  ["rows", "state values", "payload bytes"].forEach((what, i) => {
    const announced = view.getBigUint64(i * 8);
    if (announced !== BigInt(found[i] ?? 0)) {
      throw corrupt(`the trailer announces ${announced} ${what}, the stream has ${found[i]}`);
    }
  });
  if (Buffer.compare(body.subarray(24), digest) !== 0)
    throw corrupt("the SHA-256 of all of it does not match");
}

function safe(value: bigint, what: string): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw corrupt(`${what} ${value} is above 2^53-1`);
  return Number(value);
}
