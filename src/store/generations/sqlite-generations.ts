import { realDisk } from "../../platform/disk/real-disk.ts";
import type { Disk } from "../../platform/disk.ts";
import { SqliteExport } from "../snapshot/sqlite-export.ts";
import { SqliteImport } from "../snapshot/sqlite-import.ts";
import { SqliteReader } from "../sqlite/reader.ts";
import { SqliteStore } from "../sqlite/store.ts";
import {
  type AppliedState,
  type FsmSyncMode,
  type KeyspaceExport,
  type KeyspaceGenerations,
  type KeyspaceImport,
  type KeyspaceReader,
  StoreError,
} from "../types.ts";
import { GenerationFiles, type StepObserver } from "./generation-files.ts";
import { claimStore, type StoreIdentity } from "./store-identity.ts";

export interface SqliteGenerationsOptions {
  /** The directory DATA/keyspace; `open` makes it when it is missing (its parent must exist). */
  readonly directory: string;
  readonly fsmSyncMode: FsmSyncMode;
  /** Written into every keyspace that is opened for writing; a keyspace with another identity is refused. */
  readonly identity: StoreIdentity;
  /** A payload file takes no more payloads at this size. */
  readonly payloadFileBytes?: number;
  /** The disk of the directory; default: `realDisk`. SQLite itself always uses the real disk. */
  readonly disk?: Disk;
  /** Called after every step that a crash may follow; tests end the process there. */
  readonly onStep?: StepObserver;
}

/**
 * Generations of the keyspace in one directory (docs/format/sqlite.md). Every thread may have its own object on the
 * same directory. Only the store thread calls `open`, `installImport` and `discardReplaced`, and only the snapshot
 * thread calls `createImport`. Consensus starts no import while an installation runs.
 */
export class SqliteGenerations implements KeyspaceGenerations {
  readonly #options: SqliteGenerationsOptions;
  readonly #files: GenerationFiles;
  #opened = false;
  #replaced: number | undefined;

  constructor(options: SqliteGenerationsOptions) {
    this.#options = options;
    this.#files = new GenerationFiles(options.disk ?? realDisk, options.directory, options.onStep);
  }

  /**
   * The first call also removes what a crash left.
   * @throws StoreError; StoreIdentityError when the keyspace has another identity
   */
  open(): SqliteStore {
    const { fsmSyncMode, payloadFileBytes, identity } = this.#options;
    const generation = this.#files.currentOrFirst();
    if (!this.#opened) this.#files.removeLeftovers(generation);
    this.#opened = true;
    const file = this.#files.databaseFile(generation);
    const store = new SqliteStore({
      file,
      fsmSyncMode,
      disk: this.#files.disk,
      ...(payloadFileBytes === undefined ? {} : { payloadFileBytes }),
    });
    try {
      claimStore(store, file, identity);
    } catch (error) {
      store.close();
      throw error;
    }
    return store;
  }

  /** The database file of the keyspace in force, for its size. @throws StoreError CORRUPT when there is none */
  databaseFile(): string {
    return this.#files.databaseFile(this.#current());
  }

  #current(): number {
    const generation = this.#files.current();
    if (generation !== undefined) return generation;
    throw new StoreError("CORRUPT", `${this.#options.directory}: no keyspace has been opened there`);
  }

  openReader(): KeyspaceReader {
    return new SqliteReader(this.databaseFile(), this.#files.disk);
  }

  openExport(): KeyspaceExport {
    return new SqliteExport(this.databaseFile(), this.#files.disk);
  }

  createImport(): KeyspaceImport {
    const current = this.#current();
    this.discardImport();
    const generation = Math.max(current, ...this.#files.generations()) + 1;
    const { payloadFileBytes } = this.#options;
    return new SqliteImport(this.#files, generation, payloadFileBytes);
  }

  pendingImport(): AppliedState | undefined {
    const pending = this.#files.pending();
    return pending?.generation === this.#files.current() ? undefined : pending?.position;
  }

  installImport(): void {
    const pending = this.#files.pending();
    const current = this.#files.current();
    if (pending === undefined || pending.generation === current) {
      throw new StoreError("CORRUPT", `${this.#options.directory}: no complete snapshot waits there`);
    }
    this.#files.setCurrent(pending.generation);
    this.#files.removePending();
    this.#replaced = current;
  }

  discardReplaced(): void {
    if (this.#replaced !== undefined) this.#files.removeGeneration(this.#replaced);
    this.#replaced = undefined;
  }

  /** Also removes an unfinished import: every generation that is newer than the one in force. */
  discardImport(): void {
    const current = this.#files.current();
    this.#files.removePending();
    for (const generation of this.#files.generations()) {
      if (current !== undefined && generation > current) this.#files.removeGeneration(generation);
    }
  }
}
