import { describe, expect, test } from "bun:test";
import { seeds } from "../support/random.ts";
import { ChaosCluster } from "./support/chaos-cluster.ts";

const DISTURBANCES = 250;

function chaos(seed: number): ChaosCluster {
  try {
    const cluster = new ChaosCluster(seed);
    for (let i = 0; i < DISTURBANCES; i++) {
      cluster.disturb();
      cluster.run(cluster.random.nextInt(400));
    }
    cluster.settle();
    return cluster;
  } catch (error) {
    throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

/** RAFT_SEED=n repeats a seed, RAFT_SEEDS=n runs the first n. */
describe("engines under everything at once", () => {
  test("agree on what is applied, hold no lease beside another leader, lose no memory under a message, and recover", () => {
    const counts = new Map<string, number>();
    for (const seed of seeds(20)) {
      for (const [what, times] of chaos(seed).counts) counts.set(what, (counts.get(what) ?? 0) + times);
    }
    for (const what of [
      "snapshot installed",
      "log read",
      "lease held",
      "read index",
      "crash",
      "transfer",
      "joint",
      "change",
    ]) {
      expect([what, (counts.get(what) ?? 0) > 0]).toEqual([what, true]);
    }
    if (process.env["RAFT_COUNTS"] !== undefined) console.log(counts);
  }, 120_000);
});
