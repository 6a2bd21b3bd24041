import { MAX_COMMIT_TS } from "../../store/timestamp.ts";
import type { PutMutation } from "../../store/types.ts";
import type { KvGroup } from "../../txn/types.ts";
import type { Closing } from "./types.ts";

/** Does the transaction fit one entry, with one more condition on the row's key? */
export function fitsEntry(kv: KvGroup, { guards, mutations }: Closing, { key }: PutMutation): boolean {
  const conditions = guards.map((guard) => guard.condition);
  conditions.push({ kind: "version-equals", key, commitTs: MAX_COMMIT_TS });
  return kv.encodedSize({ conditions, mutations }) <= kv.maxTxnBytes;
}
