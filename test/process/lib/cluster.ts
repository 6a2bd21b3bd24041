/** Several real nodes on loopback that form one cluster, each with its own directory, and the links between them. */
import { join } from "node:path";
import {
  CLUSTER_SECRET,
  CREDENTIALS,
  freePorts,
  LOOPBACK,
  NodeProcess,
  serverCommand,
  temporaryDirectory,
} from "./node-process.ts";
import { PeerLinks } from "./peer-links.ts";
import { S3Client } from "./s3-client.ts";

const POLL_MS = 20;
/** A node that looks for its leader takes two seconds to say that there is none. */
const STATUS_TIMEOUT_MS = 4_000;
const LEADER_TIMEOUT_MS = 30_000;

/** What GET /v1/cluster says, as far as tests look at it. */
export interface ClusterStatus {
  readonly clusterId: string;
  readonly nodeId: string;
  readonly leaderId: string | null;
  readonly term: number;
  readonly commitIndex: number;
  readonly members: readonly {
    readonly id: string;
    readonly role: string;
    readonly match: number;
    readonly applied: number;
    readonly lag: number;
    readonly reachable: boolean;
    readonly problem: string | null;
  }[];
  readonly advice: readonly string[];
}

export interface ClusterOptions {
  readonly size?: number;
  /** For every node, at every start. */
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** Where a node keeps its data; default: a directory in the temporary one. */
  readonly dataDirs?: Readonly<Record<string, string>>;
  /** Proxies between the nodes, so that links can be cut. Default true; a bench wants none. */
  readonly proxied?: boolean;
  /** Where a node is at home, when that is not loopback. Never with proxies. */
  readonly places?: Readonly<Record<string, Place>>;
  /** For one node, at every start until the test changes it in the cluster. */
  readonly own?: Readonly<Record<string, Own>>;
}

/** What one node has for itself. */
export interface Own {
  readonly env?: Readonly<Record<string, string>>;
  /** Another binary. */
  readonly command?: readonly string[];
}

export interface Place {
  /** Its address for clients. */
  readonly host: string;
  /** Its address for other nodes. */
  readonly peerHost: string;
  /** Put before its command, to start it there. */
  readonly wrapper: readonly string[];
}

const AT_HOME: Place = { host: LOOPBACK, peerHost: LOOPBACK, wrapper: [] };

/** One member and its process of the moment. */
export class ClusterNode {
  readonly name: string;
  readonly dataDir: string;
  readonly place: Place;
  readonly s3Port: number;
  readonly adminPort: number;
  readonly advertisedPort: number;
  readonly listenPort: number;
  /** Arguments that say which cluster it belongs to. */
  readonly membership: readonly string[];
  process: NodeProcess | undefined;
  /** Stopped by SIGSTOP: it would not answer. */
  isPaused = false;

  constructor(
    name: string,
    dataDir: string,
    place: Place,
    ports: readonly number[],
    membership: (own: string) => readonly string[],
  ) {
    this.name = name;
    this.dataDir = dataDir;
    this.place = place;
    [this.s3Port = 0, this.adminPort = 0, this.advertisedPort = 0, this.listenPort = 0] = ports;
    this.membership = membership(this.peer);
  }

  /** `n1=127.0.0.1:7001`, as others know it. */
  get peer(): string {
    return `${this.name}=${this.place.peerHost}:${this.advertisedPort}`;
  }

  get isRunning(): boolean {
    return this.process !== undefined && !this.process.exited;
  }

  /** @throws Error when it does not run. */
  get running(): NodeProcess {
    if (this.process === undefined) throw new Error(`${this.name} does not run`);
    return this.process;
  }
}

export class Cluster {
  readonly nodes: ClusterNode[] = [];
  readonly links = new PeerLinks();
  /** What single nodes have for themselves, at the next start. */
  readonly own: Map<string, Own>;
  readonly #options: ClusterOptions;
  readonly #root = temporaryDirectory("cluster");
  readonly #clients: S3Client[] = [];

  private constructor(options: ClusterOptions) {
    this.#options = options;
    this.own = new Map(Object.entries(options.own ?? {}));
  }

