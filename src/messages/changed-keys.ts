/**
 * The keys that an apply batch changed, packed for a message: for each key its length (4 bytes, little-endian), then
 * its bytes.
 */
export type ChangedKeys = Uint8Array;

export function packKeys(keys: readonly Uint8Array[]): ChangedKeys {
  let bytes = 0;
  for (const key of keys) bytes += 4 + key.byteLength;
  const packed = new Uint8Array(bytes);
  const view = new DataView(packed.buffer);
  let at = 0;
  for (const key of keys) {
    view.setUint32(at, key.byteLength, true);
    packed.set(key, at + 4);
    at += 4 + key.byteLength;
  }
  return packed;
}

/** Calls `each` for every key, as a view of `changed`. */
export function forEachChangedKey(changed: ChangedKeys, each: (key: Uint8Array) => void): void {
  const view = new DataView(changed.buffer, changed.byteOffset, changed.byteLength);
  for (let at = 0; at < changed.byteLength; ) {
    const length = view.getUint32(at, true);
    each(changed.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
}
