/** With very many keys: how long a node takes to start, and what it costs the others to send a new one all of them. */
import { Cluster, waitFor } from "../../test/process/lib/cluster.ts";
import { ClusterProfile } from "../lib/cluster-profile.ts";
import { type BenchContext, BUCKET, load, membersOf } from "../lib/context.ts";
import { type Figure, plainFigure, ratioFigure } from "../lib/figure.ts";
import { fillStore, keyName } from "../lib/fill-store.ts";
import { quantileBetween } from "../lib/metrics-page.ts";
import { round } from "../lib/report.ts";

const LATENESS = "elastickv_raft_tick_lateness_seconds";
const LATENESS_LIMIT_MS = 50;
const CONNECTIONS = 16;
const BODY_BYTES = 256;
const JOIN_TIMEOUT_MS = 600_000;
/** Little log is kept, so that only a snapshot brings a new node up. */
const SNAPSHOT_COUNT = "1000";

export async function millionKeys(context: BenchContext): Promise<Figure[]> {
  const count = context.quick ? 20_000 : 1_000_000;
  const cluster = await Cluster.start({
    proxied: false,
    env: { ELASTICKV_RAFT_SNAPSHOT_COUNT: SNAPSHOT_COUNT },
  });
  try {
    await cluster.client(await cluster.leader(), 1).expect(200, "PUT", BUCKET);
    const empty = await startTimes(cluster, context.quick ? 1 : 3);
    await cluster.converged();
    await Promise.all(cluster.nodes.map(({ name }) => cluster.kill(name)));
    const begin = performance.now();
    for (const { dataDir, name } of cluster.nodes) fillStore(dataDir, name, count);
    context.log(`filled three nodes with ${count} keys in ${round((performance.now() - begin) / 1000)} s`);
    await Promise.all(cluster.nodes.map(({ name }) => cluster.spawn(name)));
    await cluster.ready();
    const full = await startTimes(cluster, context.quick ? 1 : 3);
    return [
      ratioFigure(
        `kill of a follower to ready, ${count} keys, against none`,
        "ms",
        { subject: full, limit: empty },
        { kind: "none" },
      ),
      ...(await snapshotMeanwhile(context, cluster, count)),
    ];
  } finally {
    await cluster.close();
  }
}

/** SIGKILL of a follower, and how long after its start it serves. */
async function startTimes(cluster: Cluster, rounds: number): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < rounds; i++) {
    await cluster.converged();
    const follower = cluster.others(await cluster.leader())[0]?.name ?? "";
    await cluster.kill(follower);
    times.push(await (await cluster.spawn(follower)).ready());
  }
  return times;
}

async function snapshotMeanwhile(context: BenchContext, cluster: Cluster, count: number): Promise<Figure[]> {
  const leader = cluster.node(await cluster.leader());
  const page = async (): Promise<string> => (await leader.running.admin("/metrics")).text;
  const put = (seconds: number) =>
    load({
      port: leader.s3Port,
      connections: CONNECTIONS,
      seconds,
      requests: {
        method: "PUT",
        path: `/${BUCKET}/meanwhile-`,
        keysPerConnection: 64,
        bodyBytes: BODY_BYTES,
      },
    });
  // The log of that moment must not reach back to the beginning.
  const alone = await put(context.quick ? 2 : 10);
  const { term } = await cluster.status(leader.name);
  const learner = await cluster.addNode("n4");
  const added = await cluster.command(leader.name, "add-learner", learner.peer);
  if (added.code !== 0) throw new Error(`add-learner: ${added.stderr}`);
  const before = await page();
  const profile = await ClusterProfile.begin(await membersOf(cluster));
  let joined = false;
  const begin = performance.now();
  const joining = cluster.start("n4").finally(() => {
    joined = true;
  });
  const meanwhile = [];
  while (!joined && performance.now() - begin < JOIN_TIMEOUT_MS) meanwhile.push(await put(1));
  const seconds = (performance.now() - begin) / 1000;
  const where = await profile.end();
  const after = await page();
  await joining;
  await waitFor(
    async () => (await cluster.status(leader.name)).members.find(({ id }) => id === "n4")?.lag === 0,
    JOIN_TIMEOUT_MS,
    "caught up",
  );
  const xml = await cluster.client("n4", 1).expect(200, "HEAD", `${BUCKET}/${keyName(count - 1)}`);
  if (xml.headers["content-length"] !== "0") throw new Error("the new node has not got the last key");
  const lateness = 1000 * quantileBetween(before, after, LATENESS, 0.99);
  const elections = (await cluster.status(leader.name)).term - term;
  const worst = Math.max(...meanwhile.map(({ latencyMs }) => latencyMs.p99));
  return [
    ratioFigure(
      `PUT p99 while a snapshot of ${count} keys is sent, against before`,
      "ms",
      { subject: meanwhile.map(({ latencyMs }) => latencyMs.p99), limit: [alone.latencyMs.p99] },
      { kind: "none" },
      [`worst second ${round(worst)} ms; ready after ${round(seconds)} s; ${elections} elections`, ...where],
    ),
    plainFigure("tick lateness p99 of the leader meanwhile", "ms", [lateness], {
      kind: "at-most",
      value: LATENESS_LIMIT_MS,
    }),
  ];
}
