/**
 * A test aid that simulates a disk with slow syncs. It is off unless ELASTICKV_TEST_FSYNC_DELAY_MS has a number of
 * milliseconds; then every sync of the log takes at least that much longer. The delay blocks the thread, as the real
 * call does.
 */
import type { Disk, DiskFile } from "../disk.ts";

/** @internal */
export const FSYNC_DELAY_VARIABLE = "ELASTICKV_TEST_FSYNC_DELAY_MS";
const MOST_MS = 60_000;

/** Returns `disk` itself, or a disk with slow syncs. @throws RangeError when the variable is not a valid delay */
export function maybeSlowSync(disk: Disk, environment: Readonly<Record<string, string | undefined>>): Disk {
  const text = environment[FSYNC_DELAY_VARIABLE];
  if (text === undefined || text === "") return disk;
  const delayMs = Number(text);
  if (!(Number.isInteger(delayMs) && delayMs >= 0 && delayMs <= MOST_MS)) {
    throw new RangeError(
      `${FSYNC_DELAY_VARIABLE}: ${JSON.stringify(text)} is not a number of milliseconds up to ${MOST_MS}`,
    );
  }
  return delayMs === 0 ? disk : slowDisk(disk, delayMs);
}

function slowDisk(disk: Disk, delayMs: number): Disk {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  const wait = (): void => void Atomics.wait(cell, 0, 0, delayMs);
  const slow = (file: DiskFile): DiskFile => ({
    path: file.path,
    pread: (target, position) => file.pread(target, position),
    pwrite: (bytes, position) => file.pwrite(bytes, position),
    pwritev: (buffers, position) => file.pwritev(buffers, position),
    pwritevDirect: (buffers, position) => file.pwritevDirect(buffers, position),
    datasync: () => {
      wait();
      file.datasync();
    },
    preallocate: (bytes) => file.preallocate(bytes),
    reserve: (position, bytes) => file.reserve(position, bytes),
    punchHole: (position, bytes) => file.punchHole(position, bytes),
    truncate: (bytes) => file.truncate(bytes),
    size: () => file.size(),
    forget: (position, bytes) => file.forget(position, bytes),
    close: () => file.close(),
  });
  return {
    open: (path, mode) => slow(disk.open(path, mode)),
    readdir: (path) => disk.readdir(path),
    stat: (path) => disk.stat(path),
    mkdir: (path) => disk.mkdir(path),
    rmdir: (path) => disk.rmdir(path),
    rename: (from, to) => disk.rename(from, to),
    unlink: (path) => disk.unlink(path),
    syncDirectory: (path) => {
      wait();
      disk.syncDirectory(path);
    },
    space: (path) => disk.space(path),
    lock: (path) => disk.lock(path),
  };
}
