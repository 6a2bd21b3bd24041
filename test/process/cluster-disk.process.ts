/** One node's disk is full, or slow: the others must hardly notice. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { needs } from "../platform/support/needs.ts";
import { type Cluster, waitFor, withCluster } from "./lib/cluster.ts";
import { RegisterLoad } from "./lib/register-load.ts";
import { withSmallDisk } from "./lib/small-disk.ts";
import { electionsUndisturbed } from "./lib/stalls.ts";

const DISK_MIB = 600;
const RESERVE_MIB = 64;

// Without root there is no small disk. full-disk.process.ts tells the same of one node.
test.if(needs("mount"))(
  "the disk of one node is full: the cluster goes on, and the node is back when there is space",
  async () => {
    await withSmallDisk(DISK_MIB, async (disk) => {
      const args = ["--disk-reserve", `${RESERVE_MIB}MiB`];
      await withCluster({ args, dataDirs: { n3: join(disk.directory, "n3") } }, async (cluster) => {
        const load = await RegisterLoad.start(cluster);
        await load.progress();
        // As a follower, and as the leader.
        for (const leader of ["n1", "n3"]) {
          expect(await cluster.command("n1", "transfer-leader", leader)).toMatchObject({ code: 0 });
          await load.progress();
          disk.fill(4 << 20);
          await waitFor(
            async () => (await cluster.node("n3").running.admin("/readyz")).text.includes("disk-full"),
            20_000,
            "disk-full on n3",
          );
          await load.progress();
          disk.free();
          await waitFor(
            async () => (await cluster.node("n3").running.admin("/readyz")).status === 200,
            20_000,
            "ready on n3",
          );
          await cluster.converged();
          await load.progress();
        }
        await load.finish();
      });
    });
  },
  120_000,
);

test("a disk that takes 300 ms to sync: as a follower nobody waits for it, as the leader it stays the leader", async () => {
  const slow = { ELASTICKV_TEST_FSYNC_DELAY_MS: "300" };
  await withCluster({}, async (cluster) => {
    const load = await RegisterLoad.start(cluster);
    await load.progress();
    const leader = await cluster.leader();
    const slowNode = cluster.others(leader)[0]?.name ?? "";
    await cluster.stop(slowNode);
    await cluster.start(slowNode, slow);
    await load.progress(60);

    // Clients of the other two do not wait for the third.
    const client = cluster.client(leader);
    const beside = await electionsUndisturbed(async () => {
      const term = await lead(cluster, leader);
      const latencies: number[] = [];
      for (let i = 0; i < 20; i++) {
        const begin = performance.now();
        await client.expect(200, "PUT", "ledger/timed", { body: "timed" });
        latencies.push(performance.now() - begin);
      }
      latencies.sort((a, b) => a - b);
      console.log(`PUT at the leader beside a slow follower: median ${latencies[10]?.toFixed(1)} ms`);
      return (await cluster.status(leader)).term - term;
    });
    expect(beside).toBe(0);

    // Slow, and still in time with its heartbeats: nobody else is elected.
    const under = await electionsUndisturbed(async () => {
      const term = await lead(cluster, leader);
      expect(await cluster.command(leader, "transfer-leader", slowNode)).toMatchObject({ code: 0 });
      await load.progress(60, 60_000);
      return (await cluster.status(await cluster.leader())).term - (term + 1);
    });
    expect(under).toBe(0);
    expect(await cluster.leader()).toBe(slowNode);
    await load.finish();
  });
}, 180_000);

/** Hands leadership to this node unless it leads already; its term. */
async function lead(cluster: Cluster, name: string): Promise<number> {
  const now = await cluster.leader();
  if (now !== name) expect(await cluster.command(now, "transfer-leader", name)).toMatchObject({ code: 0 });
  return (await cluster.status(name)).term;
}
