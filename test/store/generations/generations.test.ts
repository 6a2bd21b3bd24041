/** Generations of the keyspace: a crash at any point leaves the old or the new one, and nothing beside it. */
import { describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, rmSync, statfsSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SqliteGenerations } from "../../../src/store/generations/sqlite-generations.ts";
import { StoreIdentityError } from "../../../src/store/generations/store-identity.ts";
import { BLIND, type Mutation } from "../../../src/store/types.ts";
import { needs } from "../../platform/support/needs.ts";
import { MemoryGenerations } from "../../support/memory-store/memory-generations.ts";
import { hex, storeError, temporaryDirectory, text } from "../helpers.ts";

const identity = { clusterId: "c", nodeId: "n" };
const at = (directory: string, extra: object = {}): SqliteGenerations =>
  new SqliteGenerations({ directory, fsmSyncMode: "sync", identity, payloadFileBytes: 100_000, ...extra });

async function inDirectory(action: (path: string) => unknown): Promise<void> {
  const directory = temporaryDirectory();
  try {
    await action(directory.path);
  } finally {
    directory.remove();
  }
}

const put = (key: string, payload?: Uint8Array): Mutation => ({
  kind: "put",
  key: text(key),
  value: text(key),
  payload,
});

/** The stream of a keyspace with `rows` rows, at index 9. */
function stream(rows = 10, payload?: Uint8Array): Uint8Array {
  const source = new MemoryGenerations({ fsmSyncMode: "sync", identity });
  source.open().raftBatch({ index: 9, term: 2, commitTs: 90n }, (batch) => {
    for (let n = 0; n < rows; n++) batch.applyMutationsRaft([put(`new-${n}`, payload)], BLIND, 90n);
  });
  const pieces: Uint8Array[] = [];
  const moment = source.openExport();
  for (let piece = moment.next(1 << 20); piece !== undefined; piece = moment.next(1 << 20))
    pieces.push(piece);
  return Buffer.concat(pieces);
}

function receive(generations: SqliteGenerations | MemoryGenerations, bytes = stream()): void {
  const target = generations.createImport();
  target.write(bytes);
  expect(target.finish()).toEqual({ index: 9, term: 2, commitTs: 90n });
}

