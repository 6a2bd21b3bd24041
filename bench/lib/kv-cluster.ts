/** Processes of kv-node.ts, and a way to ask them. */
import { join } from "node:path";
import { freePorts, temporaryDirectory } from "../../test/process/lib/node-process.ts";
import type { ProfiledNode } from "./cluster-profile.ts";
import type { KvCommand, KvNodeOptions, KvRate } from "./kv-node.ts";

const SCRIPT = join(import.meta.dir, "kv-node.ts");
const POLL_MS = 50;
const LEADER_TIMEOUT_MS = 30_000;

class KvNode {
  readonly #child: Bun.Subprocess<"pipe", "pipe", "inherit">;
  readonly #lines: AsyncIterator<string>;

  constructor(options: KvNodeOptions) {
    this.#child = Bun.spawn([process.execPath, SCRIPT, JSON.stringify(options)], {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "inherit",
    });
    this.#lines = linesOf(this.#child.stdout);
  }

  get pid(): number {
    return this.#child.pid;
  }

  async answer(): Promise<unknown> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`a kv node ended with ${await this.#child.exited}`);
    return JSON.parse(value);
  }

  async ask(command: KvCommand): Promise<unknown> {
    this.#child.stdin.write(`${JSON.stringify(command)}\n`);
    this.#child.stdin.flush();
    return this.answer();
  }

  async metrics(): Promise<string> {
    const { text } = (await this.ask({ do: "metrics" })) as { text: string };
    return text;
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
  }
}

export class KvCluster {
  readonly #nodes: readonly KvNode[];
  #leader: KvNode;

  private constructor(nodes: readonly KvNode[], leader: KvNode) {
    this.#nodes = nodes;
    this.#leader = leader;
  }

  static async start(size = 3): Promise<KvCluster> {
    const ports = await freePorts(size);
    const root = temporaryDirectory("bench-kv");
    const initialCluster = ports.map((port, i) => `n${i + 1}=127.0.0.1:${port}`).join(",");
    const nodes = ports.map((_, i) => {
      const nodeId = `n${i + 1}`;
      return new KvNode({ nodeId, dataDir: join(root, nodeId), initialCluster });
    });
    await Promise.all(nodes.map((node) => node.answer()));
    return new KvCluster(nodes, await leaderOf(nodes));
  }

  /** Asks the leader. */
  propose(inFlight: number, valueBytes: number, keys: number, seconds: number): Promise<KvRate> {
    return this.#ask({ do: "propose", inFlight, valueBytes, keys, ms: seconds * 1000 });
  }

  /** Writes every row once. */
  async fill(valueBytes: number, keys: number): Promise<void> {
    await this.#ask({ do: "fill", valueBytes, keys });
  }

  read(inFlight: number, keys: number, seconds: number): Promise<KvRate> {
    return this.#ask({ do: "read", inFlight, keys, ms: seconds * 1000 });
  }

  /** The leader's /metrics. */
  metrics(): Promise<string> {
    return this.#leader.metrics();
  }

  async members(): Promise<ProfiledNode[]> {
    this.#leader = await leaderOf(this.#nodes);
    return this.#nodes.map((node, i) => ({
      name: `n${i + 1}`,
      pid: node.pid,
      leads: node === this.#leader,
      metrics: () => node.metrics(),
    }));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.stop()));
  }

  async #ask<T>(command: KvCommand): Promise<T> {
    this.#leader = await leaderOf(this.#nodes);
    return (await this.#leader.ask(command)) as T;
  }
}

async function leaderOf(nodes: readonly KvNode[]): Promise<KvNode> {
  const deadline = performance.now() + LEADER_TIMEOUT_MS;
  while (performance.now() < deadline) {
    for (const node of nodes) {
      const { leading } = (await node.ask({ do: "status" })) as { leading: boolean };
      if (leading) return node;
    }
    await Bun.sleep(POLL_MS);
  }
  throw new Error("no kv node leads");
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const piece of stream) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}
