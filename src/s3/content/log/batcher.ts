/**
 * How an object is cut for the log: chunks of 1 MiB, as many per Raft entry as the ENCODED size of the entry allows,
 * with 64 KiB free. The default limit of 4 MiB allows three chunks, so 5 GiB need 1707 entries.
 */
import { encodeGarbage } from "../../../txn/garbage.ts";
import type { Condition, KvGroup, Txn, TxnMutation } from "../../../txn/types.ts";
import { BUCKET_NAME_LENGTH_MAX, KEY_BYTES_MAX, PART_NUMBER_MAX } from "../../protocol/limits.ts";
import { encodeChunk } from "../../records/chunk.ts";
import { aliveKey, chunkKey, partChunksPrefix, pendingWriteKey, uploadKey } from "../../records/keys.ts";
import { encodePendingWrite } from "../../records/pending-write.ts";
import { CHUNK_BYTES } from "../chunk-buffers.ts";

/**
 * Bytes that stay free in a full entry at the default limit; with a small limit, a quarter of the limit stays free.
 * @internal
 */
export const ENTRY_HEADROOM_BYTES = 64 * 1024;
const CHUNK_BYTES_MIN = 64;

export interface BatchPlan {
  /** Bytes of every chunk but the last. */
  readonly chunkBytes: number;
  readonly chunksPerBatch: number;
}

/**
 * Chunk size and chunks per batch for the size limit of a transaction, computed for the worst case: the longest key,
 * of bytes that double when escaped, in the first batch (which also carries the pending write).
 * @throws RangeError when not even the smallest chunk fits
 */
export function planBatches(kv: Pick<KvGroup, "encodedSize" | "maxTxnBytes">): BatchPlan {
  const limit = kv.maxTxnBytes - Math.min(ENTRY_HEADROOM_BYTES, Math.floor(kv.maxTxnBytes / 4));
  for (let chunkBytes = CHUNK_BYTES; chunkBytes >= CHUNK_BYTES_MIN; chunkBytes /= 2) {
    const zeros = new Uint8Array(chunkBytes);
    let chunks = 0;
    while (kv.encodedSize(worstBatch(zeros, chunks + 1)) <= limit) chunks++;
    if (chunks > 0) return { chunkBytes, chunksPerBatch: chunks };
  }
  throw new RangeError(`transactions of ${kv.maxTxnBytes} bytes cannot carry a chunk with the longest key`);
}

/** The largest first batch that an upload can produce. @internal */
export function worstBatch(chunk: Uint8Array, chunks: number): Txn {
  const key = "\0".repeat(KEY_BYTES_MAX);
  const bucket = "b".repeat(BUCKET_NAME_LENGTH_MAX);
  const ref = { bucket, generation: 2n ** 63n };
  const id = new Uint8Array(32);
  const prefix = partChunksPrefix(ref, key, new Uint8Array(48), PART_NUMBER_MAX, id);
  const conditions: Condition[] = [
    { kind: "must-exist", key: aliveKey(ref, "suspended") },
    { kind: "must-exist", key: uploadKey(ref, key, "u".repeat(48)) },
  ];
  const largest = Number.MAX_SAFE_INTEGER;
  const mutations: TxnMutation[] = [
    {
      kind: "put",
      key: pendingWriteKey(id),
      value: encodePendingWrite({
        origin: new Uint8Array(8),
        node: "n".repeat(255),
        startedMs: largest,
        seenMs: largest,
        bucket,
        key,
      }),
      garbage: encodeGarbage([{ kind: "prefix", prefix }]),
    },
  ];
  for (let i = 0; i < chunks; i++) {
    mutations.push({
      kind: "put",
      key: chunkKey(prefix, largest - i),
      value: encodeChunk({ crc32: 0xffffffff, size: chunk.byteLength }),
      payload: chunk,
    });
  }
  return { conditions, mutations };
}
