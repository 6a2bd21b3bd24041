/**
 * Committed proposals of 256 bytes per second on three processes, with and without S3 in front, against what one file on the same
 * disk gives: its fdatasync rate, times as many entries as shared an fsync of the leader's log. And lease reads against bare SQLite.
 */

import { Cluster } from "../../test/process/lib/cluster.ts";
import { temporaryDirectory } from "../../test/process/lib/node-process.ts";
import { bareLimit } from "../lib/bare-limits.ts";
import { ClusterProfile, type ProfiledNode } from "../lib/cluster-profile.ts";
import { type BenchContext, BUCKET, load, membersOf } from "../lib/context.ts";
import { type Figure, ratioFigure, type Samples } from "../lib/figure.ts";
import { KvCluster } from "../lib/kv-cluster.ts";
import { counterOf } from "../lib/metrics-page.ts";
import { round } from "../lib/report.ts";

const VALUE_BYTES = 256;
/** What an entry takes in the log beside its value: header, key, command, record. */
const ENTRY_BYTES = VALUE_BYTES + 128;
const WIDTHS = [1, 16, 256];
const KEYS = 10_000;
const READERS = 64;

interface Rate {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

interface Subject {
  readonly name: string;
  /** @param width requests in flight */
  propose(width: number, seconds: number): Promise<Rate>;
  /** Of the leader. */
  metrics(): Promise<string>;
  members(): Promise<readonly ProfiledNode[]>;
}

export async function proposals(given: BenchContext): Promise<Figure[]> {
  const context = given.quick ? { ...given, rounds: 1, secondsPerSample: 0.5 } : given;
  return [...(await withoutS3(context)), ...(await throughS3(context))];
}

async function withoutS3(context: BenchContext): Promise<Figure[]> {
  const cluster = await KvCluster.start();
  try {
    await cluster.fill(VALUE_BYTES, KEYS);
    const figures = await writes(context, {
      name: "kv, no S3",
      propose: (width, seconds) => cluster.propose(width, VALUE_BYTES, KEYS, seconds),
      metrics: () => cluster.metrics(),
      members: () => cluster.members(),
    });
    return [...figures, await reads(context, cluster)];
  } finally {
    await cluster.stop();
  }
}

async function throughS3(context: BenchContext): Promise<Figure[]> {
  const cluster = await Cluster.start({ proxied: false });
  try {
    const leader = cluster.node(await cluster.leader());
    await cluster.client(leader.name, 1).expect(200, "PUT", BUCKET);
    return await writes(context, {
      name: "S3 PUT at the leader",
      propose: async (width, seconds) => {
        const report = await load({
          port: leader.s3Port,
          connections: width,
          seconds,
          requests: {
            method: "PUT",
            path: `/${BUCKET}/w${width}-`,
            keysPerConnection: Math.ceil(KEYS / width),
            bodyBytes: VALUE_BYTES,
          },
        });
        const { p50, p99 } = report.latencyMs;
        return { perSecond: report.requestsPerSecond, p50Ms: p50, p99Ms: p99 };
      },
      metrics: async () => (await leader.running.admin("/metrics")).text,
      members: () => membersOf(cluster),
    });
  } finally {
    await cluster.close();
  }
}

async function writes(context: BenchContext, subject: Subject): Promise<Figure[]> {
  const directory = temporaryDirectory("bench-sync");
  const seconds = context.secondsPerSample;
  const figures: Figure[] = [];
  for (const width of WIDTHS) {
    const rates: Samples = { subject: [], limit: [] };
    const latencies: Samples = { subject: [], limit: [] };
    const batches: number[] = [];
    const p99: number[] = [];
    let where: string[] = [];
    for (let i = 0; i < context.rounds; i++) {
      const before = await subject.metrics();
      const profile = await ClusterProfile.begin(await subject.members());
      const rate = await subject.propose(width, seconds);
      where = await profile.end();
      const after = await subject.metrics();
      const grown = (name: string): number => counterOf(after, name) - counterOf(before, name);
      const batch = grown("elastickv_wal_entries_total") / grown("elastickv_wal_fsync_seconds_count");
      const bytes = Math.round(ENTRY_BYTES * Math.max(1, batch));
      const sync = await bareLimit({ what: "sync", directory, bytes, seconds });
      rates.subject.push(rate.perSecond);
      rates.limit.push(sync.perSecond * Math.max(1, batch));
      batches.push(batch);
      p99.push(rate.p99Ms);
      if (width > 1) continue;
      const trip = await bareLimit({ what: "round-trip", bytes: ENTRY_BYTES, seconds });
      latencies.subject.push(rate.p50Ms);
      latencies.limit.push(sync.p50Ms + trip.p50Ms);
    }
    const name = `${subject.name}: ${VALUE_BYTES} B proposals, ${width} in flight`;
    const figure = ratioFigure(name, "/s", rates, { kind: "none" }, [
      `limit: fdatasync rate x ${batches.map(round).join(", ")} entries an fsync; p99 ${p99.map(round).join(", ")} ms`,
      ...where,
    ]);
    context.log(`${name}: ${round(figure.subject)}/s, ratio ${round(figure.value)}`);
    figures.push(figure);
    if (width > 1) continue;
    const latency = `${subject.name}: latency of one, against fdatasync + loopback round trip`;
    figures.push(ratioFigure(latency, "ms", latencies, { kind: "none" }));
  }
  return figures;
}

async function reads(context: BenchContext, cluster: KvCluster): Promise<Figure> {
  const directory = temporaryDirectory("bench-reads");
  const seconds = context.secondsPerSample;
  const samples: Samples = { subject: [], limit: [] };
  const before = await cluster.metrics();
  let where: string[] = [];
  for (let i = 0; i < context.rounds; i++) {
    const bare = await bareLimit({ what: "point-reads", directory, rows: KEYS, bytes: VALUE_BYTES, seconds });
    samples.limit.push(bare.perSecond);
    const profile = await ClusterProfile.begin(await cluster.members());
    const { perSecond } = await cluster.read(READERS, KEYS, seconds);
    where = await profile.end({ what: "read", count: perSecond * seconds });
    samples.subject.push(perSecond);
  }
  const after = await cluster.metrics();
  const grown = (name: string): number => countOr0(after, name) - countOr0(before, name);
  return ratioFigure(
    "kv, no S3: lease reads of one row, against bare SQLite point reads",
    "/s",
    samples,
    { kind: "none" },
    [`read-index rounds meanwhile: ${grown("elastickv_raft_read_index_rounds_total")}`, ...where],
  );
}

function countOr0(page: string, name: string): number {
  return page.includes(`\n${name}`) ? counterOf(page, name) : 0;
}
