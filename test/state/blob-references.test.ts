/** References, counts and the queue of blobs: after every entry they are what a model says, on every kind of store. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Entry, EntryType } from "../../src/raft/core/types.ts";
import { type ApplyResult, Fsm } from "../../src/state/state-machine.ts";
import { encodeKey, prefixEnd } from "../../src/store/key-encoding.ts";
import { SqliteStore } from "../../src/store/sqlite/store.ts";
import type { MvccStore, Timestamp } from "../../src/store/types.ts";
import { stampCommitTs } from "../../src/txn/command.ts";
import { timestampFromMs } from "../../src/txn/hlc.ts";
import {
  BLOB_COUNTS_PREFIX,
  BLOB_QUEUE_PREFIX,
  decodeBlobCount,
  decodeReference,
  parseBlobCountKey,
  parseBlobQueueKey,
  referenceKey,
} from "../../src/txn/references.ts";
import type { Condition, TxnMutation } from "../../src/txn/types.ts";
import { encodeTxn } from "../support/encode-txn.ts";
import { MemoryStore } from "../support/memory-store/memory-store.ts";

const directory = mkdtempSync(join(tmpdir(), "elastickv-references-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const START_MS = 1_700_000_000_000;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const prefixOf = (object: number): Uint8Array => encodeKey(["r", `object-${object}`]);
const blob = (n: number) => ({ sha256: new Uint8Array(32).fill(n + 1), size: 1000 + n });

class Replica {
  readonly store: MvccStore;
  readonly #fsm: Fsm;
  #index = 0;
  ts: Timestamp = timestampFromMs(START_MS);

  constructor(store: MvccStore) {
    this.store = store;
    this.#fsm = new Fsm(store);
  }

  entry(mutations: readonly TxnMutation[], conditions: readonly Condition[] = []): Entry {
    const index = ++this.#index;
    const identity = { origin: new Uint8Array(8).fill(1), sequence: index, acknowledgedBelow: index };
    const data = encodeTxn({ conditions, mutations }, identity);
    stampCommitTs(data, ++this.ts);
    return { index, term: 1, type: EntryType.Normal, data };
  }

  /** @returns the commit timestamp; undefined when the transaction was refused */
  run(mutations: readonly TxnMutation[], conditions: readonly Condition[] = []): Timestamp | undefined {
    const outcome = this.apply([this.entry(mutations, conditions)]).answers[0]?.outcome;
    return outcome?.ok === true ? outcome.commitTs : undefined;
  }

  apply(entries: readonly Entry[]): ApplyResult {
    return this.#fsm.apply(entries);
  }

  rows(prefix: Uint8Array) {
    const readTs = this.store.appliedState().commitTs;
    return this.store.scanAt(prefix, prefixEnd(prefix), { readTs, limit: 100_000 });
  }

  /** References by key, counts by blob, and queue entries as "blob@timestamp". */
  state(): State {
    return {
      references: this.rows(encodeKey(["r"])).map(
        (row) => `${hex(row.key)}=${hex(decodeReference(row.value).sha256)}`,
      ),
      counts: this.rows(BLOB_COUNTS_PREFIX).map(
        (row) => `${hex(parseBlobCountKey(row.key))}=${decodeBlobCount(row.value).references}`,
      ),
      queue: this.rows(BLOB_QUEUE_PREFIX)
        .map((row) => parseBlobQueueKey(row.key))
        .map(({ sha256, queuedTs }) => `${hex(sha256)}@${queuedTs}`)
        .sort(),
    };
  }
}

interface State {
  readonly references: readonly string[];
  readonly counts: readonly string[];
  readonly queue: readonly string[];
}

/** What the rows must be: references are a map, and counts and queue follow from what it was before and is now. */
class Model {
  readonly references = new Map<string, string>();
  /** Blobs with a count row; for a blob without references, the time since when. */
  readonly known = new Map<string, Timestamp | undefined>();

  count(sha256: string): number {
    return [...this.references.values()].filter((other) => other === sha256).length;
  }

