import { describe, expect, test } from "bun:test";
import { MessageType, messageTypeName } from "../../../src/raft/core/index.ts";
import { checkSteps } from "../../support/steps.ts";
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

/** The group that the seed makes, and these steps. */
function run(
  seed: number,
  steps: readonly number[],
): { readonly cluster: Cluster; readonly recovered: boolean } {
  const random = new SeededRandom(seed);
  const cluster = new Cluster(random);
  for (const step of steps) {
    random.reseed(step);
    cluster.step(seed % 2 === 0 ? CALM : HOSTILE);
  }
  const recovered = cluster.heal();
  if (!recovered && cluster.electable) throw new Error(`no recovery:\n${cluster.describe()}`);
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
      checkSteps({ seed, count: STEPS, again: `RAFT_SEED=${seed}` }, (steps) => {
        const { cluster, recovered } = run(seed, steps);
        if (!recovered) stuck++;
        committed += cluster.checker.highestCommitted;
        reads += cluster.answeredReads;
        leaseReads += cluster.answeredLeaseReads;
        disorder.add(cluster.disorder);
      });
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
