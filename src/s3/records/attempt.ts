/** Attempt intents and chunk headers. */
import { elastickv as gen } from "../../gen/s3.js";
import { decodeWith, safeCount } from "./record-error.ts";

export interface AttemptRecord {
  /** 8 bytes: one boot of one node. */
  readonly origin: Uint8Array;
  readonly node: string;
  readonly startedMs: number;
  readonly seenMs: number;
  readonly bucket: string;
  readonly key: string;
}

export function encodeAttempt(attempt: AttemptRecord): Uint8Array {
  safeCount(attempt.startedMs, "attempt startedMs");
  safeCount(attempt.seenMs, "attempt seenMs");
  return gen.s3.Attempt.encode(attempt).finish();
}

/** @throws RecordError */
export function decodeAttempt(value: Uint8Array): AttemptRecord {
  return decodeWith("attempt", () => {
    const row = gen.s3.Attempt.decode(value);
    return {
      origin: row.origin,
      node: row.node,
      startedMs: safeCount(row.startedMs, "attempt startedMs"),
      seenMs: safeCount(row.seenMs, "attempt seenMs"),
      bucket: row.bucket,
      key: row.key,
    };
  });
}

export interface ChunkRecord {
  readonly crc32: number;
  readonly size: number;
}

export function encodeChunk(chunk: ChunkRecord): Uint8Array {
  return gen.s3.Chunk.encode(chunk).finish();
}

/** @throws RecordError */
export function decodeChunk(value: Uint8Array): ChunkRecord {
  return decodeWith("chunk", () => {
    const row = gen.s3.Chunk.decode(value);
    return { crc32: row.crc32, size: row.size };
  });
}
