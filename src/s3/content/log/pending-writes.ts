/**
 * Attempt intents: a row `a` says that an attempt has written chunk rows which no manifest names yet. Its disposal
 * names those chunks, so deleting the row is all it takes to have them cleaned up. The transaction that makes the
 * object current deletes it too, keeping the content. What a crash leaves behind the sweeper removes (content/attempts.ts).
 */
import { encodeGarbage } from "../../../txn/garbage.ts";
import type { KvGroup, TxnMutation } from "../../../txn/types.ts";
import { type AttemptRecord, encodeAttempt } from "../../records/attempt.ts";
import { attemptKey } from "../../records/keys.ts";

/** An attempt renews its intent with a batch when it is older than this; far below any sensible TTL. */
export const RENEW_MS = 10 * 60 * 1000;
/** Bytes of the id of a write: random, so that ids of all nodes and starts are different. */
export const WRITE_ID_BYTES = 16;

/** Writes or renews an intent: superseding one's own older row must not dispose of the content. */
export function putIntent(id: Uint8Array, record: AttemptRecord, chunksPrefix: Uint8Array): TxnMutation {
  return {
    kind: "put",
    key: attemptKey(id),
    value: encodeAttempt(record),
    disposal: encodeGarbage([{ kind: "prefix", prefix: chunksPrefix }]),
    keepContent: true,
  };
}

/** The attempt became an object or a part. */
export function fulfilIntent(id: Uint8Array): TxnMutation {
  return { kind: "delete", key: attemptKey(id), keepContent: true };
}

/** The attempt failed: its chunks become garbage, unless it was fulfilled or swept already. */
export async function abandonIntent(group: KvGroup, id: Uint8Array): Promise<void> {
  const key = attemptKey(id);
  await group.transact({ conditions: [{ kind: "must-exist", key }], mutations: [{ kind: "delete", key }] });
}