describe("SqliteGenerations", () => {
  test("a reader keeps the keyspace that it opened until it is closed", () =>
    inDirectory((directory) => {
      const generations = at(directory);
      const store = generations.open();
      store.applyMutations([put("old", new Uint8Array(5_000).fill(1))], BLIND, 30n);
      const reader = generations.openReader();
      receive(generations);
      store.close();
      generations.installImport();
      const next = generations.open();
      expect(next.appliedState().index).toBe(9);
      expect(reader.getAt(text("old"), 30n)?.payload?.length).toBe(5_000);
      reader.close();
      generations.discardReplaced();
      expect(readdirSync(directory).sort()).toEqual(["0000000002", "CURRENT"]);
      expect(generations.openReader().appliedState().index).toBe(9);
      next.close();
    }));

  test("leftovers and unfinished imports go at the next start; a complete one waits", () =>
    inDirectory((directory) => {
      at(directory).open().close();
      const target = at(directory).createImport();
      target.write(stream().subarray(0, 300));
      mkdirSync(join(directory, "0000000007"));
      writeFileSync(join(directory, "PENDING.tmp"), "x");
      const generations = at(directory);
      generations.open().close();
      expect(readdirSync(directory).sort()).toEqual(["0000000001", "CURRENT"]);
      receive(generations);
      const later = at(directory);
      later.open().close();
      expect(later.pendingImport()).toEqual({ index: 9, term: 2, commitTs: 90n });
      later.discardImport();
      expect(readdirSync(directory).sort()).toEqual(["0000000001", "CURRENT"]);
      expect(storeError(() => later.installImport()).message).toContain("no complete snapshot waits");
    }));

  test("a new import ends what an earlier one left, complete or not", () =>
    inDirectory((directory) => {
      const generations = at(directory);
      generations.open().close();
      receive(generations);
      const target = generations.createImport();
      expect(generations.pendingImport()).toBeUndefined();
      target.abort();
      expect(storeError(() => target.write(text("x"))).code).toBe("CLOSED");
      expect(readdirSync(directory).sort()).toEqual(["0000000001", "CURRENT"]);
    }));

  test("a lost pointer or generation is said, never cleaned up", () =>
    inDirectory((directory) => {
      const generations = at(directory);
      generations.open().close();
      receive(generations);
      generations.installImport();
      unlinkSync(join(directory, "CURRENT"));
      const lost = storeError(() => at(directory).open());
      expect([lost.code, lost.message]).toEqual([
        "CORRUPT",
        `${directory}: CURRENT is missing, but there is 0000000001, 0000000002`,
      ]);
      writeFileSync(join(directory, "CURRENT"), "0000000002\n");
      rmSync(join(directory, "0000000002"), { recursive: true });
      expect(storeError(() => at(directory).open()).message).toContain("CURRENT names 0000000002");
      writeFileSync(join(directory, "CURRENT"), "keyspace\n");
      expect(storeError(() => at(directory).open()).message).toContain('"keyspace\\n" is not a generation');
    }));

  test("somebody else's keyspace is refused; a received one becomes this node's", () =>
    inDirectory((directory) => {
      const generations = at(directory);
      generations.open().close();
      receive(generations);
      generations.installImport();
      generations.open().close();
      expect(() => at(directory, { identity: { clusterId: "c", nodeId: "m" } }).open()).toThrow(
        StoreIdentityError,
      );
      expect(() => at(directory, { identity: { clusterId: "d", nodeId: "n" } }).open()).toThrow(
        StoreIdentityError,
      );
      // Joining: the cluster is not known yet.
      at(directory, { identity: { clusterId: "", nodeId: "n" } })
        .open()
        .close();
    }));

  test(
    "SIGKILL after every step leaves the old or the new keyspace, whole, and nothing else",
    () =>
      inDirectory(async (parent) => {
        const outcomes: number[] = [];
        for (let step = 0, ended = false; !ended; step++) {
          const directory = join(parent, String(step));
          const child = Bun.spawn(
            [process.execPath, join(import.meta.dir, "crash-writer.ts"), directory, String(step)],
            { stdout: "inherit", stderr: "inherit" },
          );
          await child.exited;
          ended = child.signalCode !== "SIGKILL";
          if (ended) expect(child.exitCode).toBe(0);
          const generations = at(directory);
          // As the store thread starts, with a marker in the log once the import was complete.
          let store = generations.open();
          if (generations.pendingImport() !== undefined) {
            store.close();
            generations.installImport();
            store = generations.open();
            generations.discardReplaced();
          }
          const { index } = store.appliedState();
          outcomes.push(index);
          if (index === 9) {
            for (let n = 0; n < 40; n++) {
              const row = store.getAt(text(`new-${n}`), 90n);
              expect(hex(row?.payload)).toBe(hex(new Uint8Array(9_000).fill(n)));
            }
          } else if (index === 3) {
            expect(store.getAt(text("old"), 30n)?.payload?.length).toBe(5_000);
          } else {
            expect(index).toBe(0);
          }
          const current = index === 9 ? "0000000002" : "0000000001";
          expect([step, readdirSync(directory).sort()]).toEqual([step, [current, "CURRENT"]]);
          if (index !== 9) receive(generations);
          store.close();
        }
        // Old ones first, then new ones, and both came up.
        expect(outcomes).toEqual(outcomes.toSorted((a, b) => a - b));
        expect(new Set(outcomes)).toEqual(new Set([0, 3, 9]));
      }),
    60_000,
  );

  test.if(needs("mount"))("a disk that fills up during an import: DISK_FULL, nothing of it is left", () =>
    inDirectory((parent) => {
      const directory = join(parent, "disk");
      mkdirSync(directory);
      const mount = Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", directory]);
      if (mount.exitCode !== 0) throw new Error(mount.stderr.toString());
      try {
        const generations = at(directory);
        const store = generations.open();
        store.applyMutations([put("old")], BLIND, 30n);
        const free = () => statfsSync(directory).bfree;
        const before = free();
        for (const bytes of [
          stream(100, new Uint8Array(100_000).fill(3)),
          stream(30_000, new Uint8Array(900)),
        ]) {
          const target = generations.createImport();
          const error = storeError(() => {
            for (let from = 0; from < bytes.length; from += 250_000)
              target.write(bytes.subarray(from, from + 250_000));
            target.finish();
          });
          expect(error.code).toBe("DISK_FULL");
          expect(storeError(() => target.finish()).code).toBe("CLOSED");
          expect(readdirSync(directory).sort()).toEqual(["0000000001", "CURRENT"]);
          expect(generations.pendingImport()).toBeUndefined();
          expect(free()).toBeGreaterThanOrEqual(before);
        }
        expect(store.latestCommitTs(text("old"))).toBe(30n);
        receive(generations);
        store.close();
      } finally {
        Bun.spawnSync(["umount", "-l", directory]);
      }
    }),
  );
});

