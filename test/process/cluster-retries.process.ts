/**
 * Clients with their default retries (docs/clients.md, "Retries") against three nodes that lose their leader, their quorum and a
 * node: no application sees an error, and conditional writes are carried out once.
 */
import { expect, test } from "bun:test";
import { type Cluster, type ClusterNode, waitFor, withCluster } from "./lib/cluster.ts";
import { awsSdk, bunClient, DefaultClientLoad } from "./lib/default-clients.ts";
import { RetryLoad, type RetryLoadOptions } from "./lib/retry-load.ts";
import { RETRY_ROWS, RetryingClient, type RetryRow } from "./lib/retry-rows.ts";

const BUCKET = "retries";
const QUORUM_LOST_MS = 5_000;
/** A request waits at the door for so long (src/s3/request-hold.ts). A machine that is so busy that the cluster is without a leader for
 *  longer, faults or not, asks more of a client than we claim. */
const HELD_MS = 15_000;

class Loads {
  readonly all: RetryLoad[] = [];
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** A load of each row, at the first of these nodes; the others when it refuses a connection or loses one. */
  start(nodes: readonly ClusterNode[], rows: readonly RetryRow[], options?: RetryLoadOptions): void {
    for (const row of rows) {
      const endpoints = nodes.map(({ name }) => this.#cluster.client(name, 2));
      const name = `${row.name}-${nodes[0]?.name}`;
      const load = new RetryLoad(name, new RetryingClient(row, endpoints), BUCKET, options);
      load.start();
      this.all.push(load);
    }
  }

  /** Each row at one of these nodes, in turn. */
  spread(nodes: readonly ClusterNode[]): void {
    for (const [i, row] of RETRY_ROWS.entries()) this.start(nodes.slice(i % nodes.length).slice(0, 1), [row]);
  }

  get rounds(): number[] {
    return this.all.map(({ rounds }) => rounds);
  }

  /** Every load has gone round since. */
  async goRound(): Promise<void> {
    const before = this.rounds;
    const deadline = performance.now() + 60_000;
    while (!this.all.every(({ failed, rounds }, i) => failed || rounds > (before[i] ?? 0))) {
      if (performance.now() > deadline) throw new Error(`no round in 60 s: ${this.rounds} after ${before}`);
      await Bun.sleep(20);
    }
  }

  /** How long the slowest request took: at least as long as nobody was served. */
  get outageMs(): number {
    return Math.max(...this.all.map(({ client }) => client.counts.longestMs));
  }

  /** No answer was a 5xx, no connection ended inside a request: what was waited for was waited for here. */
  expectNone(what: "refused" | "lost"): void {
    if (this.outageMs > HELD_MS) {
      console.log(`${what}: not looked at, the outage took ${this.outageMs} ms`);
      return;
    }
    expect(this.all.filter(({ client }) => client.counts[what] > 0).map(({ name }) => name)).toEqual([]);
  }

  /** Neither is the outage longer than its attempts, nor did its only one meet the end of listening. */
  #bears({ row, counts }: RetryingClient): boolean {
    const { attempts, silenceMs = HELD_MS } = row;
    return attempts * silenceMs > this.outageMs && (attempts > 1 || counts.unmet === 0);
  }

