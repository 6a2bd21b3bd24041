import { lockDirectory } from "../platform/disk/directory-lock.ts";
import { realDisk } from "../platform/disk/real-disk.ts";
import { DiskError, type DiskLock } from "../platform/disk.ts";
import { StartError } from "../platform/start-error.ts";

/** One process a data directory. @throws StartError */
export function lockDataDirectory(dataDir: string): DiskLock {
  try {
    return lockDirectory(realDisk, dataDir);
  } catch (error) {
    if (error instanceof DiskError && error.code === "LOCKED") {
      throw new StartError(`data directory ${dataDir} is in use by another process`, { cause: error });
    }
    if (error instanceof DiskError) {
      throw new StartError(`data directory ${dataDir} cannot be used: ${error.message}`, { cause: error });
    }
    throw error;
  }
}
