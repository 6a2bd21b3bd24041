/**
 * What every MvccStore must do: run on both implementations, SQLite in both sync modes.
 *
 * More than 400 lines: one list for both stores.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { encodeKey } from "../../src/store/key-encoding.ts";
import { SqliteStore } from "../../src/store/sqlite/store.ts";
import { MAX_COMMIT_TS } from "../../src/store/timestamp.ts";
import { BLIND, type Mutation, type MvccStore } from "../../src/store/types.ts";
import { MemoryStore } from "../support/memory-store/memory-store.ts";
import { hex, shared, storeError, temporaryDirectory, text } from "./helpers.ts";

const empty = new Uint8Array(0);
const k = (name: string): Uint8Array => encodeKey(["o", name]);
const put = (name: string, value: string, extra: Partial<Mutation> = {}): Mutation =>
  ({ kind: "put", key: k(name), value: text(value), ...extra }) as Mutation;
const del = (name: string): Mutation => ({ kind: "delete", key: k(name) });
const string = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : new TextDecoder().decode(bytes);

const digest = (bytes: Uint8Array = empty): string => Bun.SHA256.hash(new Uint8Array(bytes), "hex");

type Open = (directory: string) => MvccStore;
const implementations: readonly (readonly [string, Open])[] = [
  ["MemoryStore", () => new MemoryStore()],
  ["SqliteStore sync", (d) => new SqliteStore({ file: join(d, "kv.db"), fsmSyncMode: "sync" })],
  ["SqliteStore nosync", (d) => new SqliteStore({ file: join(d, "kv.db"), fsmSyncMode: "nosync" })],
];

describe.each(implementations)("%s", (_name, open) => {
  let store: MvccStore;
  let directory: ReturnType<typeof temporaryDirectory>;
  beforeEach(() => {
    directory = temporaryDirectory();
    store = open(directory.path);
  });
  afterEach(() => {
    store.close();
    directory.remove();
  });

  const write = (commitTs: bigint, ...mutations: Mutation[]) =>
    store.applyMutations(mutations, BLIND, commitTs);
  const get = (name: string, ts: bigint) => string(store.getAt(k(name), ts)?.value);
  const names = (
    options: Partial<Parameters<MvccStore["scanAt"]>[2]> = {},
    from: Uint8Array = empty,
    to?: Uint8Array,
  ) => store.scanAt(from, to, { limit: 100, readTs: BLIND, ...options }).map((item) => hex(item.key));

  test("reads the version that was newest at the read timestamp", () => {
    write(10n, put("a", "one"));
    write(20n, put("a", "two"));
    write(30n, del("a"));
    write(40n, put("a", "four"));
    expect([9n, 10n, 19n, 20n, 29n, 30n, 39n, 40n, BLIND].map((ts) => get("a", ts))).toEqual([
      undefined,
      "one",
      "one",
      "two",
      "two",
      undefined,
      undefined,
      "four",
      "four",
    ]);
    expect(store.latestCommitTs(k("a"))).toBe(40n);
    expect(store.latestCommitTs(k("b"))).toBeUndefined();
    expect(get("b", BLIND)).toBeUndefined();
  });

  test("a tombstone counts as latest version, also of a key never put", () => {
    write(5n, del("a"));
    expect(store.latestCommitTs(k("a"))).toBe(5n);
    expect(get("a", BLIND)).toBeUndefined();
    expect(names()).toEqual([]);
  });

  test("value, payload, garbage: empty is not absent; getMetaAt leaves the payload out", () => {
    write(1n, put("none", ""), put("empty", "v", { payload: empty, garbage: empty }));
    write(2n, put("full", "v", { payload: shared(text("pay")), garbage: shared(text("dis")) }));
    expect(store.getAt(k("none"), 9n)).toEqual({
      commitTs: 1n,
      value: empty,
      payload: undefined,
      garbage: undefined,
    });
    expect(store.getAt(k("empty"), 9n)).toEqual({
      commitTs: 1n,
      value: text("v"),
      payload: empty,
      garbage: empty,
    });
    expect(store.getAt(k("full"), 9n)).toEqual({
      commitTs: 2n,
      value: text("v"),
      payload: text("pay"),
      garbage: text("dis"),
    });
    expect(store.getMetaAt(k("full"), 9n)).toEqual({
      commitTs: 2n,
      value: text("v"),
      payload: undefined,
      garbage: text("dis"),
    });
    expect(store.scanAt(k("none"), undefined, { limit: 1, readTs: 9n })).toEqual([
      { key: k("none"), commitTs: 1n, value: empty },
    ]);
  });

  test("large payloads out of shared memory come back byte for byte; the caller may reuse its buffers", () => {
    for (const size of [100, 4096, 65_536, 1 << 20, 3 << 20]) {
      const payload = shared(new Uint8Array(size).map((_, i) => (i * 31 + size) & 0xff));
      const key = shared(k(`p${size}`));
      const value = shared(text("v"));
      store.applyMutations([{ kind: "put", key, value, payload }], BLIND, BigInt(size));
      const expected = digest(payload);
      payload.fill(0);
      key.fill(0);
      value.fill(0);
      const found = store.getAt(k(`p${size}`), BLIND);
      expect(found?.payload?.length).toBe(size);
      expect(digest(found?.payload)).toBe(expected);
      expect(found?.value).toEqual(text("v"));
    }
  });

  test("raw keys with 00 and FF bytes, the empty key", () => {
    const keys = ["", "00", "0000", "0001", "00ff", "01", "61", "6100", "61ff", "ff", "ff00", "ffff"];
    const mutations = keys.map(
      (key): Mutation => ({ kind: "put", key: Buffer.from(key, "hex"), value: text(key) }),
    );
    store.applyMutations(mutations.toReversed(), BLIND, 1n);
    expect(names()).toEqual(keys);
    expect(names({ reverse: true })).toEqual(keys.toReversed());
    for (const key of keys) expect(string(store.getAt(Buffer.from(key, "hex"), 1n)?.value)).toBe(key);
    expect(names({}, Buffer.from("ff", "hex"))).toEqual(["ff", "ff00", "ffff"]);
    expect(names({}, empty, empty)).toEqual([]);
  });

  test("scan: bounds, limit, reverse, keysOnly, at old timestamps", () => {
    write(1n, ...["a", "b", "c", "d", "e"].map((n) => put(n, `${n}1`)));
    write(2n, put("b", "b2"), del("c"), put("f", "f2"));
    write(3n, put("c", "c3"), del("a"), del("b"));
    const at = (readTs: bigint, options = {}) =>
      store
        .scanAt(k("a"), k("f"), { limit: 10, readTs, ...options })
        .map((i) => `${string(i.value)}@${i.commitTs}`);
    expect(at(0n)).toEqual([]);
    expect(at(1n)).toEqual(["a1@1", "b1@1", "c1@1", "d1@1", "e1@1"]);
    expect(at(2n)).toEqual(["a1@1", "b2@2", "d1@1", "e1@1"]);
    expect(at(3n)).toEqual(["c3@3", "d1@1", "e1@1"]);
    expect(at(3n, { reverse: true })).toEqual(["e1@1", "d1@1", "c3@3"]);
    expect(at(2n, { limit: 2 })).toEqual(["a1@1", "b2@2"]);
    expect(at(2n, { limit: 2, reverse: true })).toEqual(["e1@1", "d1@1"]);
    expect(store.scanAt(k("e"), undefined, { limit: 9, readTs: 3n, keysOnly: true })).toEqual([
      { key: k("e"), commitTs: 1n, value: empty },
      { key: k("f"), commitTs: 2n, value: empty },
    ]);
    expect(names({ readTs: 3n }, k("d"), k("b"))).toEqual([]);
    for (const limit of [0, -1, 1.5, Number.NaN]) {
      expect(() => store.scanAt(empty, undefined, { limit, readTs: 1n })).toThrow(RangeError);
    }
  });

  test("scan past many versions and many tombstones", () => {
    for (let ts = 1n; ts <= 300n; ts++) write(ts, put("hot", `v${ts}`), put(`dead${ts}`, "x"));
    for (let ts = 1n; ts <= 300n; ts++) write(300n + ts, del(`dead${ts}`));
    write(700n, put("zzz", "end"));
    expect(names({ limit: 2 })).toEqual([hex(k("hot")), hex(k("zzz"))] as string[]);
    expect(names({ limit: 1, readTs: 150n, reverse: true })).toEqual([hex(k("hot"))] as string[]);
    expect(get("hot", 150n)).toBe("v150");
  }, 30_000);

  test("timestamps beyond 2^53 stay exact", () => {
    const base = (1_800_000_000_000n << 16n) + 7n;
    write(base, put("a", "one"));
    write(base + 1n, put("a", "two"));
    write(MAX_COMMIT_TS, put("a", "last"));
    expect(get("a", base)).toBe("one");
    expect(get("a", base + 1n)).toBe("two");
    expect(store.getAt(k("a"), base + 1n)?.commitTs).toBe(base + 1n);
    expect(get("a", MAX_COMMIT_TS)).toBe("last");
    expect(store.appliedState().commitTs).toBe(MAX_COMMIT_TS);
  });

  test("timestamps out of range are refused", () => {
    for (const ts of [0n, -1n, BLIND, 2n ** 63n]) expect(() => write(ts, put("a", "x"))).toThrow(RangeError);
    expect(() => store.deletePrefixAt(empty, 0n)).toThrow(RangeError);
    expect(() => get("a", -1n)).toThrow(RangeError);
    expect(() => get("a", 2n ** 63n)).toThrow(RangeError);
    expect(store.appliedState().commitTs).toBe(0n);
  });

  test("write conflicts: a newer version, tombstones included, refuses the whole call", () => {
    write(10n, put("a", "one"));
    write(20n, del("b"));
    expect(storeError(() => store.applyMutations([put("z", "z"), put("a", "two")], 9n, 30n)).code).toBe(
      "WRITE_CONFLICT",
    );
    expect(storeError(() => store.applyMutations([del("b")], 19n, 30n)).code).toBe("WRITE_CONFLICT");
    expect(get("z", BLIND)).toBeUndefined();
    expect(store.appliedState().commitTs).toBe(20n);
    store.applyMutations([put("a", "two"), put("z", "z")], 10n, 30n);
    expect(get("a", BLIND)).toBe("two");
    store.applyMutations([put("a", "two"), put("z", "z")], 10n, 30n);
    expect(store.latestCommitTs(k("a"))).toBe(30n);
  });

  test("the last mutation of a key in one call wins", () => {
    write(1n, put("a", "one"), put("a", "two"), put("b", "x"), del("b"), del("c"), put("c", "y"));
    expect([get("a", 1n), get("b", 1n), get("c", 1n)]).toEqual(["two", undefined, "y"]);
    while (store.compactVersions(1n, 10) > 0);
    expect([get("a", 1n), get("b", 1n), get("c", 1n)]).toEqual(["two", undefined, "y"]);
  });

  test("replay of older writes leaves everything as it was", () => {
    const history: [bigint, Mutation[]][] = [
      [1n, [put("a", "one"), put("b", "b")]],
      [2n, [put("a", "two", { payload: text("p") }), del("b")]],
      [3n, [del("a"), put("b", "again")]],
    ];
    for (const [ts, mutations] of history) write(ts, ...mutations);
    const view = () =>
      [1n, 2n, 3n].map((readTs) =>
        store.scanAt(empty, undefined, { limit: 9, readTs }).map((i) => string(i.value)),
      );
    const before = view();
    expect(before).toEqual([["one", "b"], ["two"], ["again"]]);
    for (const [ts, mutations] of history) write(ts, ...mutations);
    expect(view()).toEqual(before);
    while (store.compactVersions(3n, 2) > 0);
    expect(names()).toEqual([hex(k("b"))] as string[]);
    expect(store.latestCommitTs(k("a"))).toBeUndefined();
  });

  test("a blind write between two versions becomes part of the history", () => {
    write(10n, put("a", "ten"));
    write(30n, put("a", "thirty"));
    write(20n, put("a", "twenty"));
    expect([10n, 19n, 20n, 29n, 30n].map((ts) => get("a", ts))).toEqual([
      "ten",
      "ten",
      "twenty",
      "twenty",
      "thirty",
    ]);
    write(5n, del("a"));
    expect([4n, 5n, 10n].map((ts) => get("a", ts))).toEqual([undefined, undefined, "ten"]);
    let removed = 0;
    for (let n = store.compactVersions(30n, 1); n > 0; n = store.compactVersions(30n, 1)) removed += n;
    expect(removed).toBe(3);
    expect(names({ readTs: 30n })).toEqual([hex(k("a"))] as string[]);
  });

  test("deletePrefix tombstones what is live, counts it, and keeps the history", () => {
    write(1n, put("p/a", "1"), put("p/b", "2"), put("p/c", "3"), put("q", "4"));
    write(2n, del("p/b"));
    const prefix = k("p/").subarray(0, -2);
    expect(store.deletePrefixAt(prefix, 3n)).toBe(2);
    expect(store.deletePrefixAt(prefix, 3n)).toBe(0);
    expect(names()).toEqual([hex(k("q"))] as string[]);
    expect(get("p/a", 2n)).toBe("1");
    expect(store.latestCommitTs(k("p/b"))).toBe(2n);
    expect(store.appliedState().commitTs).toBe(3n);
    write(9n, put("p/z", "new"));
    expect(storeError(() => store.deletePrefixAt(prefix, 8n)).code).toBe("WRITE_CONFLICT");
    expect(get("p/z", 9n)).toBe("new");
    expect(store.deletePrefixAt(empty, 10n)).toBe(2);
  });

  test("raftBatch: one transaction with its position; sees its own writes", () => {
    const answer = store.raftBatch({ index: 7, term: 2, commitTs: 50n }, (batch) => {
      expect(batch.latest(k("a"))).toBeUndefined();
      batch.applyMutationsRaft([put("a", "one", { garbage: text("d") })], BLIND, 49n);
      expect(batch.latest(k("a"))).toEqual({ commitTs: 49n, deleted: false, garbage: text("d") });
      expect(batch.prefixHasLive(k("a"))).toBe(true);
      expect(batch.prefixChangedSince(k("a"), 48n)).toBe(true);
      expect(batch.prefixChangedSince(k("a"), 49n)).toBe(false);
      batch.putState("session", text("s"));
      expect(batch.getState("session")).toEqual(text("s"));
      expect(batch.deletePrefixAtRaft(k("a"), 50n)).toBe(1);
      expect(batch.latest(k("a"))).toEqual({ commitTs: 50n, deleted: true, garbage: undefined });
      expect(batch.prefixHasLive(k("a"))).toBe(false);
      expect(batch.prefixChangedSince(k("a"), 49n)).toBe(true);
      return "done";
    });
    expect(answer).toBe("done");
    expect(store.appliedState()).toEqual({ index: 7, term: 2, commitTs: 50n });
    expect(store.getState("session")).toEqual(text("s"));
    expect(store.makeDurable()).toEqual({ index: 7, term: 2, commitTs: 50n });
    expect(store.durableApplied()).toEqual({ index: 7, term: 2, commitTs: 50n });
  });

  test("raftBatch: what throws changes nothing, and the batch object is dead afterwards", () => {
    store.raftBatch({ index: 1, term: 1, commitTs: 1n }, (batch) => {
      batch.applyMutationsRaft([put("a", "one")], BLIND, 1n);
      batch.putState("s", text("1"));
    });
    let escaped: unknown;
    const boom = () =>
      store.raftBatch({ index: 2, term: 1, commitTs: 2n }, (batch) => {
        escaped = () => batch.latest(k("a"));
        batch.applyMutationsRaft([put("a", "two"), del("b"), put("c", "c")], BLIND, 2n);
        batch.deletePrefixAtRaft(empty, 2n);
        batch.putState("s", undefined);
        throw new Error("boom");
      });
    expect(boom).toThrow("boom");
    expect(store.appliedState()).toEqual({ index: 1, term: 1, commitTs: 1n });
    expect(get("a", BLIND)).toBe("one");
    expect(store.latestCommitTs(k("b"))).toBeUndefined();
    expect(store.getState("s")).toEqual(text("1"));
    expect(escaped as () => unknown).toThrow(/after its batch/);
    expect(store.compactVersions(1n, 10)).toBe(0);
    store.raftBatch({ index: 2, term: 1, commitTs: 2n }, (batch) => batch.putState("s", undefined));
    expect(store.getState("s")).toBeUndefined();
  });

  test("raftBatch: a conflict inside leaves the batch usable", () => {
    write(10n, put("a", "one"));
    store.raftBatch({ index: 1, term: 1, commitTs: 20n }, (batch) => {
      expect(storeError(() => batch.applyMutationsRaft([put("x", "x"), put("a", "two")], 5n, 20n)).code).toBe(
        "WRITE_CONFLICT",
      );
      batch.applyMutationsRaft([put("b", "b")], BLIND, 20n);
    });
    expect([get("x", BLIND), get("a", BLIND), get("b", BLIND)]).toEqual([undefined, "one", "b"]);
  });

  test("raftBatch: a position that does not advance is refused with the numbers", () => {
    store.raftBatch({ index: 5, term: 3, commitTs: 1n }, () => {});
    for (const [index, term] of [
      [5, 3],
      [4, 3],
      [6, 2],
    ] as const) {
      const error = storeError(() => store.raftBatch({ index, term, commitTs: 2n }, () => {}));
      expect(error.code).toBe("STALE_POSITION");
      expect(error.message).toContain(`index ${index} term ${term} after index 5 term 3`);
    }
    expect(() => store.raftBatch({ index: 0.5, term: 3, commitTs: 2n }, () => {})).toThrow(RangeError);
    expect(store.appliedState()).toEqual({ index: 5, term: 3, commitTs: 1n });
  });

  test("raftBatch does not nest", () => {
    const nested = () =>
      store.raftBatch({ index: 1, term: 1, commitTs: 1n }, () => store.putMeta("a", text("b")));
    expect(nested).toThrow(/inside a transaction/);
    expect(store.getMeta("a")).toBeUndefined();
    expect(store.appliedState().index).toBe(0);
  });

  test("the newest commit timestamp never goes back", () => {
    write(100n, put("a", "x"));
    store.raftBatch({ index: 1, term: 1, commitTs: 50n }, () => {});
    expect(store.appliedState()).toEqual({ index: 1, term: 1, commitTs: 100n });
    store.raftBatch({ index: 2, term: 1, commitTs: 50n }, (b) =>
      b.applyMutationsRaft([put("b", "y")], BLIND, 200n),
    );
    expect(store.appliedState()).toEqual({ index: 2, term: 1, commitTs: 200n });
  });

  test("compaction drops what nobody can read, in steps, and raises the horizon", () => {
    for (let ts = 1n; ts <= 10n; ts++) write(ts, put("a", `v${ts}`), put(`only${ts}`, "x"));
    write(11n, del("only1"));
    write(12n, del("only2"));
    expect(store.compactVersions(11n, 4)).toBe(4);
    expect(store.compactVersions(11n, 100)).toBe(9 + 2 - 4);
    expect(store.compactVersions(11n, 100)).toBe(0);
    expect(get("a", 11n)).toBe("v10");
    expect(get("only2", 11n)).toBe("x");
    expect(store.latestCommitTs(k("only1"))).toBeUndefined();
    for (const read of [
      () => get("a", 10n),
      () => store.getMetaAt(k("a"), 10n),
      () => names({ readTs: 10n }),
    ]) {
      expect(storeError(read).code).toBe("HISTORY_COMPACTED");
    }
    expect(storeError(() => write(10n, put("b", "late"))).code).toBe("HISTORY_COMPACTED");
    expect(storeError(() => store.applyMutations([put("b", "late")], 10n, 20n)).code).toBe(
      "HISTORY_COMPACTED",
    );
    store.raftBatch({ index: 1, term: 1, commitTs: 13n }, (batch) => {
      expect(storeError(() => batch.prefixChangedSince(empty, 10n)).code).toBe("HISTORY_COMPACTED");
    });
  });

  test("compaction never passes the newest commit, and ignores a horizon below the present one", () => {
    expect(store.compactVersions(1000n, 10)).toBe(0);
    write(5n, put("a", "one"));
    write(6n, put("a", "two"));
    expect(store.compactVersions(-50n, 10)).toBe(0);
    expect(store.compactVersions(1000n, 10)).toBe(1);
    expect(get("a", store.appliedState().commitTs)).toBe("two");
    expect(store.compactVersions(2n, 10)).toBe(0);
    expect(storeError(() => get("a", 5n)).code).toBe("HISTORY_COMPACTED");
    for (const rows of [0, -1, 0.5]) expect(() => store.compactVersions(6n, rows)).toThrow(RangeError);
  });

  test("meta is apart from the FSM's state and from the store's own rows", () => {
    store.putMeta("applied", text("mine"));
    store.putMeta("horizon", empty);
    expect(store.getMeta("applied")).toEqual(text("mine"));
    expect(store.getMeta("horizon")).toEqual(empty);
    expect(store.getMeta("nothing")).toBeUndefined();
    expect(store.getState("applied")).toBeUndefined();
    expect(store.appliedState()).toEqual({ index: 0, term: 0, commitTs: 0n });
    expect(get("a", 0n)).toBeUndefined();
  });

  test("a closed store says so", () => {
    store.close();
    store.close();
    for (const use of [() => get("a", 1n), () => write(1n, put("a", "x")), () => store.appliedState()]) {
      expect(storeError(use).code).toBe("CLOSED");
    }
  });
});
