/** Content beside the log: what the log, the disk and the memory of a node pay for large objects. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Cluster } from "../../test/process/lib/cluster.ts";
import { CREDENTIALS, type NodeProcess, temporaryDirectory } from "../../test/process/lib/node-process.ts";
import { S3Client } from "../../test/process/lib/s3-client.ts";
import { type BenchContext, BUCKET, load, metric, REQUESTS, startSubject } from "../lib/context.ts";
import { type Figure, plainFigure, ratioFigure, type Samples } from "../lib/figure.ts";
import { runLoad } from "../lib/load-generator.ts";
import { appendLimit } from "./large-objects.ts";

const MIB = 1 << 20;
const LARGE = {
  method: "PUT",
  path: `/${BUCKET}/large-`,
  keysPerConnection: 4,
  bodyBytes: 64 * MIB,
} as const;

function writtenBytes(node: NodeProcess): number {
  const io = readFileSync(`/proc/${node.pid}/io`, "utf8");
  return Number(/^write_bytes: (\d+)$/m.exec(io)?.[1]);
}

function rssMiB(node: NodeProcess): number {
  const status = readFileSync(`/proc/${node.pid}/status`, "utf8");
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}

export async function blobs(context: BenchContext): Promise<Figure[]> {
  return [...(await oneNode(context)), ...(await threeNodes(context)), ...(await crowd(context))];
}

async function oneNode(context: BenchContext): Promise<Figure[]> {
  const node = await startSubject(context, join(temporaryDirectory("bench-blobs"), "data"));
  const count = context.quick ? 4 : 16;
  const bytes = count * LARGE.bodyBytes;
  try {
    const log: number[] = [];
    const disk: number[] = [];
    for (let i = 0; i < (context.quick ? 1 : 3); i++) {
      const [logBefore, diskBefore] = [
        await metric(node, "elastickv_wal_written_bytes_total"),
        writtenBytes(node),
      ];
      await load({ port: node.s3Port, connections: 4, count, requests: LARGE });
      // The last records of the index, and checkpoints.
      await Bun.sleep(2_000);
      log.push(
        (((await metric(node, "elastickv_wal_written_bytes_total")) - logBefore) / bytes) * 1024 * 1024,
      );
      disk.push((writtenBytes(node) - diskBefore) / bytes);
    }
    const small: number[] = [];
    const quarter = {
      ...LARGE,
      path: `/${BUCKET}/quarter-`,
      bodyBytes: 256 << 10,
      keysPerConnection: 64,
    } as const;
    const objects = context.quick ? 256 : 2_048;
    const before = writtenBytes(node);
    await load({ port: node.s3Port, connections: 16, count: objects, requests: quarter });
    await Bun.sleep(2_000);
    small.push((writtenBytes(node) - before) / (objects * quarter.bodyBytes));
    return [
      plainFigure("log bytes per GiB uploaded (64 MiB objects)", "KiB", log, { kind: "at-most", value: 128 }),
      plainFigure("disk bytes written per byte stored, 64 MiB objects", "", disk, {
        kind: "at-most",
        value: 1.1,
      }),
      plainFigure("the same, 256 KiB objects: one chunk, one commit each", "", small, { kind: "none" }),
    ];
  } finally {
    await node.stop();
  }
}

async function threeNodes(context: BenchContext): Promise<Figure[]> {
  const directory = temporaryDirectory("bench-blobs-3");
  const cluster = await Cluster.start({ proxied: false });
  const samples: Samples = { subject: [], limit: [] };
  const count = context.quick ? 4 : 12;
  try {
    const leader = cluster.node(await cluster.leader()).running;
    await makeBucket(leader);
    for (let i = 0; i < context.rounds; i++) {
      samples.limit.push((await appendLimit(directory, count * LARGE.bodyBytes)) / 3);
      const report = await load({ port: leader.s3Port, connections: 4, count, requests: LARGE });
      samples.subject.push(report.megabytesPerSecond);
    }
  } finally {
    await cluster.close();
  }
  const name = "PUT 64 MiB to three processes, against a third of the append rate of their disk";
  return [ratioFigure(name, "MB/s", samples, { kind: "at-least", value: 0.8 })];
}

/** Many clients at one node while a follower does not answer: refusals, and no process above its memory. */
async function crowd(context: BenchContext): Promise<Figure[]> {
  const uploads = context.quick ? 32 : 256;
  const bodyBytes = (context.quick ? 8 : 64) * MIB;
  const cluster = await Cluster.start({ proxied: false });
  try {
    const leader = await cluster.leader();
    const node = cluster.node(leader).running;
    await makeBucket(node);
    const [follower] = cluster.others(leader);
    if (follower === undefined) throw new Error("a cluster of one");
    const loading = runLoad({
      host: "127.0.0.1",
      port: node.s3Port,
      connections: uploads,
      count: uploads,
      requestModule: REQUESTS,
      options: {
        ...LARGE,
        path: `/${BUCKET}/crowd-`,
        keysPerConnection: 1,
        bodyBytes,
        credentials: CREDENTIALS,
      },
    });
    await Bun.sleep(1_000);
    cluster.pause(follower.name);
    await Bun.sleep(context.quick ? 3_000 : 20_000);
    cluster.resume(follower.name);
    const report = await loading;
    const peaks = cluster.nodes.map(({ running }) => rssMiB(running));
    const notes = [
      `answers ${JSON.stringify(report.statuses)}, ${report.errors} closed in the middle; peaks ${peaks.map((mib) => mib.toFixed(0)).join(", ")} MiB`,
    ];
    const name = `largest RSS of three processes, ${uploads} uploads of ${bodyBytes / MIB} MiB at one, a follower stopped for a while`;
    return [plainFigure(name, "MiB", [Math.max(...peaks)], { kind: "at-most", value: 512 }, notes)];
  } finally {
    await cluster.close();
  }
}

async function makeBucket(node: NodeProcess): Promise<void> {
  const client = new S3Client(node.s3Port, 2);
  await client.expect([200, 409], "PUT", BUCKET);
  client.close();
}
