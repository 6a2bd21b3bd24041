/** The names in a data directory (docs/operations/install.md, "Disk and memory"). */
import { join } from "node:path";
import { ROOT_CREDENTIALS_FILE } from "../config/root-credentials.ts";
import { PEER_FILES } from "../pki/peer-files.ts";
import { LOCK_FILE } from "../platform/disk/directory-lock.ts";

const IDENTITY_FILE = "node.json";
export const PROBE_FILE = ".probe";
const WAL = "wal";
const KEYSPACE = "keyspace";
const BLOBS = "blobs";

/**
 * Files with secrets. Their readers check the mode and refuse a file that other users could read: closing the file
 * later would not make its content secret again.
 */
const SECRET_FILES: readonly string[] = [
  ROOT_CREDENTIALS_FILE,
  "root-credentials.sealed",
  "node.key",
  "cluster-secret",
  ...PEER_FILES,
];

/** Names that are closed to other users without a refusal. A directory name stands for its whole content. */
export const PLAIN_NAMES: readonly string[] = [
  LOCK_FILE,
  PROBE_FILE,
  IDENTITY_FILE,
  `${IDENTITY_FILE}.new`,
  WAL,
  KEYSPACE,
  BLOBS,
];

export function walDirectory(dataDir: string): string {
  return join(dataDir, WAL);
}

/** `KeyspaceGenerations` owns this directory (docs/format/sqlite.md). */
export function keyspaceDirectory(dataDir: string): string {
  return join(dataDir, KEYSPACE);
}

/** `openBlobStore` owns this directory (docs/format/blobs.md). */
export function blobDirectory(dataDir: string): string {
  return join(dataDir, BLOBS);
}

export function identityPath(dataDir: string): string {
  return join(dataDir, IDENTITY_FILE);
}

/** True for a name that elastickv makes, or that an operator puts there for elastickv. */
export function isOurs(name: string): boolean {
  const bare = name.endsWith(".new") ? name.slice(0, -".new".length) : name;
  return PLAIN_NAMES.includes(name) || SECRET_FILES.includes(bare);
}
