import { describe, expect, test } from "bun:test";
import { MessageType, messageTypeName } from "../../../src/raft/core/index.ts";
import { CALM, Cluster, HOSTILE } from "../support/cluster.ts";
import { Disorder } from "../support/disorder.ts";
import { SeededRandom, seeds } from "../support/random.ts";

const STEPS = 3000;

const BETWEEN_NODES = [
  MessageType.Prop,
  MessageType.App,
  MessageType.AppResp,
  MessageType.Vote,
  MessageType.VoteResp,
  MessageType.PreVote,
  MessageType.PreVoteResp,
  MessageType.Snap,
  MessageType.Heartbeat,
  MessageType.HeartbeatResp,
  MessageType.TransferLeader,
  MessageType.TimeoutNow,
  MessageType.ReadIndex,
  MessageType.ReadIndexResp,
];

/** Runs one seed; an error names it, so that it can be run again with RAFT_SEED. */
function run(seed: number): { readonly cluster: Cluster; readonly recovered: boolean } {
  const cluster = new Cluster(new SeededRandom(seed));
  let step = 0;
  let recovered = false;
  try {
    for (; step < STEPS; step++) cluster.step(seed % 2 === 0 ? CALM : HOSTILE);
    recovered = cluster.heal();
    if (!recovered && cluster.electable) throw new Error(`no recovery:\n${cluster.describe()}`);
  } catch (error) {
    throw new Error(`RAFT_SEED=${seed} at step ${step}: ${error instanceof Error ? error.stack : error}`);
  }
  return { cluster, recovered };
}

describe("any schedule keeps the safety invariants, and ends when the storm does", () => {
  let committed = 0;
  let reads = 0;
  let leaseReads = 0;
  let stuck = 0;
  const disorder = new Disorder();
  const all = seeds(100);
  for (const seed of all) {
    test(`seed ${seed}`, () => {
      const { cluster, recovered } = run(seed);
      if (!recovered) stuck++;
      committed += cluster.checker.highestCommitted;
      reads += cluster.answeredReads;
      leaseReads += cluster.answeredLeaseReads;
      disorder.add(cluster.disorder);
    });
  }

  test("every type of message between nodes came twice, and out of order", () => {
    if (process.env["RAFT_SEED"] !== undefined) return;
    for (const type of BETWEEN_NODES) {
      const name = messageTypeName(type);
      expect([name, "repeated", (disorder.repeated.get(type) ?? 0) > 0]).toEqual([name, "repeated", true]);
      expect([name, "overtaken", (disorder.overtaken.get(type) ?? 0) > 0]).toEqual([name, "overtaken", true]);
    }
  });

  test("the schedules were not idle", () => {
    if (process.env["RAFT_SEED"] !== undefined) return;
    console.log(
      `schedules: ${committed} entries committed, ${reads} reads and ${leaseReads} lease reads answered, ` +
        `${stuck} groups in which nobody could be elected`,
    );
    expect(committed).toBeGreaterThan(1000);
    expect(reads).toBeGreaterThan(20);
    expect(leaseReads).toBeGreaterThan(20);
    // It takes a removal at a bad moment: one in some hundred.
    expect(stuck).toBeLessThanOrEqual(Math.ceil(all.length / 50));
  });
});
