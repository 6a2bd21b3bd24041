/**
 * Checks that this process, and no other user, may use the data directory. The directory is checked before anything
 * in it is read: content that other users may have written is not trusted (decision 065).
 */
import {
  chmodSync,
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  type Stats,
  statSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { lockDirectory } from "../platform/disk/directory-lock.ts";
import { realDisk } from "../platform/disk/real-disk.ts";
import { DiskError, type DiskLock } from "../platform/disk.ts";
import { mendsItself } from "../platform/exit-codes.ts";
import { lasting, StartError } from "../platform/start-error.ts";
import { isOurs, PLAIN_NAMES, PROBE_FILE } from "./data-files.ts";
import { adviceOn } from "./denied.ts";

export interface AccessOptions {
  /** Called when something was open to others and has been closed. */
  readonly warn: (message: string, fields: Readonly<Record<string, string | number>>) => void;
  readonly sync?: (path: string) => void;
  /** Effective user id of this process. */
  readonly uid?: number;
}

const DIRECTORY_MODE = 0o700;
const FILE_MODE = 0o600;
const OTHERS = 0o077;
const OTHERS_WRITE = 0o022;
const MODE_BITS = 0o7777;
/** Made by mkfs at the root of a file system, so it does not count as content. */
const NOT_COUNTED = "lost+found";

/**
 * Makes the directory (mode 0700), durable with its name, when there is none. Closes an existing directory and its
 * content to other users. @throws StartError naming the directory: it cannot be made or used, belongs to another
 * user, or others may have written into it.
 */
export function prepareDataDirectory(dataDir: string, options: AccessOptions): void {
  const { warn, sync = (path) => realDisk.syncDirectory(path), uid = process.geteuid?.() ?? 0 } = options;
  try {
    refuseFile(dataDir);
    const firstMade = mkdirSync(dataDir, { recursive: true, mode: DIRECTORY_MODE });
    if (firstMade !== undefined) syncParents(resolve(dataDir), resolve(firstMade), sync);
    closeToOthers(dataDir, uid, warn);
    const probe = join(dataDir, PROBE_FILE);
    closeSync(openSync(probe, constants.O_RDWR | constants.O_CREAT, FILE_MODE));
    sync(dataDir);
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw cannotBeUsed(dataDir, error);
  }
}

/** @throws StartError when another process has locked the directory, or the lock fails. */
export function lockDataDirectory(dataDir: string): DiskLock {
  try {
    return lockDirectory(realDisk, dataDir);
  } catch (error) {
    if (error instanceof DiskError && error.code === "LOCKED") {
      throw new StartError(
        `data directory ${dataDir} is in use by another process: stop that one, or name another with --data-dir`,
        { cause: error },
      );
    }
    throw cannotBeUsed(dataDir, error);
  }
}

function cannotBeUsed(dataDir: string, error: unknown): StartError {
  const code = (error as { code?: unknown }).code;
  const reason = error instanceof Error ? error.message : String(error);
  const message = `data directory ${dataDir} cannot be used: ${reason}${adviceOn(code, dataDir)}`;
  return mendsItself(code) ? new StartError(message, { cause: error }) : lasting(message, { cause: error });
}

/** @throws StartError when the path, or one of its parents, is no directory. */
function refuseFile(dataDir: string): void {
  for (let path = resolve(dataDir); ; path = dirname(path)) {
    const stat = statOf(path, statSync);
    if (stat?.isDirectory()) return;
    if (stat !== undefined) {
      const what = stat.isFile() ? "a file" : "neither a file nor a directory";
      const begin =
        path === resolve(dataDir)
          ? `data directory ${dataDir} is ${what}`
          : `data directory ${dataDir} cannot be made: ${path} is ${what}`;
      throw lasting(`${begin}: name a directory, or a path where one can be made (--data-dir)`);
    }
    if (path === dirname(path)) return;
  }
}

/** Stat of a path; undefined when nothing exists there, or a parent is a file. */
function statOf(path: string, stat: (path: string) => Stats): Stats | undefined {
  try {
    return stat(path);
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}

function closeToOthers(dataDir: string, uid: number, warn: AccessOptions["warn"]): void {
  const stat = statSync(dataDir);
  if (stat.uid !== uid) {
    throw lasting(
      `data directory ${dataDir} belongs to user ${stat.uid}, and this process runs as user ${uid}: start it as that user, ` +
        `or "chown -R ${uid} ${dataDir}"; of a volume that stays another user's, name a directory below it (--data-dir ${join(dataDir, "elastickv")})`,
    );
  }
  const letsIn = (stat.mode & OTHERS) !== 0;
  const names = readdirSync(dataDir).filter((name) => name !== NOT_COUNTED);
  if (letsIn && names.length > 0) refuseOpen(dataDir, stat.mode, names);
  const loose = PLAIN_NAMES.flatMap((name) => looseBelow(join(dataDir, name), uid));
  const writable = loose.find(({ mode, kind }) => kind !== "other" && (mode & OTHERS_WRITE) !== 0);
  if (letsIn && writable !== undefined) throw mayBeWritten(writable.path, writable.mode, writable.kind);
  if (letsIn) {
    tighten(dataDir, DIRECTORY_MODE);
    warn("the data directory was open to other users and is closed to them now", {
      path: dataDir,
      mode: octal(stat.mode),
      now: octal(DIRECTORY_MODE),
    });
  }
  const [first] = loose;
  if (first === undefined) return;
  for (const { path, kind } of loose) tighten(path, kind === "directory" ? DIRECTORY_MODE : FILE_MODE);
  warn("files in the data directory were open to other users and are closed to them now", {
    count: loose.length,
    first: first.path,
    mode: octal(first.mode),
  });
}

/** @throws StartError when closing the directory would be wrong or too late. */
function refuseOpen(dataDir: string, mode: number, names: readonly string[]): void {
  if (!names.some(isOurs)) {
    throw lasting(
      `data directory ${dataDir} is open to other users (mode ${octal(mode)}) and holds files that are not elastickv's (${names[0]}): ` +
        "name a directory of its own (--data-dir), which is made when it is missing",
    );
  }
  if ((mode & OTHERS_WRITE) !== 0) throw mayBeWritten(dataDir, mode, "directory");
}

function mayBeWritten(path: string, mode: number, kind: Loose["kind"]): StartError {
  return lasting(
    `${path} may be written by other users (mode ${octal(mode)}), who may have changed or added something: if you know that ` +
      `nobody did, "chmod ${kind === "directory" ? "700" : "600"} ${path}"; if not, restore a backup or replace this member`,
  );
}

interface Loose {
  readonly path: string;
  readonly mode: number;
  readonly kind: "file" | "directory" | "other";
}

/** Entries at and below `path` that are open to others. @throws StartError when one belongs to another user. */
function looseBelow(path: string, uid: number, top = true): Loose[] {
  // The operator may put a link in place of one of these directories (a log on a disk of its own). Links below are
  // not followed.
  const stat = statOf(path, top ? statSync : lstatSync);
  if (stat === undefined || stat.isSymbolicLink()) return [];
  if (stat.uid !== uid) {
    throw lasting(
      `${path} belongs to user ${stat.uid}, and this process runs as user ${uid}: start it as that user, or "chown -R ${uid}" the data directory`,
    );
  }
  const kind = stat.isDirectory() ? "directory" : stat.isFile() ? "file" : "other";
  const own: Loose[] = (stat.mode & OTHERS) === 0 ? [] : [{ path, mode: stat.mode, kind }];
  if (kind !== "directory") return own;
  return own.concat(readdirSync(path).flatMap((name) => looseBelow(join(path, name), uid, false)));
}

/** @throws StartError when the file system does not change the mode (FAT, some network and shared folders). */
function tighten(path: string, mode: number): void {
  chmodSync(path, mode);
  const now = statSync(path).mode & MODE_BITS;
  if ((now & OTHERS) === 0) return;
  throw lasting(
    `${path} stays open to other users (mode ${octal(now)}) whatever is asked for: its file system keeps no modes; ` +
      "name a data directory on a local file system such as ext4 or XFS (--data-dir)",
  );
}

function octal(mode: number): string {
  return (mode & MODE_BITS).toString(8).padStart(4, "0");
}

/**
 * Syncs the parents of `made` and of every directory between `made` and `dataDir`, because the parents got a new
 * entry.
 */
function syncParents(dataDir: string, made: string, sync: (path: string) => void): void {
  for (let path = dataDir; path.length >= made.length; path = dirname(path)) sync(dirname(path));
}
