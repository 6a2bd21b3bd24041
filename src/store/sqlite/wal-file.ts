/** SQLite's write-ahead file: its size, its checkpoints into the database file, its durability. */
import type { Database } from "bun:sqlite";
import type { Disk } from "../../platform/disk.ts";
import { guarded } from "../store-errors.ts";
import { StoreError } from "../types.ts";
import { syncFile } from "./connection.ts";
import { BUSY_TIMEOUT_MS, setBusyTimeout, WAL_LIMIT_BYTES, WAL_RESTART_WAIT_MS } from "./pragmas.ts";

export interface CheckpointResult {
  /** Pages in the write-ahead file when the checkpoint ended. */
  readonly walPages: number;
  /** Pages that are in the database file now; fewer than `walPages` while a reader still needs the older state. */
  readonly copiedPages: number;
}

/** PASSIVE does not wait; RESTART waits for readers, so that the file can restart. */
type Mode = "PASSIVE" | "RESTART";

/** Commits between two checks of the file's size. */
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

  /** Makes every commit so far durable. The sync needs no space, so it works on a full disk. */
  sync(): void {
    guarded(this.#file, () => syncFile(this.#disk, `${this.#file}-wal`));
  }

  /**
   * Called after each commit. Only a long reader lets the file grow beyond its limit; then the writer waits for the
   * reader.
   */
  limit(): void {
    if (++this.#commits % CHECK_EVERY !== 0 || this.bytes() < this.#limitBytes) return;
    setBusyTimeout(this.#db, WAL_RESTART_WAIT_MS);
    try {
      this.tryCheckpoint("RESTART");
    } finally {
      setBusyTimeout(this.#db, BUSY_TIMEOUT_MS);
    }
  }

  /**
   * For a checkpoint that may fail: the commits in the file are safe, and a successful commit must not be reported
   * as failed. A real fault appears again at the next commit.
   */
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
