/**
 * Files of a data directory, and the checks before any of them is changed:
 *
 *     DIR/LOCK                  flock: one process at a time
 *     DIR/node.json             format version, cluster id, node id, instance, roster, starts (docs/engine.md)
 *     DIR/root-credentials.env  root keys, when they were made here; root-credentials.sealed when the node key is elsewhere
 *     DIR/node.key              private key of a member, unless --node-key-file names another place (src/secrets/)
 *     DIR/cluster-secret        secret of the cluster, when it was made here or put here (mode 0600)
 *     DIR/wal/                  write-ahead log segments (docs/format/wal.md)
 *     DIR/keyspace/             SQLite, one directory a generation (docs/format/sqlite.md)
 */
import { readFileSync, statSync } from "node:fs";
import type { Member } from "../cluster/registry/node-registry.ts";
import { writeFileAtomically } from "../platform/disk/atomic-file.ts";
import { realDisk } from "../platform/disk/real-disk.ts";
import { EXIT, mendsItself } from "../platform/exit-codes.ts";
import type { Random } from "../platform/random.ts";
import { lasting, StartError } from "../platform/start-error.ts";
import {
  INCARNATION_ID,
  incarnationsSince,
  type PeerIncarnation,
  withIncarnation,
} from "../raft/engine/incarnations.ts";
import type { WalIdentity } from "../raft/log/types.ts";
import { identityPath, keyspaceDirectory, walDirectory } from "./data-files.ts";
import { adviceOn } from "./denied.ts";

export { keyspaceDirectory, walDirectory } from "./data-files.ts";

/** Version of the directory as a whole. A change that this binary cannot read back raises the version. */
export const DATA_FORMAT = 2;

/** Advice for a file that exists only in a backup. */
const RESTORE =
  "restore the whole directory from one backup; a member of a cluster is replaced instead (docs/operations/cluster.md)";
const HEX_16 = /^[0-9a-f]{32}$/;

export interface NodeIdentity {
  /** Cluster of this directory: 16 bytes, hex. Empty: the node is joining and does not know the cluster id yet. */
  readonly clusterId: string;
  /** The operator's name for this node. */
  readonly nodeId: string;
  /** Instance of this directory: 16 random bytes, hex. A wiped directory gets a new instance (docs/engine.md). */
  readonly instance: string;
  /** How the directory began: as a node alone, as a member of an initial cluster, or by joining one. */
  readonly origin: Origin;
  /** Members whose instances were met at bootstrap; undefined before. */
  readonly roster: readonly Member[] | undefined;
  /**
   * Starts of this directory as a member of a cluster, newest last. A start is stored here before a peer learns of
   * it.
   */
  readonly incarnations: readonly string[];
  /** The newest start of every peer that this node has met. */
  readonly peerIncarnations: readonly PeerIncarnation[];
  /** The message of a peer that knew a start which is not in `incarnations`. Such a directory is not used again. */
  readonly rolledBack: string | undefined;
  /** Fingerprint of the node key for sealed secrets (src/secrets/node-key.ts); undefined: no key was needed yet. */
  readonly nodeKey: string | undefined;
  /**
   * The first start has not finished yet (the current start, or one that crashed): log and keyspace may have to be
   * made. No write was ever acknowledged from such a directory.
   */
  readonly initializing: boolean;
}

/** @internal */
export type Origin = "alone" | "initial" | "join";

/** Cluster settings of the command line. */
export interface WantedCluster {
  readonly nodeId: string;
  /** Cluster id of --initial-cluster; undefined without that flag. */
  readonly initialClusterId: string | undefined;
  /** --join is given. */
  readonly joins: boolean;
}

/**
 * Identity of this log, as its segments store it. A directory that joins does not know its cluster when the log is
 * made, so its instance is used instead: the instance never changes and is unique.
 */
export function walIdentity({ origin, clusterId, instance, nodeId }: NodeIdentity): WalIdentity {
  return { clusterId: origin === "join" ? instance : clusterId, nodeId };
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Reads the identity of this directory, or writes a new identity into an empty directory. @throws StartError:
 * damaged file, another format version, another node's name, another cluster, too old a copy.
 */
export function loadIdentity(dataDir: string, wanted: WantedCluster, random: Random): NodeIdentity {
  const path = identityPath(dataDir);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as { code?: string }).code !== "ENOENT")
      throw systemFailure(`${path} cannot be read`, error, dataDir);
    return createIdentity(dataDir, path, wanted, random);
  }
  const stored = parseIdentity(path, text);
  if (stored.nodeId !== wanted.nodeId) {
    throw lasting(
      `data directory ${dataDir} belongs to node ${stored.nodeId}, not to ${wanted.nodeId} (--node-id, ELASTICKV_NODE_ID)`,
    );
  }
  checkCluster(dataDir, stored, wanted);
  if (stored.rolledBack !== undefined) throw lasting(stored.rolledBack);
  return stored;
}

