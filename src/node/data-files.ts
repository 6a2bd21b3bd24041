/** The names in a data directory (docs/operations/install.md, "Disk and memory"). */
import { join } from "node:path";
import { ROOT_CREDENTIALS_FILE } from "../config/root-credentials.ts";
import { LOCK_FILE } from "../platform/disk/directory-lock.ts";

const IDENTITY_FILE = "node.json";
export const PROBE_FILE = ".probe";
const WAL = "wal";
const KEYSPACE = "keyspace";

/** Whoever opens these looks at their mode too, and refuses one that others may have read: closing it later would not make
 *  the secret in it a secret again. */
const SECRET_FILES: readonly string[] = [
  ROOT_CREDENTIALS_FILE,
  "root-credentials.sealed",
  "node.key",
  "cluster-secret",
];

/** What is only closed to others. A directory stands for everything in it. */
export const PLAIN_NAMES: readonly string[] = [
  LOCK_FILE,
  PROBE_FILE,
  IDENTITY_FILE,
  `${IDENTITY_FILE}.new`,
  WAL,
  KEYSPACE,
];

export function walDirectory(dataDir: string): string {
  return join(dataDir, WAL);
}

/** Owned by `KeyspaceGenerations` (docs/format/sqlite.md). */
export function keyspaceDirectory(dataDir: string): string {
  return join(dataDir, KEYSPACE);
}

export function identityPath(dataDir: string): string {
  return join(dataDir, IDENTITY_FILE);
}

/** Made by elastickv, or put there for it. */
export function isOurs(name: string): boolean {
  const bare = name.endsWith(".new") ? name.slice(0, -".new".length) : name;
  return PLAIN_NAMES.includes(name) || SECRET_FILES.includes(bare);
}
