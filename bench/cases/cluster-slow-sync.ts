/** Ticks, and so heartbeats, are not late because of S3, SQLite or the disk: the load saturates, and every fsync of every log takes
 *  half a second (ELASTICKV_TEST_FSYNC_DELAY_MS). */
import { Cluster } from "../../test/process/lib/cluster.ts";
import { ClusterProfile } from "../lib/cluster-profile.ts";
import { type BenchContext, BUCKET, load, membersOf } from "../lib/context.ts";
import { type Figure, plainFigure } from "../lib/figure.ts";
import { quantileBetween } from "../lib/metrics-page.ts";
import { round } from "../lib/report.ts";

const DELAY_MS = 500;
const CONNECTIONS = 256;
const BODY_BYTES = 4096;
const LATENESS = "elastickv_raft_tick_lateness_seconds";
const LIMIT_MS = 50;

export async function slowSync(context: BenchContext): Promise<Figure[]> {
  const cluster = await Cluster.start({
    proxied: false,
    env: { ELASTICKV_TEST_FSYNC_DELAY_MS: String(DELAY_MS) },
  });
  try {
    const leader = cluster.node(await cluster.leader());
    await cluster.client(leader.name, 1).expect(200, "PUT", BUCKET);
    const { term } = await cluster.status(leader.name);
    const metrics = async (): Promise<string[]> =>
      Promise.all(cluster.nodes.map(async ({ running }) => (await running.admin("/metrics")).text));
    const before = await metrics();
    const profile = await ClusterProfile.begin(await membersOf(cluster));
    const report = await load({
      port: leader.s3Port,
      connections: CONNECTIONS,
      seconds: context.quick ? 3 : 30,
      requests: { method: "PUT", path: `/${BUCKET}/slow-`, keysPerConnection: 16, bodyBytes: BODY_BYTES },
    });
    const where = await profile.end();
    const after = await metrics();
    const lateness = before.map((page, i) => 1000 * quantileBetween(page, after[i] ?? "", LATENESS, 0.99));
    const elections = (await cluster.status(await cluster.leader())).term - term;
    return [
      plainFigure(
        `tick lateness p99, worst node, ${CONNECTIONS} PUTs in flight and a ${DELAY_MS} ms fsync`,
        "ms",
        [Math.max(...lateness)],
        { kind: "at-most", value: LIMIT_MS },
        [
          `upper bounds of histogram buckets: ${lateness.map((ms) => round(ms)).join(", ")} ms; ` +
            `${round(report.requestsPerSecond)} PUT/s, p99 ${round(report.latencyMs.p99)} ms; ${elections} elections`,
          ...where,
        ],
      ),
    ];
  } finally {
    await cluster.close();
  }
}
