/**
 * The files of one SQLite database on a simulated disk. SQLite writes real files; after each of its transactions, what it has written is
 * carried over, in the order in which SQLite writes and syncs (its documentation, "Write-Ahead Logging" and "WAL-mode File Format"): header
 * of a new write-ahead file and its sync, frames, their sync when the commit asks for one, and at a checkpoint a sync of the write-ahead
 * file, pages, a sync of the database. So a power cut on the simulated disk takes, keeps or tears what SQLite would have lost.
 */
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { openIfPresent, readWholeFile } from "../../../src/platform/disk/atomic-file.ts";
import { realDisk } from "../../../src/platform/disk/real-disk.ts";
import { type DiskFile, parentDirectory } from "../../../src/platform/disk.ts";
import type { SimulatedDisk } from "../simulated-disk/simulated-disk.ts";

const PAGE_BYTES = 4096;
const WAL_HEADER_BYTES = 32;
const FRAME_BYTES = 24 + PAGE_BYTES;
/** Of the WAL index (`-shm`): both copies of its header, and how much has been copied into the database. */
const INDEX_BYTES = 100;
const INDEX_LAST_FRAME = 16;
const INDEX_SALT = 32;
const INDEX_BACKFILLED = 96;

interface WalIndex {
  /** Bytes of the write-ahead file up to the end of the last commit; 0: none. */
  readonly end: number;
  /** Another one: the write-ahead file has begun again. */
  readonly salt: string;
  /** Frames that have been copied into the database. */
  readonly backfilled: number;
}

export class DatabaseMirror {
  readonly #path: string;
  readonly #disk: SimulatedDisk;
  #database: DiskFile | undefined;
  #wal: DiskFile | undefined;
  /** The database as the simulated disk has it. */
  #known: Uint8Array | undefined;
  #index: WalIndex | undefined;
  #walNameSynced = false;

  constructor(disk: SimulatedDisk, path: string) {
    this.#disk = disk;
    this.#path = path;
  }

