/**
 * Pending writes: a row `a` says that a write has stored content that no manifest or part names yet. The garbage
 * record of the row names the content, so deleting the row is enough to collect the content. The transaction that
 * makes the content current also deletes the row, and keeps the content. The sweeper (gc/pending-write-sweeper.ts)
 * deletes the rows that a crash leaves behind.
 */
import { encodeGarbage, type GarbageItem } from "../../txn/garbage.ts";
import type { KvGroup, TxnMutation } from "../../txn/types.ts";
import { pendingWriteKey } from "../records/keys.ts";
import { encodePendingWrite, type PendingWriteRecord } from "../records/pending-write.ts";

/**
 * A write renews its row together with a batch when the row is older than this time, which is far below any sensible
 * TTL.
 */
export const RENEW_MS = 10 * 60 * 1000;
/** Bytes of the id of a write: random, so that ids of all nodes and starts are different. */
export const WRITE_ID_BYTES = 16;

/** Writes or renews the row: replacing the write's own older row must not make the content garbage. */
export function putPendingWrite(
  id: Uint8Array,
  record: PendingWriteRecord,
  content: GarbageItem,
): TxnMutation {
  return {
    kind: "put",
    key: pendingWriteKey(id),
    value: encodePendingWrite(record),
    garbage: encodeGarbage([content]),
    keepContent: true,
  };
}

/** Ends the pending write: an object or a part names the content. */
export function endPendingWrite(id: Uint8Array): TxnMutation {
  return { kind: "delete", key: pendingWriteKey(id), keepContent: true };
}

/** The write failed: its content becomes garbage, unless the write has ended or was swept already. */
export async function abandonPendingWrite(group: KvGroup, id: Uint8Array): Promise<void> {
  const key = pendingWriteKey(id);
  await group.transact({ conditions: [{ kind: "must-exist", key }], mutations: [{ kind: "delete", key }] });
}
