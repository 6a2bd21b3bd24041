/**
 * The real store on a simulated machine: `SqliteGenerations` over the machine's simulated disk, with SQLite's files beside it
 * (test/support/keyspace-disk). A twin in memory, read anew from the files at each start, gives the digests that replicas are compared by.
 */
import { DiskError } from "../../../src/platform/disk.ts";
import { SqliteGenerations } from "../../../src/store/generations/sqlite-generations.ts";
import type { StoreIdentity } from "../../../src/store/generations/store-identity.ts";
import {
  type AppliedState,
  type FsmSyncMode,
  type KeyspaceExport,
  type KeyspaceGenerations,
  type KeyspaceImport,
  type KeyspaceReader,
  type MvccStore,
  StoreError,
} from "../../../src/store/types.ts";
import { KeyspaceDisk } from "../../support/keyspace-disk/keyspace-disk.ts";
import { MirroredStore } from "../../support/keyspace-disk/mirrored-store.ts";
import { MemoryGenerations } from "../../support/memory-store/memory-generations.ts";
import type { KeyspaceWatch, MemoryStore } from "../../support/memory-store/memory-store.ts";
import type { SimulatedDisk } from "../../support/simulated-disk/simulated-disk.ts";
import { ComparedStore } from "./compared-store.ts";
import type { SimKeyspace } from "./keyspace.ts";
import { stateHash } from "./state-hash.ts";
import { Violation } from "./violation.ts";

const CHUNK_BYTES = 64 << 10;

export interface SqliteKeyspaceOptions {
  readonly disk: SimulatedDisk;
  /** A real directory that is this machine's, and the same path on the simulated disk. */
  readonly root: string;
  readonly fsmSyncMode: FsmSyncMode;
  readonly identity: StoreIdentity;
  readonly payloadFileBytes: number;
  readonly watch: KeyspaceWatch;
  /** Of the running turn, and of the simulation. */
  readonly moment: () => number;
  readonly now: () => number;
}

export class SqliteKeyspace implements SimKeyspace, KeyspaceGenerations {
  readonly generations = this;
  readonly directories: readonly string[];
  readonly #options: SqliteKeyspaceOptions;
  #disk: KeyspaceDisk;
  #sqlite: SqliteGenerations;
  #twin: MemoryGenerations | undefined;
  /** Everything open: dead after a crash. */
  readonly #handles = new Set<{ close(): void }>();
  /** What was durable when, the newest last. */
  #durable: { readonly index: number; readonly at: number }[] = [];

  constructor(options: SqliteKeyspaceOptions) {
    this.#options = options;
    this.directories = [options.root];
    this.#disk = new KeyspaceDisk(options.disk, options.root);
    this.#sqlite = this.#newGenerations();
  }

  // ---- KeyspaceGenerations --------------------------------------------------------------------------------------

