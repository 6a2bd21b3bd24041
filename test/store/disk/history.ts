/** A scripted history of one keyspace on a disk that fails when the test says so, and what must be true of it afterwards. */
import { join } from "node:path";
import type { DiskOperation } from "../../../src/platform/disk.ts";
import { SqliteGenerations } from "../../../src/store/generations/sqlite-generations.ts";
import { BLIND, type Mutation, type Timestamp } from "../../../src/store/types.ts";
import { seededRandom } from "../../raft/log/support/seeded-random.ts";
import type { KeyspaceDisk } from "../../support/keyspace-disk/keyspace-disk.ts";
import { MirroredStore } from "../../support/keyspace-disk/mirrored-store.ts";
import { MemoryGenerations } from "../../support/memory-store/memory-generations.ts";
import { SimulatedDisk } from "../../support/simulated-disk/simulated-disk.ts";
import { hex, memoryDirectory, SeededRandom, text } from "../helpers.ts";
import { ForgetfulDisk, type Forgotten } from "./forgetful-disk.ts";

const identity = { clusterId: "c", nodeId: "n" };
/** Small, so that a history fills several payload files and drops whole ones. */
const PAYLOAD_FILE_BYTES = 64 << 10;
const PAYLOAD_BYTES = [0, 900, 1_500, 5_000, 9_000, 70_000];
const BATCHES = 24;
/** Where the received keyspace stands. */
const SNAPSHOT_INDEX = 1_000;
const SNAPSHOT_ROWS = 12;
const KEYS = 6;

/** Rows by key, as the newest commit has them: what a reader must find. */
type Rows = ReadonlyMap<string, string | undefined>;

/** The program has ended in the middle of an operation of its disk. */
export class PowerCut extends Error {}

export class History {
  readonly disk: SimulatedDisk;
  readonly keyspace: KeyspaceDisk;
  readonly mode: "sync" | "nosync";
  /** Rows behind each index that was ever asked for. */
  readonly states = new Map<number, Rows>([[0, new Map()]]);
  /** The highest index that the store has called durable. */
  durable = 0;
  /** The highest index that the store was asked to apply. */
  asked = 0;
  /** `finish` of the import has returned. */
  received = false;
  installed = false;
  /** Operations on the disk so far. */
  operations = 0;
  /** From this operation on nothing reaches the disk. */
  endsAt = Number.POSITIVE_INFINITY;
  readonly #random: SeededRandom;
  readonly #open = new Set<{ close(): void }>();
  readonly #directory = memoryDirectory();

