/**
 * `bun bench/paired.ts OTHER [--rounds N] [--only put,signed,get,put-large,get-large]`: this tree's binary and another one (an older
 * release's, another branch's) take turns, one node each on the same disk. Ratios of rate and of the node's CPU a request: this / other, the
 * median of the rounds' ratios, so that what slows the machine for a while slows both.
 *
 * With `--minio`, OTHER is a binary of MinIO, which serves one directory. With `--floor` there is no OTHER: the other side is the least that a
 * server of this runtime can do with large objects (lib/floor-server.ts); only for put-large and get-large.
 */
import { parseArgs } from "node:util";
import {
  CREDENTIALS,
  freePorts,
  LOOPBACK,
  NodeProcess,
  serverCommand,
  temporaryDirectory,
} from "../test/process/lib/node-process.ts";
import { threadCpuSeconds } from "../test/process/lib/proc.ts";
import { S3Client } from "../test/process/lib/s3-client.ts";
import { BUCKET, type LoadOptions, load, startServer } from "./lib/context.ts";
import { median } from "./lib/figure.ts";

const SMALL = { path: `/${BUCKET}/small-`, keysPerConnection: 256 } as const;
const LARGE = { path: `/${BUCKET}/large-`, keysPerConnection: 4 } as const;
const LARGE_BYTES = 64 << 20;

const CASES: Readonly<Record<string, Omit<LoadOptions, "port">>> = {
  put: { connections: 64, seconds: 2, requests: { ...SMALL, method: "PUT", bodyBytes: 4096 } },
  signed: {
    connections: 64,
    seconds: 2,
    requests: { ...SMALL, method: "PUT", bodyBytes: 4096, signBody: true },
  },
  get: { connections: 64, seconds: 2, requests: { ...SMALL, method: "GET" } },
  "put-large": { connections: 4, count: 8, requests: { ...LARGE, method: "PUT", bodyBytes: LARGE_BYTES } },
  "get-large": {
    connections: 4,
    seconds: 2,
    requests: { method: "GET", path: `/${BUCKET}/large-0-0`, keysPerConnection: 0 },
  },
};

interface Subject {
  readonly pid: number;
  readonly s3Port: number;
  stop(): Promise<unknown>;
}

interface Sample {
  readonly rate: number;
  /** CPU microseconds a request, all threads. */
  readonly cpuUs: number;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "7" },
    only: { type: "string", default: Object.keys(CASES).join(",") },
    minio: { type: "boolean", default: false },
    floor: { type: "boolean", default: false },
  },
});
const [other] = positionals;
if ((other === undefined) !== values.floor)
  throw new Error(
    "usage: bun bench/paired.ts (OTHER_BINARY [--minio] | --floor) [--rounds N] [--only CASES]",
  );
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1)
  throw new Error(`--rounds ${values.rounds}: not a number of rounds`);

const subjects = [await startNode(serverCommand()), await startOther(other)] as const;
try {
  for (const node of subjects) {
    // All keys exist, and both sides are warm.
    const requests = { ...SMALL, method: "PUT", bodyBytes: 4096, once: true } as const;
    await load({ port: node.s3Port, connections: 64, count: 64 * 256, requests });
    const large = { ...LARGE, method: "PUT", bodyBytes: LARGE_BYTES } as const;
    await load({ port: node.s3Port, connections: 4, count: 4, requests: large });
  }
  for (const name of values.only.split(",")) {
    const options = CASES[name];
    if (options === undefined) throw new Error(`--only: no case "${name}"`);
    const pairs: (readonly [Sample, Sample])[] = [];
    for (let round = 0; round < rounds; round++) {
      const [mine, others] = subjects;
      const first = round % 2 === 0 ? mine : others;
      const second = first === mine ? others : mine;
      const one = await sample(first, options);
      const two = await sample(second, options);
      pairs.push(first === mine ? [one, two] : [two, one]);
    }
    const ratio = (of: (sample: Sample) => number): string =>
      median(pairs.map(([mine, others]) => of(mine) / of(others))).toFixed(3);
    const shown = (of: (sample: Sample) => number): string =>
      [0, 1].map((i) => median(pairs.map((pair) => of(pair[i] as Sample))).toFixed(1)).join(" / ");
    console.log(
      `${name.padEnd(10)} rate ${ratio(({ rate }) => rate)} (${shown(({ rate }) => rate)} req/s)   ` +
        `CPU ${ratio(({ cpuUs }) => cpuUs)} (${shown(({ cpuUs }) => cpuUs)} us a request)`,
    );
  }
} finally {
  await Promise.all(subjects.map((node) => node.stop()));
}

async function startNode(command: readonly string[]): Promise<Subject> {
  const node = await NodeProcess.start({ dataDir: temporaryDirectory("paired"), command });
  await makeBucket(node.s3Port);
  return node;
}

async function startOther(command: string | undefined): Promise<Subject> {
  if (command === undefined) {
    const { pid, port, stop } = await startServer("floor-server.ts", temporaryDirectory("floor"));
    return { pid, s3Port: port, stop };
  }
  if (!values.minio) return startNode([command]);
  const [s3Port = 0, consolePort = 0] = await freePorts(2);
  const [address, ui] = [`${LOOPBACK}:${s3Port}`, `${LOOPBACK}:${consolePort}`];
  const server = Bun.spawn(
    [
      command,
      "server",
      "--quiet",
      "--address",
      address,
      "--console-address",
      ui,
      temporaryDirectory("minio"),
    ],
    {
      env: {
        ...process.env,
        MINIO_ROOT_USER: CREDENTIALS.accessKey,
        MINIO_ROOT_PASSWORD: CREDENTIALS.secretKey,
      },
      stdout: "ignore",
      stderr: "ignore",
    },
  );
  const stop = (): Promise<number> => {
    server.kill();
    return server.exited;
  };
  const deadline = Date.now() + 30_000;
  for (;;) {
    try {
      await makeBucket(s3Port);
      return { pid: server.pid, s3Port, stop };
    } catch (error) {
      if (Date.now() > deadline || server.exitCode !== null) {
        await stop();
        throw error;
      }
      await Bun.sleep(200);
    }
  }
}

async function makeBucket(port: number): Promise<void> {
  const client = new S3Client(port, 1);
  try {
    await client.expect([200, 409], "PUT", BUCKET);
  } finally {
    client.close();
  }
}

async function sample(node: Subject, options: Omit<LoadOptions, "port">): Promise<Sample> {
  const before = cpuSeconds(node.pid);
  const report = await load({ ...options, port: node.s3Port });
  const warmUpSeconds = options.count === undefined ? 0.3 : 0;
  const requests = report.requestsPerSecond * (report.seconds + warmUpSeconds);
  return { rate: report.requestsPerSecond, cpuUs: ((cpuSeconds(node.pid) - before) * 1e6) / requests };
}

function cpuSeconds(pid: number): number {
  let sum = 0;
  for (const seconds of threadCpuSeconds(pid).values()) sum += seconds;
  return sum;
}
