import { Database, type Statement } from "bun:sqlite";
import type { Disk } from "../../platform/disk.ts";
import { payloadDirectory } from "../payload/files.ts";
import { encodePayloadRef, encodePayloadTail, FIRST_TAIL } from "../payload/ref.ts";
import { PayloadWriter } from "../payload/writer.ts";
import { createPrivate, syncFile } from "../sqlite/connection.ts";
import { endImportPragmas, setImportPragmas } from "../sqlite/pragmas.ts";
import { encodeApplied } from "../sqlite/reads.ts";
import { META_APPLIED, META_HORIZON, META_PAYLOAD_TAIL, openSchema } from "../sqlite/schema.ts";
import { INLINE_PAYLOAD_MAX_BYTES } from "../sqlite/writer.ts";
import { guarded } from "../store-errors.ts";
import { encodeTimestamp } from "../timestamp.ts";
import { type AppliedState, BLIND, type KeyspaceImport, StoreError } from "../types.ts";
import { type DecodedRow, SnapshotDecoder, type SnapshotSink } from "./decoder.ts";
import type { SnapshotHeader } from "./format.ts";

type Bytes = Uint8Array | null;

/** The destination of an import: the directory of one generation, and the steps that make the import complete. */
export interface ImportDestination {
  readonly disk: Disk;
  makeGeneration(generation: number): void;
  databaseFile(generation: number): string;
  generationDirectory(generation: number): string;
  step(step: "import-synced"): void;
  setPending(pending: { readonly generation: number; readonly position: AppliedState }): void;
  removeGeneration(generation: number): void;
}

/**
 * Writes a stream into a generation of its own. The generation does not count before `finish`, so it needs no
 * journal and no sync before `finish`. Rows come in key order and are appended to the tree, in one transaction that
 * spills to the file as it grows.
 */
export class SqliteImport implements KeyspaceImport {
  readonly #files: ImportDestination;
  readonly #generation: number;
  readonly #decoder: SnapshotDecoder;
  #target: ImportTarget | undefined;
  #ended = false;

  /** @throws StoreError DISK_FULL | IO; the failed import leaves no files */
  constructor(files: ImportDestination, generation: number, payloadFileBytes?: number) {
    this.#files = files;
    this.#generation = generation;
    this.#decoder = new SnapshotDecoder({
      begin: (header) => this.#open().begin(header),
      state: (name, value) => this.#open().state(name, value),
      row: (row) => this.#open().row(row),
    });
    this.#orForget(() => {
      files.makeGeneration(generation);
      this.#target = new ImportTarget(files.disk, files.databaseFile(generation), payloadFileBytes);
    });
  }

  write(bytes: Uint8Array): void {
    this.#orForget(() => this.#decoder.write(bytes));
  }

  finish(): AppliedState {
    return this.#orForget(() => {
      const { position } = this.#decoder.finish();
      this.#open().finish();
      this.#target = undefined;
      const directory = this.#files.generationDirectory(this.#generation);
      guarded(directory, () => this.#files.disk.syncDirectory(directory));
      this.#files.step("import-synced");
      this.#files.setPending({ generation: this.#generation, position });
      this.#ended = true;
      return position;
    });
  }

  abort(): void {
    if (this.#ended) return;
    this.#ended = true;
    try {
      this.#target?.close();
    } finally {
      this.#target = undefined;
      this.#files.removeGeneration(this.#generation);
    }
  }

  #open(): ImportTarget {
    if (this.#target === undefined) throw new StoreError("CLOSED", "this import has ended");
    return this.#target;
  }

  /** After an error, removes everything that the import has written. */
  #orForget<T>(action: () => T): T {
    if (this.#ended) throw new StoreError("CLOSED", "this import has ended");
    try {
      return action();
    } catch (error) {
      try {
        this.abort();
      } catch (leftover) {
        // The first error is the cause that the caller needs; the next import or start tries to remove the rest.
        if (!(leftover instanceof StoreError)) throw leftover;
      }
      throw error;
    }
  }
}

