import { SQLiteError } from "bun:sqlite";
import { DiskError } from "../platform/disk.ts";
import { StoreError, type StoreErrorCode } from "./types.ts";

/** Result codes of SQLite, by the beginning of their names; the first match counts. */
const CODES: readonly (readonly [prefix: string, code: StoreErrorCode, meaning: string])[] = [
  ["SQLITE_FULL", "DISK_FULL", "no space left for"],
  ["SQLITE_CORRUPT", "CORRUPT", "damaged database"],
  ["SQLITE_NOTADB", "CORRUPT", "not a database:"],
  ["SQLITE_BUSY", "IO", "locked by somebody else:"],
  ["SQLITE_LOCKED", "IO", "locked by another statement:"],
  ["SQLITE_READONLY", "IO", "not writable:"],
  ["SQLITE_CANTOPEN", "IO", "cannot open"],
  // The file ends before a page that its header counts.
  ["SQLITE_IOERR_SHORT_READ", "CORRUPT", "damaged database"],
  ["SQLITE_IOERR", "IO", "input/output error on"],
];

/** Error codes of the disk. */
const DISK_CODES: Readonly<Record<string, StoreErrorCode>> = { ENOSPC: "DISK_FULL", EDQUOT: "DISK_FULL" };

/** Translates errors of SQLite and of the disk; every other error passes unchanged. */
function toStoreError(error: unknown, file: string): unknown {
  if (error instanceof SQLiteError) {
    const name = error.code ?? `SQLITE_${error.errno}`;
    const found = CODES.find(([prefix]) => name.startsWith(prefix));
    const [, code, meaning] = found ?? ["", "IO" as const, "SQLite failed on"];
    return new StoreError(code, `${meaning} ${file}: ${error.message} (${name})`, { cause: error });
  }
  if (error instanceof DiskError) {
    const code = DISK_CODES[error.code] ?? "IO";
    return new StoreError(code, `${file}: ${error.message}`, { cause: error });
  }
  return error;
}

/** Runs `action`, and turns an error of SQLite or of the disk into a StoreError that names `file`. */
export function guarded<T>(file: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw toStoreError(error, file);
  }
}
