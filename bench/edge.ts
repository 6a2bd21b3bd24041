/**
 * The edge against a bare node:http server, both behind the same load generator:
 *
 *   bun bench/edge.ts [seconds per run, default 2] [rounds, default 3]
 *
 * Each figure is the median over the rounds, servers taking turns, so that a busy machine slows all alike. The ratio
 * is throughput against the bare server of the same round. CPU is what the server's process used per request.
 */
import { readFileSync } from "node:fs";
import { runLoad } from "./lib/load-generator.ts";
import type { LoadReport } from "./lib/load-plan.ts";
import type { SignedRequestOptions } from "./lib/signed-requests.ts";

const SERVERS = ["bare", "edge", "auth"] as const;
type Server = (typeof SERVERS)[number];

interface Scenario {
  readonly name: string;
  readonly connections: number;
  readonly request: SignedRequestOptions;
}

const SCENARIOS: readonly Scenario[] = [
  { name: "GET 4 KiB", connections: 64, request: { method: "GET", target: "/bench/small" } },
  { name: "PUT 4 KiB", connections: 64, request: { method: "PUT", target: "/bench/small", bodyBytes: 4096 } },
  { name: "GET 64 MiB", connections: 4, request: { method: "GET", target: "/bench/large" } },
  {
    name: "PUT 64 MiB",
    connections: 4,
    request: { method: "PUT", target: "/bench/large", bodyBytes: 64 << 20 },
  },
];

interface Figure {
  readonly scenario: string;
  readonly server: Server;
  readonly requestsPerSecond: number;
  readonly megabytesPerSecond: number;
  readonly p99Ms: number;
  readonly cpuMicrosecondsPerRequest: number;
  readonly errors: number;
}

async function measure(scenario: Scenario, server: Server, seconds: number): Promise<Figure> {
  const script = new URL("./lib/edge-servers.ts", import.meta.url).pathname;
  const child = Bun.spawn([process.execPath, script, server], { stdout: "pipe", stderr: "inherit" });
  try {
    const port = await readPort(child.stdout);
    const before = cpuSeconds(child.pid);
    const report: LoadReport = await runLoad({
      host: "127.0.0.1",
      port,
      connections: scenario.connections,
      durationMs: seconds * 1000,
      warmupMs: 300,
      requestModule: new URL("./lib/signed-requests.ts", import.meta.url).pathname,
      options: scenario.request,
    });
    const cpu = cpuSeconds(child.pid) - before;
    // The CPU clock also ran during the warm-up.
    const share = seconds / (seconds + 0.3);
    return {
      scenario: scenario.name,
      server,
      requestsPerSecond: report.requestsPerSecond,
      megabytesPerSecond: report.megabytesPerSecond,
      p99Ms: report.latencyMs.p99,
      cpuMicrosecondsPerRequest: (cpu * share * 1e6) / Math.max(1, report.requests),
      errors: report.errors + badAnswers(report),
    };
  } finally {
    child.kill();
    await child.exited;
  }
}

function badAnswers(report: LoadReport): number {
  return Object.entries(report.statuses).reduce((sum, [status, n]) => (status === "200" ? sum : sum + n), 0);
}

async function readPort(stdout: ReadableStream<Uint8Array>): Promise<number> {
  const reader = stdout.getReader();
  const { value } = await reader.read();
  const port = Number(new TextDecoder().decode(value).trim());
  if (!Number.isInteger(port)) throw new Error("the server did not say its port");
  return port;
}

/** User and system time of a process: fields 14 and 15 of /proc/pid/stat, in ticks of 10 ms. */
function cpuSeconds(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, "latin1");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

async function main(seconds: number, rounds: number): Promise<void> {
  const figures: Figure[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const scenario of SCENARIOS) {
      for (const server of SERVERS) figures.push(await measure(scenario, server, seconds));
    }
  }
  const rows = SCENARIOS.flatMap((scenario) =>
    SERVERS.map((server) => {
      const of = (which: Server): Figure[] =>
        figures.filter((figure) => figure.scenario === scenario.name && figure.server === which);
      const mine = of(server);
      const bare = of("bare");
      const ratios = mine.map(
        (figure, i) => figure.requestsPerSecond / (bare[i]?.requestsPerSecond ?? Number.NaN),
      );
      return {
        scenario: scenario.name,
        server,
        "req/s": Number(median(mine.map((f) => f.requestsPerSecond)).toFixed(1)),
        "MB/s": Math.round(median(mine.map((f) => f.megabytesPerSecond))),
        "p99 ms": Number(median(mine.map((f) => f.p99Ms)).toFixed(2)),
        "cpu us/req": Number(median(mine.map((f) => f.cpuMicrosecondsPerRequest)).toFixed(1)),
        ratio: Number(median(ratios).toFixed(2)),
        errors: mine.reduce((sum, f) => sum + f.errors, 0),
      };
    }),
  );
  console.table(rows);
  console.log(JSON.stringify({ bench: "edge", seconds, rounds, rows }));
}

if (import.meta.main) await main(Number(process.argv[2] ?? 2), Number(process.argv[3] ?? 3));