/** The new database and its payload files. */
class ImportTarget implements SnapshotSink {
  readonly #disk: Disk;
  readonly #file: string;
  readonly #db: Database;
  readonly #payloads: PayloadWriter;
  readonly #insert: Statement<unknown, [Uint8Array, bigint, bigint, Bytes, Bytes, Bytes, Bytes]>;
  readonly #garbage: Statement<unknown, [bigint, Uint8Array, bigint]>;
  readonly #state: Statement<unknown, [string, Uint8Array]>;
  readonly #meta: Statement<unknown, [string, Uint8Array]>;
  #closed = false;

  constructor(disk: Disk, file: string, payloadFileBytes?: number) {
    this.#disk = disk;
    this.#file = file;
    const directory = payloadDirectory(file);
    const db = guarded(file, () => {
      createPrivate(disk, file);
      return new Database(file, { create: true, safeIntegers: true, strict: true });
    });
    this.#db = db;
    try {
      this.#payloads = guarded(
        directory,
        () => new PayloadWriter(disk, directory, FIRST_TAIL, payloadFileBytes),
      );
      guarded(file, () => {
        setImportPragmas(db, file);
        openSchema(db, file, true);
        db.run("BEGIN IMMEDIATE");
      });
      const put = (sql: string) => db.prepare(sql);
      this.#insert = guarded(file, () =>
        put(
          "INSERT INTO kv(key, commit_ts, end_ts, value, disposal, bulk, payload) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        ),
      );
      this.#garbage = guarded(file, () =>
        put("INSERT INTO kv_garbage(since_ts, key, commit_ts) VALUES(?1, ?2, ?3)"),
      );
      this.#state = guarded(file, () => put("INSERT INTO fsm_state(name, value) VALUES(?1, ?2)"));
      this.#meta = guarded(file, () => put("INSERT OR REPLACE INTO fsm_meta(name, value) VALUES(?1, ?2)"));
    } catch (error) {
      db.close();
      throw error;
    }
  }

  begin({ position, horizon }: SnapshotHeader): void {
    guarded(this.#file, () => {
      this.#meta.run(META_APPLIED, encodeApplied(position));
      this.#meta.run(META_HORIZON, encodeTimestamp(horizon));
    });
  }

  state(name: string, value: Uint8Array): void {
    guarded(this.#file, () => this.#state.run(name, value));
  }

  row({ key, commitTs, endTs, value, garbage, payload }: DecodedRow): void {
    guarded(this.#file, () => {
      const apart = payload !== undefined && payload.length > INLINE_PAYLOAD_MAX_BYTES;
      const bulk = apart ? encodePayloadRef(this.#payloads.append(payload)) : null;
      const inline = apart ? null : (payload ?? null);
      this.#insert.run(key, commitTs, endTs, value ?? null, garbage ?? null, bulk, inline);
      // The versions alone decide what compaction will remove (docs/format/sqlite.md).
      if (value === undefined) this.#garbage.run(commitTs, key, commitTs);
      else if (endTs !== BLIND) this.#garbage.run(endTs, key, commitTs);
    });
  }

  /** Everything is durable on return, except the name of the directory. */
  finish(): void {
    guarded(this.#file, () => {
      this.#payloads.sync();
      this.#payloads.commit();
      this.#meta.run(META_PAYLOAD_TAIL, encodePayloadTail(this.#payloads.tail));
      this.#db.run("COMMIT");
      endImportPragmas(this.#db, this.#file);
      this.close();
      // No connection has the file open, so closing this descriptor drops no lock of SQLite.
      syncFile(this.#disk, this.#file);
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const s of [this.#insert, this.#garbage, this.#state, this.#meta]) s.finalize();
    guarded(this.#file, () => {
      try {
        this.#payloads.close();
      } finally {
        this.#db.close();
      }
    });
  }
}
