/** The snapshot stream: the same bytes from both stores, the same keyspace out of them, and nothing damaged gets in. */
import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { SqliteGenerations } from "../../../src/store/generations/sqlite-generations.ts";
import { encodeKey } from "../../../src/store/key-encoding.ts";
import { SqliteStore } from "../../../src/store/sqlite/store.ts";
import {
  BLIND,
  type KeyspaceExport,
  type KeyspaceGenerations,
  type MvccStore,
  type PutMutation,
  StoreError,
} from "../../../src/store/types.ts";
import { MemoryGenerations } from "../../support/memory-store/memory-generations.ts";
import { MemoryStore } from "../../support/memory-store/memory-store.ts";
import { hex, SeededRandom, storeError, temporaryDirectory, text } from "../helpers.ts";
import { Generator } from "../random-operations.ts";

const identity = { clusterId: "c1", nodeId: "n1" };
const firstSeed = Number(process.env["STORE_SNAPSHOT_SEED"] ?? Date.now() % 1_000_000);

type Make = (directory: string) => KeyspaceGenerations;
const generationKinds: Readonly<Record<string, Make>> = {
  memory: () => new MemoryGenerations({ fsmSyncMode: "sync", identity }),
  sqlite: (directory) =>
    new SqliteGenerations({ directory, fsmSyncMode: "nosync", identity, payloadFileBytes: 100_000 }),
};
const pairs = Object.keys(generationKinds).flatMap((from) =>
  Object.keys(generationKinds).map((to) => [from, to] as const),
);

function inDirectory<T>(action: (path: string) => T): T {
  const directory = temporaryDirectory();
  try {
    return action(directory.path);
  } finally {
    directory.remove();
  }
}

const generations = (kind: string, directory: string, name: string): KeyspaceGenerations =>
  (generationKinds[kind] as Make)(join(directory, name));

function drain(source: KeyspaceExport, pieceBytes = () => 10_000): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (let piece = source.next(pieceBytes()); piece !== undefined; piece = source.next(pieceBytes())) {
    pieces.push(piece);
  }
  source.close();
  return Buffer.concat(pieces);
}

function load(target: KeyspaceGenerations, bytes: Uint8Array, pieceBytes = () => 10_000): void {
  const incoming = target.createImport();
  for (let at = 0; at < bytes.length; ) {
    const end = at + pieceBytes();
    incoming.write(bytes.subarray(at, end));
    at = end;
  }
  incoming.finish();
}

/** Fills a store with a bit of everything, the same in every store. */
function fill(store: MvccStore, seed: number, steps: number): void {
  const generator = new Generator(new SeededRandom(seed), store.appliedState());
  for (let step = 0; step < steps; step++) {
    try {
      generator.next()(store);
    } catch (error) {
      const planned = /planned failure|not a log position/.test(String(error));
      if (!(error instanceof StoreError) && !planned) throw error;
    }
  }
}

/** What a store answers, at every timestamp that occurs and in between, payloads included. */
function contents(store: MvccStore & { retentionHorizon(): bigint }): unknown {
  const horizon = store.retentionHorizon();
  const empty = new Uint8Array(0);
  const newest = store.appliedState().commitTs;
  const at = [horizon, (horizon + newest) / 2n, newest - 1n, newest].filter((ts) => ts >= horizon);
  return {
    applied: store.appliedState(),
    horizon,
    state: hex(store.getState("s")),
    rows: at.map((readTs) =>
      store.scanAt(empty, undefined, { limit: 10_000, readTs }).map(({ key, commitTs, value }) => {
        const row = store.getAt(key, readTs);
        const payload = row?.payload === undefined ? undefined : Bun.SHA256.hash(row.payload, "hex");
        return [hex(key), commitTs, hex(value), payload, hex(row?.garbage), store.latestCommitTs(key)];
      }),
    ),
  };
}

function opened(target: KeyspaceGenerations): MvccStore & { retentionHorizon(): bigint } {
  const store = target.open();
  if (store instanceof SqliteStore || store instanceof MemoryStore) return store;
  throw new Error("neither store");
}

describe.each(pairs)("from %s to %s", (from, to) => {
  test.each([0, 1, 2, 3].map((n) => firstSeed + n))(
    "a random keyspace, seed %d",
    (seed) => {
      inDirectory((directory) => {
        const random = new SeededRandom(seed);
        const source = generations(from, directory, "source");
        const original = opened(source);
        fill(original, seed, 120);
        const bytes = drain(source.openExport(), () => 1 + random.below(100_000));
        const target = generations(to, directory, "target");
        const old = opened(target);
        old.raftBatch({ index: 1, term: 1, commitTs: 5n }, (batch) =>
          batch.applyMutationsRaft([{ kind: "put", key: text("old"), value: text("old") }], BLIND, 5n),
        );
        load(target, bytes, () => 1 + random.below(50_000));
        expect(target.pendingImport()).toEqual(original.appliedState());
        expect(old.latestCommitTs(text("old"))).toBe(5n);
        old.close();
        target.installImport();
        target.discardReplaced();
        expect(target.pendingImport()).toBeUndefined();
        const copy = opened(target);
        expect(contents(copy)).toEqual(contents(original));
        expect(hex(drain(target.openExport()))).toBe(hex(bytes));
        // The same entries and the same compaction from here on.
        for (const store of [original, copy]) fill(store, seed + 1000, 60);
        expect(contents(copy)).toEqual(contents(original));
        const { commitTs } = original.appliedState();
        for (const store of [original, copy]) while (store.compactVersions(commitTs, 7) > 0);
        expect(contents(copy)).toEqual(contents(original));
        expect(hex(drain(target.openExport()))).toBe(hex(drain(source.openExport())));
        original.close();
        copy.close();
      });
    },
    30_000,
  );
});

