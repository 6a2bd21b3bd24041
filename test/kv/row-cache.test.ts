import { describe, expect, test } from "bun:test";
import { ABSENT_KEYS_MAX, CACHED_ROW_BYTES_MAX, ROW_CACHE_BYTES, RowCache } from "../../src/kv/row-cache.ts";
import { packKeys } from "../../src/messages/changed-keys.ts";
import type { VersionedValue } from "../../src/store/types.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const row = (text: string, payload?: Uint8Array): VersionedValue => ({
  commitTs: 1n,
  value: bytes(text),
  payload,
  garbage: undefined,
});

describe("row cache", () => {
  test("answers at exactly the timestamp it knows, and for nothing before the first message", () => {
    const cache = new RowCache();
    cache.put(bytes("k"), 5n, row("v"), true);
    expect(cache.get(bytes("k"), 5n, true)).toBeUndefined();
    cache.applied(5n, packKeys([]));
    cache.put(bytes("k"), 5n, row("v"), true);
    expect(cache.get(bytes("k"), 5n, true)).toEqual(row("v"));
    expect(cache.get(bytes("k"), 4n, true)).toBeUndefined();
    // A batch that readers can see already, and whose message has not come yet.
    expect(cache.get(bytes("k"), 6n, true)).toBeUndefined();
    cache.put(bytes("k"), 6n, row("from the future"), true);
    expect(cache.get(bytes("k"), 5n, true)).toEqual(row("v"));
  });

  test("a batch takes out what it changed and keeps the rest; an unnamed change takes all", () => {
    const cache = new RowCache();
    cache.applied(1n, packKeys([]));
    for (const key of ["a", "b", ""]) cache.put(bytes(key), 1n, row(key), true);
    cache.applied(2n, packKeys([bytes("a"), bytes("not cached"), bytes("")]));
    expect(cache.get(bytes("a"), 2n, true)).toBeUndefined();
    expect(cache.get(bytes(""), 2n, true)).toBeUndefined();
    expect(cache.get(bytes("b"), 2n, true)).toEqual(row("b"));
    cache.applied(3n, undefined);
    expect(cache.get(bytes("b"), 3n, true)).toBeUndefined();
    expect(cache.bytes).toBe(0);
  });

  test("a row read without its payload does not pass for a whole one", () => {
    const cache = new RowCache();
    cache.applied(1n, packKeys([]));
    cache.put(bytes("k"), 1n, row("v"), false);
    expect(cache.get(bytes("k"), 1n, true)).toBeUndefined();
    expect(cache.get(bytes("k"), 1n, false)).toEqual(row("v"));
    cache.put(bytes("k"), 1n, row("v", bytes("p")), true);
    expect(cache.get(bytes("k"), 1n, false)?.payload).toEqual(bytes("p"));
  });

  test("keys of any bytes are told apart, views and shared memory included", () => {
    const cache = new RowCache();
    cache.applied(1n, packKeys([]));
    const shared = new Uint8Array(new SharedArrayBuffer(4));
    shared.set([0, 255, 128, 1]);
    cache.put(shared.subarray(1, 3), 1n, row("x"), true);
    expect(cache.get(Uint8Array.from([255, 128]), 1n, true)).toEqual(row("x"));
    expect(cache.get(Uint8Array.from([255, 129]), 1n, true)).toBeUndefined();
    cache.applied(2n, packKeys([shared.subarray(1, 3)]));
    expect(cache.size).toBe(0);
  });

  test("stays within its bytes, forgets the least recently used, refuses large rows", () => {
    const cache = new RowCache();
    cache.applied(1n, packKeys([]));
    const payload = new Uint8Array(32 << 10);
    const rows = Math.ceil(ROW_CACHE_BYTES / payload.byteLength) + 10;
    cache.put(bytes("hot"), 1n, row("hot"), true);
    for (let i = 0; i < rows; i++) {
      cache.put(bytes(`k${i}`), 1n, row("v", payload), true);
      expect(cache.get(bytes("hot"), 1n, true)).toBeDefined();
    }
    expect(cache.bytes).toBeLessThanOrEqual(ROW_CACHE_BYTES);
    expect(cache.get(bytes("k0"), 1n, true)).toBeUndefined();
    expect(cache.get(bytes(`k${rows - 1}`), 1n, true)).toBeDefined();
    cache.put(bytes("large"), 1n, row("v", new Uint8Array(CACHED_ROW_BYTES_MAX)), true);
    expect(cache.get(bytes("large"), 1n, true)).toBeUndefined();
  });

  test("a key without a row is known until a batch names it, and only at the timestamp it was read at", () => {
    const cache = new RowCache();
    cache.putAbsent(bytes("k"), 1n);
    expect(cache.isAbsent(bytes("k"), 1n)).toBe(false);
    cache.applied(1n, packKeys([]));
    cache.putAbsent(bytes("k"), 1n);
    cache.putAbsent(bytes("other"), 1n);
    expect([cache.isAbsent(bytes("k"), 1n), cache.isAbsent(bytes("k"), 2n)]).toEqual([true, false]);
    cache.applied(2n, packKeys([bytes("k")]));
    expect([cache.isAbsent(bytes("k"), 2n), cache.isAbsent(bytes("other"), 2n)]).toEqual([false, true]);
    cache.applied(3n, undefined);
    expect(cache.isAbsent(bytes("other"), 3n)).toBe(false);
    cache.putAbsent(bytes("k"), 3n);
    cache.clear();
    cache.applied(3n, packKeys([]));
    expect(cache.isAbsent(bytes("k"), 3n)).toBe(false);
  });

  test("of keys without a row the least recently used is forgotten", () => {
    const cache = new RowCache();
    cache.applied(1n, packKeys([]));
    for (let i = 0; i < ABSENT_KEYS_MAX + 10; i++) {
      cache.putAbsent(bytes(`k${i}`), 1n);
      expect(cache.isAbsent(bytes("k0"), 1n)).toBe(true);
    }
    expect([cache.isAbsent(bytes("k1"), 1n), cache.isAbsent(bytes(`k${ABSENT_KEYS_MAX + 9}`), 1n)]).toEqual([
      false,
      true,
    ]);
  });
});
