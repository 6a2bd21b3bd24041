/** The host that `setup` and `join` write on: who owns the files, what lies there already, and the service. */
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { join } from "node:path";
import { ConfigError } from "../../config/config.ts";
import { parseEnvFile } from "../../config/env-file.ts";
import { SETTINGS, variableOf } from "../../config/settings.ts";
import { PEER_FILES, SEALED_AUTHORITY_FILE } from "../../pki/peer-files.ts";
import { writeFileAtomically } from "../../platform/disk/atomic-file.ts";
import { realDisk } from "../../platform/disk/real-disk.ts";
import { lasting } from "../../platform/start-error.ts";

/** The settings of `setup` and `join`. The unit reads it before the operator's own elastickv.env, which so wins. */
const CLUSTER_ENV_FILE = "cluster.env";
const OPERATOR_ENV_FILE = "elastickv.env";
const IDENTITY_FILE = "node.json";
const SERVICE_USER = "elastickv";
const UNIT = "elastickv.service";
const DIRECTORY_MODE = 0o700;
const ENV_MODE = 0o640;

/** Settings that say which cluster a node belongs to: two answers would contradict each other. */
const EXCLUSIVE = [
  SETTINGS.nodeId,
  SETTINGS.dataDir,
  SETTINGS.peerAddress,
  SETTINGS.initialCluster,
  SETTINGS.join,
  SETTINGS.peerCertFile,
  SETTINGS.peerKeyFile,
  SETTINGS.peerCaFile,
  SETTINGS.clusterSecretFile,
  SETTINGS.clusterSecret,
].map((row) => variableOf(row));

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export interface HostPlaces {
  readonly configDir: string;
  readonly dataDir: string;
}

/** What the two commands need of the operating system. */
export interface Host {
  /** Owner of the files; undefined: whoever runs the command. */
  readonly owner: Owner | undefined;
  /** systemd runs, and knows the unit. */
  readonly hasService: boolean;
  /**
   * Starts the service, now and at each boot. @param wait until the node serves; a node that joins serves when it has
   * copied the data. @throws StartError with what systemctl printed
   */
  startService(wait: boolean): Promise<void>;
  /** The service has ended, and systemd does not start it again. */
  hasFailed(): Promise<boolean>;
}

/** Where a host keeps what `realHost` asks for; tests have files of their own. */
interface SystemPlaces {
  readonly passwd: string;
  /** Exists when systemd is the init system (sd_booted(3)). */
  readonly systemd: string;
  /** Directories of units (systemd.unit(5)). */
  readonly units: readonly string[];
  readonly systemctl: string;
  readonly isRoot: boolean;
}

const SYSTEM: SystemPlaces = {
  passwd: "/etc/passwd",
  systemd: "/run/systemd/system",
  units: ["/etc", "/usr/local/lib", "/usr/lib", "/lib"].map((path) => `${path}/systemd/system`),
  systemctl: "systemctl",
  isRoot: process.geteuid?.() === 0,
};

export function realHost(system: SystemPlaces = SYSTEM): Host {
  const { passwd, systemd, units, isRoot } = system;
  const account = existsSync(passwd) ? serviceAccount(readFileSync(passwd, "utf8")) : undefined;
  const systemctl = (...words: readonly string[]): Promise<void> => run(system.systemctl, words);
  return {
    owner: isRoot ? account : undefined,
    hasService: isRoot && existsSync(systemd) && units.some((path) => existsSync(join(path, UNIT))),
    startService: async (wait) => {
      await systemctl("daemon-reload");
      await systemctl("enable", UNIT);
      // A node that was alone runs already, with its old settings.
      await systemctl("restart", ...(wait ? [] : ["--no-block"]), UNIT);
    },
    hasFailed: async () => (await Bun.spawn([system.systemctl, "--quiet", "is-failed", UNIT]).exited) === 0,
  };
}

/** @throws StartError */
async function run(systemctl: string, words: readonly string[]): Promise<void> {
  const child = Bun.spawn([systemctl, ...words], { stdout: "ignore", stderr: "pipe" });
  const said = await new Response(child.stderr).text();
  if ((await child.exited) === 0) return;
  throw lasting(
    `systemctl ${words.join(" ")} failed: ${said.trim().replaceAll("\n", "; ")}; journalctl -u elastickv says more`,
  );
}

/** @param passwd text of /etc/passwd (passwd(5)). @internal */
export function serviceAccount(passwd: string): Owner | undefined {
  const fields = passwd
    .split("\n")
    .map((line) => line.split(":"))
    .find(([name]) => name === SERVICE_USER);
  const [uid, gid] = [Number(fields?.[2]), Number(fields?.[3])];
  return Number.isInteger(uid) && Number.isInteger(gid) ? { uid, gid } : undefined;
}

/**
 * Makes sure that nothing is overwritten. Files of a command that was interrupted before it wrote CONFIG/cluster.env may
 * be there: they are used again or replaced.
 * @param mayAdopt a node that has been alone until now may be there
 * @throws StartError | ConfigError naming the file that is in the way
 */