  /** A new cluster of n1, n2, ... that serves. */
  static async start(options: ClusterOptions = {}): Promise<Cluster> {
    const cluster = new Cluster(options);
    const names = Array.from({ length: options.size ?? 3 }, (_, i) => `n${i + 1}`);
    const ports = await freePorts(4 * names.length);
    const list = names
      .map((name, i) => `${name}=${cluster.#place(name).peerHost}:${ports[4 * i + 2]}`)
      .join(",");
    for (const [i, name] of names.entries()) {
      await cluster.#add(name, ports.slice(4 * i, 4 * i + 4), () => ["--initial-cluster", list]);
    }
    await Promise.all(names.map((name) => cluster.spawn(name)));
    await cluster.ready();
    await cluster.leader();
    return cluster;
  }

  /** A node that is to join; not started yet. */
  async addNode(name: string): Promise<ClusterNode> {
    const others = this.nodes.map(({ peer }) => peer);
    return this.#add(name, await freePorts(4), (own) => ["--join", [...others, own].join(",")]);
  }

  async #add(
    name: string,
    ports: readonly number[],
    membership: (own: string) => readonly string[],
  ): Promise<ClusterNode> {
    const dataDir = this.#options.dataDirs?.[name] ?? join(this.#root, name);
    const [s3 = 0, admin = 0, advertised = 0, listen = 0] = ports;
    const proxied = this.#options.proxied !== false;
    const used = [s3, admin, advertised, proxied ? listen : advertised];
    const node = new ClusterNode(name, dataDir, this.#place(name), used, membership);
    this.nodes.push(node);
    if (!proxied) return node;
    const { advertisedPort, listenPort } = node;
    const pid = () => (node.isRunning ? node.running.pid : undefined);
    await this.links.add({ name, advertisedPort, listenPort, pid });
    return node;
  }

  #place(name: string): Place {
    return this.#options.places?.[name] ?? AT_HOME;
  }

  node(name: string): ClusterNode {
    const node = this.nodes.find((known) => known.name === name);
    if (node === undefined) throw new Error(`no node ${name}`);
    return node;
  }

  others(name: string): ClusterNode[] {
    return this.nodes.filter((node) => node.name !== name);
  }

  /** Starts a node without waiting for anything. @param env only for this process */
  async spawn(name: string, env: Readonly<Record<string, string>> = {}): Promise<NodeProcess> {
    const node = this.node(name);
    if (node.isRunning) throw new Error(`${name} runs already`);
    node.isPaused = false;
    const proxied = node.listenPort !== node.advertisedPort;
    const own = this.own.get(name);
    node.process = await NodeProcess.spawn({
      dataDir: node.dataDir,
      host: node.place.host,
      wrapper: node.place.wrapper,
      s3Port: node.s3Port,
      adminPort: node.adminPort,
      // With a proxy, another port than the one it is known by.
      args: [
        "--node-id",
        name,
        "--peer-address",
        proxied ? `:${node.listenPort}` : `${node.place.peerHost}:${node.listenPort}`,
        ...node.membership,
        ...(this.#options.args ?? []),
      ],
      env: { ELASTICKV_CLUSTER_SECRET: CLUSTER_SECRET, ...this.#options.env, ...own?.env, ...env },
      ...(own?.command === undefined ? {} : { command: own.command }),
    });
    return node.process;
  }

  async start(name: string, env?: Readonly<Record<string, string>>): Promise<void> {
    await (await this.spawn(name, env)).ready();
  }

  /** All nodes that run are ready to serve. */
  async ready(): Promise<void> {
    await Promise.all(this.nodes.filter(({ isRunning }) => isRunning).map(({ running }) => running.ready()));
  }

  async kill(name: string): Promise<void> {
    await this.node(name).running.kill();
  }

  /** SIGTERM; the exit code. */
  async stop(name: string): Promise<number> {
    return this.node(name).running.stop();
  }

  pause(name: string): void {
    const node = this.node(name);
    node.running.signal("SIGSTOP");
    node.isPaused = true;
  }

  resume(name: string): void {
    const node = this.node(name);
    node.running.signal("SIGCONT");
    node.isPaused = false;
  }

  async status(name: string): Promise<ClusterStatus> {
    const { status, text } = await this.node(name).running.admin("/v1/cluster", STATUS_TIMEOUT_MS);
    if (status !== 200) throw new Error(`${name}: /v1/cluster answers ${status} ${text}`);
    return JSON.parse(text) as ClusterStatus;
  }

  /** The node that says of itself that it leads, in the highest term that any of these knows.
   *  @param among names to ask; default: all that run. @throws Error when there is none in time */
  async leader(among?: readonly string[]): Promise<string> {
    const deadline = performance.now() + LEADER_TIMEOUT_MS;
    let last = "";
    while (performance.now() < deadline) {
      const asked = this.nodes.filter(
        ({ name, isRunning, isPaused }) => isRunning && !isPaused && (among?.includes(name) ?? true),
      );
      const answers = await Promise.all(asked.map(({ name }) => this.status(name).catch(String)));
      const statuses = answers.filter((answer): answer is ClusterStatus => typeof answer !== "string");
      const term = Math.max(...statuses.map((status) => status.term));
      const leader = statuses.find(({ nodeId, leaderId, term: own }) => leaderId === nodeId && own === term);
      if (leader !== undefined) return leader.nodeId;
      last = JSON.stringify(answers);
      await Bun.sleep(POLL_MS);
    }
    throw new Error(`no leader after ${LEADER_TIMEOUT_MS} ms: ${last}`);
  }

  /** Every member has applied what is committed. */
  async converged(timeoutMs = 30_000): Promise<void> {
    await waitFor(
      async () => {
        const { members } = await this.status(await this.leader());
        return members.every(({ lag, reachable }) => lag === 0 && reachable);
      },
      timeoutMs,
      "converged",
    );
  }

  /** A client of this node. Closed with the cluster. */
  client(name: string, connections = 64): S3Client {
    const { s3Port, place } = this.node(name);
    const client = new S3Client(s3Port, connections, CREDENTIALS, place.host);
    this.#clients.push(client);
    return client;
  }

  /** `elastickv cluster WORDS`, asked of this node. */
  async command(
    name: string,
    ...words: readonly string[]
  ): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
    const socket = join(this.node(name).dataDir, "admin.sock");
    const child = Bun.spawn([...serverCommand(), "cluster", ...words, "--admin-socket", socket], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const [stdout, stderr, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    return { code, stdout, stderr };
  }

  /** Ends everything, whatever state it is in. */
  async close(): Promise<void> {
    for (const client of this.#clients) client.close();
    const running = this.nodes.filter(({ isRunning }) => isRunning);
    await Promise.all(running.map(({ running: process }) => process.kill()));
    this.links.close();
  }

  /** The last lines of every node, for the message of a test that fails. */
  logs(lines = 15): string {
    return this.nodes
      .map(({ name, process }) => {
        const text = (process?.stderr ?? "").trimEnd().split("\n").slice(-lines).join("\n    ");
        return `--- ${name}\n    ${text}`;
      })
      .join("\n");
  }
}

/** Asks again and again. @throws Error with the last problem when it does not become true in time. */
export async function waitFor(
  isSo: () => Promise<boolean> | boolean,
  timeoutMs: number,
  what: string,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  let problem = "";
  while (performance.now() < deadline) {
    try {
      if (await isSo()) return;
    } catch (error) {
      problem = `: ${String(error)}`;
    }
    await Bun.sleep(POLL_MS);
  }
  throw new Error(`not ${what} after ${timeoutMs} ms${problem}`);
}

/** Runs a test with a cluster of its own; a failure tells what the nodes said last. */
export async function withCluster(
  options: ClusterOptions,
  run: (cluster: Cluster) => Promise<void>,
): Promise<void> {
  const cluster = await Cluster.start(options);
  try {
    await run(cluster);
  } catch (error) {
    throw new Error(
      `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n${cluster.logs()}`,
      {
        cause: error,
      },
    );
  } finally {
    await cluster.close();
  }
}
