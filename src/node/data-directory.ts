/**
 * What a node keeps, and the checks before anything in it is touched:
 *
 *     DIR/LOCK                  flock: one process at a time
 *     DIR/node.json             format version, cluster id, node id; written once
 *     DIR/root-credentials.env  root keys, when they were made here (mode 0600)
 *     DIR/wal/                  write-ahead log segments (docs/format/wal.md)
 *     DIR/keyspace.db           SQLite (docs/format/sqlite.md)
 */
import {
  closeSync,
  constants,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Random } from "../platform/random.ts";
import { StartError } from "../platform/start-error.ts";

/** Of the directory as a whole. A change that this binary cannot read back raises it. */
export const DATA_FORMAT = 1;

export interface NodeIdentity {
  /** 16 random bytes, hex: which cluster this directory belongs to. */
  readonly clusterId: string;
  /** The operator's name for this node. */
  readonly nodeId: string;
  /** The first start has not ended yet (it is this one, or it crashed): log and keyspace may have to be made. Nothing
   *  was ever acknowledged from such a directory. */
  readonly initializing: boolean;
}

export function walDirectory(dataDir: string): string {
  return join(dataDir, "wal");
}

function identityPath(dataDir: string): string {
  return join(dataDir, "node.json");
}

export function keyspacePath(dataDir: string): string {
  return join(dataDir, "keyspace.db");
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Makes the directory (mode 0700) if there is none, durable with its name. @throws StartError naming it when it cannot
 *  be made or used. */
export function prepareDataDirectory(dataDir: string, sync = syncDirectory): void {
  try {
    const firstMade = mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    if (firstMade !== undefined) syncParents(resolve(dataDir), resolve(firstMade), sync);
    if (!statSync(dataDir).isDirectory()) throw new Error("it is not a directory");
    const probe = join(dataDir, ".probe");
    closeSync(openSync(probe, constants.O_RDWR | constants.O_CREAT, 0o600));
    sync(dataDir);
  } catch (error) {
    throw new StartError(`data directory ${dataDir} cannot be used: ${reason(error)}`);
  }
}

/** Of `made` and of every directory between it and `dataDir`: those got a new entry. */
function syncParents(dataDir: string, made: string, sync: (path: string) => void): void {
  for (let path = dataDir; path.length >= made.length; path = dirname(path)) sync(dirname(path));
}

/** Reads who this directory belongs to, or writes it down in an empty one.
 *  @throws StartError: damaged file, another format version, another node's name. */
export function loadIdentity(dataDir: string, nodeId: string, random: Random): NodeIdentity {
  const path = identityPath(dataDir);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as { code?: string }).code !== "ENOENT")
      throw new StartError(`${path} cannot be read: ${reason(error)}`);
    return createIdentity(dataDir, path, nodeId, random);
  }
  const stored = parseIdentity(path, text);
  if (stored.nodeId !== nodeId) {
    throw new StartError(
      `data directory ${dataDir} belongs to node ${stored.nodeId}, not to ${nodeId} (--node-id, ELASTICKV_NODE_ID)`,
    );
  }
  return stored;
}

/** From now on a missing log or keyspace is a loss and not a beginning. */
export function markInitialized(dataDir: string, identity: NodeIdentity): void {
  if (identity.initializing) writeIdentity(dataDir, { ...identity, initializing: false });
}

function parseIdentity(path: string, text: string): NodeIdentity {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new StartError(`${path} is damaged: it is not JSON`);
  }
  const { format, clusterId, nodeId, initializing } = (value ?? {}) as Record<string, unknown>;
  if (typeof format !== "number") throw new StartError(`${path} is damaged: it has no format version`);
  if (format !== DATA_FORMAT) {
    throw new StartError(`${path}: data format ${format}; this binary reads format ${DATA_FORMAT}`);
  }
  if (typeof clusterId !== "string" || !/^[0-9a-f]{32}$/.test(clusterId) || typeof nodeId !== "string") {
    throw new StartError(`${path} is damaged: no valid cluster id or node id`);
  }
  return { clusterId, nodeId, initializing: initializing === true };
}

function createIdentity(dataDir: string, path: string, nodeId: string, random: Random): NodeIdentity {
  // A log or a keyspace without its identity is not a fresh directory: somebody lost the file.
  for (const leftover of [walDirectory(dataDir), keyspacePath(dataDir)]) {
    if (exists(leftover))
      throw new StartError(`${path} is missing, but ${leftover} is there: restore it from a backup`);
  }
  const clusterId = Buffer.from(random.bytes(16)).toString("hex");
  const identity: NodeIdentity = { clusterId, nodeId, initializing: true };
  writeIdentity(dataDir, identity);
  return identity;
}

/** New file, fsync, rename, fsync of the directory: after a crash the old or the new one is there, whole. */
function writeIdentity(dataDir: string, identity: NodeIdentity): void {
  const path = identityPath(dataDir);
  const temporary = `${path}.new`;
  try {
    const fd = openSync(temporary, "w", 0o600);
    try {
      writeFileSync(fd, `${JSON.stringify({ format: DATA_FORMAT, ...identity }, undefined, 2)}\n`);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
    syncDirectory(dataDir);
  } catch (error) {
    throw new StartError(`${path} cannot be written: ${reason(error)}`);
  }
}

function exists(path: string): boolean {
  try {
    statSync(path);
    return true;
  } catch {
    return false;
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
