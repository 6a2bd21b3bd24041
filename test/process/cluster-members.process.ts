/** Nodes that come, go, are replaced, and nodes that must not come back. */
import { expect, test } from "bun:test";
import { cpSync, rmSync } from "node:fs";
import { type Cluster, waitFor, withCluster } from "./lib/cluster.ts";
import { flipBitInLog } from "./lib/damage.ts";
import { RegisterLoad } from "./lib/register-load.ts";

/** Keeps so little log that a new node cannot catch up with it. */
const SHORT_LOG = { ELASTICKV_RAFT_SNAPSHOT_COUNT: "20" };
/** What an operator sees of a service that does not come back. */
const lastLine = ({ stderr }: { readonly stderr: string }) => stderr.trimEnd().split("\n").at(-1) ?? "";
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
    expect(cluster.node("n4").running.stderr).toMatch(/msg="snapshot received".* outcome=arrived/);
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
    expect(lastLine(cluster.node(victim).running)).toMatch(
      /^elastickv: .*removed.*; its data directory is of no more use/,
    );
    await load.progress();
    // Started again it is told once more: that start cannot succeed, and no supervisor is to try it for ever.
    const again = await cluster.spawn(victim);
    expect(await again.exitCode(20_000)).toBe(78);
    expect(lastLine(again)).toMatch(/^elastickv: .*removed.*; its data directory is of no more use/);
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
    expect(await refused.exitCode(20_000)).toBe(78);
    expect(lastLine(refused)).toStartWith("elastickv: ");
    expect(lastLine(refused)).toContain(path);
    expect(lastLine(refused)).toContain("a member of a cluster is replaced instead");
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
    expect(await wiped.exitCode(30_000)).toBe(78);
    expect(lastLine(wiped)).toMatch(
      /^elastickv: .*is known with another data directory.*; put the directory back .* replace/,
    );
    await load.progress();
    await replace(cluster, victim, "n4");
    await load.progress();
    await load.finish();
  });
}, 120_000);

test("a copy of a member's directory that is put back is refused by itself, and the member is replaced", async () => {
  await withCluster({ env: SHORT_LOG }, async (cluster) => {
    const load = await RegisterLoad.start(cluster);
    await load.progress(60);
    const victim = cluster.others(await cluster.leader())[0]?.name ?? "";
    const copy = await copyStopped(cluster, victim);
    await cluster.start(victim);
    await load.progress(60);
    await cluster.kill(victim);
    putBack(cluster, victim, copy);
    const old = await cluster.spawn(victim);
    expect(await old.exitCode(30_000)).toBe(78);
    expect(lastLine(old)).toMatch(ROLLED_BACK);
    // Whoever told it knows; the others may only have found nobody there.
    await waitFor(
      async () => {
        const views = await Promise.all(cluster.others(victim).map(({ name }) => cluster.status(name)));
        return views.some(({ members }) =>
          members.some(({ id, problem }) => id === victim && problem?.includes("ROLLED_BACK")),
        );
      },
      20_000,
      "somebody saying what is wrong with the copy",
    );
    // Once more, with nobody to tell it.
    cluster.links.isolate(victim);
    const again = await cluster.spawn(victim);
    expect(await again.exitCode(30_000)).toBe(78);
    expect(lastLine(again)).toMatch(ROLLED_BACK);
    cluster.links.heal();
    await load.progress();
    await replace(cluster, victim, "n4");
    await load.progress();
    await load.finish();
  });
}, 120_000);

test("a copy and a member that has missed what was acknowledged elect nobody", async () => {
  await withCluster({}, async (cluster) => {
    const [first = "", behind = "", victim = ""] = [...cluster.nodes].map(({ name }) => name);
    const copy = await copyStopped(cluster, victim);
    await cluster.start(victim);
    await cluster.converged();
    await cluster.kill(behind);
    await cluster.leader([first, victim]);
    const client = cluster.client(first);
    await waitFor(
      async () => [200, 409].includes((await client.call("PUT", "kept")).status),
      20_000,
      "writing",
    );
    for (let i = 0; i < 20; i++) await client.expect(200, "PUT", `kept/${i}`, { body: `body ${i}` });
    await Promise.all([cluster.kill(first), cluster.kill(victim)]);
    putBack(cluster, victim, copy);
    await cluster.spawn(behind);
    const old = await cluster.spawn(victim);
    expect(await old.exitCode(30_000)).toBe(78);
    expect(old.stderr).toMatch(ROLLED_BACK);
    await cluster.start(first);
    await cluster.leader();
    await cluster.node(behind).running.ready();
    for (const name of [first, behind]) {
      for (let i = 0; i < 20; i++) {
        const { body } = await cluster.client(name).expect(200, "GET", `kept/${i}`);
        expect(body.toString()).toBe(`body ${i}`);
      }
    }
  });
}, 120_000);

const ROLLED_BACK = /^elastickv: .*data directory of n\d is older than .*cluster replace/m;

/** As a careful operator would make a backup of one member; afterwards it does not run. */
async function copyStopped(cluster: Cluster, name: string): Promise<string> {
  expect(await cluster.stop(name)).toBe(0);
  const { dataDir } = cluster.node(name);
  cpSync(dataDir, `${dataDir}.copy`, { recursive: true, preserveTimestamps: true });
  return `${dataDir}.copy`;
}

function putBack(cluster: Cluster, name: string, copy: string): void {
  const { dataDir } = cluster.node(name);
  rmSync(dataDir, { recursive: true });
  cpSync(copy, dataDir, { recursive: true, preserveTimestamps: true });
}

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