export function checkUnused({ configDir, dataDir }: HostPlaces, mayAdopt: boolean): void {
  const mine = join(configDir, CLUSTER_ENV_FILE);
  if (existsSync(mine)) {
    const node = nodeIn(mine);
    throw lasting(
      `${mine} is there: this host is ${node} of a cluster already (elastickv cluster status). To begin anew, stop the ` +
        `service, remove the node from its cluster, and move ${mine} and ${dataDir} away`,
    );
  }
  if (existsSync(join(dataDir, IDENTITY_FILE))) {
    if (!mayAdopt || lonelyNode(dataDir) === undefined) {
      throw lasting(
        `${dataDir} holds the data of a node already: name another directory (--data-dir), or move it away`,
      );
    }
  }
  const theirs = join(configDir, OPERATOR_ENV_FILE);
  if (!existsSync(theirs)) return;
  const variables = parseEnvFile(readFileSync(theirs, "utf8"), theirs);
  const clash = EXCLUSIVE.filter((name) => variables.has(name));
  if (clash.length === 0) return;
  throw lasting(`${theirs} sets ${clash.join(", ")}: remove these lines, so that the new settings count`);
}

/**
 * The name of a node that has been alone until now, whose data the first node of a cluster takes over; undefined: there is
 * no such node. A node that has met others has a cluster, and one with a CA key has been set up before.
 */
export function lonelyNode(dataDir: string): string | undefined {
  const path = join(dataDir, IDENTITY_FILE);
  if (!existsSync(path) || existsSync(join(dataDir, SEALED_AUTHORITY_FILE))) return undefined;
  try {
    const { origin, nodeId, peerIncarnations } = JSON.parse(readFileSync(path, "utf8")) as Record<
      string,
      unknown
    >;
    const met = Array.isArray(peerIncarnations) && peerIncarnations.length > 0;
    return origin === "alone" && !met && typeof nodeId === "string" ? nodeId : undefined;
  } catch {
    // A file that cannot be read is nobody's: the refusal names its directory.
    return undefined;
  }
}

function nodeIn(path: string): string {
  try {
    return parseEnvFile(readFileSync(path, "utf8"), path).get(variableOf(SETTINGS.nodeId)) ?? "a node";
  } catch (error) {
    if (error instanceof ConfigError) return "a node";
    throw error;
  }
}

/** Makes the data directory, 0700. @throws StartError */
export function makeDataDirectory({ dataDir }: HostPlaces, host: Host): void {
  orRefuse(`data directory ${dataDir} cannot be made`, () => {
    mkdirSync(dataDir, { recursive: true, mode: DIRECTORY_MODE });
    if (!lstatSync(dataDir).isDirectory()) throw new Error("it is a link: name the directory itself");
    chmodSync(dataDir, DIRECTORY_MODE);
    if (host.owner !== undefined) chownSync(dataDir, host.owner.uid, host.owner.gid);
  });
}

/** Gives the node's files to the user of the service. @throws StartError */
export function giveAway({ dataDir }: HostPlaces, names: readonly string[], host: Host): void {
  const { owner } = host;
  if (owner === undefined) return;
  for (const name of names) {
    const path = join(dataDir, name);
    orRefuse(`${path} cannot be given to ${SERVICE_USER}`, () => lchownSync(path, owner.uid, owner.gid));
  }
}

/** Removes what an interrupted `setup` left. @throws StartError */
export function removeLeftovers({ dataDir }: HostPlaces, keep: readonly string[] = []): void {
  for (const name of PEER_FILES) {
    if (!keep.includes(name))
      orRefuse(`${dataDir}/${name} cannot be removed`, () => rmSync(join(dataDir, name), { force: true }));
  }
}

/**
 * Writes CONFIG/cluster.env, last of all: from then on the host belongs to the cluster.
 * @throws StartError
 */
export function writeClusterEnv(
  { configDir }: HostPlaces,
  verb: "setup" | "join",
  variables: Readonly<Record<string, string>>,
  host: Host,
): string {
  const path = join(configDir, CLUSTER_ENV_FILE);
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${quoted(value)}`);
  const text = [
    `# Written by elastickv ${verb}. Settings of your own belong into ${OPERATOR_ENV_FILE} beside it, whose values win.`,
    ...lines,
    "",
  ].join("\n");
  orRefuse(`${path} cannot be written`, () => {
    mkdirSync(configDir, { recursive: true });
    writeFileAtomically(realDisk, path, text);
    if (host.owner !== undefined) chownSync(path, 0, host.owner.gid);
    chmodSync(path, ENV_MODE);
  });
  return path;
}

/** For systemd and for `.` of a shell alike: single quotes keep every other character. */
function quoted(value: string): string {
  if (/^[A-Za-z0-9_./:,=[\]-]*$/.test(value)) return value;
  if (value.includes("'") || value.includes("\n"))
    throw lasting(`${JSON.stringify(value)} cannot be put into a settings file`);
  return `'${value}'`;
}

function orRefuse(what: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    const code = (error as { code?: string }).code;
    const advice = code === "EACCES" || code === "EPERM" ? " (run it as root: sudo elastickv ...)" : "";
    throw lasting(`${what}: ${error instanceof Error ? error.message : String(error)}${advice}`, {
      cause: error,
    });
  }
}
