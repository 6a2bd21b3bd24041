/**
 * One node of a cluster without S3 in front of it: threads, proposer and linearizable reader as in the binary, driven from within its front
 * thread. What a proposal and a read cost by themselves. `bun bench/lib/kv-node.ts JSON` (KvNodeOptions); commands (KvCommand) as lines
 * of JSON on standard input, one answer a line on standard output.
 */
import { createInterface } from "node:readline";
import { clusterIdOf } from "../../src/cluster/registry/node-registry.ts";
import { loadConfig } from "../../src/config/load.ts";
import { collectMetrics } from "../../src/monitoring/collect.ts";
import { createLogger } from "../../src/monitoring/log.ts";
import { ThreadMetrics } from "../../src/monitoring/thread-metrics.ts";
import { addIncarnation, keepRoster, loadIdentity, markInitialized } from "../../src/node/data-directory.ts";
import { prepareDataDirectory } from "../../src/node/directory-access.ts";
import { NodeKv } from "../../src/node/node-kv.ts";
import { makeThreads } from "../../src/node/threads.ts";
import { topologyOf } from "../../src/node/topology.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { systemRandom } from "../../src/platform/random.ts";
import { systemTimers } from "../../src/platform/timers.ts";
import { LatencyHistogram } from "./latency-histogram.ts";

export interface KvNodeOptions {
  readonly nodeId: string;
  readonly dataDir: string;
  /** As for --initial-cluster. */
  readonly initialCluster: string;
}

export type KvCommand =
  | { readonly do: "status" }
  /** Puts of one row each, `inFlight` at a time. */
  | {
      readonly do: "propose";
      readonly inFlight: number;
      readonly valueBytes: number;
      readonly keys: number;
      readonly ms: number;
    }
  /** Every row of these once. */
  | { readonly do: "fill"; readonly valueBytes: number; readonly keys: number }
  /** Linearizable point reads, one fence each, of rows that are there. */
  | { readonly do: "read"; readonly inFlight: number; readonly keys: number; readonly ms: number }
  | { readonly do: "metrics" }
  | { readonly do: "stop" };

export interface KvRate {
  readonly operations: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const WARM_UP_MS = 300;
const ROWS_PER_FILL = 100;
const STOP_GRACE_MS = 5_000;
/** Of the cluster: the proof costs what it costs in real life. */
const BENCH_SECRET = Uint8Array.from({ length: 32 }, (_, i) => 5 * i);
const encoder = new TextEncoder();

function keyOf(n: number): Uint8Array {
  return encoder.encode(`bench/${String(n).padStart(8, "0")}`);
}

async function start(options: KvNodeOptions): Promise<{ front: NodeKv; metrics: () => Promise<string> }> {
  const die = (message: string): void => {
    console.error(message);
    process.exit(1);
  };
  const flags = new Map([
    ["node-id", options.nodeId],
    ["data-dir", options.dataDir],
    ["initial-cluster", options.initialCluster],
    ["log-level", "warn"],
  ]);
  const { config } = loadConfig(flags, {});
  const topology = topologyOf(config);
  prepareDataDirectory(config.dataDir, { warn: console.warn });
  let identity = loadIdentity(
    config.dataDir,
    { nodeId: config.nodeId, initialClusterId: clusterIdOf(topology.initialCluster), joins: false },
    systemRandom,
  );
  identity = addIncarnation(config.dataDir, identity, systemRandom);
  const log = createLogger({ thread: "front", level: "warn", format: "logfmt" });
  const metrics = new ThreadMetrics("front");
  const threads = makeThreads({ config, identity, topology, secrets: [BENCH_SECRET], onDeath: die });
  const { clientId, consensus, store } = threads.gateways[0];
  const shared = { published: threads.published, clock: systemClock, timers: systemTimers, metrics, log };
  const front = new NodeKv({
    control: {
      ...shared,
      consensus: threads.consensus,
      store: threads.store,
      gracePeriodMs: config.gcGracePeriodMs,
      diskReserveBytes: 0,
      freeDiskBytes: () => Number.MAX_SAFE_INTEGER,
      formed: identity.roster !== undefined || topology.initialCluster.length === 1,
      keepIncarnations: () => {},
      keepRoster: (clusterId, met) => {
        identity = keepRoster(config.dataDir, identity, clusterId, met);
      },
      onFenced: die,
      onFatal: die,
    },
    gateways: [
      {
        ...shared,
        clientId,
        consensus,
        store,
        openReader: threads.openReader,
        maxTxnBytes: config.raftMaxSizePerMsg,
      },
    ],
  });
  front.start();
  await threads.start();
  identity = markInitialized(config.dataDir, identity);
  await front.cluster.whenFormed();
  front.keyspaceOpen();
  await front.whenReadable();
  const own = { thread: "front", collect: () => metrics.collect() };
  return { front, metrics: () => collectMetrics([own, ...threads.metricsSources]) };
}

/** So many at a time, for so long; the first ones are not counted. */
async function measure(inFlight: number, ms: number, once: (n: number) => Promise<unknown>): Promise<KvRate> {
  const latencies = new LatencyHistogram();
  let operations = 0;
  let next = 0;
  const countFrom = performance.now() + WARM_UP_MS;
  const until = countFrom + ms;
  const work = async (): Promise<void> => {
    for (;;) {
      const begin = performance.now();
      if (begin >= until) return;
      await once(next++);
      const end = performance.now();
      if (begin < countFrom || end > until) continue;
      operations++;
      latencies.record(end - begin);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, work));
  return {
    operations,
    perSecond: operations / (ms / 1000),
    p50Ms: latencies.quantile(0.5),
    p99Ms: latencies.quantile(0.99),
  };
}

async function put(front: NodeKv, keys: readonly Uint8Array[], value: Uint8Array): Promise<void> {
  const outcome = await front.kv.system.transact({
    conditions: [],
    mutations: keys.map((key) => ({ kind: "put", key, value })),
  });
  if (!outcome.ok) throw new Error("a put without a condition failed");
}

async function main(options: KvNodeOptions): Promise<void> {
  const { front, metrics } = await start(options);
  const answer = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);
  answer({ ready: true });
  for await (const line of createInterface({ input: process.stdin })) {
    const command = JSON.parse(line) as KvCommand;
    switch (command.do) {
      case "status":
        answer(front.leadership);
        break;
      case "propose": {
        const value = new Uint8Array(command.valueBytes).fill(98);
        answer(
          await measure(command.inFlight, command.ms, (n) => put(front, [keyOf(n % command.keys)], value)),
        );
        break;
      }
      case "fill": {
        const value = new Uint8Array(command.valueBytes).fill(98);
        for (let n = 0; n < command.keys; n += ROWS_PER_FILL) {
          const rows = Math.min(ROWS_PER_FILL, command.keys - n);
          await put(
            front,
            Array.from({ length: rows }, (_, i) => keyOf(n + i)),
            value,
          );
        }
        answer({ filled: command.keys });
        break;
      }
      case "read": {
        const rate = await measure(command.inFlight, command.ms, async (n) => {
          // Not in the order of the keys: 7919 is prime.
          const view = await front.kv.system.snapshot();
          const row = await view.get(keyOf((n * 7919) % command.keys));
          if (row === undefined) throw new Error("a row that was written is not there");
        });
        answer(rate);
        break;
      }
      case "metrics":
        answer({ text: await metrics() });
        break;
      case "stop":
        await front.stop(STOP_GRACE_MS);
        process.exit(0);
    }
  }
  // Whoever asked is gone.
  process.exit(0);
}

if (import.meta.main) await main(JSON.parse(process.argv[2] ?? "{}") as KvNodeOptions);
