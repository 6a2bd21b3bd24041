/** A network that is cut, one way or both, slow, or reset; and a process that stands still and does not know it. */
import { expect, test } from "bun:test";
import { waitFor, withCluster } from "./lib/cluster.ts";
import { RegisterLoad } from "./lib/register-load.ts";
import { electionsUndisturbed } from "./lib/stalls.ts";

test("SIGSTOP of the leader for longer than its lease, then SIGCONT: no stale read", async () => {
  await withCluster({}, async (cluster) => {
    const load = await RegisterLoad.start(cluster, 3);
    await load.progress();
    for (const cutOff of [false, true, true]) {
      const leader = await cluster.leader();
      const others = cluster.others(leader).map(({ name }) => name);
      // Cut off as well, it wakes without any word of what has happened: only its clock tells it that its lease is over.
      if (cutOff) cluster.links.isolate(leader);
      cluster.pause(leader);
      await load.progress();
      expect(await cluster.leader(others)).not.toBe(leader);
      // Asked after all that was acknowledged elsewhere; they wait in its sockets, and it answers them the moment it wakes.
      const reads = load.burst(leader);
      await Bun.sleep(100);
      cluster.resume(leader);
      await Bun.sleep(300);
      cluster.links.heal();
      await reads;
      await load.progress();
    }
    await cluster.converged();
    await load.finish();
  });
}, 120_000);

test("the leader is cut off from both others: they go on, it acknowledges nothing, and follows when it is back", async () => {
  await withCluster({}, async (cluster) => {
    const load = await RegisterLoad.start(cluster);
    await load.progress();
    const leader = await cluster.leader();
    const others = cluster.others(leader).map(({ name }) => name);
    cluster.links.isolate(leader);
    await load.progress(60);
    expect(await cluster.leader(others)).not.toBe(leader);
    // It notices by itself, and still answers on its admin page.
    await waitFor(
      async () => (await cluster.status(leader)).leaderId !== leader,
      5_000,
      `aware that it does not lead: ${leader}`,
    );
    cluster.links.heal();
    await load.progress();
    await cluster.converged();
    await load.finish();
  });
}, 120_000);

test("one-way: the leader is not heard, the leader does not hear, a follower does not hear the leader", async () => {
  await withCluster({}, async (cluster) => {
    const load = await RegisterLoad.start(cluster);
    await load.progress();
    const ways: ((leader: string, others: readonly string[]) => void)[] = [
      (leader, others) => others.forEach((other) => cluster.links.cut(leader, other)),
      (leader, others) => others.forEach((other) => cluster.links.cut(other, leader)),
      (leader, [first = ""]) => cluster.links.cut(leader, first),
    ];
    for (const way of ways) {
      const leader = await cluster.leader();
      way(
        leader,
        cluster.others(leader).map(({ name }) => name),
      );
      await load.progress(60);
      cluster.links.heal();
      await load.progress();
      await cluster.converged();
    }
    await load.finish();
  });
}, 120_000);

test("slow links, and connections reset in the middle of frames", async () => {
  await withCluster({}, async (cluster) => {
    const load = await RegisterLoad.start(cluster);
    await load.progress();
    const names = cluster.nodes.map(({ name }) => name);
    const elections = await electionsUndisturbed(async () => {
      for (const from of names) for (const to of names) if (from !== to) cluster.links.delay(from, to, 30);
      await load.progress(30, 60_000);
      const { term } = await cluster.status(await cluster.leader());
      for (let round = 0; round < 10; round++) {
        const [one = "", other = ""] = [names[round % 3], names[(round + 1) % 3]];
        cluster.links.reset(one, other);
        await Bun.sleep(150);
      }
      cluster.links.heal();
      await load.progress();
      await cluster.converged();
      return (await cluster.status(await cluster.leader())).term - term;
    });
    // Connections are made again at once: nobody had a reason to elect.
    expect(elections).toBe(0);
    await load.finish();
  });
}, 120_000);
