import { Database } from "bun:sqlite";
import { realDisk } from "../../platform/disk/real-disk.ts";
import type { Disk } from "../../platform/disk.ts";
import { guarded } from "../store-errors.ts";
import {
  type AppliedState,
  type KeyspaceReader,
  type PayloadTarget,
  type ScanItem,
  type ScanOptions,
  StoreError,
  type Timestamp,
  type VersionedValue,
} from "../types.ts";
import { setReaderPragmas } from "./pragmas.ts";
import { SqliteReads } from "./reads.ts";
import { openSchema } from "./schema.ts";

/**
 * Reads the keyspace in another thread than the writer's, on its own read-only connection. The writer must have
 * created the file before. Every call is a short read transaction of its own, so the reader never delays a
 * checkpoint.
 */
export class SqliteReader implements KeyspaceReader {
  readonly #db: Database;
  readonly #file: string;
  #reads: SqliteReads | undefined;

  /**
   * @param disk the disk of the payload files; SQLite opens its own files itself
   * @throws StoreError WRONG_FORMAT | CORRUPT | IO, naming the file
   */
  constructor(file: string, disk: Disk = realDisk) {
    this.#file = file;
    this.#db = guarded(file, () => new Database(file, { readonly: true, safeIntegers: true, strict: true }));
    try {
      this.#reads = guarded(file, () => {
        setReaderPragmas(this.#db);
        openSchema(this.#db, file, false);
        return new SqliteReads(this.#db, disk, file);
      });
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  #open(): SqliteReads {
    if (this.#reads === undefined) throw new StoreError("CLOSED", `${this.#file}: this reader is closed`);
    return this.#reads;
  }

  getAt(key: Uint8Array, readTs: Timestamp, target?: PayloadTarget): VersionedValue | undefined {
    return this.#open().getAt(key, readTs, target);
  }

  getMetaAt(key: Uint8Array, readTs: Timestamp): VersionedValue | undefined {
    return this.#open().getMetaAt(key, readTs);
  }

  scanAt(start: Uint8Array, end: Uint8Array | undefined, options: ScanOptions): ScanItem[] {
    return this.#open().scanAt(start, end, options);
  }

  latestCommitTs(key: Uint8Array): Timestamp | undefined {
    return this.#open().latestCommitTs(key);
  }

  appliedState(): AppliedState {
    return this.#open().appliedState();
  }

  getState(name: string): Uint8Array | undefined {
    return this.#open().state(name);
  }

  /** Oldest timestamp that can still be read. */
  retentionHorizon(): Timestamp {
    return this.#open().horizon();
  }

  close(): void {
    if (this.#reads === undefined) return;
    this.#reads.finalize();
    this.#reads = undefined;
    this.#db.close();
  }
}
