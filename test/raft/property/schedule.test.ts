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
function run(seed: number): Cluster {
  const cluster = new Cluster(new SeededRandom(seed));
  let step = 0;
  try {
    for (; step < STEPS; step++) cluster.step(seed % 2 === 0 ? CALM : HOSTILE);
    if (!cluster.heal() && !cluster.lostVoters) throw new Error(`no recovery:\n${cluster.describe()}`);
  } catch (error) {
    throw new Error(`RAFT_SEED=${seed} at step ${step}: ${error instanceof Error ? error.stack : error}`);
  }
  return cluster;
}

describe("any schedule keeps the safety invariants, and ends when the storm does", () => {
  let committed = 0;
  let reads = 0;
  const disorder = new Disorder();
  for (const seed of seeds(100)) {
    test(`seed ${seed}`, () => {
      const cluster = run(seed);
      committed += cluster.checker.highestCommitted;
      reads += cluster.answeredReads;
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
    console.log(`schedules: ${committed} entries committed, ${reads} reads answered`);
    expect(committed).toBeGreaterThan(1000);
    expect(reads).toBeGreaterThan(20);
  });
});
