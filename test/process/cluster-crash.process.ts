/** Processes that die and come back, one at a time and all at once, under load at every endpoint. */
import { expect, test } from "bun:test";
import { waitFor, withCluster } from "./lib/cluster.ts";
import { isConnectionLost } from "./lib/load.ts";
import { RegisterLoad } from "./lib/register-load.ts";

test("SIGKILL of the leader, then of a follower: the others go on, and both come back", async () => {
  await withCluster({}, async (cluster) => {
    const load = await RegisterLoad.start(cluster);
    await load.progress();
    const leader = await cluster.leader();
    await cluster.kill(leader);
    await load.progress();
    const next = await cluster.leader(cluster.others(leader).map(({ name }) => name));
    expect(next).not.toBe(leader);
    await cluster.start(leader);
    await load.progress();
    const follower = cluster.others(await cluster.leader())[0]?.name ?? "";
    await cluster.kill(follower);
    await load.progress();
    await cluster.start(follower);
    await load.progress();
    await cluster.converged();
    const { counts } = await load.finish();
    expect(counts.conditionFailed).toBeGreaterThan(0);
  });
}, 120_000);

test("two of three are gone: nothing is acknowledged; with one of them back it goes on", async () => {
  await withCluster({}, async (cluster) => {
    const load = await RegisterLoad.start(cluster);
    await load.progress();
    const leader = await cluster.leader();
    const [first, second] = cluster.others(leader).map(({ name }) => name);
    await Promise.all([cluster.kill(first ?? ""), cluster.kill(second ?? "")]);
    const killedAtMs = performance.now();
    await Bun.sleep(2_000);
    // What was committed just before may still be answered just after.
    expect(load.lastAcknowledgedMs).toBeLessThan(killedAtMs + 1_000);
    await cluster.spawn(first ?? "");
    await load.progress();
    await cluster.start(second ?? "");
    await cluster.converged();
    await load.finish();
  });
}, 120_000);

test("all are killed at once, and started again: everything acknowledged is there", async () => {
  await withCluster({}, async (cluster) => {
    const load = await RegisterLoad.start(cluster);
    await load.progress(60);
    for (let round = 0; round < 2; round++) {
      await Promise.all(cluster.nodes.map(({ name }) => cluster.kill(name)));
      await Promise.all(cluster.nodes.map(({ name }) => cluster.spawn(name)));
      await cluster.ready();
      await load.progress(60);
    }
    await cluster.converged();
    const { counts } = await load.finish();
    expect(counts.unknown).toBeGreaterThan(0);
  });
}, 120_000);

test("a rolling restart: clients that retry elsewhere see no failure at all", async () => {
  await withCluster({}, async (cluster) => {
    const load = await RegisterLoad.start(cluster);
    await load.progress();
    const clients = cluster.nodes.map(({ name }) => cluster.client(name));
    await clients[0]?.expect(200, "PUT", "rolling");
    let written = 0;
    let retries = 0;
    let stop = false;
    /** As an SDK does it: the same request again, at the next endpoint, a few times. */
    const put = async (key: string): Promise<void> => {
      for (let attempt = 0; attempt < 8; attempt++) {
        if (attempt > 0) {
          retries++;
          await Bun.sleep(50 * 2 ** Math.min(attempt, 4));
        }
        try {
          const client = clients[(written + attempt) % clients.length];
          const answer = await client?.call("PUT", `rolling/${key}`, { body: key, timeoutMs: 5_000 });
          if (answer?.status === 200) return;
          if ((answer?.status ?? 0) < 500) throw new Error(`PUT ${key}: ${answer?.status} ${answer?.body}`);
        } catch (error) {
          if (!isConnectionLost(error)) throw error;
        }
      }
      throw new Error(`PUT ${key} failed at every endpoint, again and again`);
    };
    const writer = (async () => {
      for (; !stop; written++) await put(`k${written}`);
    })();
    for (const { name, running } of [...cluster.nodes]) {
      const led = (await cluster.leader()) === name;
      expect(await cluster.stop(name)).toBe(0);
      // Also when the others were started just now: nobody waits for an election.
      if (led) expect(running.stderr).toMatch(/leadership handed over.*done=true/);
      await cluster.start(name);
      await cluster.converged();
    }
    stop = true;
    await writer;
    console.log(`${written} writes through a rolling restart, ${retries} retries`);
    expect(written).toBeGreaterThan(20);
    await waitFor(async () => (await clients[1]?.list("rolling"))?.length === written, 1_000, "all listed");
    await load.finish();
  });
}, 120_000);