describe("MemoryGenerations", () => {
  const nosync = (): MemoryGenerations => new MemoryGenerations({ fsmSyncMode: "nosync", identity });
  const apply = (store: ReturnType<MemoryGenerations["open"]>, index: number): void =>
    store.raftBatch({ index, term: 1, commitTs: BigInt(index) }, (batch) => {
      batch.applyMutationsRaft([put("k")], BLIND, BigInt(index));
      batch.putState("n", text(String(index)));
    });
  const look = (generations: MemoryGenerations): unknown => {
    const store = generations.open();
    return [store.appliedState().index, store.latestCommitTs(text("k")), store.getState("n")];
  };

  test("sync: every batch survives a crash, and old handles are dead", () => {
    const generations = new MemoryGenerations({ fsmSyncMode: "sync", identity });
    const store = generations.open();
    apply(store, 1);
    expect(store.durableApplied().index).toBe(1);
    generations.crash();
    expect(storeError(() => store.appliedState()).code).toBe("CLOSED");
    expect(look(generations)).toEqual([1, 1n, text("1")]);
  });

  test("nosync: a crash takes what came after the last durable moment, all of it or from some batch on", () => {
    const generations = nosync();
    const store = generations.open();
    for (let index = 1; index <= 3; index++) apply(store, index);
    expect(store.durableApplied().index).toBe(0);
    expect(store.makeDurable().index).toBe(3);
    for (let index = 4; index <= 7; index++) apply(store, index);
    generations.crash((unsynced) => {
      expect(unsynced).toBe(4);
      return 2;
    });
    expect(look(generations)).toEqual([5, 5n, text("5")]);
    apply(generations.open(), 6);
    generations.crash();
    expect(look(generations)).toEqual([5, 5n, text("5")]);
  });

  test("nosync: compaction and metadata are durable, with everything before them", () => {
    const generations = nosync();
    const store = generations.open();
    for (let index = 1; index <= 3; index++) apply(store, index);
    store.compactVersions(2n, 10);
    expect(store.durableApplied().index).toBe(3);
    apply(store, 4);
    store.putMeta("m", text("m"));
    generations.crash();
    expect(look(generations)).toEqual([4, 4n, text("4")]);
  });

  test("a crash forgets an import that was not complete and keeps one that was", () => {
    const generations = nosync();
    generations.open();
    const target = generations.createImport();
    target.write(stream().subarray(0, 100));
    generations.crash();
    expect(generations.pendingImport()).toBeUndefined();
    expect(storeError(() => target.finish()).code).toBe("CLOSED");
    receive(generations);
    generations.crash();
    expect(generations.pendingImport()?.index).toBe(9);
    generations.installImport();
    generations.crash();
    expect(generations.open().appliedState().index).toBe(9);
  });
});
