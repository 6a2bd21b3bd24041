import { BLIND, type Timestamp } from "./types.ts";

/** The highest possible commit timestamp: `BLIND` itself marks a version without a successor. */
export const MAX_COMMIT_TS: Timestamp = BLIND - 1n;

const TIMESTAMP_BYTES = 8;

/** Encodes 8 bytes big-endian, so that bytewise order is time order. @throws RangeError outside 0 .. 2^63-1 */
export function encodeTimestamp(ts: Timestamp): Uint8Array {
  if (ts < 0n || ts > BLIND) throw new RangeError(`timestamp ${ts} is outside 0 .. 2^63-1`);
  const bytes = new Uint8Array(TIMESTAMP_BYTES);
  new DataView(bytes.buffer).setBigUint64(0, ts);
  return bytes;
}

/** @throws RangeError when fewer than 8 bytes are left at `offset`, or when the number is above 2^63-1 */
export function decodeTimestamp(bytes: Uint8Array, offset = 0): Timestamp {
  if (offset < 0 || bytes.length - offset < TIMESTAMP_BYTES) {
    throw new RangeError(`a timestamp needs 8 bytes at offset ${offset}, the input has ${bytes.length}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, TIMESTAMP_BYTES);
  const ts = view.getBigUint64(0);
  if (ts > BLIND) throw new RangeError(`timestamp ${ts} is above 2^63-1`);
  return ts;
}

/** @throws RangeError when the timestamp is outside 1 .. 2^63-2 */
export function checkCommitTs(ts: Timestamp): void {
  if (ts < 1n || ts > MAX_COMMIT_TS) throw new RangeError(`commit timestamp ${ts} is outside 1 .. 2^63-2`);
}

/** Checks a read timestamp; `BLIND` reads like the highest commit timestamp. @throws RangeError outside 0 .. 2^63-1 */
export function clampReadTs(ts: Timestamp): Timestamp {
  if (ts < 0n || ts > BLIND) throw new RangeError(`read timestamp ${ts} is outside 0 .. 2^63-1`);
  return ts > MAX_COMMIT_TS ? MAX_COMMIT_TS : ts;
}
