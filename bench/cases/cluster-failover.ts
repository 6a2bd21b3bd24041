/** From SIGKILL of the leader to the next acknowledged PUT at another node. */
import { Cluster } from "../../test/process/lib/cluster.ts";
import { type BenchContext, BUCKET } from "../lib/context.ts";
import { type Figure, ratioFigure } from "../lib/figure.ts";
import { round } from "../lib/report.ts";

/** Ten ticks of 100 ms; a node waits for one to two of these. */
const ELECTION_TIMEOUT_MS = 1_000;
const GIVE_UP_MS = 30_000;

export async function failover(context: BenchContext): Promise<Figure[]> {
  const rounds = context.quick ? 3 : 20;
  const cluster = await Cluster.start({ proxied: false });
  const times: number[] = [];
  const elections: number[] = [];
  try {
    await cluster.client(await cluster.leader(), 1).expect(200, "PUT", BUCKET);
    for (let i = 0; i < rounds; i++) {
      const leader = await cluster.leader();
      const survivor = cluster.others(leader)[i % 2]?.name ?? "";
      const client = cluster.client(survivor, 64);
      await client.expect(200, "PUT", `${BUCKET}/before`, { body: "x" });
      const { term } = await cluster.status(survivor);
      const begin = performance.now();
      cluster.node(leader).running.signal("SIGKILL");
      times.push(
        (await firstAcknowledged(() => client.call("PUT", `${BUCKET}/after`, { body: "x" }))) - begin,
      );
      client.close();
      // More than one: votes were split, or a first candidate could not win.
      elections.push((await cluster.status(survivor)).term - term);
      await cluster.node(leader).running.exitCode();
      await cluster.start(leader);
      await cluster.converged();
    }
  } finally {
    await cluster.close();
  }
  const worst = Math.max(...times);
  const limit = [ELECTION_TIMEOUT_MS];
  const notes = [
    `all: ${times.map((ms) => round(ms)).join(", ")} ms; terms it took: ${elections.join(", ")}`,
    `a follower waits for ${ELECTION_TIMEOUT_MS} to ${2 * ELECTION_TIMEOUT_MS} ms before it stands; what is beyond the first of them is work`,
  ];
  return [
    ratioFigure(
      `SIGKILL of the leader to the next PUT, median of ${rounds}, against the election timeout`,
      "ms",
      { subject: times, limit },
      { kind: "at-most", value: 2 },
      notes,
    ),
    ratioFigure("the same, worst", "ms", { subject: [worst], limit }, { kind: "at-most", value: 4 }),
  ];
}

/** A new request every few milliseconds, none waiting for another: the first that is answered counts. */
function firstAcknowledged(put: () => Promise<{ readonly status: number }>): Promise<number> {
  return new Promise((done, failed) => {
    const stop = (): void => {
      clearInterval(timer);
      clearTimeout(late);
    };
    const timer = setInterval(() => {
      put().then(
        ({ status }) => {
          if (status !== 200) return;
          stop();
          done(performance.now());
        },
        () => undefined,
      );
    }, 20);
    const late = setTimeout(() => {
      stop();
      failed(new Error(`no PUT was acknowledged within ${GIVE_UP_MS} ms after the leader was killed`));
    }, GIVE_UP_MS);
  });
}
