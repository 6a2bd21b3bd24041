import { describe, expect, test } from "bun:test";
import { encodeMembershipChange } from "../../../src/cluster/registry/membership-codec.ts";
import { ConfChangeTransition, ConfChangeType, MessageType } from "../../../src/raft/core/index.ts";
import { EngineCluster, type EngineNode } from "./support/engine-cluster.ts";

const NAMES = ["n1", "n2", "n3"];

function followerOf(cluster: EngineCluster): EngineNode {
  const leader = cluster.elect();
  return cluster.nodes.find((node) => node !== leader) as EngineNode;
}

function values(count: number, prefix: string): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}${i}`);
}

describe("engines", () => {
  test("elect one leader, and apply the same entries everywhere", () => {
    const cluster = new EngineCluster(NAMES);
    cluster.write(20, "a");
    cluster.tick(2);
    for (const node of cluster.nodes) expect(node.durable.values).toEqual(values(20, "a"));
    expect(cluster.nodes.filter((node) => node.engine.leading)).toHaveLength(1);
  });

  test("a leader holds a lease that ends by itself when nobody answers", () => {
    const cluster = new EngineCluster(NAMES);
    const leader = cluster.elect();
    cluster.tick(3);
    expect(leader.published.leaseUntilUs).toBeGreaterThan(cluster.nowMs * 1000);
    const sentAtMs = cluster.nowMs;
    cluster.isolate(leader);
    cluster.tick(5);
    expect(leader.published.leaseUntilUs).toBeLessThan((sentAtMs + 1_000) * 1000);
    cluster.tick(40);
    expect(leader.published.leaseUntilUs).toBe(0);
    expect(cluster.nodes.filter((node) => node !== leader && node.engine.leading)).toHaveLength(1);
  });

  test("a follower that is behind what memory holds is served from the log, without a snapshot", () => {
    const cluster = new EngineCluster(NAMES);
    const slow = followerOf(cluster);
    const leader = cluster.elect();
    cluster.isolate(slow);
    cluster.write(100, "b");
    cluster.heal();
    cluster.tick(10);
    expect(slow.durable.values).toEqual(values(100, "b"));
    expect(leader.logReads).toBeGreaterThan(1);
    expect(leader.snapshotsAsked).toEqual([]);
  });

  test("what the log has dropped comes as a snapshot, and the log goes on behind it", () => {
    const cluster = new EngineCluster(NAMES);
    const slow = followerOf(cluster);
    const leader = cluster.elect();
    cluster.isolate(slow);
    cluster.write(50, "c");
    leader.compact(40);
    cluster.heal();
    cluster.tick(10);
    cluster.write(5, "d");
    cluster.tick(2);
    expect(leader.snapshotsAsked).toContain(slow.id);
    expect(slow.durable.values).toEqual([...values(50, "c"), ...values(5, "d")]);
    expect(slow.durable.firstIndex).toBeGreaterThan(40);
  });

  test("everybody comes back from a restart with what was acknowledged", () => {
    const cluster = new EngineCluster(NAMES);
    cluster.write(10, "e");
    cluster.tick(2);
    for (const node of cluster.nodes) node.restart();
    cluster.tick(1);
    cluster.write(10, "f");
    cluster.tick(2);
    for (const node of cluster.nodes) {
      expect(node.durable.values).toEqual([...values(10, "e"), ...values(10, "f")]);
    }
  });

  test("after a restart nobody gets a vote for one election timeout", () => {
    const cluster = new EngineCluster(NAMES);
    const voter = followerOf(cluster);
    const leader = cluster.elect();
    cluster.tick(3);
    leader.alive = false;
    cluster.tick(9);
    // The third is about to lose its patience, and needs the vote of the one that starts anew.
    voter.restart();
    cluster.sent.length = 0;
    const startedMs = cluster.nowMs;
    while (cluster.nowMs < startedMs + 900) cluster.tick();
    expect(cluster.countSent(MessageType.PreVote)).toBeGreaterThan(0);
    expect(cluster.countSent(MessageType.PreVoteResp) + cluster.countSent(MessageType.VoteResp)).toBe(0);
    expect(cluster.leader).toBeUndefined();
    cluster.elect();
  });

  test("hand leadership over; the lease ends before the target is told", () => {
    const cluster = new EngineCluster(NAMES);
    const leader = cluster.elect();
    cluster.tick(3);
    const target = followerOf(cluster);
    expect(leader.published.leaseUntilUs).toBeGreaterThan(0);
    leader.engine.transferLeader(target.id);
    leader.engine.work();
    expect(leader.published.leaseUntilUs).toBe(0);
    expect(leader.engine.propose([new Uint8Array(1)])).toBe(false);
    cluster.settle();
    cluster.tick(2);
    expect(cluster.leader).toBe(target);
  });

  test("of five: the target wins with the votes of those whose lease it was, at once", () => {
    const cluster = new EngineCluster([...NAMES, "n4", "n5"]);
    const leader = cluster.elect();
    const target = followerOf(cluster);
    cluster.tick(3);
    leader.engine.transferLeader(target.id);
    leader.engine.work();
    cluster.settle();
    expect(cluster.leader).toBe(target);
    // A late copy of what made it leader, when somebody else's rounds have been acknowledged since.
    const handedOver = cluster.sent.filter(({ message }) => message.type === MessageType.TimeoutNow);
    expect(handedOver).toHaveLength(1);
    cluster.tick(3);
    const term = target.engine.status().term;
    for (const envelope of handedOver) target.engine.receive(envelope);
    cluster.tick(1);
    expect([cluster.leader, target.engine.status().term]).toEqual([target, term]);
  });

  test("an aborted transfer's TimeoutNow, delivered late, elects nobody while the lease holds", () => {
    const cluster = new EngineCluster(NAMES);
    const leader = cluster.elect();
    const target = followerOf(cluster);
    cluster.tick(3);
    cluster.lost = ({ type }) => type === MessageType.TimeoutNow;
    leader.engine.transferLeader(target.id);
    leader.engine.work();
    cluster.settle();
    cluster.heal();
    expect(leader.published.leaseUntilUs).toBe(0);
    // Given up after an election timeout, and then void for another.
    cluster.tick(15);
    expect(leader.published.leaseUntilUs).toBe(0);
    cluster.tick(10);
    expect(leader.published.leaseUntilUs).toBeGreaterThan(cluster.nowMs * 1000);
    const [late] = cluster.sent.filter(({ message }) => message.type === MessageType.TimeoutNow);
    if (late === undefined) throw new Error("the target was never told");
    target.engine.receive(late);
    target.engine.work();
    cluster.settle();
    expect([cluster.leader, target.engine.status().term]).toEqual([leader, leader.engine.status().term]);
  });

  test("a leader that removes itself steps down, although its own log has yet to answer it", () => {
    const cluster = new EngineCluster(NAMES);
    const leader = cluster.elect();
    const membership = leader.engine.membership;
    cluster.tick(3);
    const taken = leader.engine.proposeConfChange({
      version: 2,
      transition: ConfChangeTransition.Auto,
      changes: [{ type: ConfChangeType.RemoveNode, nodeId: leader.id }],
      context: encodeMembershipChange({ guardIndex: membership.index, upserts: [] }),
    });
    expect(taken).toBe(true);
    leader.engine.work();
    // More of it is on the way to the log than the removal needs to be committed.
    for (let i = 0; i < 5; i++) leader.engine.propose([new TextEncoder().encode(`late${i}`)]);
    leader.engine.work();
    cluster.settle();
    expect([leader.engine.leading, leader.published.leaseUntilUs]).toEqual([false, 0]);
    expect(leader.engine.membership.removed.map(({ id }) => id)).toEqual([leader.id]);
    leader.alive = false;
    cluster.write(3, "g");
    cluster.tick(2);
    expect(cluster.leader).not.toBe(leader);
  });

  test("replace a member through a joint configuration; core and membership agree and the old one is out", () => {
    const cluster = new EngineCluster([...NAMES, "n4"]);
    const leader = cluster.elect();
    const gone = followerOf(cluster);
    const membership = leader.engine.membership;
    const taken = leader.engine.proposeConfChange({
      version: 2,
      transition: ConfChangeTransition.JointImplicit,
      changes: [{ type: ConfChangeType.RemoveNode, nodeId: gone.id }],
      context: encodeMembershipChange({ guardIndex: membership.index, upserts: [] }),
    });
    expect(taken).toBe(true);
    leader.engine.work();
    cluster.settle();
    cluster.tick(3);
    expect(leader.engine.membership.confState.votersOutgoing).toEqual([]);
    expect(leader.engine.membership.confState.voters).not.toContain(gone.id);
    expect(leader.engine.membership.removed.map(({ id }) => id)).toEqual([gone.id]);
    for (const node of cluster.nodes) {
      if (node !== gone) expect(node.durable.membership).toEqual(leader.engine.membership);
    }
  });
});
