import { elastickv as gen } from "../../gen/s3.js";
import { decodeWith } from "./record-error.ts";

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