/** Records that a missing log or keyspace is a loss from now on. @returns the stored identity. */
export function markInitialized(dataDir: string, identity: NodeIdentity): NodeIdentity {
  return identity.initializing ? stored(dataDir, { ...identity, initializing: false }) : identity;
}

/**
 * Stores cluster id and roster after bootstrap or joining; durable at the return. @returns the stored identity.
 * @throws StartError when the write fails.
 */
export function keepRoster(
  dataDir: string,
  identity: NodeIdentity,
  clusterId: string,
  roster: readonly Member[],
): NodeIdentity {
  return stored(dataDir, { ...identity, clusterId, roster });
}

/**
 * Stores this start, so that peers may learn of it; durable at the return. @returns the stored identity. @throws
 * StartError when the write fails.
 */
export function addIncarnation(dataDir: string, identity: NodeIdentity, random: Random): NodeIdentity {
  const boot = Buffer.from(random.bytes(8)).toString("hex");
  return stored(dataDir, { ...identity, incarnations: withIncarnation(identity.incarnations, boot) });
}

/**
 * Stores the starts of peers, so that the peers' messages may count; durable at the return. @param since own starts
 * before `since` are deleted; "" = none. @throws StartError when the write fails.
 */
export function keepIncarnations(
  dataDir: string,
  identity: NodeIdentity,
  peerIncarnations: readonly PeerIncarnation[],
  since: string,
): NodeIdentity {
  return stored(dataDir, {
    ...identity,
    incarnations: incarnationsSince(identity.incarnations, since),
    peerIncarnations,
  });
}

/**
 * Records that this directory is too old: no later start takes part. @returns the stored identity. @throws
 * StartError
 */
export function keepRolledBack(dataDir: string, identity: NodeIdentity, message: string): NodeIdentity {
  return stored(dataDir, { ...identity, rolledBack: message });
}

/**
 * Records the node key: another key, or no key, is a loss from now on. @returns the stored identity. @throws
 * StartError
 */
export function keepNodeKey(dataDir: string, identity: NodeIdentity, fingerprint: string): NodeIdentity {
  return identity.nodeKey === fingerprint ? identity : stored(dataDir, { ...identity, nodeKey: fingerprint });
}

function stored(dataDir: string, identity: NodeIdentity): NodeIdentity {
  writeIdentity(dataDir, identity);
  return identity;
}

/** A directory always belongs to one cluster, and its origin never changes. */
function checkCluster(dataDir: string, stored: NodeIdentity, wanted: WantedCluster): void {
  const { initialClusterId, joins } = wanted;
  const begin = `data directory ${dataDir}`;
  switch (stored.origin) {
    case "alone":
      if (initialClusterId !== undefined || joins) {
        throw lasting(
          `${begin} holds a node that began alone: it cannot ${joins ? "join" : "form"} another cluster. Let others join this one ` +
            "(start it with --peer-address only; docs/operations/cluster.md), or use an empty directory",
        );
      }
      return;
    case "initial":
      if (initialClusterId !== undefined && initialClusterId !== stored.clusterId) {
        throw lasting(
          `${begin} belongs to cluster ${stored.clusterId}, and --initial-cluster describes another one (${initialClusterId}): ` +
            "give it as at the first start, or leave it out",
        );
      }
      if (initialClusterId === undefined && stored.roster === undefined) {
        throw lasting(
          `${begin}: its cluster has not formed yet: give --initial-cluster as at the first start until it has`,
        );
      }
      return;
    case "join":
      if (initialClusterId !== undefined) {
        throw lasting(`${begin} holds a node that joined a cluster: leave --initial-cluster out`);
      }
      if (stored.clusterId === "" && !joins) {
        throw lasting(`${begin}: this node has not joined yet: give --join until it has`);
      }
  }
}

function parseIdentity(path: string, text: string): NodeIdentity {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw lasting(`${path} is damaged: it is not JSON; ${RESTORE}`);
  }
  const {
    format,
    clusterId,
    nodeId,
    instance,
    origin,
    roster,
    incarnations,
    peerIncarnations,
    rolledBack,
    nodeKey,
    initializing,
    boots,
    peerBoots,
  } = (value ?? {}) as Record<string, unknown>;
  const starts = incarnations ?? boots;
  const startsOfPeers = peerIncarnations ?? peerBoots;
  if (typeof format !== "number") throw lasting(`${path} is damaged: it has no format version; ${RESTORE}`);
  if (format !== DATA_FORMAT) {
    throw lasting(
      `${path}: data format ${format}; this binary reads format ${DATA_FORMAT}: start the release that wrote it`,
    );
  }
  if (origin !== "alone" && origin !== "initial" && origin !== "join") {
    throw lasting(`${path} is damaged: it does not say how the directory began; ${RESTORE}`);
  }
  const joining = origin === "join" && clusterId === "";
  if (typeof clusterId !== "string" || !(HEX_16.test(clusterId) || joining) || typeof nodeId !== "string") {
    throw lasting(`${path} is damaged: no valid cluster id or node id; ${RESTORE}`);
  }
  if (typeof instance !== "string" || !HEX_16.test(instance)) {
    throw lasting(`${path} is damaged: no valid instance; ${RESTORE}`);
  }
  return {
    clusterId,
    nodeId,
    instance,
    origin,
    roster: roster === undefined ? undefined : parseRoster(path, roster),
    // The fields are absent in a file of a release that kept no starts.
    incarnations: starts === undefined ? [] : parseIncarnations(path, starts),
    peerIncarnations: startsOfPeers === undefined ? [] : parsePeerIncarnations(path, startsOfPeers),
    rolledBack: typeof rolledBack === "string" ? rolledBack : undefined,
    nodeKey: nodeKey === undefined ? undefined : parseFingerprint(path, nodeKey),
    initializing: initializing === true,
  };
}