  /** SQLite has come to the end of a transaction, or was opened or closed. @param durable the transaction was to be on the disk */
  capture(durable: boolean): void {
    if (!existsSync(this.#path)) return;
    const index = this.#readIndex();
    if (index === undefined) {
      // Nobody has it open: it is one file.
      this.#captureDatabase();
      this.#removeWal();
      return;
    }
    const before = this.#index;
    this.#captureWal(index, durable);
    if (index.backfilled !== before?.backfilled || index.salt !== before.salt) {
      if (this.#captureDatabase()) this.#syncDatabase();
    }
    this.#index = index;
  }

  /** Something syncs the database file itself. */
  sync(): void {
    this.capture(false);
    this.#syncDatabase();
  }

  /** Something syncs the write-ahead file, also what an earlier process has left in it. */
  syncWal(): void {
    this.capture(false);
    if (this.quiet(() => this.#disk.stat(`${this.#path}-wal`)) !== undefined) this.#syncWalFile();
  }

  #captureWal(index: WalIndex, durable: boolean): void {
    const from = this.#index?.salt === index.salt ? this.#index.end : this.#agreed(index.end);
    // A commit that changed nothing writes nothing and syncs nothing.
    if (index.end <= from) return;
    const bytes = new Uint8Array(index.end - from);
    readReal(`${this.#path}-wal`, bytes, from);
    const wal = this.#openWal();
    if (from === 0) {
      wal.pwrite(bytes.subarray(0, WAL_HEADER_BYTES), 0);
      this.#syncWalFile();
      wal.pwrite(bytes.subarray(WAL_HEADER_BYTES), WAL_HEADER_BYTES);
    } else wal.pwrite(bytes, from);
    if (durable) this.#syncWalFile();
  }

  /** After a start: bytes of the write-ahead file that are on the simulated disk already. */
  #agreed(end: number): number {
    const { quiet } = this;
    const known = quiet(() => readWholeFile(this.#disk, `${this.#path}-wal`));
    if (known === undefined || end === 0) return 0;
    const real = new Uint8Array(end);
    readReal(`${this.#path}-wal`, real, 0);
    let same = WAL_HEADER_BYTES;
    if (!equal(known, real, 0, same)) return 0;
    while (same + FRAME_BYTES <= end && equal(known, real, same, same + FRAME_BYTES)) same += FRAME_BYTES;
    return same;
  }

  #openWal(): DiskFile {
    this.#wal ??= this.#disk.open(`${this.#path}-wal`, "create-or-open");
    return this.#wal;
  }

  #syncWalFile(): void {
    this.#openWal().datasync();
    // SQLite syncs the directory with the first sync of a file that it has made.
    if (!this.#walNameSynced) this.#disk.syncDirectory(parentDirectory(this.#path));
    this.#walNameSynced = true;
  }

  /** True: pages have changed. */
  #captureDatabase(): boolean {
    const real = readFileSync(this.#path);
    this.#known ??= this.quiet(() => readWholeFile(this.#disk, this.#path)) ?? new Uint8Array(0);
    const known = this.#known;
    if (real.length === known.length && equal(known, real, 0, real.length)) return false;
    if (this.#wal !== undefined) this.#syncWalFile();
    const file = this.#openDatabase();
    for (let at = 0; at < real.length; at += PAGE_BYTES) {
      const end = Math.min(at + PAGE_BYTES, real.length);
      if (end > known.length || !equal(known, real, at, end)) file.pwrite(real.subarray(at, end), at);
    }
    if (real.length < known.length) file.truncate(real.length);
    this.#known = real;
    return true;
  }

  #openDatabase(): DiskFile {
    this.#database ??= this.#disk.open(this.#path, "create-or-open");
    return this.#database;
  }

  #syncDatabase(): void {
    this.#openDatabase().datasync();
  }

  /** The last connection was closed: it has copied everything, and removed the write-ahead file. */
  #removeWal(): void {
    this.#index = undefined;
    if (existsSync(`${this.#path}-wal`)) return;
    this.#wal = undefined;
    this.#walNameSynced = false;
    if (this.quiet(() => this.#disk.stat(`${this.#path}-wal`)) === undefined) return;
    this.#syncDatabase();
    this.#disk.unlink(`${this.#path}-wal`);
  }

  #readIndex(): WalIndex | undefined {
    const bytes = new Uint8Array(INDEX_BYTES);
    const file = openIfPresent(realDisk, `${this.#path}-shm`, "read");
    if (file === undefined) return undefined;
    const read = file.pread(bytes, 0);
    file.close();
    const view = new DataView(bytes.buffer);
    const frames = read < INDEX_BYTES ? 0 : view.getUint32(INDEX_LAST_FRAME, true);
    return {
      end: frames === 0 ? 0 : WAL_HEADER_BYTES + frames * FRAME_BYTES,
      salt: Buffer.from(bytes.subarray(INDEX_SALT, INDEX_SALT + 8)).toString("hex"),
      backfilled: view.getUint32(INDEX_BACKFILLED, true),
    };
  }

  private readonly quiet = <T>(look: () => T): T => this.#disk.quietly(look);
}

/** Puts what the simulated disk holds of a database in the place of the real files. */
export function restoreDatabaseFile(disk: SimulatedDisk, path: string): void {
  const bytes = disk.quietly(() => readWholeFile(disk, path));
  rmSync(path, { force: true });
  if (bytes !== undefined) writeFileSync(path, bytes);
}

function readReal(path: string, target: Uint8Array, position: number): void {
  const file = realDisk.open(path, "read");
  const count = file.pread(target, position);
  file.close();
  if (count !== target.length) throw new Error(`${path} has ${statSync(path).size} bytes`);
}

function equal(left: Uint8Array, right: Uint8Array, from: number, to: number): boolean {
  if (left.length < to || right.length < to) return false;
  return Buffer.compare(left.subarray(from, to), right.subarray(from, to)) === 0;
}
