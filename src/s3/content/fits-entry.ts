import { MAX_COMMIT_TS } from "../../store/timestamp.ts";
import type { PutMutation } from "../../store/types.ts";
import type { KvGroup, TxnMutation } from "../../txn/types.ts";
import type { Closing } from "./types.ts";

/**
 * A key of another version of the object has a tag, a slot and ids instead of the row's own: at most this much more. The
 * value may get a version id.
 */
const VERSION_BYTES = 128;

/**
 * Does the transaction fit one entry, with the conditions on the row's key and with the mutations that keep the older
 * version of the object?
 */
export function fitsEntry(kv: KvGroup, { guards, mutations }: Closing, { key }: PutMutation): boolean {
  const conditions = guards.map((guard) => guard.condition);
  const version = new Uint8Array(key.byteLength + VERSION_BYTES);
  conditions.push({ kind: "version-equals", key, commitTs: MAX_COMMIT_TS });
  conditions.push({ kind: "version-equals", key: version, commitTs: MAX_COMMIT_TS });
  const all: TxnMutation[] = [
    ...mutations,
    { kind: "archive", from: version, to: version },
    { kind: "delete", key: version },
    { kind: "delete", key: version },
  ];
  return kv.encodedSize({ conditions, mutations: all }) <= kv.maxTxnBytes;
}
