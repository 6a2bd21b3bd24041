import { type Disk, DiskError, type DiskLock } from "../disk.ts";

/** The name of the locked file. The file stays after the release, empty. */
export const LOCK_FILE = "LOCK";

/**
 * Keeps every other process (and a second use in this process) away from a directory until the release of the lock
 * or the end of the process.
 * @throws DiskError LOCKED when the directory is in use; ENOENT when there is none
 */
export function lockDirectory(disk: Disk, directory: string): DiskLock {
  try {
    return disk.lock(`${directory}/${LOCK_FILE}`);
  } catch (error) {
    if (error instanceof DiskError && error.code === "LOCKED") {
      throw new DiskError("LOCKED", directory, "lock", "another process is using this directory", error);
    }
    throw error;
  }
}
