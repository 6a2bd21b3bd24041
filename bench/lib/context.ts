/** What every case is given, and the servers it compares. */
import { join } from "node:path";
import type { Cluster } from "../../test/process/lib/cluster.ts";
import { CREDENTIALS, NodeProcess, temporaryDirectory } from "../../test/process/lib/node-process.ts";
import { threadCpuSeconds } from "../../test/process/lib/proc.ts";
import { S3Client } from "../../test/process/lib/s3-client.ts";
import { cpuCosts, type ProfiledNode } from "./cluster-profile.ts";
import { runLoad } from "./load-generator.ts";
import type { LoadPlan, LoadReport } from "./load-plan.ts";
import type { S3RequestOptions } from "./s3-requests.ts";

export interface BenchContext {
  /** Less of everything, for CI: shows that it runs, not how fast. */
  readonly quick: boolean;
  /** How often subject and limit take turns. */
  readonly rounds: number;
  readonly secondsPerSample: number;
  /** Collect CPU profiles of the node here. */
  readonly profileDirectory: string | undefined;
  log(line: string): void;
}

export const BUCKET = "bench";
export const REQUESTS = join(import.meta.dir, "s3-requests.ts");
const WARM_UP_MS = 300;

/** A fresh node with one empty bucket. The caller stops it. */
export async function startSubject(
  context: BenchContext,
  dataDir = temporaryDirectory("bench"),
): Promise<NodeProcess> {
  const profile = context.profileDirectory;
  const node = await NodeProcess.start({
    dataDir,
    env: profile === undefined ? {} : { BUN_OPTIONS: `--cpu-prof --cpu-prof-dir=${profile}` },
  });
  const client = new S3Client(node.s3Port, 2);
  await client.expect([200, 409], "PUT", BUCKET);
  client.close();
  return node;
}

/** The bare server in its own process; `stop` ends it. */
export interface BareServer {
  readonly pid: number;
  readonly port: number;
  stop(): Promise<void>;
}

export function startBare(getBytes: number): Promise<BareServer> {
  return startServer("bare-server.ts", String(getBytes));
}

/** @param script a file of this folder that prints its port */
export async function startServer(script: string, argument: string): Promise<BareServer> {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, script), argument], {
    stdout: "pipe",
    stderr: "inherit",
  });
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  reader.releaseLock();
  const port = Number(new TextDecoder().decode(value).trim());
  if (!(port > 0)) throw new Error("the bare server did not say its port");
  return {
    pid: child.pid,
    port,
    async stop() {
      child.kill();
      await child.exited;
    },
  };
}

export interface LoadOptions {
  readonly port: number;
  readonly connections: number;
  /** Either so long, or so many requests. */
  readonly seconds?: number;
  readonly count?: number;
  readonly requests: Omit<S3RequestOptions, "credentials">;
}

/** @throws Error when any answer was not 200: a bench of refusals says nothing. */
export async function load(options: LoadOptions): Promise<LoadReport> {
  const requests: S3RequestOptions = { ...options.requests, credentials: CREDENTIALS };
  const plan: LoadPlan = {
    host: "127.0.0.1",
    port: options.port,
    connections: options.connections,
    requestModule: REQUESTS,
    options: requests,
    ...(options.count === undefined
      ? { durationMs: (options.seconds ?? 1) * 1000, warmupMs: WARM_UP_MS }
      : { count: options.count }),
  };
  const report = await runLoad(plan);
  const statuses = Object.keys(report.statuses);
  if (report.errors > 0 || statuses.some((status) => status !== "200")) {
    throw new Error(
      `load failed: ${JSON.stringify(report.statuses)} ${report.errors} errors, ${report.firstError}`,
    );
  }
  if (report.requests === 0) throw new Error("load failed: no request ended in time");
  return report;
}

/**
 * Runs a load and says which threads of the node paid for it, in CPU microseconds a request ("elastickv" is the front;
 * Workers are numbered as threads start: store, log, snapshot, consensus, then hashing).
 */
export async function loadNode(
  node: NodeProcess,
  options: Omit<LoadOptions, "port">,
): Promise<{ readonly report: LoadReport; readonly cpu: string }> {
  const before = threadCpuSeconds(node.pid);
  const report = await load({ ...options, port: node.s3Port });
  const after = threadCpuSeconds(node.pid);
  // Requests of the warm-up are not counted, but their CPU is.
  const warmUp = options.count === undefined ? WARM_UP_MS / 1000 : 0;
  const requests = report.requestsPerSecond * (report.seconds + warmUp);
  return { report, cpu: `CPU of the node ${cpuCosts(before, after, requests, "request").text}` };
}

/** Of a cluster of binaries, with who leads at this moment. */
export async function membersOf(cluster: Cluster): Promise<ProfiledNode[]> {
  const leader = await cluster.leader();
  return cluster.nodes
    .filter(({ isRunning }) => isRunning)
    .map(({ name, running }) => ({
      name,
      pid: running.pid,
      leads: name === leader,
      metrics: async () => (await running.admin("/metrics")).text,
    }));
}

/** The value of a counter or histogram part in /metrics, summed over its labels. */
export async function metric(node: NodeProcess, name: string): Promise<number> {
  const { text } = await node.admin("/metrics");
  const lines = text.split("\n").filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  if (lines.length === 0) throw new Error(`/metrics has no ${name}`);
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}