  /** @param forgotten a sync that does not take place */
  constructor(seed: number, forgotten?: Forgotten) {
    this.#random = new SeededRandom(seed);
    this.mode = seed % 2 === 0 ? "sync" : "nosync";
    this.disk = new SimulatedDisk({ random: seededRandom(seed), onOperation: () => this.#operation() });
    this.keyspace = new ForgetfulDisk(this.disk, join(this.#directory.path, "data"), forgotten);
  }

  #operation(): void {
    if (this.operations++ >= this.endsAt) throw new PowerCut();
  }

  inject(code: string, after: number, operation?: DiskOperation): void {
    this.disk.inject(operation === undefined ? { code, after } : { code, after, operation });
  }

  generations(): SqliteGenerations {
    return new SqliteGenerations({
      directory: join(this.keyspace.root, "keyspace"),
      fsmSyncMode: this.mode,
      identity,
      payloadFileBytes: PAYLOAD_FILE_BYTES,
      disk: this.keyspace,
    });
  }

  openStore(generations: SqliteGenerations): MirroredStore {
    const store = generations.open();
    const file = generations.databaseFile();
    this.#open.add(store);
    const mirrored = new MirroredStore(store, this.keyspace, file, this.mode);
    this.#open.delete(store);
    this.#open.add(mirrored);
    return mirrored;
  }

  /** The whole history, or up to the first error. */
  run(): void {
    const generations = this.generations();
    const store = this.openStore(generations);
    for (let batch = 0; batch < BATCHES; batch++) this.#step(store, batch);
    this.#receive(generations);
    store.close();
    this.#open.delete(store);
    // As the store thread does, once the marker is in the log.
    generations.installImport();
    this.installed = true;
    const next = this.openStore(generations);
    generations.discardReplaced();
    for (let batch = 0; batch < 4; batch++) this.apply(next);
    next.close();
    this.#open.delete(next);
  }

  #step(store: MirroredStore, batch: number): void {
    const random = this.#random;
    this.apply(store);
    this.durable = Math.max(this.durable, store.durableApplied().index);
    if (batch % 5 === 4) this.durable = Math.max(this.durable, store.makeDurable().index);
    if (batch % 3 === 2) {
      const horizon = store.appliedState().commitTs - BigInt(random.below(3));
      while (store.compactVersions(horizon, 3) > 0);
      this.durable = Math.max(this.durable, store.durableApplied().index);
    }
    if (batch % 7 === 6) store.checkpoint();
    if (batch % 6 === 1) this.#rollBack(store);
  }

  /** One batch of the log, drawn. */
  apply(store: MirroredStore): void {
    const rows: (readonly [name: string, payloadBytes: number | undefined])[] = [];
    for (let i = 0; i <= this.#random.below(3); i++) {
      const deletes = this.#random.below(5) === 0;
      rows.push([`k${this.#random.below(KEYS)}`, deletes ? undefined : this.#random.pick(PAYLOAD_BYTES)]);
    }
    this.write(store, rows);
  }

  /** One batch of the log, which the store may lose with the power unless it is durable. A row without a size is deleted. */
  write(store: MirroredStore, rows: readonly (readonly [string, number | undefined])[]): void {
    const before = store.appliedState().index;
    const index = before + 1;
    const state = new Map(this.states.get(before));
    const mutations = rows.map(([name, size], i): Mutation => {
      if (size === undefined) {
        state.set(name, undefined);
        return { kind: "delete", key: text(name) };
      }
      const payload = size === 0 ? undefined : new Uint8Array(size).fill(index * 7 + i);
      const value = text(`${index}.${i}`);
      state.set(name, rowText(value, payload));
      return { kind: "put", key: text(name), value, payload };
    });
    this.asked = index;
    this.states.set(index, state);
    store.raftBatch({ index, term: 1, commitTs: BigInt(index) }, (batch) =>
      batch.applyMutationsRaft(mutations, BLIND, BigInt(index)),
    );
    if (this.mode === "sync") this.durable = index;
  }

  #rollBack(store: MirroredStore): void {
    const { index } = store.appliedState();
    try {
      store.raftBatch({ index: index + 1, term: 1, commitTs: BigInt(index + 1) }, (batch) => {
        const payload = new Uint8Array(70_000).fill(0xee);
        batch.applyMutationsRaft(
          [{ kind: "put", key: text("k0"), value: text("x"), payload }],
          BLIND,
          BigInt(index + 1),
        );
        throw new RangeError("planned");
      });
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }

  #receive(generations: SqliteGenerations): void {
    const rows = new Map<string, string | undefined>();
    const stream = snapshot(rows);
    this.states.set(SNAPSHOT_INDEX, rows);
    const target = generations.createImport();
    this.#open.add({ close: () => target.abort() });
    for (let at = 0; at < stream.length; at += 30_000) target.write(stream.subarray(at, at + 30_000));
    target.finish();
    this.received = true;
  }

  /** The process is no more: whatever it had open is let go, without another operation on the disk. */
  end(how: "power cut" | "kill"): void {
    this.#letGo();
    this.disk.clearFaults();
    if (how === "kill") this.disk.kill();
    else this.disk.crash();
    this.keyspace.restore();
    this.endsAt = Number.POSITIVE_INFINITY;
  }

  #letGo(): void {
    this.endsAt = 0;
    for (const open of this.#open) {
      try {
        open.close();
      } catch (error) {
        if (!(error instanceof PowerCut)) throw error;
      }
    }
    this.#open.clear();
  }

  /** The next start, and what must be true then. @param goesOn writes come after it, and everything is dropped in the end */
  check(goesOn = true): void {
    const generations = this.generations();
    let store = this.openStore(generations);
    const pending = generations.pendingImport();
    if (pending !== undefined) {
      this.#close(store);
      generations.installImport();
      store = this.openStore(generations);
      generations.discardReplaced();
    }
    const { index } = store.appliedState();
    this.#checkPosition(index);
    this.#checkRows(store, index);
    this.#checkNames(generations);
    this.durable = Math.max(this.durable, store.durableApplied().index);
    if (!goesOn) return;
    // It goes on, and what is dropped from now on leaves nothing behind.
    this.apply(store);
    this.#checkRows(store, index + 1);
    this.#checkOrphans(store, generations);
    this.#close(store);
  }

  #checkPosition(index: number): void {
    const isNew = index >= SNAPSHOT_INDEX;
    if (isNew ? !this.states.has(SNAPSHOT_INDEX) : this.received) {
      throw new Error(`the wrong keyspace is in force: index ${index}`);
    }
    if (!isNew && index < this.durable) throw new Error(`index ${this.durable} was durable, found ${index}`);
    if (index > this.asked && index !== SNAPSHOT_INDEX) throw new Error(`nobody asked for index ${index}`);
  }

  #checkRows(store: MirroredStore, index: number): void {
    const rows = this.states.get(index);
    if (rows === undefined) throw new Error(`no batch ended at index ${index}`);
    const { commitTs } = store.appliedState();
    const found = new Map<string, string>();
    for (const { key, value } of store.scanAt(text(""), undefined, { limit: 1_000, readTs: commitTs })) {
      const name = new TextDecoder().decode(key);
      found.set(name, rowText(value, store.getAt(key, commitTs)?.payload));
    }
    for (const [name, row] of rows) {
      const there = found.get(name);
      if (there !== row) throw new Error(`${name} is ${there} at index ${index}, and was written as ${row}`);
      found.delete(name);
    }
    if (found.size > 0) throw new Error(`rows that nobody wrote: ${[...found.keys()]}`);
  }