  open(): MvccStore {
    const { fsmSyncMode, moment } = this.#options;
    const store = this.#sqlite.open();
    const untracked = this.#track(store);
    const mirrored = new MirroredStore(store, this.#disk, this.#sqlite.databaseFile(), fsmSyncMode);
    untracked();
    this.#track(mirrored);
    this.#twin = this.#readTwin(this.#options.watch);
    const written = (): void => {
      const { index } = mirrored.durableApplied();
      if (index !== this.#durable.at(-1)?.index) this.#durable.push({ index, at: moment() });
    };
    // A store that is opened again in the same process (after a full disk) loses nothing that was durable before.
    written();
    return new ComparedStore(mirrored, this.#twin.open(), written);
  }

  openReader(): KeyspaceReader {
    const reader = this.#sqlite.openReader();
    this.#track(reader);
    return reader;
  }

  openExport(): KeyspaceExport {
    const whole = this.#sqlite.openExport();
    this.#track(whole);
    return whole;
  }

  createImport(): KeyspaceImport {
    const received = this.#sqlite.createImport();
    this.#handles.add({ close: () => received.abort() });
    return received;
  }

  pendingImport(): AppliedState | undefined {
    return this.#sqlite.pendingImport();
  }

  installImport(): void {
    this.#sqlite.installImport();
  }

  discardReplaced(): void {
    this.#sqlite.discardReplaced();
  }

  discardImport(): void {
    this.#sqlite.discardImport();
  }

  // ---- SimKeyspace ----------------------------------------------------------------------------------------------

  reader(): MemoryStore {
    // Before the store thread has opened it: nothing is there.
    const { fsmSyncMode, identity } = this.#options;
    const twin = this.#twin ?? new MemoryGenerations({ fsmSyncMode, identity });
    return twin.openReader() as MemoryStore;
  }

  durableIndex(): number {
    const now = this.#options.now();
    while (this.#durable[1] !== undefined && this.#durable[1].at <= now) this.#durable.shift();
    const [first] = this.#durable;
    return first === undefined || first.at > now ? 0 : first.index;
  }

  killed(): void {
    this.#letGo();
    this.takePlace();
  }

  powerCut(): void {
    this.killed();
  }

  copyTo(disk: SimulatedDisk): SimKeyspace | undefined {
    if (this.#quietly(() => this.#sqlite.pendingImport()) !== undefined) return undefined;
    return new SqliteKeyspace({ ...this.#options, disk });
  }

  takePlace(): void {
    const { disk, root } = this.#options;
    this.#disk = new KeyspaceDisk(disk, root);
    this.#disk.restore();
    this.#sqlite = this.#newGenerations();
    this.#twin = undefined;
    this.#durable = [];
  }

  audit(): void {
    if (this.#twin === undefined) return;
    const [files, memory] = [this.#readTwin(), this.#twin].map((twin) => {
      const reader = twin?.openReader() as MemoryStore;
      const found = { applied: reader.appliedState().index, hash: stateHash(reader) };
      reader.close();
      return found;
    });
    if (Bun.deepEquals(files, memory)) return;
    throw new Violation("the files hold what was written to them", { files, memory });
  }

  dispose(): void {
    this.#letGo();
    this.#disk.dispose();
  }

  // ---- inside ---------------------------------------------------------------------------------------------------

  #newGenerations(): SqliteGenerations {
    const { root, fsmSyncMode, identity, payloadFileBytes } = this.#options;
    const directory = `${root}/keyspace`;
    return new SqliteGenerations({ directory, fsmSyncMode, identity, payloadFileBytes, disk: this.#disk });
  }

  /** Every row of the keyspace in force, read from the files. */
  #readTwin(watch?: KeyspaceWatch): MemoryGenerations {
    const { fsmSyncMode, identity } = this.#options;
    const twin = new MemoryGenerations({ fsmSyncMode, identity, ...(watch === undefined ? {} : { watch }) });
    this.#quietly(() => {
      const whole = this.#sqlite.openExport();
      try {
        if (whole.position.index === 0) return;
        const target = twin.createImport();
        for (let piece = whole.next(CHUNK_BYTES); piece !== undefined; piece = whole.next(CHUNK_BYTES)) {
          target.write(piece);
        }
        target.finish();
        twin.installImport();
      } finally {
        whole.close();
      }
    });
    return twin;
  }

  #quietly<T>(look: () => T): T {
    return this.#options.disk.quietly(look);
  }

  /** Ends with it, or with the process. @returns what forgets it */
  #track(handle: { close(): void }): () => void {
    const close = handle.close.bind(handle);
    this.#handles.add(handle);
    handle.close = () => {
      this.#handles.delete(handle);
      close();
    };
    return () => this.#handles.delete(handle);
  }

  /** The process is no more: SQLite's connections are closed, and nothing of that reaches the simulated disk. */
  #letGo(): void {
    this.#disk.end();
    for (const handle of [...this.#handles]) {
      try {
        handle.close();
      } catch (error) {
        if (!(error instanceof DiskError || error instanceof StoreError)) throw error;
      }
    }
    this.#handles.clear();
  }
}
