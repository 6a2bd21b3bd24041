import { closeSync, constants, fstatSync, openSync, readFileSync, realpathSync, type Stats } from "node:fs";
import { sep } from "node:path";
import { writeFileAtomically } from "../platform/disk/atomic-file.ts";
import { realDisk } from "../platform/disk/real-disk.ts";
import { EXIT, mendsItself } from "../platform/exit-codes.ts";
import { StartError } from "../platform/start-error.ts";
import { ConfigError } from "./config.ts";

const OTHERS = 0o077;
/**
 * Forbidden mode bits of a file that root owns: the group may read the file. PostgreSQL has the same rule for key
 * files (its manual, "Secure TCP/IP Connections with SSL"): the system manages the file, and the service is in its
 * group.
 */
const OTHERS_OF_ROOT = 0o037;
const ROOT = 0;
/** Limit of a credentials file, which has a few hundred bytes; a larger file is something else. */
const MAX_BYTES = 64 * 1024;

/**
 * Reads a file with secrets; undefined when there is none.
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
 * Reads a file with a secret that the operator has named. Links are followed, because mounted secrets are links.
 * @param credentialsDirectory directory of systemd (LoadCredential=): the modes of its files do not matter, because
 * only the service can read them
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
 * Writes a file with secrets, mode 0600. After a crash the file is complete or absent.
 * @throws StartError naming the file.
 */
export function writePrivateFile(path: string, content: string): void {
  try {
    writeFileAtomically(realDisk, path, content);
  } catch (error) {
    const exitCode = mendsItself(codeOf(error)) ? EXIT.MAY_MEND : EXIT.LASTING;
    throw new StartError(`${path}: cannot write: ${reason(error)}`, { cause: error, exitCode });
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
