import { dlopen, FFIType, type Pointer, read } from "bun:ffi";

/** `errno` values of the calls below that a caller may distinguish (the same on all Linux architectures). */
const ERRNO_NAMES: Readonly<Record<number, string>> = {
  4: "EINTR",
  5: "EIO",
  9: "EBADF",
  11: "EAGAIN",
  22: "EINVAL",
  27: "EFBIG",
  28: "ENOSPC",
  37: "ENOLCK",
  95: "EOPNOTSUPP",
  122: "EDQUOT",
};

const LOCK_EX = 2;
const LOCK_NB = 4;
const FADV_DONTNEED = 4;

function load() {
  return dlopen("libc.so.6", {
    posix_fallocate: { args: [FFIType.i32, FFIType.i64, FFIType.i64], returns: FFIType.i32 },
    posix_fadvise: { args: [FFIType.i32, FFIType.i64, FFIType.i64, FFIType.i32], returns: FFIType.i32 },
    dup: { args: [FFIType.i32], returns: FFIType.i32 },
    dup2: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 },
    flock: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 },
    __errno_location: { args: [], returns: FFIType.ptr },
  }).symbols;
}

let symbols: ReturnType<typeof load> | undefined;

/** The library is loaded at first use, because a process that only prints its version does not need the library. */
function libc(): ReturnType<typeof load> {
  symbols ??= load();
  return symbols;
}

function nameOf(errno: number): string {
  return ERRNO_NAMES[errno] ?? `errno ${errno}`;
}

/** Reserves blocks for [0, bytes). Returns the errno's name, or undefined on success. */
export function fallocate(fd: number, bytes: number): string | undefined {
  for (;;) {
    // posix_fallocate returns the error itself and does not set errno.
    const error = libc().posix_fallocate(fd, 0, bytes);
    if (error === 0) return undefined;
    if (nameOf(error) !== "EINTR") return nameOf(error);
  }
}

/**
 * Takes the lock without waiting. Returns the errno's name (EAGAIN: another holder has the lock), or undefined on
 * success.
 */
export function lockExclusive(fd: number): string | undefined {
  for (;;) {
    if (libc().flock(fd, LOCK_EX | LOCK_NB) === 0) return undefined;
    const name = nameOf(read.i32(libc().__errno_location() as Pointer));
    if (name !== "EINTR") return name;
  }
}

/** Returns another descriptor of the same open file; undefined when the process has no free descriptor. */
export function duplicate(fd: number): number | undefined {
  const copy = libc().dup(fd);
  return copy < 0 ? undefined : copy;
}

/** Makes `target` refer to the open file of `fd`, in all threads at once. */
export function redirect(target: number, fd: number): void {
  libc().dup2(fd, target);
}

/** Drops clean pages of the range from the page cache. The call is a hint, so its result is ignored. */
export function adviseDontNeed(fd: number, position: number, bytes: number): void {
  libc().posix_fadvise(fd, position, bytes, FADV_DONTNEED);
}