  apply(mutations: readonly TxnMutation[], commitTs: Timestamp): void {
    const touched = new Set<string>();
    for (const mutation of mutations) {
      if (mutation.kind === "reference") {
        mutation.blobs.forEach(({ sha256 }, i) => {
          const key = hex(referenceKey(mutation.prefix, mutation.first + i));
          touched.add(this.references.get(key) ?? hex(sha256)).add(hex(sha256));
          this.references.set(key, hex(sha256));
        });
      } else if (mutation.kind === "unreference") {
        const old = this.references.get(hex(mutation.key));
        this.references.delete(hex(mutation.key));
        if (old !== undefined) touched.add(old);
      } else if (mutation.kind === "sweep") {
        const name = hex(mutation.sha256);
        if (this.known.get(name) === mutation.queuedTs) this.known.delete(name);
      }
    }
    for (const name of touched) {
      const wasQueued = this.known.get(name) !== undefined;
      if (this.count(name) > 0) this.known.set(name, undefined);
      else if (!wasQueued) this.known.set(name, commitTs);
    }
  }

  state(): State {
    return {
      references: [...this.references].map(([key, sha256]) => `${key}=${sha256}`).sort(),
      counts: [...this.known.keys()].map((name) => `${name}=${this.count(name)}`).sort(),
      queue: [...this.known]
        .filter(([, since]) => since !== undefined)
        .map(([name, since]) => `${name}@${since}`)
        .sort(),
    };
  }
}

/** mulberry32. */
function seeded(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % bound;
  };
}

/** References and deletions in one transaction, or sweeps in one: as the product proposes them. */
function randomTxn(next: (bound: number) => number, model: Model): TxnMutation[] {
  if (next(4) === 0) {
    return Array.from({ length: 1 + next(3) }, () => {
      const queued = [...model.known].filter(([, since]) => since !== undefined);
      const [name, since] = queued[next(Math.max(1, queued.length))] ?? [hex(blob(next(6)).sha256), 5n];
      const sha256 = new Uint8Array(Buffer.from(name, "hex"));
      // Sometimes another time: of a sweep that comes too late.
      return { kind: "sweep", sha256, queuedTs: next(4) === 0 ? 7n : (since ?? 7n) };
    });
  }
  return Array.from({ length: 1 + next(4) }, (): TxnMutation => {
    const [prefix, first] = [prefixOf(next(3)), next(8)];
    if (next(2) === 0) return { kind: "unreference", key: referenceKey(prefix, first) };
    const blobs = Array.from({ length: 1 + next(4) }, () => blob(next(6)));
    return { kind: "reference", prefix, first, source: next(5), blobs };
  });
}

describe("under random operations counts and queue follow from the references", () => {
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    test(`seed ${seed}`, () => {
      const next = seeded(seed);
      const memory = new Replica(new MemoryStore());
      const sqlite = new Replica(
        new SqliteStore({ file: join(directory, `${seed}.db`), fsmSyncMode: "nosync" }),
      );
      const model = new Model();
      let waiting: Entry[] = [];
      for (let step = 0; step < 400; step++) {
        const mutations = randomTxn(next, model);
        const commitTs = memory.run(mutations);
        if (commitTs === undefined) throw new Error("a transaction without conditions was refused");
        model.apply(mutations, commitTs);
        expect(memory.state()).toEqual(model.state());
        // The other replica applies the same log in batches.
        waiting.push(sqlite.entry(mutations));
        if (next(10) > 0 && step < 399) continue;
        sqlite.apply(waiting);
        waiting = [];
        expect(sqlite.state()).toEqual(model.state());
      }
      expect(model.known.size).toBeGreaterThan(0);
      sqlite.store.close();
    });
  }
});

const refer = (object: number, first: number, ...blobs: number[]): TxnMutation => ({
  kind: "reference",
  prefix: prefixOf(object),
  first,
  source: 3,
  blobs: blobs.map(blob),
});
const unrefer = (object: number, number: number): TxnMutation => ({
  kind: "unreference",
  key: referenceKey(prefixOf(object), number),
});
const sweep = (n: number, queuedTs: Timestamp): TxnMutation => ({
  kind: "sweep",
  queuedTs,
  sha256: blob(n).sha256,
});
const counts = (replica: Replica): number[] =>
  replica.rows(BLOB_COUNTS_PREFIX).map((row) => decodeBlobCount(row.value).references);

