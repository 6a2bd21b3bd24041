import { expect, test } from "bun:test";
import { DRAIN_PATIENCE } from "../../../src/raft/engine/engine.ts";
import { EngineCluster, type EngineNode } from "./support/engine-cluster.ts";

const NAMES = ["n1", "n2", "n3"];
/** Ticks of an election timeout in these clusters. */
const ELECTION_TICKS = 10;

function roles(cluster: EngineCluster): [leader: EngineNode, a: EngineNode, b: EngineNode] {
  const leader = cluster.elect();
  const [a, b] = cluster.nodes.filter((node) => node !== leader);
  return [leader, a as EngineNode, b as EngineNode];
}

test("a draining node does not take leadership from a transfer, and does after the drain", () => {
  const cluster = new EngineCluster(NAMES);
  const [leader, target] = roles(cluster);
  cluster.tick(2);
  target.engine.setDraining(true);
  leader.engine.transferLeader(target.id);
  leader.engine.work();
  cluster.tick(3 * ELECTION_TICKS);
  expect(cluster.leader).toBe(leader);
  target.engine.setDraining(false);
  leader.engine.transferLeader(target.id);
  leader.engine.work();
  cluster.tick(ELECTION_TICKS);
  expect(cluster.leader).toBe(target);
});

test.each([1, 2, 3, 4, 5])("a draining node is never elected while another one can be (%d)", () => {
  const cluster = new EngineCluster(NAMES);
  const [leader, draining, other] = roles(cluster);
  cluster.tick(2);
  draining.engine.setDraining(true);
  cluster.isolate(leader);
  cluster.tick(4 * ELECTION_TICKS);
  expect(cluster.leader === leader ? other.engine.leading : cluster.leader === other).toBe(true);
  expect(draining.engine.leading).toBe(false);
});

test("when nobody else can lead, a draining node leads after its patience", () => {
  const cluster = new EngineCluster(NAMES);
  const [leader, draining, other] = roles(cluster);
  draining.engine.setDraining(true);
  // The third one lacks committed entries, so it cannot be elected.
  cluster.isolate(other);
  cluster.write(5, "a");
  cluster.tick(2);
  leader.alive = false;
  cluster.heal();
  cluster.tick((DRAIN_PATIENCE - 1) * ELECTION_TICKS);
  expect(draining.engine.leading).toBe(false);
  cluster.tick(6 * ELECTION_TICKS);
  expect(draining.engine.leading).toBe(true);
});