  #checkNames(generations: SqliteGenerations): void {
    const directory = join(this.keyspace.root, "keyspace");
    const current = generations.databaseFile().split("/").at(-2) as string;
    const names = this.keyspace.readdir(directory).join();
    if (names !== `${current},CURRENT`) throw new Error(`left behind: ${names}`);
  }

  /** Once every row is gone and compacted, one payload file is left: the one that still grows. */
  #checkOrphans(store: MirroredStore, generations: SqliteGenerations): void {
    const { commitTs } = store.appliedState();
    const last: Timestamp = commitTs + 1n;
    store.deletePrefixAt(text(""), last);
    // The second row of garbage begins a new payload file where the last one is full.
    while (store.compactVersions(last, 50) > 0);
    store.compactVersions(last, 50);
    const payloads = this.keyspace.readdir(`${generations.databaseFile()}-payload`);
    if (payloads.length > 1) throw new Error(`payload files that nothing names: ${payloads}`);
  }

  #close(store: MirroredStore): void {
    store.close();
    this.#open.delete(store);
  }

  dispose(): void {
    this.#letGo();
    this.#directory.remove();
  }
}

function rowText(value: Uint8Array, payload: Uint8Array | undefined): string {
  return `${new TextDecoder().decode(value)} ${payload?.length} ${hex(payload?.subarray(0, 4))} ${hex(payload?.subarray(-4))}`;
}

function snapshot(rows: Map<string, string | undefined>): Uint8Array {
  const source = new MemoryGenerations({ fsmSyncMode: "sync", identity });
  const commitTs = BigInt(SNAPSHOT_INDEX);
  source.open().raftBatch({ index: SNAPSHOT_INDEX, term: 1, commitTs }, (batch) => {
    for (let n = 0; n < SNAPSHOT_ROWS; n++) {
      const value = text(`new ${n}`);
      const payload = new Uint8Array(9_000).fill(n + 1);
      batch.applyMutationsRaft([{ kind: "put", key: text(`new${n}`), value, payload }], BLIND, commitTs);
      rows.set(`new${n}`, rowText(value, payload));
    }
  });
  const pieces: Uint8Array[] = [];
  const moment = source.openExport();
  for (let piece = moment.next(1 << 20); piece !== undefined; piece = moment.next(1 << 20)) {
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
