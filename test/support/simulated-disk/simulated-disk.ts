/**
 * A disk in memory that behaves as badly as a real one may, from a seed: see the promises in ../disk.ts for what it
 * keeps, and `crash`, `inject`, `flipBit` for what it does to the rest. The same seed and the same calls give the same
 * disk.
 */
import type { Clock } from "../../../src/platform/clock.ts";
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
import type { Random } from "../../../src/platform/random.ts";
import { LONG_AGO, type SimulatedContent } from "./content.ts";
import { type FileAccess, type OperationTime, SimulatedFile } from "./file.ts";
import { newFile, SimulatedNames, type SimulatedNode } from "./names.ts";

export interface SimulatedDiskOptions {
  readonly random: Random;
  /** For modification times only. */
  readonly clock?: Clock;
  /** Default: as good as endless. */
  readonly capacityBytes?: number;
  /** Called before every operation, failing ones included. */
  readonly onOperation?: (operation: DiskOperation, path: string, bytes: number) => void;
  /** Called when an operation fails because something was done to the disk: a fault that was injected, no space, or the
   *  shutdown that an earlier fault has led to. */
  readonly onFailure?: (failure: DiskFailure) => void;
  /**
   * When an operation begins and is done, for a simulator that runs a thread ahead of its clock: `crash(now)` undoes
   * what had not begun, and a sync that was not done has made nothing durable. Absent: done when the call returns.
   */
  readonly time?: (operation: DiskOperation, path: string, bytes: number) => OperationTime;
}

export interface DiskFailure {
  readonly operation: DiskOperation;
  readonly cause: "injected" | "full" | "shut down";
}

/** An operation that will fail. */
export interface DiskFault {
  /** Errno name: EIO, ENOSPC, ... */
  readonly code: string;
  /** Only operations of this kind; default: any. */
  readonly operation?: DiskOperation;
  /** Only paths that contain this; default: any. */
  readonly pathContains?: string;
  /** Matching operations that still work before it strikes. */
  readonly after?: number;
  /** Every matching operation from then on; default: one. */
  readonly forever?: boolean;
}

interface ArmedFault extends DiskFault {
  left: number;
}

const ENDLESS_BYTES = 2 ** 50;
const AT_ONCE: OperationTime = { begins: LONG_AGO, done: LONG_AGO };
/** What still works after the file system has shut down. Locks live in the kernel, not on the disk. */
const READING: ReadonlySet<DiskOperation> = new Set(["pread", "readdir", "stat", "size", "space", "lock"]);

export class SimulatedDisk implements Disk {
  readonly #options: SimulatedDiskOptions;
  readonly #names = new SimulatedNames();
  readonly #locks = new Set<string>();
  #faults: ArmedFault[] = [];
  #capacityBytes: number;
  #operations = 0;
  /** Open files and locks of an earlier life are dead. */
  #life = 0;
  #shutDown = false;
  #quiet = false;

  constructor(options: SimulatedDiskOptions) {
    this.#options = options;
    this.#capacityBytes = options.capacityBytes ?? ENDLESS_BYTES;
  }

  // ---- what happens to it ---------------------------------------------------------------------------------------

  /** Operations so far. */
  get operations(): number {
    return this.#operations;
  }

