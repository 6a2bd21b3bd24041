/**
 * The disk of all other code. The interface is synchronous because the threads that use a disk are Workers of their
 * own, and the asynchronous file pool has only as many threads as the machine has cores (docs/design/runtime.md,
 * section 5).
 *
 * A caller may rely on these guarantees after a power cut, and on no more:
 * - bytes of a file: everything written before the last successful `datasync()` of the file is there;
 * - names (create, rename, unlink, mkdir): all changes before the last successful `syncDirectory()` of the directory
 * are there;
 * - each later change is there, or not, or in part (each 512-byte sector on its own), in any order.
 *
 * After a failed sync the unsynced bytes are in an unknown state: a second sync that succeeds proves nothing. Even
 * the next process may read bytes that are only in memory, until that process has written them again.
 */
export interface Disk {
  /** Opens a file. @throws DiskError ENOENT, EEXIST, EACCES, ... */
  open(path: string, mode: OpenMode): DiskFile;
  /** Names in a directory, in byte order, without `.` and `..`. */
  readdir(path: string): string[];
  /** Kind and size of the entry at `path`; undefined when there is none. */
  stat(path: string): DiskStat | undefined;
  /** Creates one directory; its parent must exist. @throws DiskError EEXIST when `path` exists */
  mkdir(path: string): void;
  /** Removes an empty directory. @throws DiskError ENOTEMPTY, ENOENT, ENOTDIR */
  rmdir(path: string): void;
  /** Replaces `to` atomically. Durable after `syncDirectory` of the parent (of both, when they differ). */
  rename(from: string, to: string): void;
  unlink(path: string): void;
  syncDirectory(path: string): void;
  /** Space of the file system that holds `path`. */
  space(path: string): DiskSpace;
  /**
   * Takes an exclusive advisory lock (flock) on a file, and creates the file when it is absent. The lock is held
   * until its release or the end of the process, also after a crash.
   * @throws DiskError with code LOCKED when another holder, in any process, has the lock
   */
  lock(path: string): DiskLock;
}

/**
 * - `read`: must exist, read only.
 * - `write`: must exist, read and write.
 * - `create`: must not exist, read and write.
 * - `create-or-open`: read and write; the file is created when it is missing.
 */
export type OpenMode = "read" | "write" | "create" | "create-or-open";

/** Unit of direct writes: a page, and a block of every usual device and file system. @internal */
export const DIRECT_BLOCK_BYTES = 4096;

/** One open file. Reads and writes name their position; there is no file pointer. */
export interface DiskFile {
  readonly path: string;
  /**
   * Fills `target` from `position`. Returns the number of bytes read: fewer than `target.length` only at the end of
   * the file.
   */
  pread(target: Uint8Array, position: number): number;
  /** Writes all of `bytes`; a short write is continued. On an error an unknown part has been written. */
  pwrite(bytes: Uint8Array, position: number): void;
  /** Writes the buffers in sequence, in one system call where the limits allow one. */
  pwritev(buffers: readonly Uint8Array[], position: number): void;
  /**
   * Writes as `pwritev` does, if possible past the page cache (O_DIRECT of open(2)): the copy of many bytes into new
   * pages costs several times the write. The position and the length of each buffer are multiples of
   * DIRECT_BLOCK_BYTES. Where the file system, or the place of a buffer in memory, does not allow it, the page cache is used.
   * Neither way makes the bytes durable.
   */
  pwritevDirect(buffers: readonly Uint8Array[], position: number): void;
  /** Makes the content (and the size needed to read the content) durable. `syncDirectory` makes the name durable. */
  datasync(): void;
  /** Reserves blocks and extends the file to `bytes` with zeros: later writes below `bytes` never get ENOSPC. */
  preallocate(bytes: number): void;
  /**
   * Reserves blocks for a range without changing the size, so that appends into the range are faster and steadier
   * (decision 010). The call is a hint: it returns false without space or support. `truncate` frees the blocks after
   * the new size.
   */
  reserve(position: number, bytes: number): boolean;
  /**
   * Frees the blocks of a range; the range then reads as zeros, durably after `datasync`. The call is a hint: it
   * returns false where the file system cannot free them, and the bytes stay unchanged.
   */
  punchHole(position: number, bytes: number): boolean;
  truncate(bytes: number): void;
  size(): number;
  /**
   * Tells the kernel that the cached pages of this range will not be read again soon. The call is a hint and never
   * fails.
   */
  forget(position: number, bytes: number): void;
  close(): void;
}

export interface DiskStat {
  readonly kind: "file" | "directory" | "other";
  readonly bytes: number;
  readonly modifiedMs: number;
}

export interface DiskSpace {
  /** Bytes this process may still allocate. */
  readonly freeBytes: number;
  readonly totalBytes: number;
}

export interface DiskLock {
  readonly path: string;
  release(): void;
}

export type DiskOperation =
  | "open"
  | "pread"
  | "pwrite"
  | "datasync"
  | "preallocate"
  | "reserve"
  | "punchHole"
  | "truncate"
  | "size"
  | "close"
  | "readdir"
  | "stat"
  | "mkdir"
  | "rmdir"
  | "rename"
  | "unlink"
  | "syncDirectory"
  | "space"
  | "lock";

/** A disk operation failed. `code` is the errno's name (`ENOSPC`, `EIO`, ...), or `LOCKED`. */
export class DiskError extends Error {
  readonly code: string;
  readonly path: string;
  readonly operation: DiskOperation;

  constructor(code: string, path: string, operation: DiskOperation, detail?: string, cause?: unknown) {
    super(`${operation} ${path}: ${code}${detail === undefined ? "" : `: ${detail}`}`, { cause });
    this.name = "DiskError";
    this.code = code;
    this.path = path;
    this.operation = operation;
  }

  /** The file system has no space for a write, or the user may use no more. */
  get isFull(): boolean {
    return this.code === "ENOSPC" || this.code === "EDQUOT";
  }
}

/** The directory that contains `path`. */
export function parentDirectory(path: string): string {
  const slash = path.lastIndexOf("/");
  if (slash < 0) return ".";
  return slash === 0 ? "/" : path.slice(0, slash);
}
