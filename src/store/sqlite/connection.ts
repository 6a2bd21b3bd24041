/** Opens the writer's connection: checks before it changes anything, creates what is missing. */
import { Database } from "bun:sqlite";
import { openIfPresent } from "../../platform/disk/atomic-file.ts";
import { type Disk, parentDirectory } from "../../platform/disk.ts";
import { guarded } from "../store-errors.ts";
import { BUSY_TIMEOUT_MS, setFilePragmas, setSynchronous, setWriterPragmas } from "./pragmas.ts";
import { openSchema } from "./schema.ts";

/**
 * Syncs a file that may be missing. Never for the database file itself: closing any descriptor of it
 * drops this process's POSIX locks, SQLite's among them.
 */
export function syncFile(disk: Disk, path: string): void {
  const file = openIfPresent(disk, path, "read");
  try {
    file?.datasync();
  } finally {
    file?.close();
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
export function createPrivate(disk: Disk, file: string): void {
  if (disk.stat(file) === undefined) disk.open(file, "create").close();
}

/** @throws StoreError WRONG_FORMAT | CORRUPT | DISK_FULL | IO, naming the file */
export function openWriter(disk: Disk, file: string): Database {
  return guarded(file, () => {
    const isNew = (disk.stat(file)?.bytes ?? 0) === 0;
    createPrivate(disk, file);
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
        disk.syncDirectory(parentDirectory(file));
      } else checkWritable(db);
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  });
}
