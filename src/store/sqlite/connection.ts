/** Opens the writer's connection: first checks the file, then changes settings and creates what is missing. */
import { Database } from "bun:sqlite";
import { openIfPresent } from "../../platform/disk/atomic-file.ts";
import { type Disk, parentDirectory } from "../../platform/disk.ts";
import { guarded } from "../store-errors.ts";
import { BUSY_TIMEOUT_MS, setFilePragmas, setSynchronous, setWriterPragmas } from "./pragmas.ts";
import { openSchema } from "./schema.ts";

/**
 * Syncs a file that may be missing. Never call it for the database file while a connection has the file open:
 * closing any descriptor of the file drops this process's POSIX locks, SQLite's locks included.
 */
export function syncFile(disk: Disk, path: string): void {
  const file = openIfPresent(disk, path, "read");
  try {
    file?.datasync();
  } finally {
    file?.close();
  }
}

/**
 * A process whose sync failed has ended, but the kernel keeps its pages and counts them as clean: the next process would
 * read commits that no later sync writes to the disk, and a power cut would take them. Without the cache SQLite's
 * recovery ends at the first frame that the disk does not hold, and the log replays the rest. Pages of the database file
 * need no such care: a checkpoint that failed is repeated from its first page.
 */
function dropCache(disk: Disk, path: string): void {
  const file = openIfPresent(disk, path, "read");
  file?.forget(0, 0);
  file?.close();
}

/**
 * SQLite opens an unwritable file (or one with an unwritable -wal or -shm) without an error, and fails at the first
 * transaction. That transaction would be an entry of the log, and its failure would end a node that had started.
 */
function checkWritable(db: Database): void {
  // BEGIN IMMEDIATE also succeeds on an unwritable file. This statement could write, so it fails there; without a row
  // it writes nothing.
  db.run("DELETE FROM kv WHERE FALSE");
}

/**
 * Makes an empty database file that only its owner may read; SQLite gives -wal, -shm and journal the same mode.
 * Without this call SQLite makes files 0644 less the umask. Call it only for a file that no connection of this
 * process has open (see `syncFile`).
 */
export function createPrivate(disk: Disk, file: string): void {
  if (disk.stat(file) === undefined) disk.open(file, "create").close();
}

/** @throws StoreError WRONG_FORMAT | CORRUPT | DISK_FULL | IO, naming the file */
export function openWriter(disk: Disk, file: string): Database {
  return guarded(file, () => {
    const isNew = (disk.stat(file)?.bytes ?? 0) === 0;
    dropCache(disk, `${file}-wal`);
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
