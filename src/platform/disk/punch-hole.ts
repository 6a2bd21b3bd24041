import { dlopen, FFIType } from "bun:ffi";

const FALLOC_FL_KEEP_SIZE = 1;
const FALLOC_FL_PUNCH_HOLE = 2;

type Fallocate = (fd: number, mode: number, offset: bigint, length: bigint) => number;

function load(): Fallocate | undefined {
  try {
    const { symbols } = dlopen("libc.so.6", {
      fallocate: { args: [FFIType.i32, FFIType.i32, FFIType.i64, FFIType.i64], returns: FFIType.i32 },
    });
    return symbols.fallocate;
  } catch {
    return undefined;
  }
}

let fallocate: Fallocate | undefined | null = null;

function call(fd: number, mode: number, offset: number, length: number): boolean {
  if (fallocate === null) fallocate = load();
  return fallocate !== undefined && fallocate(fd, mode, BigInt(offset), BigInt(length)) === 0;
}

/**
 * Frees the blocks of a byte range (fallocate(2)); the range then reads as zeros. Returns false where this is
 * impossible (another file system or C library): the removal of the whole file frees the space later.
 */
export function punchHole(fd: number, offset: number, length: number): boolean {
  return call(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length);
}

/**
 * Reserves blocks without changing the file's size: appends into reserved blocks are several times faster and
 * steadier than appends that allocate blocks (decision 010). Returns false without space or support: the caller then
 * writes without reserved blocks.
 */
export function reserveSpace(fd: number, offset: number, length: number): boolean {
  return call(fd, FALLOC_FL_KEEP_SIZE, offset, length);
}
