/** Reads chunk rows. */
import { crc32 } from "node:zlib";
import { hexOf } from "../../../platform/bytes.ts";
import type { GarbageItem } from "../../../txn/garbage.ts";
import type { KvClient, KvGroup } from "../../../txn/types.ts";
import { decodeChunk } from "../../records/chunk.ts";
import { attemptChunksPrefix, bucketChunksPrefix, chunkKey, partChunksPrefix } from "../../records/keys.ts";
import { RecordError } from "../../records/record-error.ts";
import type { ChunkBuffer } from "../chunk-buffers.ts";
import type { ContentScope, ContentSource, Extent, Piece } from "../types.ts";

export class LogSource implements ContentSource {
  readonly #kv: Pick<KvClient, "group">;

  constructor(kv: Pick<KvClient, "group">) {
    this.#kv = kv;
  }

  *pieces(extent: Extent, from: number, to: number): Generator<Piece> {
    const { ref, key, attempt, partNumber, partAttempt, chunkSize } = extent;
    const group = this.#kv.group(ref.bucket);
    const prefix = partChunksPrefix(ref, key, attempt, partNumber, partAttempt);
    for (let chunk = Math.floor(from / chunkSize); chunk * chunkSize < to; chunk++) {
      const at = chunk * chunkSize;
      const size = Math.min(chunkSize, extent.size - at);
      const row = chunkKey(prefix, chunk);
      const [first, end] = [Math.max(from - at, 0), Math.min(to - at, size)];
      yield {
        read: async (buffer) => {
          const bytes = await readChunk(group, row, size, buffer);
          return first === 0 && end === size ? bytes : bytes.subarray(first, end);
        },
      };
    }
  }

  garbage(scope: ContentScope): GarbageItem {
    return { kind: "prefix", prefix: prefixOf(scope) };
  }
}

function prefixOf(scope: ContentScope): Uint8Array {
  switch (scope.of) {
    case "bucket":
      return bucketChunksPrefix(scope.ref);
    case "attempt":
      return attemptChunksPrefix(scope.ref, scope.key, scope.attempt);
    case "part":
      return partChunksPrefix(scope.ref, scope.key, scope.attempt, scope.partNumber, scope.partAttempt);
  }
}

/** A whole chunk, verified. @throws RecordError */
async function readChunk(
  group: Pick<KvGroup, "getImmutable">,
  key: Uint8Array,
  size: number,
  buffer: ChunkBuffer,
): Promise<Uint8Array> {
  const row = await group.getImmutable(key, buffer);
  if (row?.payload === undefined) throw new RecordError(`chunk ${hexOf(key)} is missing`);
  const { crc32: expected, size: written } = decodeChunk(row.value);
  // One CRC over the bytes is enough, and costs a tenth of a download; either the store or this code computes the
  // CRC.
  const found = buffer.crc32 ?? crc32(row.payload);
  if (found !== expected || written !== size || row.payload.byteLength !== written) {
    throw new RecordError(
      `chunk ${hexOf(key)}: ${row.payload.byteLength} bytes with CRC ${found}, expected ${written} of ${size} with ${expected}`,
    );
  }
  return row.payload;
}
