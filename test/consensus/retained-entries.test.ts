import { expect, test } from "bun:test";
import { LocalCluster } from "../support/local-cluster/local-cluster.ts";

test("entries that are only retained for followers do not keep new ones out, however small the bound on uncommitted ones", async () => {
  const cluster = new LocalCluster(["n1", "n2", "n3"]);
  cluster.raft = { ...cluster.raft, maxUncommittedBytes: 8 << 10 };
  for (const name of ["n1", "n2", "n3"]) cluster.start(name);
  await cluster.leader();
  const kv = cluster.node("n1").front.kv.system;
  const key = new TextEncoder().encode("k");
  // Five times the bound, one after the other: all of it stays in memory for followers that might be behind.
  for (let i = 0; i < 40; i++) {
    const outcome = await kv.transact({
      conditions: [],
      mutations: [{ kind: "put", key, value: new Uint8Array(1 << 10) }],
    });
    expect(outcome.ok).toBe(true);
  }
  const nodes = [...cluster.nodes.values()];
  await cluster.stopAll();
  for (const node of nodes) expect(node.fatal).toEqual([]);
});
