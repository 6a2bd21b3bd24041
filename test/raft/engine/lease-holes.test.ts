/** Holes that real systems had in their leases, each looked for at a whole engine (the arithmetic: lease.test.ts). */
import { describe, expect, test } from "bun:test";
import { encodeMembershipChange } from "../../../src/cluster/registry/membership-codec.ts";
import {
  ConfChangeTransition,
  ConfChangeType,
  type DraftMessage,
  MessageType,
} from "../../../src/raft/core/index.ts";
import { LEASE_SHARE } from "../../../src/raft/engine/lease.ts";
import { raftIdOf } from "../../../src/raft/engine/raft-id.ts";
import { A, B, Bench, C } from "./support/engine-bench.ts";

const ELECTION_MS = 1_000;
const leaseUntilMs = ({ published }: Bench): number => published.leaseUntilUs / 1_000;

describe("a lease hole", () => {
  test("a restarted node votes: for one election timeout it answers neither vote nor pre-vote, forced ones included", () => {
    const bench = new Bench(false);
    const startedMs = bench.nowMs;
    const forced = { context: new TextEncoder().encode("CampaignTransfer") };
    const ask = (type: MessageType, fields: Partial<DraftMessage>): void => {
      bench.receive(type, B, { term: 5, index: 1, logTerm: 1, ...fields });
      bench.durable();
    };
    for (const afterMs of [0, 1, ELECTION_MS / 2, ELECTION_MS - 1]) {
      bench.nowMs = startedMs + afterMs;
      ask(MessageType.PreVote, {});
      ask(MessageType.Vote, {});
      ask(MessageType.Vote, forced);
      ask(MessageType.TimeoutNow, {});
    }
    // Not a refusal either; and nothing that is remembered has changed.
    expect([bench.sent, bench.appends]).toEqual([[], []]);
    expect(bench.engine.status()).toMatchObject({ term: 1, vote: 0 });
    bench.nowMs = startedMs + ELECTION_MS;
    ask(MessageType.PreVote, {});
    ask(MessageType.Vote, {});
    expect(bench.sent.map(({ message: { type, to, reject } }) => [type, to, reject])).toEqual([
      [MessageType.PreVoteResp, B, false],
      [MessageType.VoteResp, B, false],
    ]);
  });

  test("one half of a joint configuration grants it: neither the new nor the old one does, both do", () => {
    const [D, E] = ["d", "e"].map(raftIdOf) as [number, number];
    /** a leads the voters a, b and c on the way to a, d and e. */
    const joint = (): Bench => {
      const bench = new Bench();
      bench.lead();
      const upserts = ["d", "e"].map((name) => ({
        id: raftIdOf(name),
        name,
        address: `${name}:1`,
        instance: "",
      }));
      bench.engine.proposeConfChange({
        version: 2,
        transition: ConfChangeTransition.JointExplicit,
        changes: [
          ...[D, E].map((nodeId) => ({ type: ConfChangeType.AddNode, nodeId })),
          ...[B, C].map((nodeId) => ({ type: ConfChangeType.RemoveNode, nodeId })),
        ],
        context: encodeMembershipChange({ guardIndex: bench.engine.membership.index, upserts }),
      });
      bench.engine.work();
      bench.durable();
      bench.receive(MessageType.AppResp, B, { term: 2, index: 3 });
      bench.applied(3);
      const { voters, votersOutgoing } = bench.engine.membership.confState;
      expect([new Set(voters), new Set(votersOutgoing)]).toEqual([new Set([A, D, E]), new Set([A, B, C])]);
      return bench;
    };
    for (const half of [
      [D, E],
      [B, C],
    ]) {
      const bench = joint();
      const round = bench.beat();
      for (const id of half) bench.acknowledge(id, round);
      expect(bench.published.leaseUntilUs).toBe(0);
    }
    const bench = joint();
    const round = bench.beat();
    for (const id of [B, D]) bench.acknowledge(id, round);
    expect(leaseUntilMs(bench)).toBe(bench.nowMs + ELECTION_MS * LEASE_SHARE);
  });

  test("a new leader reads what its predecessor wrote last before it has applied it: no lease before an entry of its own", () => {
    const bench = new Bench();
    bench.elected();
    const round = bench.beat();
    for (const id of [B, C]) bench.acknowledge(id, round);
    expect(bench.published.leaseUntilUs).toBe(0);
    bench.receive(MessageType.AppResp, B, { term: 2, index: 2 });
    // Committed, and with the store.
    expect(bench.applies.map(({ entries }) => entries.map(({ term }) => term))).toEqual([[2]]);
    expect(bench.published.leaseUntilUs).toBe(0);
    bench.applied(2);
    expect(leaseUntilMs(bench)).toBe(bench.nowMs + ELECTION_MS * LEASE_SHARE);
  });

  test("it runs from when the answer came: it runs from when the first heartbeat of the round left, however late it is answered", () => {
    for (const lateMs of [0, 1, 300, 699, 950]) {
      const bench = new Bench();
      bench.lead();
      const dueMs = bench.nowMs + 100;
      bench.sendMs = 7;
      const round = bench.beat();
      expect(bench.nowMs).toBe(dueMs + 2 * bench.sendMs);
      bench.nowMs += lateMs;
      bench.acknowledge(C, round);
      expect(leaseUntilMs(bench)).toBe(dueMs + ELECTION_MS * LEASE_SHARE);
    }
  });
});
