/** Rows of unfinished writes (content/pending-writes.ts). */
import { elastickv as gen } from "../../gen/s3.js";
import { decodeWith, safeCount } from "./record-error.ts";

export interface PendingWriteRecord {
  /** 8 bytes that identify one start of one node. */
  readonly origin: Uint8Array;
  readonly node: string;
  readonly startedMs: number;
  readonly seenMs: number;
  readonly bucket: string;
  readonly key: string;
}

export function encodePendingWrite(write: PendingWriteRecord): Uint8Array {
  safeCount(write.startedMs, "pending write startedMs");
  safeCount(write.seenMs, "pending write seenMs");
  return gen.s3.PendingWrite.encode(write).finish();
}

/** @throws RecordError */
export function decodePendingWrite(value: Uint8Array): PendingWriteRecord {
  return decodeWith("pending write", () => {
    const row = gen.s3.PendingWrite.decode(value);
    return {
      origin: row.origin,
      node: row.node,
      startedMs: safeCount(row.startedMs, "pending write startedMs"),
      seenMs: safeCount(row.seenMs, "pending write seenMs"),
      bucket: row.bucket,
      key: row.key,
    };
  });
}
