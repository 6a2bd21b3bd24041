/** Opens the writer's connection: checks before it changes anything, creates what is missing. */
import { Database } from "bun:sqlite";
import { closeSync, fsyncSync, openSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { BUSY_TIMEOUT_MS, setFilePragmas, setSynchronous, setWriterPragmas } from "./pragmas.ts";
import { openSchema } from "./schema.ts";
import { guarded } from "./store-errors.ts";

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/**
 * fsync of a file or directory that may be missing. Never for the database file itself: closing any descriptor of it
 * drops this process's POSIX locks, SQLite's among them.
 */
export function syncFile(path: string): void {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return;
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** SQLite opens a file that it may not write (or whose -wal or -shm it may not) without a word, and says so at the first
 *  transaction: that would be an entry of the log, and the end of a node that had started. */
function checkWritable(db: Database): void {
  // BEGIN IMMEDIATE is content to read. A statement that could write is not, and without a row it writes nothing.
  db.run("DELETE FROM kv WHERE FALSE");
}

/**
 * Makes an empty database file that only its owner may read; SQLite gives -wal, -shm and journal the same mode. By itself it
 * makes files 0644 less the umask. Only for a file that no connection of this process has open (see `syncFile`).
 */
export function createPrivate(file: string): void {
  if (statSync(file, { throwIfNoEntry: false }) === undefined) closeSync(openSync(file, "wx", 0o600));
}

/** @throws StoreError WRONG_FORMAT | CORRUPT | DISK_FULL | IO, naming the file */
export function openWriter(file: string): Database {
  return guarded(file, () => {
    const isNew = sizeOf(file) === 0;
    createPrivate(file);
    const db = new Database(file, { create: true, readwrite: true, safeIntegers: true, strict: true });
    try {
      db.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
      if (!isNew) openSchema(db, file, true);
      setFilePragmas(db, file, isNew);
      setWriterPragmas(db);
      setSynchronous(db, "FULL");
      if (isNew) {
        openSchema(db, file, true);
        // The new file's name must survive a power cut too.
        syncFile(dirname(file));
      } else checkWritable(db);
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  });
}