/** A small store that has one of everything. */
function sample(): MemoryGenerations {
  const source = new MemoryGenerations({ fsmSyncMode: "sync", identity });
  const store = source.open();
  const large = new Uint8Array(20_000).map((_, i) => i & 0xff);
  store.raftBatch({ index: 7, term: 3, commitTs: 10n }, (batch) => {
    const put = (name: string, row: Omit<PutMutation, "kind" | "key">): PutMutation => ({
      kind: "put",
      key: encodeKey([name]),
      ...row,
    });
    batch.applyMutationsRaft(
      [
        put("a", { value: text("one"), garbage: text("d") }),
        put("b", { value: text(""), payload: text("small") }),
        put("c", { value: text("v"), payload: large, garbage: text("") }),
      ],
      BLIND,
      8n,
    );
    batch.applyMutationsRaft([{ kind: "delete", key: encodeKey(["a"]) }], BLIND, 10n);
    batch.putState("membership", text("who"));
    batch.putState("é", text(""));
  });
  store.compactVersions(6n, 100);
  return source;
}

describe("format", () => {
  const bytes = drain(sample().openExport());

  test("golden bytes (docs/format/snapshot.md)", () => {
    expect(hex(bytes.subarray(0, 48))).toBe(
      "454b56534e41500a00000001000000000000000700000000000000030000000000000" +
        "00a0000000000000006" +
        hex(bytes.subarray(44, 48)),
    );
    expect({ length: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") }).toEqual({
      length: GOLDEN_LENGTH,
      sha256: GOLDEN_SHA256,
    });
    // Up to the first bytes of the large payload.
    expect(hex(bytes.subarray(44, 216))).toBe(GOLDEN_START);
  });

  const reject = (damaged: Uint8Array, kind: string, directory: string): StoreError => {
    const target = generations(kind, directory, "target");
    target.open().close();
    const error = storeError(() => load(target, damaged, () => 3_000));
    expect(target.pendingImport()).toBeUndefined();
    return error;
  };

  test.each(Object.keys(generationKinds))("%s: a stream cut anywhere is refused", (kind) => {
    inDirectory((directory) => {
      for (let length = 0; length < bytes.length; length += length < 300 ? 7 : 997) {
        const error = reject(bytes.subarray(0, length), kind, directory);
        expect([error.code, error.message]).toEqual([
          "CORRUPT",
          expect.stringContaining(`ends at byte ${length}`),
        ]);
      }
    });
  });

  test.each(Object.keys(generationKinds))("%s: a bit flipped anywhere is found", (kind) => {
    inDirectory((directory) => {
      const random = new SeededRandom(firstSeed);
      for (let at = 0; at < bytes.length; at += kind === "memory" ? (at < 400 ? 1 : 61) : 401) {
        const damaged = new Uint8Array(bytes);
        damaged[at] = (damaged[at] ?? 0) ^ (1 << random.below(8));
        expect([at, reject(damaged, kind, directory).code]).toEqual([at, "CORRUPT"]);
      }
      for (let at = bytes.length - 70; at < bytes.length; at++) {
        const damaged = new Uint8Array(bytes);
        damaged[at] = (damaged[at] ?? 0) ^ (1 << random.below(8));
        expect([at, reject(damaged, "memory", directory).code]).toEqual([at, "CORRUPT"]);
      }
    });
  });

  test("another version, another file, bytes behind the end: the message says what and where", () => {
    inDirectory((directory) => {
      const newer = new Uint8Array(bytes);
      newer[11] = 2;
      expect(reject(newer, "sqlite", directory).message).toBe(
        "snapshot stream: byte 8: version 2, this program reads version 1",
      );
      expect(reject(text("PK\x03\x04".padEnd(100)), "sqlite", directory).message).toContain("not a snapshot");
      const longer = Buffer.concat([bytes, text("x")]);
      expect(reject(longer, "sqlite", directory).message).toContain(`byte ${bytes.length}: 1 or more bytes`);
    });
  });

  /** The same keyspace with a group frame (kind 0) behind the header. */
  const ofGroup = (group: number): Uint8Array => {
    const frame = new Uint8Array(5 + 4 + 4);
    const view = new DataView(frame.buffer);
    view.setUint32(1, 4);
    view.setUint32(5, group);
    view.setUint32(9, crc32(frame.subarray(0, 9)));
    expect(hex(frame.subarray(0, 9))).toBe(`0000000004${group.toString(16).padStart(8, "0")}`);
    const end = new Uint8Array(bytes.subarray(bytes.length - 65));
    const before = Buffer.concat([bytes.subarray(0, 48), frame, bytes.subarray(48, bytes.length - 65)]);
    end.set(createHash("sha256").update(before).digest(), 5 + 24);
    new DataView(end.buffer).setUint32(61, crc32(end.subarray(0, 61)));
    return Buffer.concat([before, end]);
  };

  test.each(Object.keys(generationKinds))("%s: a keyspace of another Raft group is refused", (kind) => {
    inDirectory((directory) => {
      const error = reject(ofGroup(1), kind, directory);
      expect([error.code, error.message]).toEqual([
        "WRONG_GROUP",
        "snapshot stream: of Raft group 1, and there is only 0",
      ]);
      const short = ofGroup(0);
      const late = Buffer.concat([short.subarray(0, 48), short.subarray(61, 101), short.subarray(48, 61)]);
      expect(reject(late, kind, directory).message).toBe(
        "snapshot stream: byte 88: a frame of kind 0 has no place there",
      );
    });
  });

  test.each(Object.keys(generationKinds))(
    "%s: no group frame is group 0, and so is one that says it",
    (kind) => {
      inDirectory((directory) => {
        const loaded = (stream: Uint8Array, name: string): unknown => {
          const target = generations(kind, directory, name);
          opened(target).close();
          load(target, stream);
          target.installImport();
          const store = opened(target);
          const found = contents(store);
          store.close();
          return found;
        };
        expect(loaded(ofGroup(0), "said")).toEqual(loaded(bytes, "silent"));
      });
    },
  );

  test("a frame left out is found although every other one is whole", () => {
    const withoutState = Buffer.concat([bytes.subarray(0, 48), bytes.subarray(48 + 40)]);
    inDirectory((directory) => {
      expect(reject(withoutState, "memory", directory).message).toContain("announces 2 state values");
    });
  });
});

