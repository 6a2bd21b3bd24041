/** Keys that the kv layer itself writes. Everything else in the keyspace belongs to the layers above. */
import { decodeKey, encodeKey, KeyReader } from "../store/key-encoding.ts";
import type { Timestamp } from "../store/types.ts";

const GARBAGE_TAG = "x";

/** Every row of the garbage queue, oldest first. */
export const GARBAGE_PREFIX: Uint8Array = encodeKey([GARBAGE_TAG]);

/** Of the `ordinal`-th garbage record that the transaction committed at `commitTs` left behind. */
export function garbageKey(commitTs: Timestamp, ordinal: number): Uint8Array {
  return encodeKey([GARBAGE_TAG, commitTs, ordinal]);
}

/** @throws RangeError when `key` is not one of `garbageKey`. */
export function parseGarbageKey(key: Uint8Array): { readonly commitTs: Timestamp; readonly ordinal: number } {
  const [, commitTs, ordinal] = decodeKey(key, ["string", "timestamp", "number"]);
  return { commitTs, ordinal };
}

const SETTING_TAG = "s";

/** A setting that the whole cluster shares. No S3 request reaches it: the first segment of a key is the table's tag, and S3
 *  puts what clients name behind tags of its own. */
export function settingKey(...path: readonly [name: string, ...below: string[]]): Uint8Array {
  return encodeKey([SETTING_TAG, ...path]);
}

/** The path that `settingKey` was given. @throws RangeError for another key. */
export function settingPath(key: Uint8Array): string[] {
  const reader = new KeyReader(key);
  const tag = reader.string();
  const path: string[] = [];
  while (!reader.done) path.push(reader.string());
  if (tag !== SETTING_TAG || path.length === 0) throw new RangeError("not the key of a setting");
  return path;
}
