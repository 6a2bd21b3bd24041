import {
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmdirSync,
  statfsSync,
  statSync,
  unlinkSync,
  writeSync,
  writevSync,
} from "node:fs";
import {
  type Disk,
  DiskError,
  type DiskFile,
  type DiskLock,
  type DiskOperation,
  type DiskSpace,
  type DiskStat,
  type OpenMode,
} from "../disk.ts";
import { adviseDontNeed, fallocate, lockExclusive } from "./libc.ts";
import { punchHole, reserveSpace } from "./punch-hole.ts";

/** Only the owner may read files of the data directory. */
const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;
/** Linux accepts at most this many buffers in one pwritev (IOV_MAX). */
const MAX_BUFFERS = 1_024;

const OPEN_FLAGS: Readonly<Record<OpenMode, number>> = {
  read: constants.O_RDONLY,
  write: constants.O_RDWR,
  create: constants.O_RDWR | constants.O_CREAT | constants.O_EXCL,
  "create-or-open": constants.O_RDWR | constants.O_CREAT,
};

/** Repeats a call that a signal interrupted, and turns an error into a DiskError. */
function run<T>(operation: DiskOperation, path: string, call: () => T): T {
  for (;;) {
    try {
      return call();
    } catch (error) {
      // close(2) has released the descriptor even when it returns EINTR: a second close could close another file.
      if (codeOf(error) === "EINTR" && operation !== "close") continue;
      throw diskError(operation, path, error);
    }
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "EUNKNOWN";
}

function diskError(operation: DiskOperation, path: string, error: unknown): DiskError {
  return new DiskError(codeOf(error), path, operation, undefined, error);
}

class RealFile implements DiskFile {
  readonly path: string;
  /**
   * A raw descriptor, because a garbage-collected FileHandle may close the descriptor of another file
   * (docs/design/runtime.md, section 5).
   */
  #fd: number;
  /** The same file, open for direct writes; "refused": the file system has none. */
  #direct: number | "refused" | undefined;

  constructor(path: string, fd: number) {
    this.path = path;
    this.#fd = fd;
  }

  pread(target: Uint8Array, position: number): number {
    const fd = this.#open("pread");
    let done = 0;
    // The loop does not use `run`: a closure per call costs a third of the time of reading 4 KiB.
    while (done < target.byteLength) {
      try {
        const count = readSync(fd, target, done, target.byteLength - done, position + done);
        if (count === 0) break;
        done += count;
      } catch (error) {
        if (codeOf(error) !== "EINTR") throw diskError("pread", this.path, error);
      }
    }
    return done;
  }

  pwrite(bytes: Uint8Array, position: number): void {
    let done = 0;
    while (done < bytes.byteLength) {
      const count = run("pwrite", this.path, () =>
        writeSync(this.#open("pwrite"), bytes, done, bytes.byteLength - done, position + done),
      );
      done += this.#progress(count);
    }
  }

  pwritev(buffers: readonly Uint8Array[], position: number): void {
    this.#writev(this.#open("pwrite"), buffers, position);
  }

  pwritevDirect(buffers: readonly Uint8Array[], position: number): void {
    const fd = this.#openDirect();
    if (fd !== undefined) {
      try {
        this.#writev(fd, buffers, position);
        return;
      } catch (error) {
        // A buffer at a place in memory that the device does not take. Nothing, or a part of the same bytes, is written.
        if (codeOf(error) !== "EINVAL") throw error;
      }
    }
    this.pwritev(buffers, position);
  }

  #writev(fd: number, buffers: readonly Uint8Array[], position: number): void {
    let at = position;
    for (let next = 0; next < buffers.length; ) {
      const group = buffers.slice(next, next + MAX_BUFFERS);
      next += group.length;
      let wanted = 0;
      for (const buffer of group) wanted += buffer.byteLength;
      if (wanted === 0) continue;
      const count = run("pwrite", this.path, () => writevSync(fd, group, at));
      if (count < wanted) this.#continueShortWrite(group, at, this.#progress(count));
      at += wanted;
    }
  }

  datasync(): void {
    run("datasync", this.path, () => fdatasyncSync(this.#open("datasync")));
  }

  preallocate(bytes: number): void {
    const code = fallocate(this.#open("preallocate"), bytes);
    if (code !== undefined) throw new DiskError(code, this.path, "preallocate", `${bytes} bytes`);
  }

  reserve(position: number, bytes: number): boolean {
    return reserveSpace(this.#open("reserve"), position, bytes);
  }

  punchHole(position: number, bytes: number): boolean {
    return punchHole(this.#open("punchHole"), position, bytes);
  }

  truncate(bytes: number): void {
    run("truncate", this.path, () => ftruncateSync(this.#open("truncate"), bytes));
  }

  size(): number {
    return run("size", this.path, () => fstatSync(this.#open("size")).size);
  }

  forget(position: number, bytes: number): void {
    adviseDontNeed(this.#open("pread"), position, bytes);
  }

  close(): void {
    if (this.#fd < 0) return;
    const fd = this.#fd;
    this.#fd = -1;
    try {
      if (typeof this.#direct === "number") closeSync(this.#direct);
    } finally {
      this.#direct = undefined;
      run("close", this.path, () => closeSync(fd));
    }
  }

  #open(operation: DiskOperation): number {
    // The kernel may have given the number to another file.
    if (this.#fd < 0) throw new DiskError("EBADF", this.path, operation, "the file is closed");
    return this.#fd;
  }

  /** undefined: the file system has no direct writes. */
  #openDirect(): number | undefined {
    const fd = this.#open("pwrite");
    if (this.#direct === undefined) {
      try {
        // By the descriptor and not by the path, which may lead to another file by now.
        this.#direct = openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_DIRECT);
      } catch {
        // EINVAL: not supported. Any other reason, such as no free descriptor, is no reason to fail a write.
        this.#direct = "refused";
      }
    }
    return this.#direct === "refused" ? undefined : this.#direct;
  }

  #progress(count: number): number {
    if (count <= 0) throw new DiskError("EIO", this.path, "pwrite", "the kernel wrote nothing");
    return count;
  }

  #continueShortWrite(group: readonly Uint8Array[], position: number, written: number): void {
    let at = position;
    let skip = written;
    for (const buffer of group) {
      const from = Math.min(skip, buffer.byteLength);
      skip -= from;
      if (from < buffer.byteLength) this.pwrite(buffer.subarray(from), at + from);
      at += buffer.byteLength;
    }
  }
}

class RealDisk implements Disk {
  open(path: string, mode: OpenMode): DiskFile {
    const flags = OPEN_FLAGS[mode] | constants.O_NOFOLLOW;
    return new RealFile(
      path,
      run("open", path, () => openSync(path, flags, FILE_MODE)),
    );
  }

  readdir(path: string): string[] {
    return run("readdir", path, () => readdirSync(path)).sort();
  }

  stat(path: string): DiskStat | undefined {
    const stat = run("stat", path, () => statSync(path, { throwIfNoEntry: false }));
    if (stat === undefined) return undefined;
    const kind = stat.isFile() ? "file" : stat.isDirectory() ? "directory" : "other";
    return { kind, bytes: stat.size, modifiedMs: stat.mtimeMs };
  }

  mkdir(path: string): void {
    run("mkdir", path, () => mkdirSync(path, { mode: DIRECTORY_MODE }));
  }

  rmdir(path: string): void {
    run("rmdir", path, () => rmdirSync(path));
  }

  rename(from: string, to: string): void {
    run("rename", from, () => renameSync(from, to));
  }

  unlink(path: string): void {
    run("unlink", path, () => unlinkSync(path));
  }

  syncDirectory(path: string): void {
    const fd = run("syncDirectory", path, () => openSync(path, constants.O_RDONLY | constants.O_DIRECTORY));
    try {
      run("syncDirectory", path, () => fsyncSync(fd));
    } finally {
      closeSync(fd);
    }
  }

  space(path: string): DiskSpace {
    const stat = run("space", path, () => statfsSync(path));
    return { freeBytes: stat.bavail * stat.bsize, totalBytes: stat.blocks * stat.bsize };
  }

  lock(path: string): DiskLock {
    const flags = OPEN_FLAGS["create-or-open"] | constants.O_NOFOLLOW;
    const fd = run("lock", path, () => openSync(path, flags, FILE_MODE));
    const code = lockExclusive(fd);
    if (code !== undefined) {
      closeSync(fd);
      if (code === "EAGAIN") throw new DiskError("LOCKED", path, "lock", "another process holds it");
      throw new DiskError(code, path, "lock");
    }
    return new RealLock(path, fd);
  }
}

class RealLock implements DiskLock {
  readonly path: string;
  #fd: number;

  constructor(path: string, fd: number) {
    this.path = path;
    this.#fd = fd;
  }

  release(): void {
    if (this.#fd < 0) return;
    // Closing the only descriptor of the open file releases the lock. The file stays: after its removal two processes
    // could lock two different files of the same name.
    closeSync(this.#fd);
    this.#fd = -1;
  }
}

/** The operating system's disk. Stateless. */
export const realDisk: Disk = new RealDisk();