/** As the store thread does while it holds for a stream: nothing is compacted, no payload given back. */
function held(store: MvccStore): MvccStore {
  return new Proxy(store, {
    get: (target, name) => {
      if (name === "compactVersions") return () => 0;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

describe("while the writer goes on", () => {
  test("a payload that was given back is an error, never zeros", () => {
    inDirectory((directory) => {
      const source = generations("sqlite", directory, "source");
      const store = opened(source);
      const row = {
        kind: "put",
        key: text("k"),
        value: text("v"),
        payload: new Uint8Array(90_000).fill(7),
      } as const;
      store.applyMutations([row], BLIND, 10n);
      const moment = source.openExport();
      store.applyMutations([{ kind: "delete", key: text("k") }], BLIND, 20n);
      for (let step = 0; step < 3; step++) store.compactVersions(20n, 10);
      const error = storeError(() => drain(moment));
      moment.close();
      expect([error.code, error.message]).toEqual([
        "CORRUPT",
        expect.stringContaining("payload file 1 at 0, 90000 bytes"),
      ]);
      store.close();
    });
  });

  test.each(Object.keys(generationKinds))("%s: the stream is the moment at which it was opened", (kind) => {
    inDirectory((directory) => {
      const source = generations(kind, directory, "source");
      const store = opened(source);
      fill(store, 1, 100);
      const before = hex(drain(source.openExport()));
      const moment = source.openExport();
      expect(moment.position).toEqual(store.appliedState());
      const first = moment.next(100) as Uint8Array;
      fill(held(store), 2, 60);
      expect(store.appliedState().index).toBeGreaterThan(moment.position.index);
      expect(hex(Buffer.concat([first, drain(moment)]))).toBe(before as string);
      store.close();
    });
  });

  test("an export that is closed half-way leaves the connection in order", () => {
    inDirectory((directory) => {
      const source = generations("sqlite", directory, "source");
      const store = opened(source);
      fill(store, 1, 100);
      const moment = source.openExport();
      moment.next(60_000);
      moment.close();
      moment.close();
      expect(storeError(() => moment.next(1)).code).toBe("CLOSED");
      expect(drain(source.openExport()).length).toBeGreaterThan(0);
      store.close();
    });
  });
});

const GOLDEN_LENGTH = 20_281;
const GOLDEN_SHA256 = "a58a4709a9d51b254f506c352c6d03102b87a2cd8ba0327b3be395eabb20f71f";
const GOLDEN_START =
  "e1d88a55010000001f0000000a6d656d626572736869700000000377686f00000002c3a90000000075cb522602000000" +
  "6e01000000000000000a0000000361000102000000000000000800000003610001000000036f6e650000000164040000" +
  "0000000000080000000362000100000000000000057545ea13736d616c6c060000000000000008000000036300010000" +
  "0001760000000000004e20efddd36dc02138870300004e2000010203";
