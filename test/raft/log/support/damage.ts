/** Ways to hurt a log behind its back, on any disk. Everything done here is durable. */
import { type Disk, type DiskFile, parentDirectory } from "../../../../src/platform/disk.ts";
import { WalError } from "../../../../src/raft/log/errors.ts";

export function withFile<T>(disk: Disk, path: string, work: (file: DiskFile) => T): T {
  const file = disk.open(path, "create-or-open");
  try {
    const result = work(file);
    file.datasync();
    disk.syncDirectory(parentDirectory(path));
    return result;
  } finally {
    file.close();
  }
}

export function readBytes(disk: Disk, path: string, offset = 0, length?: number): Uint8Array {
  return withFile(disk, path, (file) => {
    const bytes = new Uint8Array(length ?? file.size() - offset);
    return bytes.subarray(0, file.pread(bytes, offset));
  });
}

export function writeBytes(disk: Disk, path: string, offset: number, bytes: Uint8Array): void {
  withFile(disk, path, (file) => file.pwrite(bytes, offset));
}

export function flip(disk: Disk, path: string, offset: number, bit = 3): void {
  const byte = readBytes(disk, path, offset, 1);
  byte[0] = (byte[0] as number) ^ (1 << bit);
  writeBytes(disk, path, offset, byte);
}

export function zero(disk: Disk, path: string, offset: number, length: number): void {
  writeBytes(disk, path, offset, new Uint8Array(length));
}

export function truncate(disk: Disk, path: string, bytes: number): void {
  withFile(disk, path, (file) => file.truncate(bytes));
}

export function remove(disk: Disk, path: string): void {
  disk.unlink(path);
  disk.syncDirectory(parentDirectory(path));
}

export function move(disk: Disk, from: string, to: string): void {
  disk.rename(from, to);
  disk.syncDirectory(parentDirectory(to));
}

/** Paths of the segments, oldest first. */
export function segmentPaths(disk: Disk, directory: string): string[] {
  return disk
    .readdir(directory)
    .filter((name) => name.endsWith(".wal"))
    .map((name) => `${directory}/${name}`);
}

export function newestSegment(disk: Disk, directory: string): string {
  return segmentPaths(disk, directory).at(-1) as string;
}

export function walError(work: () => unknown): WalError {
  try {
    work();
  } catch (error) {
    if (error instanceof WalError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}