  /** Power cut. Everything open is dead; unsynced writes and names are kept, lost or torn, as the seed has it.
   *  @param now on the clock of `time` */
  crash(now = Number.POSITIVE_INFINITY): void {
    this.kill();
    this.#shutDown = false;
    const { random } = this.#options;
    this.#names.crash(random, now);
    for (const file of this.#names.files()) file.content.crash(random, now);
  }

  /** Syncs that are done by `now` have made durable what they cover; to be called now and then, it keeps memory small. */
  passed(now: number): void {
    this.#names.passed(now);
    for (const file of this.#names.files()) file.content.passed(now);
  }

  /** The process ends, however it ends: everything open is dead, nothing is lost. */
  kill(): void {
    this.#life++;
    this.#locks.clear();
  }

  /** Makes an operation fail, in this life or a later one. */
  inject(fault: DiskFault): void {
    this.#faults.push({ ...fault, left: fault.after ?? 0 });
  }

  clearFaults(): void {
    this.#faults = [];
  }

  setCapacity(bytes: number): void {
    this.#capacityBytes = bytes;
  }

  /** For a look from outside: its operations take no time, count for nothing and cannot fail by injection. */
  quietly<T>(look: () => T): T {
    const before = this.#quiet;
    this.#quiet = true;
    try {
      return look();
    } finally {
      this.#quiet = before;
    }
  }

  /** Rot in one bit of what is on the disk. */
  flipBit(path: string, offset: number, bit: number): void {
    const byte = new Uint8Array(1);
    const content = this.#content(path);
    if (content.read(byte, offset) === 0) throw new RangeError(`${path} has no byte ${offset}`);
    byte[0] = (byte[0] as number) ^ (1 << bit);
    content.damage(offset, byte);
  }

  /** A range of what is on the disk reads as zeros. */
  zero(path: string, offset: number, length: number): void {
    this.#content(path).damage(offset, new Uint8Array(length));
  }

  // ---- Disk -----------------------------------------------------------------------------------------------------

  open(path: string, mode: OpenMode): DiskFile {
    const { begins } = this.#enter("open", path, 0);
    let node = this.#names.get(path);
    if (node === undefined && (mode === "create" || mode === "create-or-open")) {
      this.#requireParent("open", path);
      node = newFile(this.#nowMs());
      this.#names.change([{ path, node }], begins);
    } else if (node !== undefined && mode === "create") {
      throw new DiskError("EEXIST", path, "open");
    }
    if (node === undefined) throw new DiskError("ENOENT", path, "open");
    if (node.kind !== "file") throw new DiskError("EISDIR", path, "open");
    return new SimulatedFile(this.#access(path, node), path, mode === "read");
  }

  readdir(path: string): string[] {
    this.#enter("readdir", path, 0);
    this.#requireDirectory("readdir", path);
    return this.#names.list(path);
  }

  stat(path: string): DiskStat | undefined {
    this.#enter("stat", path, 0);
    const node = this.#names.get(path);
    if (node === undefined) return undefined;
    const bytes = node.kind === "file" ? node.content.size : 0;
    return { kind: node.kind, bytes, modifiedMs: node.modifiedMs };
  }

  mkdir(path: string): void {
    const { begins } = this.#enter("mkdir", path, 0);
    this.#requireParent("mkdir", path);
    if (this.#names.get(path) !== undefined) throw new DiskError("EEXIST", path, "mkdir");
    this.#names.change([{ path, node: { kind: "directory", modifiedMs: this.#nowMs() } }], begins);
  }

  rmdir(path: string): void {
    const { begins } = this.#enter("rmdir", path, 0);
    this.#requireDirectory("rmdir", path);
    if (this.#names.list(path).length > 0) throw new DiskError("ENOTEMPTY", path, "rmdir");
    this.#names.change([{ path, node: undefined }], begins);
  }

  rename(from: string, to: string): void {
    const { begins } = this.#enter("rename", from, 0);
    const node = this.#names.get(from);
    if (node === undefined) throw new DiskError("ENOENT", from, "rename");
    if (node.kind !== "file") throw new DiskError("EINVAL", from, "rename", "only files can be renamed here");
    this.#requireParent("rename", to);
    if (this.#names.get(to)?.kind === "directory") throw new DiskError("EISDIR", to, "rename");
    this.#names.change(
      [
        { path: from, node: undefined },
        { path: to, node },
      ],
      begins,
    );
  }

  unlink(path: string): void {
    const { begins } = this.#enter("unlink", path, 0);
    const node = this.#names.get(path);
    if (node === undefined) throw new DiskError("ENOENT", path, "unlink");
    if (node.kind !== "file") throw new DiskError("EISDIR", path, "unlink");
    this.#names.change([{ path, node: undefined }], begins);
  }

  syncDirectory(path: string): void {
    const { done } = this.#enter("syncDirectory", path, 0, () => {
      // A journaling file system whose journal cannot be written lets nobody change anything until it is mounted again.
      this.#shutDown = true;
    });
    this.#requireDirectory("syncDirectory", path);
    this.#names.sync(path, done);
  }

  space(path: string): DiskSpace {
    this.#enter("space", path, 0);
    return { freeBytes: this.#freeBytes(), totalBytes: this.#capacityBytes };
  }

  lock(path: string): DiskLock {
    const { begins } = this.#enter("lock", path, 0);
    if (this.#names.get(path) === undefined) {
      this.#requireParent("lock", path);
      this.#names.change([{ path, node: newFile(this.#nowMs()) }], begins);
    }
    if (this.#locks.has(path)) throw new DiskError("LOCKED", path, "lock", "another process holds it");
    this.#locks.add(path);
    const life = this.#life;
    return {
      path,
      release: () => {
        if (life === this.#life) this.#locks.delete(path);
      },
    };
  }

  // ---- inside ---------------------------------------------------------------------------------------------------

  /** What an open file may do with the disk. */
  #access(path: string, node: SimulatedNode & { kind: "file" }): FileAccess {
    const life = this.#life;
    return {
      content: node.content,
      random: this.#options.random,
      enter: (operation, bytes, onFault) => {
        if (life !== this.#life) throw new DiskError("EBADF", path, operation, "the process has ended");
        return this.#enter(operation, path, bytes, onFault);
      },
      touch: () => {
        node.modifiedMs = this.#nowMs();
      },
      freeBytes: () => this.#freeBytes(),
      full: (operation) => {
        this.#options.onFailure?.({ operation, cause: "full" });
        return new DiskError("ENOSPC", path, operation);
      },
    };
  }

  #enter(
    operation: DiskOperation,
    path: string,
    bytes: number,
    onFault?: (time: OperationTime) => void,
  ): OperationTime {
    if (this.#quiet) return AT_ONCE;
    this.#operations++;
    this.#options.onOperation?.(operation, path, bytes);
    const time = this.#options.time?.(operation, path, bytes) ?? AT_ONCE;
    if (this.#shutDown && !READING.has(operation)) {
      this.#options.onFailure?.({ operation, cause: "shut down" });
      throw new DiskError("EIO", path, operation, "the file system has shut down");
    }
    for (const fault of this.#faults) {
      if (fault.operation !== undefined && fault.operation !== operation) continue;
      if (fault.pathContains !== undefined && !path.includes(fault.pathContains)) continue;
      if (fault.left-- > 0) continue;
      if (fault.forever !== true) this.#faults = this.#faults.filter((other) => other !== fault);
      onFault?.(time);
      this.#options.onFailure?.({ operation, cause: "injected" });
      throw new DiskError(fault.code, path, operation, "injected");
    }
    return time;
  }

  #freeBytes(): number {
    let used = 0;
    for (const file of this.#names.files()) used += file.content.allocatedBytes;
    return Math.max(0, this.#capacityBytes - used);
  }

  #content(path: string): SimulatedContent {
    const node = this.#names.get(path);
    if (node?.kind !== "file") throw new RangeError(`there is no file ${path}`);
    return node.content;
  }

  #requireParent(operation: DiskOperation, path: string): void {
    const parent = this.#names.get(parentDirectory(path));
    if (parent === undefined) throw new DiskError("ENOENT", path, operation);
    if (parent.kind !== "directory") throw new DiskError("ENOTDIR", path, operation);
  }

  #requireDirectory(operation: DiskOperation, path: string): void {
    const node = this.#names.get(path);
    if (node === undefined) throw new DiskError("ENOENT", path, operation);
    if (node.kind !== "directory") throw new DiskError("ENOTDIR", path, operation);
  }

  #nowMs(): number {
    return this.#options.clock?.nowMs() ?? 0;
  }
}
