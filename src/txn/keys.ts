/** Keys that the kv layer itself writes. All other keys belong to the layers above. */
import { decodeKey, encodeKey, KeyReader } from "../store/key-encoding.ts";
import type { Timestamp } from "../store/types.ts";

const GARBAGE_TAG = "x";

/** The prefix of all rows of the garbage queue; the rows are in order of age, the oldest first. */
export const GARBAGE_PREFIX: Uint8Array = encodeKey([GARBAGE_TAG]);

/** The key of the `ordinal`-th garbage record of the transaction that committed at `commitTs`. */
export function garbageKey(commitTs: Timestamp, ordinal: number): Uint8Array {
  return encodeKey([GARBAGE_TAG, commitTs, ordinal]);
}

/** @throws RangeError when `key` is not a key of `garbageKey` */
export function parseGarbageKey(key: Uint8Array): { readonly commitTs: Timestamp; readonly ordinal: number } {
  const [, commitTs, ordinal] = decodeKey(key, ["string", "timestamp", "number"]);
  return { commitTs, ordinal };
}

const SETTING_TAG = "s";

/**
 * The key of a setting that the whole cluster shares. No S3 request reaches the key: the first segment of a key is
 * the tag of the table, and S3 stores the names of clients under other tags.
 */
export function settingKey(...path: readonly [name: string, ...below: string[]]): Uint8Array {
  return encodeKey([SETTING_TAG, ...path]);
}

/** The path that `settingKey` received. @throws RangeError for any other key */
export function settingPath(key: Uint8Array): string[] {
  const reader = new KeyReader(key);
  const tag = reader.string();
  const path: string[] = [];
  while (!reader.done) path.push(reader.string());
  if (tag !== SETTING_TAG || path.length === 0) throw new RangeError("not the key of a setting");
  return path;
}