  async finish(): Promise<void> {
    const results = await Promise.allSettled(this.all.map((load) => load.finish()));
    for (const { name, client, rounds } of this.all) {
      const { requests, refused, lost, unmet, silent, longestMs } = client.counts;
      console.log(
        `${name.padEnd(18)} ${rounds} rounds, ${requests} requests, longest ${Math.round(longestMs)} ms, ` +
          `${refused} refused, ${lost} lost, ${unmet} unmet, ${silent} silent`,
      );
    }
    const failed = results.flatMap((result, i) => {
      const client = this.all[i]?.client;
      if (result.status === "fulfilled" || client === undefined) return [];
      const excusable = / 503 |no answer after|ECONNRESET|socket hang up/.test(String(result.reason));
      if (this.#bears(client) || !excusable) return [String(result.reason)];
      console.log(`${client.row.name}: more than it bears: ${String(result.reason)}`);
      return [];
    });
    expect(failed).toEqual([]);
  }
}

async function withLoads(run: (cluster: Cluster, loads: Loads) => Promise<void>): Promise<void> {
  await withCluster({}, async (cluster) => {
    await cluster.client("n1").expect(200, "PUT", BUCKET);
    const loads = new Loads(cluster);
    await run(cluster, loads);
  });
}

test("SIGKILL of the leader: every row at the survivors goes on without an error", async () => {
  await withLoads(async (cluster, loads) => {
    const leader = await cluster.leader();
    const others = cluster.others(leader);
    loads.spread(others);
    await loads.goRound();
    await cluster.kill(leader);
    await loads.goRound();
    await loads.finish();
    // It was waited for, and nothing was refused.
    loads.expectNone("refused");
    expect(loads.outageMs).toBeGreaterThan(500);
  });
}, 120_000);

test("the quorum is lost for 5 s, the leader with it, by SIGSTOP: every row at every node goes on", async () => {
  await withLoads(async (cluster, loads) => {
    const leader = await cluster.leader();
    const [first] = cluster.others(leader);
    loads.spread(cluster.nodes);
    await loads.goRound();
    cluster.pause(leader);
    cluster.pause(first?.name ?? "");
    await Bun.sleep(QUORUM_LOST_MS);
    cluster.resume(leader);
    cluster.resume(first?.name ?? "");
    await loads.goRound();
    await loads.finish();
  });
}, 120_000);

test("both followers are killed and come back after 5 s: every row at the third goes on", async () => {
  await withLoads(async (cluster, loads) => {
    const leader = await cluster.leader();
    const others = cluster.others(leader).map(({ name }) => name);
    loads.start([cluster.node(leader)], RETRY_ROWS);
    await loads.goRound();
    await Promise.all(others.map((name) => cluster.kill(name)));
    await Bun.sleep(QUORUM_LOST_MS);
    await Promise.all(others.map((name) => cluster.spawn(name)));
    await loads.goRound();
    await loads.finish();
  });
}, 120_000);

test("SIGTERM of the leader, and it comes back: its own clients lose no connection, and none sees an error", async () => {
  await withLoads(async (cluster, loads) => {
    const leader = await cluster.leader();
    const node = cluster.node(leader);
    // Also those who ask once: a balancer in front goes on to the next node when one refuses the connection. Who is just
    // connecting when listening ends may be cut off: Bun takes a connection only with its first bytes.
    loads.start([node, ...cluster.others(leader)], RETRY_ROWS);
    await loads.goRound();
    expect(await cluster.stop(leader)).toBe(0);
    await loads.goRound();
    await cluster.start(leader);
    await loads.goRound();
    await loads.finish();
    loads.expectNone("lost");
  });
}, 120_000);

test("SIGKILL of the node that a client talks to: whoever asks more than once goes on elsewhere", async () => {
  await withLoads(async (cluster, loads) => {
    const leader = await cluster.leader();
    const again = RETRY_ROWS.filter(({ attempts }) => attempts > 1);
    const order = [cluster.node(leader), ...cluster.others(leader)];
    loads.start(
      order,
      again.filter(({ namesInvocation }) => namesInvocation),
    );
    loads.start(
      order,
      again.filter(({ namesInvocation }) => !namesInvocation),
      { ownConflict: true },
    );
    await loads.goRound();
    for (let round = 0; round < 3; round++) {
      const victim = await cluster.leader();
      await cluster.kill(victim);
      await loads.goRound();
      await cluster.start(victim);
      await loads.goRound();
    }
    await loads.finish();
  });
}, 120_000);

test("the AWS SDK for JavaScript and Bun's own client, as they come, lose the leader, the quorum and a node", async () => {
  await withCluster({}, async (cluster) => {
    await cluster.client("n1").expect(200, "PUT", BUCKET);
    const leader = await cluster.leader();
    const [mine, other] = cluster.others(leader);
    if (mine === undefined || other === undefined) throw new Error("three nodes");
    const { endpoint } = mine.running;
    const loads = [awsSdk(endpoint, BUCKET), bunClient(endpoint, BUCKET)].map(
      (c) => new DefaultClientLoad(c),
    );
    const goOn = async (): Promise<void> => {
      const wanted = loads.map(({ rounds }) => rounds + 2);
      const isSo = () =>
        loads.every((load, i) => load.failure !== undefined || load.rounds >= (wanted[i] ?? 0));
      await waitFor(isSo, 60_000, "two rounds further");
    };
    await goOn();
    await cluster.kill(leader);
    await goOn();
    await cluster.start(leader);
    await goOn();
    cluster.pause(leader);
    cluster.pause(other.name);
    await Bun.sleep(QUORUM_LOST_MS);
    cluster.resume(leader);
    cluster.resume(other.name);
    await goOn();
    expect(await cluster.stop(other.name)).toBe(0);
    await goOn();
    await cluster.start(other.name);
    await goOn();
    const results = await Promise.allSettled(loads.map((load) => load.finish()));
    const failed = results.flatMap((result) => (result.status === "rejected" ? [String(result.reason)] : []));
    expect(failed).toEqual([]);
  });
}, 120_000);
