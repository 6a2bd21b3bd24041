/** Nodes that come, go, are replaced, and nodes that must not come back. */
import { expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { type Cluster, waitFor, withCluster } from "./lib/cluster.ts";
import { flipBitInLog } from "./lib/damage.ts";
import { RegisterLoad } from "./lib/register-load.ts";

/** Keeps so little log that a new node cannot catch up with it. */
const SHORT_LOG = { ELASTICKV_RAFT_SNAPSHOT_COUNT: "20" };
const REPLACE_TIMEOUT_MS = 40_000;

test("a learner joins by snapshot, is promoted, and takes the place of a voter that is removed", async () => {
  await withCluster({ env: SHORT_LOG }, async (cluster) => {
    const load = await RegisterLoad.start(cluster);
    await load.progress(150);
    const leader = await cluster.leader();
    await cluster.addNode("n4");
    const added = await cluster.command(leader, "add-learner", cluster.node("n4").peer);
    expect(added).toMatchObject({ code: 0 });
    expect((await cluster.status(leader)).members.find(({ id }) => id === "n4")?.role).toBe("learner");
    await cluster.start("n4");
    expect(cluster.node("n4").running.stderr).toMatch(/snapshot/i);
    await waitFor(
      async () => (await cluster.command(leader, "promote", "n4")).code === 0,
      20_000,
      "promoted",
    );
    await load.progress();

    const victim = cluster.others(leader).find(({ name }) => name !== "n4")?.name ?? "";
    expect(await cluster.command(leader, "remove", victim)).toMatchObject({ code: 0 });
    // It says so and ends, of its own accord.
    expect(await cluster.node(victim).running.exitCode(20_000)).toBe(0);
    expect(cluster.node(victim).running.stderr).toMatch(/^elastickv: .*removed/m);
    await load.progress();
    // Started again it is told once more.
    const again = await cluster.spawn(victim);
    expect(await again.exitCode(20_000)).toBe(0);
    expect(again.stderr).toMatch(/^elastickv: .*removed/m);
    await cluster.converged();
    await load.finish();
  });
}, 120_000);

test("leadership is handed over under load, to a node by name and to whoever is furthest", async () => {
  await withCluster({}, async (cluster) => {
    const load = await RegisterLoad.start(cluster);
    await load.progress();
    for (const { name } of cluster.nodes) {
      const asked = cluster.others(name)[0]?.name ?? "";
      expect(await cluster.command(asked, "transfer-leader", name)).toMatchObject({ code: 0 });
      expect(await cluster.leader()).toBe(name);
      await load.progress(15);
    }
    const leader = await cluster.leader();
    expect(await cluster.command(leader, "transfer-leader")).toMatchObject({ code: 0 });
    expect(await cluster.leader()).not.toBe(leader);
    await load.progress(15);
    await load.finish();
  });
}, 120_000);

test("a corrupted log: the node refuses to start and names the file, the others go on, and it is replaced", async () => {
  await withCluster({ env: SHORT_LOG }, async (cluster) => {
    const load = await RegisterLoad.start(cluster);
    await load.progress(60);
    const victim = cluster.others(await cluster.leader())[0]?.name ?? "";
    await cluster.kill(victim);
    const path = flipBitInLog(cluster.node(victim).dataDir);
    const refused = await cluster.spawn(victim);
    expect(await refused.exitCode(20_000)).not.toBe(0);
    const complaint = refused.stderr.split("\n").find((line) => line.startsWith("elastickv: "));
    expect(complaint).toContain(path);
    await load.progress();
    await replace(cluster, victim, "n4");
    await load.progress();
    await load.finish();
  });
}, 120_000);

test("a wiped node is refused, with the reason, and is replaced", async () => {
  await withCluster({ env: SHORT_LOG }, async (cluster) => {
    const load = await RegisterLoad.start(cluster);
    await load.progress(60);
    const victim = cluster.others(await cluster.leader())[0]?.name ?? "";
    await cluster.kill(victim);
    rmSync(cluster.node(victim).dataDir, { recursive: true });
    const wiped = await cluster.spawn(victim);
    expect(await wiped.exitCode(30_000)).toBe(1);
    expect(wiped.stderr).toMatch(/^elastickv: .*(data directory|instance|wiped)/m);
    await load.progress();
    await replace(cluster, victim, "n4");
    await load.progress();
    await load.finish();
  });
}, 120_000);

/** `elastickv cluster replace`, with the new node started while the command waits for it. */
async function replace(cluster: Cluster, lost: string, name: string): Promise<void> {
  const leader = await cluster.leader();
  await cluster.addNode(name);
  const command = cluster.command(leader, "replace", lost, cluster.node(name).peer, "--timeout", "40s");
  await waitFor(
    async () =>
      (await cluster.status(leader)).members.some(({ id, role }) => id === name && role === "learner"),
    REPLACE_TIMEOUT_MS,
    `a learner: ${name}`,
  );
  await cluster.start(name);
  expect(await command).toMatchObject({ code: 0 });
  const { members } = await cluster.status(await cluster.leader());
  expect(members.map(({ id }) => id)).not.toContain(lost);
  expect(members.find(({ id }) => id === name)?.role).not.toBe("learner");
}