function parseFingerprint(path: string, value: unknown): string {
  if (typeof value === "string" && HEX_16.test(value)) return value;
  throw lasting(`${path} is damaged: no valid fingerprint of the node key; ${RESTORE}`);
}

function parseRoster(path: string, value: unknown): readonly Member[] {
  if (!Array.isArray(value)) throw lasting(`${path} is damaged: the roster is not a list; ${RESTORE}`);
  return value.map((row) => {
    const { id, name, address, instance } = (row ?? {}) as Record<string, unknown>;
    if (
      typeof id !== "number" ||
      typeof name !== "string" ||
      typeof address !== "string" ||
      typeof instance !== "string"
    ) {
      throw lasting(`${path} is damaged: the roster has an entry that is no member; ${RESTORE}`);
    }
    return { id, name, address, instance };
  });
}

function parseIncarnations(path: string, value: unknown): readonly string[] {
  if (
    !Array.isArray(value) ||
    !value.every((boot) => typeof boot === "string" && INCARNATION_ID.test(boot))
  ) {
    throw lasting(`${path} is damaged: its starts are no list of ids; ${RESTORE}`);
  }
  return value;
}

function parsePeerIncarnations(path: string, value: unknown): readonly PeerIncarnation[] {
  if (!Array.isArray(value))
    throw lasting(`${path} is damaged: the starts of its peers are no list; ${RESTORE}`);
  return value.map((row) => {
    const { id, instance, boot } = (row ?? {}) as Record<string, unknown>;
    if (
      typeof id !== "number" ||
      typeof instance !== "string" ||
      typeof boot !== "string" ||
      !INCARNATION_ID.test(boot)
    ) {
      throw lasting(`${path} is damaged: the starts of its peers have an entry that is none; ${RESTORE}`);
    }
    return { id, instance, boot };
  });
}

function createIdentity(dataDir: string, path: string, wanted: WantedCluster, random: Random): NodeIdentity {
  // A log or a keyspace without node.json is not a new directory: the file was lost.
  for (const leftover of [walDirectory(dataDir), keyspaceDirectory(dataDir)]) {
    if (exists(leftover)) throw lasting(`${path} is missing, but ${leftover} is there: ${RESTORE}`);
  }
  const hex = (): string => Buffer.from(random.bytes(16)).toString("hex");
  const origin: Origin = wanted.joins ? "join" : wanted.initialClusterId === undefined ? "alone" : "initial";
  return stored(dataDir, {
    clusterId: wanted.joins ? "" : (wanted.initialClusterId ?? hex()),
    nodeId: wanted.nodeId,
    instance: hex(),
    origin,
    roster: undefined,
    incarnations: [],
    peerIncarnations: [],
    rolledBack: undefined,
    nodeKey: undefined,
    initializing: true,
  });
}

function writeIdentity(dataDir: string, identity: NodeIdentity): void {
  const path = identityPath(dataDir);
  // Releases before decision 090 know the starts as boots. A host that goes back to such a release must still know them:
  // its peers name the newest, and a directory without it is fenced as rolled back.
  const older = { boots: identity.incarnations, peerBoots: identity.peerIncarnations };
  const text = `${JSON.stringify({ format: DATA_FORMAT, ...identity, ...older }, undefined, 2)}\n`;
  try {
    writeFileAtomically(realDisk, path, text);
  } catch (error) {
    throw systemFailure(`${path} cannot be written`, error, dataDir);
  }
}

function systemFailure(what: string, error: unknown, dataDir: string): StartError {
  const { code } = error as { code?: unknown };
  const exitCode = mendsItself(code) ? EXIT.MAY_MEND : EXIT.LASTING;
  return new StartError(`${what}: ${reason(error)}${adviceOn(code, dataDir)}`, { cause: error, exitCode });
}

function exists(path: string): boolean {
  try {
    statSync(path);
    return true;
  } catch {
    return false;
  }
}