describe("one thing at a time", () => {
  test("the same content twice in one object is one blob with two references", () => {
    const replica = new Replica(new MemoryStore());
    replica.run([refer(0, 0, 1, 1)]);
    expect(counts(replica)).toEqual([2]);
    replica.run([unrefer(0, 0)]);
    expect([counts(replica), replica.state().queue]).toEqual([[1], []]);
    const queued = replica.run([unrefer(0, 1)]);
    expect([counts(replica), replica.state().queue]).toEqual([[0], [`${hex(blob(1).sha256)}@${queued}`]]);
  });

  test("a reference that replaces one at the same key counts for the new blob only", () => {
    const replica = new Replica(new MemoryStore());
    replica.run([refer(0, 0, 1, 2)]);
    replica.run([refer(0, 0, 3, 2)]);
    expect([counts(replica), replica.state().queue.length]).toEqual([[0, 1, 1], 1]);
    // The same blob again at the same key: nothing changes.
    replica.run([refer(0, 0, 3)]);
    expect(counts(replica)).toEqual([0, 1, 1]);
  });

  test("a blob that loses its last reference and gets one in the same transaction is never queued", () => {
    const replica = new Replica(new MemoryStore());
    replica.run([refer(0, 0, 1)]);
    replica.run([unrefer(0, 0), refer(1, 0, 1)]);
    expect([counts(replica), replica.state().queue]).toEqual([[1], []]);
  });

  test("a sweep is refused when the blob has a reference again, also when it has lost that one since", () => {
    const replica = new Replica(new MemoryStore());
    replica.run([refer(0, 0, 1)]);
    const first = replica.run([unrefer(0, 0)]) as Timestamp;
    replica.run([refer(1, 0, 1)]);
    expect(replica.apply([replica.entry([sweep(1, first)])]).swept).toEqual([]);
    expect([counts(replica), replica.state().queue]).toEqual([[1], []]);
    const second = replica.run([unrefer(1, 0)]) as Timestamp;
    expect(replica.apply([replica.entry([sweep(1, first)])]).swept).toEqual([]);
    expect([counts(replica), replica.state().queue.length]).toEqual([[0], 1]);
    const { swept } = replica.apply([replica.entry([sweep(1, second)])]);
    expect(swept.map(hex)).toEqual([hex(blob(1).sha256)]);
    expect([counts(replica), replica.state().queue]).toEqual([[], []]);
    expect(replica.apply([replica.entry([sweep(1, second)])]).swept).toEqual([]);
  });

  test("what an apply did to blobs is told, refused transactions are not", () => {
    const replica = new Replica(new MemoryStore());
    const missing: Condition = { kind: "must-exist", key: prefixOf(9) };
    const { referenced } = replica.apply([
      replica.entry([refer(0, 0, 1, 2)]),
      replica.entry([refer(0, 2, 3)], [missing]),
    ]);
    expect(referenced).toEqual([1, 2].map((n) => ({ ...blob(n), source: 3 })));
    expect(counts(replica)).toEqual([1, 1]);
  });

  test("not-after holds to the last millisecond by the timestamp of the log, and not after it", () => {
    const replica = new Replica(new MemoryStore());
    const within: Condition = { kind: "not-after", ms: START_MS };
    expect(replica.run([refer(0, 0, 1)], [within])).toBeDefined();
    replica.ts = timestampFromMs(START_MS + 1) - 2n;
    expect(replica.run([refer(0, 1, 1)], [within])).toBeDefined();
    // The first timestamp of the next millisecond.
    expect(replica.run([refer(0, 2, 1)], [within])).toBeUndefined();
    expect(counts(replica)).toEqual([2]);
  });

  test("after is the contrary: it holds from the first timestamp of the next millisecond on", () => {
    const replica = new Replica(new MemoryStore());
    const ended: Condition = { kind: "after", ms: START_MS };
    replica.ts = timestampFromMs(START_MS + 1) - 2n;
    expect(replica.run([refer(0, 0, 1)], [ended])).toBeUndefined();
    expect(replica.run([refer(0, 1, 1)], [ended])).toBeDefined();
    expect(counts(replica)).toEqual([1]);
  });
});
