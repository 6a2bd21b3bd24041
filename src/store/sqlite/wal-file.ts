/** SQLite's write-ahead file: its size, copying it into the database, making it durable. */
import type { Database } from "bun:sqlite";
import type { Disk } from "../../platform/disk.ts";
import { guarded } from "../store-errors.ts";
import { StoreError } from "../types.ts";
import { syncFile } from "./connection.ts";
import { BUSY_TIMEOUT_MS, setBusyTimeout, WAL_LIMIT_BYTES, WAL_RESTART_WAIT_MS } from "./pragmas.ts";

export interface CheckpointResult {
  /** Pages in the write-ahead file when the checkpoint ended. */
  readonly walPages: number;
  /** How many of them are in the database file now; fewer while a reader still needs the older state. */
  readonly copiedPages: number;
}

/** PASSIVE waits for nobody; RESTART waits for readers, so that the file can start over. */
type Mode = "PASSIVE" | "RESTART";

/** Commits between two looks at the size of the file. */
const CHECK_EVERY = 64;

export class WalFile {
  readonly #db: Database;
  readonly #disk: Disk;
  readonly #file: string;
  readonly #limitBytes: number;
  #commits = 0;

  constructor(db: Database, disk: Disk, file: string, limitBytes = WAL_LIMIT_BYTES) {
    this.#db = db;
    this.#disk = disk;
    this.#file = file;
    this.#limitBytes = limitBytes;
  }

  bytes(): number {
    return this.#disk.stat(`${this.#file}-wal`)?.bytes ?? 0;
  }

  /** Makes every commit so far durable. Needs no space, so it works on a full disk. */
  sync(): void {
    guarded(this.#file, () => syncFile(this.#disk, `${this.#file}-wal`));
  }

  /** After each commit. Only a reader that stays for long lets the file grow beyond its limit: then it is waited for. */
  limit(): void {
    if (++this.#commits % CHECK_EVERY !== 0 || this.bytes() < this.#limitBytes) return;
    setBusyTimeout(this.#db, WAL_RESTART_WAIT_MS);
    try {
      this.tryCheckpoint("RESTART");
    } finally {
      setBusyTimeout(this.#db, BUSY_TIMEOUT_MS);
    }
  }

  /** Where a checkpoint is only tidiness: what is in the file is safe there, and a commit that has succeeded must not
   *  be reported as failed. A real fault shows itself at the next commit. */
  tryCheckpoint(mode: Mode): void {
    try {
      this.checkpoint(mode);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
    }
  }

  checkpoint(mode: Mode): CheckpointResult {
    const row = guarded(this.#file, () =>
      this.#db.query<{ log: bigint; checkpointed: bigint }, []>(`PRAGMA wal_checkpoint(${mode})`).get(),
    );
    return { walPages: Number(row?.log ?? 0n), copiedPages: Number(row?.checkpointed ?? 0n) };
  }
}
