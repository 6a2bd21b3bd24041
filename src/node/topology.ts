/** Decides which nodes this node meets and where it listens for them, and checks the operator's settings for both. */
import { existsSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { formatAddress, parseAddress } from "../config/address.ts";
import { type Config, ConfigError } from "../config/config.ts";
import { formatMembers, isWildcard, type NamedAddress } from "../config/members.ts";
import { isOwnAuthority } from "../pki/peer-files.ts";
import type { NetworkAddress } from "../platform/network.ts";
import { raftIdOf } from "../raft/engine/raft-id.ts";

interface PeerTlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile: string;
  /** The CA is the cluster's own (elastickv setup, elastickv join). */
  readonly joins: boolean;
}

interface PeerListener {
  readonly listen: NetworkAddress;
  /** host:port that other nodes dial. */
  readonly advertise: string;
  readonly lanes: 4 | 2;
  readonly tls?: PeerTlsFiles;
}

export interface Topology {
  /** Members of a new cluster, with this node. Empty: one node alone, or a node that joins. */
  readonly initialCluster: readonly NamedAddress[];
  /** Members to contact, without this node. Empty: this node does not join. */
  readonly join: readonly NamedAddress[];
  /** undefined: no peer listener. */
  readonly peer: PeerListener | undefined;
}

type TopologySettings = Pick<
  Config,
  | "nodeId"
  | "peerAddress"
  | "initialCluster"
  | "join"
  | "peerCertFile"
  | "peerKeyFile"
  | "peerCaFile"
  | "raftDispatcherLanes"
> & { readonly dataDir?: string };

/** Type of `raftIdOf`; a test may pass a hash function with collisions. */
export type IdOf = (name: string) => number;

/** @throws ConfigError with one line that names the setting and the value. */
export function topologyOf(settings: TopologySettings, idOf: IdOf = raftIdOf): Topology {
  const { nodeId, initialCluster, join } = settings;
  if (initialCluster.length > 0 && join.length > 0) {
    throw new ConfigError(
      "--initial-cluster and --join are both set: a new cluster is formed with the first, a running one joined with the second",
    );
  }
  const tls = tlsFiles(settings);
  const [flag, listed] = join.length > 0 ? ["--join", join] : ["--initial-cluster", initialCluster];
  checkIds(flag, [...listed.map(({ name }) => name), nodeId], idOf);
  const own = listed.find(({ name }) => name === nodeId);
  if (initialCluster.length > 0 && own === undefined) {
    throw new ConfigError(
      `--initial-cluster "${formatMembers(initialCluster)}" does not list this node, ${nodeId} (--node-id): every initial member lists all of them, itself too`,
    );
  }
  const others = listed.filter(({ name }) => name !== nodeId);
  if (join.length > 0 && others.length === 0) {
    throw new ConfigError(
      `--join "${formatMembers(join)}" names only this node: name members of the cluster to join`,
    );
  }
  const addresses = peerAddresses(settings, flag, own);
  if (addresses === undefined) {
    if (tls !== undefined)
      throw new ConfigError(
        "--peer-cert-file is set, but this node listens to no peers: set --peer-address too",
      );
    return { initialCluster: [], join: [], peer: undefined };
  }
  return {
    initialCluster,
    join: join.length > 0 ? others : [],
    peer: {
      ...addresses,
      lanes: settings.raftDispatcherLanes ? 4 : 2,
      ...(tls === undefined ? {} : { tls }),
    },
  };
}

/** The listening address and the address for peers; undefined when this node has no peers. */
function peerAddresses(
  settings: TopologySettings,
  flag: string,
  own: NamedAddress | undefined,
): Pick<PeerListener, "listen" | "advertise"> | undefined {
  const { nodeId, peerAddress, join } = settings;
  if (peerAddress === undefined) {
    if (own !== undefined) return { listen: parseAddress(own.address), advertise: own.address };
    if (join.length === 0) return undefined;
    throw new ConfigError("--join needs --peer-address HOST:PORT: where the members reach this node");
  }
  const said = formatAddress({ ...peerAddress, host: peerAddress.host.toLowerCase() });
  if (isWildcard(peerAddress)) {
    if (own !== undefined) return { listen: peerAddress, advertise: own.address };
    throw new ConfigError(
      `--peer-address "${said}" listens everywhere, so others cannot know what to dial: list ${nodeId}=HOST:PORT in ${
        join.length > 0 ? "--join" : "--initial-cluster"
      } too, or name a host`,
    );
  }
  if (peerAddress.port === 0) {
    throw new ConfigError(`--peer-address "${said}": peers cannot dial port 0, choose one`);
  }
  if (own !== undefined && own.address !== said) {
    throw new ConfigError(
      `--peer-address "${said}" is not where ${flag} has this node: ${nodeId}=${own.address} (use the same address, or a wildcard such as :${peerAddress.port} here)`,
    );
  }
  return { listen: peerAddress, advertise: said };
}

/** The core identifies nodes by a hash of their names, so two names must not have the same hash. */
function checkIds(flag: string, names: readonly string[], idOf: IdOf): void {
  const nameOf = new Map<number, string>();
  for (const name of names) {
    const id = idOf(name);
    const earlier = nameOf.get(id);
    if (earlier !== undefined && earlier !== name) {
      throw new ConfigError(
        `${flag}: the names ${earlier} and ${name} have the same hash (${id}): rename one of them`,
      );
    }
    nameOf.set(id, name);
  }
}

function tlsFiles(settings: TopologySettings): PeerTlsFiles | undefined {
  const { peerCertFile, peerKeyFile, peerCaFile } = settings;
  const files = [
    ["--peer-cert-file", peerCertFile],
    ["--peer-key-file", peerKeyFile],
    ["--peer-ca-file", peerCaFile],
  ] as const;
  const missing = files.filter(([, path]) => path === undefined).map(([flag]) => flag);
  if (missing.length === files.length) return undefined;
  if (peerCertFile === undefined || peerKeyFile === undefined || peerCaFile === undefined) {
    const given = files.find(([, path]) => path !== undefined)?.[0];
    throw new ConfigError(
      `${given} is set but ${missing.join(" and ")} is not: mutual TLS needs all three, or none`,
    );
  }
  for (const [flag, path] of files) checkPem(flag, path ?? "", settings);
  const joins = settings.dataDir !== undefined && isOwnAuthority(settings.dataDir, peerCaFile);
  return { certFile: peerCertFile, keyFile: peerKeyFile, caFile: peerCaFile, joins };
}

/** Checks the file now, for an error that names the flag and file. The transport reads the file again. */
function checkPem(flag: string, path: string, { dataDir, nodeId }: TopologySettings): void {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const isLost = dataDir !== undefined && dirname(path) === dataDir && !existsSync(path);
    throw new ConfigError(
      `${flag}: cannot read ${path}: ${error instanceof Error ? error.message : String(error)}` +
        (isLost ? `; ${wayBack(nodeId)}` : ""),
    );
  }
  const wanted = flag === "--peer-key-file" ? "PRIVATE KEY-----" : "-----BEGIN CERTIFICATE-----";
  if (!text.includes(wanted)) {
    throw new ConfigError(
      `${flag}: ${path} holds no PEM ${flag === "--peer-key-file" ? "private key" : "certificate"}`,
    );
  }
}

/** What a host does whose data directory is gone, with the certificate that `setup` or `join` has put there. */
function wayBack(nodeId: string): string {
  return (
    `if this host has lost its data directory, it comes back as a new node. On another member: "elastickv cluster remove ${nodeId}", ` +
    `then "elastickv cluster join-token"; here, the line that it prints`
  );
}
