/** Small files that are replaced as a whole, and their directories, on any `Disk`. */
import { type Disk, DiskError, parentDirectory } from "../disk.ts";

/**
 * The new content lies in `path + suffix` until the rename replaces the old content; a crash can leave the temporary
 * file.
 */
const TEMPORARY_SUFFIX = ".new";

export type AtomicFileStep = "written" | "renamed" | "synced";

export interface AtomicFileOptions {
  /** Suffix of the temporary file; default: `.new`. */
  readonly temporarySuffix?: string;
  /** Called after each step that a crash may follow. */
  readonly onStep?: (step: AtomicFileStep) => void;
}

/**
 * Replaces a file, mode 0600: new file, write, sync, rename, sync of the directory. A crash at any point leaves the
 * complete old or the complete new content; after the return the new content is durable. An error before the rename
 * leaves the old content, and no temporary file when the disk can remove it. An error after the rename leaves either
 * content.
 * @throws DiskError
 */
export function writeFileAtomically(
  disk: Disk,
  path: string,
  content: Uint8Array | string,
  options: AtomicFileOptions = {},
): void {
  const { temporarySuffix = TEMPORARY_SUFFIX, onStep } = options;
  const temporary = path + temporarySuffix;
  // A crash before the rename may have left the temporary file. When a link has its name, the link is removed and not
  // followed.
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

/** On a full disk a partial file would use space until an operator deletes it. The caller gets the first error. */
function discard(disk: Disk, path: string): void {
  try {
    removeFile(disk, path);
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
  }
}

/** The whole content of a file; undefined when there is no such file. @throws DiskError */
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

/** The open file; undefined when there is no such file. @throws DiskError */
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
 * Makes a directory, mode 0700, when there is none; its parent must exist. The name is synced in either case,
 * because a killed process may have made the directory without syncing the name.
 * @throws DiskError
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
    // Linux returns EISDIR from unlink(2) on a directory.
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
