/**
 * Every SQLite setting that the store depends on. The store sets all of them, so that durability depends on no build
 * default.
 */
import type { Database } from "bun:sqlite";
import { StoreError } from "../types.ts";

/** Bytes per page; fixed when the file is made (decision 010). */
const PAGE_BYTES = 4096;
const WRITER_CACHE_KIB = 64 * 1024;
const READER_CACHE_KIB = 32 * 1024;
/** Size of the cache for pages of an import that were changed and not yet written. */
const IMPORT_CACHE_KIB = 32 * 1024;
/**
 * Time that one connection waits for another connection's lock. Only checkpoints and opening ever wait for a lock.
 */
export const BUSY_TIMEOUT_MS = 5_000;
/** Time that the writer waits for readers when the write-ahead file is over its limit; then the writer continues. */
export const WAL_RESTART_WAIT_MS = 50;
/** A commit that leaves this many pages in the write-ahead file starts a checkpoint into the database file. */
const CHECKPOINT_PAGES = 2_000;
/** The write-ahead file is truncated to this size when it restarts. */
const WAL_KEEP_BYTES = 64 * 1024 * 1024;
/** Over this size the writer waits for readers, so that the file can restart. It is larger than WAL_KEEP_BYTES. */
export const WAL_LIMIT_BYTES = 256 * 1024 * 1024;

function set(db: Database, name: string, value: string | number): void {
  db.run(`PRAGMA ${name} = ${value}`);
}

function expectMode(db: Database, file: string, name: string, expected: string): void {
  const row = db.query<Record<string, unknown>, []>(`PRAGMA ${name}`).get();
  const found = String(Object.values(row ?? {})[0]);
  if (found !== expected) throw new StoreError("IO", `${file}: ${name} is ${found}, must be ${expected}`);
}

/**
 * Call it first on a new file: later calls cannot change these settings. An existing file keeps its settings:
 * setting `auto_vacuum` again writes a page, and on a full disk that write would make the start fail.
 */
export function setFilePragmas(db: Database, file: string, isNew: boolean): void {
  set(db, "busy_timeout", BUSY_TIMEOUT_MS);
  if (isNew) {
    set(db, "page_size", PAGE_BYTES);
    set(db, "auto_vacuum", "INCREMENTAL");
  }
  set(db, "journal_mode", "WAL");
  expectMode(db, file, "journal_mode", "wal");
}

/**
 * For a new file that does not count before it is complete: the file has no fsync and no journal on the disk until
 * `endImportPragmas`. The journal in memory stays empty, because it keeps only pages that existed when the
 * transaction began. (Bun's SQLite does not allow OFF: the mode stays "delete".)
 */
export function setImportPragmas(db: Database, file: string): void {
  set(db, "page_size", PAGE_BYTES);
  set(db, "auto_vacuum", "INCREMENTAL");
  set(db, "journal_mode", "MEMORY");
  expectMode(db, file, "journal_mode", "memory");
  setWriterPragmas(db);
  set(db, "locking_mode", "EXCLUSIVE");
  set(db, "cache_size", -IMPORT_CACHE_KIB);
  setSynchronous(db, "OFF");
}

/** After this call the file has the same modes as every other keyspace file. */
export function endImportPragmas(db: Database, file: string): void {
  set(db, "locking_mode", "NORMAL");
  set(db, "journal_mode", "WAL");
  expectMode(db, file, "journal_mode", "wal");
}

export function setWriterPragmas(db: Database): void {
  set(db, "locking_mode", "NORMAL");
  set(db, "cache_size", -WRITER_CACHE_KIB);
  set(db, "mmap_size", 0);
  set(db, "temp_store", "MEMORY");
  set(db, "foreign_keys", "OFF");
  set(db, "recursive_triggers", "OFF");
  set(db, "trusted_schema", "OFF");
  set(db, "cell_size_check", "ON");
  set(db, "secure_delete", "OFF");
  set(db, "wal_autocheckpoint", CHECKPOINT_PAGES);
  set(db, "journal_size_limit", WAL_KEEP_BYTES);
}

export function setReaderPragmas(db: Database): void {
  set(db, "busy_timeout", BUSY_TIMEOUT_MS);
  set(db, "query_only", "ON");
  set(db, "cache_size", -READER_CACHE_KIB);
  set(db, "mmap_size", 0);
  set(db, "temp_store", "MEMORY");
  set(db, "trusted_schema", "OFF");
  set(db, "cell_size_check", "ON");
}

export function setBusyTimeout(db: Database, ms: number): void {
  set(db, "busy_timeout", ms);
}

/**
 * FULL: every commit is fsynced before it returns. NORMAL: only checkpoints are fsynced; a power cut may lose the
 * newest commits as a whole, and never damages the file. OFF: nothing is fsynced, and a power cut may damage the
 * file.
 */
export function setSynchronous(db: Database, level: "FULL" | "NORMAL" | "OFF"): void {
  set(db, "synchronous", level);
}
