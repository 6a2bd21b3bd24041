/**
 * A simulated disk with a real directory beside it, for the one program that no `Disk` can be put under: SQLite. Both have the same paths.
 * SQLite's files lie in the real directory and are mirrored (database-mirror.ts); everything else lies on the simulated disk only. After a
 * crash, `restore` makes the real files what the simulated disk has left of them.
 */
import { existsSync, mkdirSync, rmdirSync, rmSync, statSync, unlinkSync } from "node:fs";
import { basename } from "node:path";
import { realDisk } from "../../../src/platform/disk/real-disk.ts";
import {
  type Disk,
  DiskError,
  type DiskFile,
  type DiskLock,
  type DiskOperation,
  type DiskSpace,
  type DiskStat,
  type OpenMode,
  parentDirectory,
} from "../../../src/platform/disk.ts";
import type { SimulatedDisk } from "../simulated-disk/simulated-disk.ts";
import { DatabaseMirror, restoreDatabaseFile } from "./database-mirror.ts";

/** `-shm` and rollback journals are no part of what a crash may leave: SQLite makes them again. */
const SQLITE_FILE = /\.db(-wal|-shm|-journal)?$/;
const MIRRORED = /\.db(-wal)?$/;

export class KeyspaceDisk implements Disk {
  readonly simulated: SimulatedDisk;
  readonly root: string;
  readonly #mirrors = new Map<string, DatabaseMirror>();
  #ended = false;

  /** @param root an absolute path; made in both places, durable */
  constructor(simulated: SimulatedDisk, root: string) {
    this.simulated = simulated;
    this.root = root;
    mkdirSync(root, { recursive: true });
    simulated.quietly(() => makeDirectories(simulated, root));
  }

  /** SQLite has ended a transaction of this database. @param durable it was to be on the disk. @throws DiskError */
  committed(database: string, durable: boolean): void {
    this.#checkAlive("pwrite", database);
    this.#mirror(database).capture(durable);
  }

  /** A process starts: SQLite finds what the simulated disk holds. Nothing may have the files open. */
  restore(): void {
    this.#mirrors.clear();
    rmSync(this.root, { recursive: true, force: true });
    mkdirSync(this.root, { recursive: true });
    this.simulated.quietly(() => this.#restoreDirectory(this.root));
  }

  #restoreDirectory(directory: string): void {
    for (const name of this.simulated.readdir(directory)) {
      const path = `${directory}/${name}`;
      if (this.simulated.stat(path)?.kind === "directory") {
        mkdirSync(path);
        this.#restoreDirectory(path);
      } else if (MIRRORED.test(name)) restoreDatabaseFile(this.simulated, path);
    }
  }

  /** The process that uses it is no more: every further operation fails, and nothing reaches either disk. */
  end(): void {
    this.#ended = true;
  }

  #checkAlive(operation: DiskOperation, path: string): void {
    if (this.#ended) throw new DiskError("EBADF", path, operation, "the process has ended");
  }

  /** The real directory goes. */
  dispose(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  // ---- Disk -----------------------------------------------------------------------------------------------------

  open(path: string, mode: OpenMode): DiskFile {
    this.#checkAlive("open", path);
    if (!SQLITE_FILE.test(path)) return this.simulated.open(path, mode);
    if (mode === "create") this.simulated.open(path, mode).close();
    realDisk.open(path, mode).close();
    return this.#sqliteFile(path);
  }

  readdir(path: string): string[] {
    const names = new Set(this.simulated.readdir(path));
    if (existsSync(path)) for (const name of realDisk.readdir(path)) names.add(name);
    return [...names].sort();
  }

  stat(path: string): DiskStat | undefined {
    return SQLITE_FILE.test(path) ? realDisk.stat(path) : this.simulated.stat(path);
  }

  mkdir(path: string): void {
    this.#checkAlive("mkdir", path);
    this.simulated.mkdir(path);
    mkdirSync(path);
  }

  rmdir(path: string): void {
    this.#checkAlive("rmdir", path);
    this.simulated.rmdir(path);
    if (existsSync(path)) rmdirSync(path);
  }

  rename(from: string, to: string): void {
    this.#checkAlive("rename", from);
    this.simulated.rename(from, to);
  }

  unlink(path: string): void {
    this.#checkAlive("unlink", path);
    if (this.simulated.quietly(() => this.simulated.stat(path)) !== undefined || !SQLITE_FILE.test(path)) {
      this.simulated.unlink(path);
    }
    if (!SQLITE_FILE.test(path)) return;
    this.#mirrors.delete(path.replace(/-(wal|shm|journal)$/, ""));
    if (existsSync(path)) unlinkSync(path);
  }

  syncDirectory(path: string): void {
    this.#checkAlive("syncDirectory", path);
    for (const [database, mirror] of this.#mirrors) {
      if (parentDirectory(database) === path) mirror.capture(false);
    }
    this.simulated.syncDirectory(path);
  }

  space(path: string): DiskSpace {
    return this.simulated.space(path);
  }

  lock(path: string): DiskLock {
    return this.simulated.lock(path);
  }

  // ---- inside ---------------------------------------------------------------------------------------------------

  #mirror(database: string): DatabaseMirror {
    let mirror = this.#mirrors.get(database);
    if (mirror === undefined) {
      mirror = new DatabaseMirror(this.simulated, database);
      this.#mirrors.set(database, mirror);
    }
    return mirror;
  }

  #sqliteFile(path: string): DiskFile {
    const mirror = this.#mirror(path.replace(/-wal$/, ""));
    const never = (): never => {
      throw new Error(`${basename(path)} is SQLite's: nobody else reads or writes it`);
    };
    return {
      path,
      pread: never,
      pwrite: never,
      pwritev: never,
      pwritevDirect: never,
      preallocate: never,
      reserve: never,
      punchHole: never,
      truncate: never,
      forget: () => {
        const file = this.simulated.open(path, "read");
        file.forget(0, 0);
        file.close();
        restoreDatabaseFile(this.simulated, path);
      },
      size: () => statSync(path).size,
      datasync: () => (path.endsWith("-wal") ? mirror.syncWal() : mirror.sync()),
      close: () => {},
    };
  }
}

function makeDirectories(disk: SimulatedDisk, path: string): void {
  if (disk.stat(path) !== undefined) return;
  const parent = parentDirectory(path);
  makeDirectories(disk, parent);
  disk.mkdir(path);
  disk.syncDirectory(parent);
}
