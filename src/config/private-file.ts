import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  writeFileSync,
} from "node:fs";
import { dirname, sep } from "node:path";
import { EXIT, mendsItself } from "../platform/exit-codes.ts";
import { StartError } from "../platform/start-error.ts";
import { ConfigError } from "./config.ts";

/** Owner may read and write; nobody else may do anything. */
const PRIVATE_MODE = 0o600;
const OTHERS = 0o077;
/** Of a file that belongs to root: its group may read it. PostgreSQL takes key files by the same rule (its manual, "Secure
 *  TCP/IP Connections with SSL"): the system manages the file, and the service is in its group. */
const OTHERS_OF_ROOT = 0o037;
const ROOT = 0;
/** A credentials file is a few hundred bytes; whatever is larger is something else. */
const MAX_BYTES = 64 * 1024;

/**
 * The content of a file that holds secrets; undefined when there is none.
 * @throws ConfigError when others could read or change it, or it cannot be read.
 */
export function readPrivateFile(path: string): string | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return undefined;
    throw new ConfigError(`${path}: cannot open: ${reason(error)}`);
  }
  try {
    const { mode, size } = regularFile(fd, path);
    if ((mode & OTHERS) !== 0) {
      throw new ConfigError(
        `${path} is open to other users (mode ${octal(mode)}): make new keys, or chmod 600 it`,
      );
    }
    if (size > MAX_BYTES) throw new ConfigError(`${path} is damaged: ${size} bytes is too much`);
    return readFileSync(fd, "utf8");
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`${path}: cannot read: ${reason(error)}`);
  } finally {
    closeSync(fd);
  }
}

/**
 * The content of a file with a secret that the operator has named; links are followed, because mounted secrets are links.
 * @param credentialsDirectory of systemd (LoadCredential=): the modes of its files say nothing, only the service gets at them
 * @throws ConfigError when others could read or change it, or it cannot be read
 */
export function readSecretFile(path: string, credentialsDirectory: string | undefined): string {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY);
  } catch (error) {
    throw new ConfigError(`${path}: cannot open: ${reason(error)}`);
  }
  try {
    const { mode, uid, size } = regularFile(fd, path);
    const others = mode & (uid === ROOT ? OTHERS_OF_ROOT : OTHERS);
    if (others !== 0 && !isBelow(path, credentialsDirectory)) {
      throw new ConfigError(
        `${path} is open to other users (mode ${octal(mode)}): chmod 600 ${path} ` +
          "(640 when it belongs to root and the group of the service), and make a new secret if anybody may have read it",
      );
    }
    if (size > MAX_BYTES) throw new ConfigError(`${path}: ${size} bytes is too much for a secret`);
    return readFileSync(fd, "utf8");
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`${path}: cannot read: ${reason(error)}`);
  } finally {
    closeSync(fd);
  }
}

function regularFile(fd: number, path: string): Stats {
  const stat = fstatSync(fd);
  if (!stat.isFile()) throw new ConfigError(`${path} is not a regular file`);
  return stat;
}

function octal(mode: number): string {
  return (mode & 0o777).toString(8).padStart(4, "0");
}

function isBelow(path: string, directory: string | undefined): boolean {
  if (directory === undefined || directory === "") return false;
  return realpathSync(path).startsWith(`${realpathSync(directory)}${sep}`);
}

/**
 * Writes a file that holds secrets so that after a crash it is there whole or not at all: new file, fsync, rename, fsync
 * of the directory. @throws StartError naming the file.
 */
export function writePrivateFile(path: string, content: string): void {
  const temporary = `${path}.new`;
  try {
    rmSync(temporary, { force: true }); // left by a crash before the rename
    const fd = openSync(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, PRIVATE_MODE);
    try {
      writeFileSync(fd, content);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
    syncDirectory(dirname(path));
  } catch (error) {
    const exitCode = mendsItself(codeOf(error)) ? EXIT.MAY_MEND : EXIT.LASTING;
    throw new StartError(`${path}: cannot write: ${reason(error)}`, { cause: error, exitCode });
  }
}

function syncDirectory(path: string): void {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
