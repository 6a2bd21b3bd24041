/** Small files that are replaced as a whole, and the directories around them, on any `Disk`. */
import { type Disk, DiskError, parentDirectory } from "../disk.ts";

/** The new content lies in `path + suffix` until it takes the old one's place; a crash can leave it there. */
const TEMPORARY_SUFFIX = ".new";

export type AtomicFileStep = "written" | "renamed" | "synced";

export interface AtomicFileOptions {
  /** Default: `.new`. */
  readonly temporarySuffix?: string;
  /** Called after each step that a crash may follow. */
  readonly onStep?: (step: AtomicFileStep) => void;
}

/**
 * Replaces a file, mode 0600: new file, write, sync, rename, sync of the directory. A crash at any point leaves the old content or the
 * new one, whole; the new one for certain once this has returned. An error before the rename leaves the old content and no temporary
 * file, as far as the disk still removes one; an error after the rename leaves either content. @throws DiskError
 */
export function writeFileAtomically(
  disk: Disk,
  path: string,
  content: Uint8Array | string,
  options: AtomicFileOptions = {},
): void {
  const { temporarySuffix = TEMPORARY_SUFFIX, onStep } = options;
  const temporary = path + temporarySuffix;
  // Left by a crash before the rename. A link in its place is removed too, and not followed.
  removeFile(disk, temporary);
  try {
    writeDurably(disk, temporary, content);
    onStep?.("written");
    disk.rename(temporary, path);
  } catch (error) {
    discard(disk, temporary);
    throw error;
  }
  onStep?.("renamed");
  disk.syncDirectory(parentDirectory(path));
  onStep?.("synced");
}

function writeDurably(disk: Disk, path: string, content: Uint8Array | string): void {
  const file = disk.open(path, "create");
  try {
    file.pwrite(typeof content === "string" ? new TextEncoder().encode(content) : content, 0);
    file.datasync();
  } finally {
    file.close();
  }
}

/** On a full disk half a file would take space until somebody deletes it. The caller gets the first error. */
function discard(disk: Disk, path: string): void {
  try {
    removeFile(disk, path);
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
  }
}

/** The whole content; undefined when there is no such file. @throws DiskError */
export function readWholeFile(disk: Disk, path: string): Uint8Array | undefined {
  const file = openIfPresent(disk, path, "read");
  if (file === undefined) return undefined;
  try {
    const bytes = new Uint8Array(file.size());
    return bytes.subarray(0, file.pread(bytes, 0));
  } finally {
    file.close();
  }
}

/** undefined when there is no such file. @throws DiskError */
export function openIfPresent(
  disk: Disk,
  path: string,
  mode: "read" | "write",
): ReturnType<Disk["open"]> | undefined {
  return unlessAbsent(() => disk.open(path, mode));
}

/** Removes a file that may be missing. Durable after `syncDirectory` of the parent. @throws DiskError */
export function removeFile(disk: Disk, path: string): void {
  unlessAbsent(() => disk.unlink(path));
}

/**
 * Makes a directory that may be there already, mode 0700; its parent must exist. Its name is durable in either case: a process that
 * was killed may have made it and not have come to sync it. @throws DiskError
 */
export function ensureDirectory(disk: Disk, path: string): void {
  if (disk.stat(path) === undefined) disk.mkdir(path);
  disk.syncDirectory(parentDirectory(path));
}

/** Removes a file, or a directory with everything below it; links are removed and not followed. @throws DiskError */
export function removeTree(disk: Disk, path: string): void {
  try {
    removeFile(disk, path);
  } catch (error) {
    // What unlink(2) says of a directory on Linux.
    if (!(error instanceof DiskError) || error.code !== "EISDIR") throw error;
    for (const name of disk.readdir(path)) removeTree(disk, `${path}/${name}`);
    disk.rmdir(path);
  }
}

function unlessAbsent<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (error instanceof DiskError && error.code === "ENOENT") return undefined;
    throw error;
  }
}
