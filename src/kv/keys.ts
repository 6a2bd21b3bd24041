/** Keys that the kv layer itself writes. Everything else in the keyspace belongs to the layers above. */
import { decodeKey, encodeKey } from "../store/key-encoding.ts";
import type { Timestamp } from "../store/types.ts";

const CLEANUP_TAG = "x";

/** Every row of the clean-up list, oldest first. */
export const CLEANUP_PREFIX: Uint8Array = encodeKey([CLEANUP_TAG]);

/** The `ordinal`-th disposal that the transaction committed at `commitTs` left behind. */
export function cleanupKey(commitTs: Timestamp, ordinal: number): Uint8Array {
  return encodeKey([CLEANUP_TAG, commitTs, ordinal]);
}

/** @throws RangeError when `key` is not one of `cleanupKey`. */
export function parseCleanupKey(key: Uint8Array): { readonly commitTs: Timestamp; readonly ordinal: number } {
  const [, commitTs, ordinal] = decodeKey(key, ["string", "timestamp", "number"]);
  return { commitTs, ordinal };
}
