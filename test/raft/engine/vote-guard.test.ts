import { describe, expect, test } from "bun:test";
import { type Message, MessageType, newMessage } from "../../../src/raft/core/index.ts";
import { LEASE_SHARE } from "../../../src/raft/engine/lease.ts";
import { PATIENCE_SHARE, RESTART_PATIENCE, VoteGuard } from "../../../src/raft/engine/vote-guard.ts";

const ELECTION_MS = 1_000;
const FORCED = new TextEncoder().encode("CampaignTransfer");

function message(type: Message["type"], from: number, term: number, context?: Uint8Array): Message {
  return { ...newMessage(type, 9), from, term, ...(context === undefined ? {} : { context }) };
}

const at = (one: Message, leaseRound = 0) => ({ message: one, leaseRound, applied: 0 });

function promises(fresh = true): VoteGuard {
  return new VoteGuard({ nowMs: 0, electionTimeoutMs: ELECTION_MS, fresh });
}

describe("a node", () => {
  test("grants no vote of any kind for one election timeout after a restart", () => {
    const node = promises(false);
    for (const one of [
      message(MessageType.Vote, 2, 6),
      message(MessageType.PreVote, 2, 6),
      message(MessageType.Vote, 2, 6, FORCED),
      message(MessageType.TimeoutNow, 2, 5),
    ]) {
      expect(node.objection(at(one, 100), ELECTION_MS - 1)).not.toBeNull();
      expect(node.objection(at(one, 100), ELECTION_MS)).toBeNull();
    }
  });

  test("asks every other voter before it votes or stands for election, but not for ever", () => {
    let heard = false;
    const made = { nowMs: 0, electionTimeoutMs: ELECTION_MS, mayElect: () => heard };
    const node = new VoteGuard({ ...made, fresh: false });
    const vote = at(message(MessageType.PreVote, 2, 6));
    expect(node.objection(vote, ELECTION_MS)).not.toBeNull();
    expect(node.isAsking(ELECTION_MS)).toBe(true);
    expect(node.objection(at(message(MessageType.App, 2, 6)), ELECTION_MS)).toBeNull();
    heard = true;
    expect([node.objection(vote, ELECTION_MS), node.isAsking(ELECTION_MS)]).toEqual([null, false]);
    heard = false;
    expect(node.objection(vote, RESTART_PATIENCE * ELECTION_MS)).toBeNull();
    expect(new VoteGuard({ ...made, fresh: true }).isAsking(0)).toBe(false);
  });

  test("that was never a member votes at once, and hears everything else in its silence", () => {
    expect(promises(true).objection(at(message(MessageType.Vote, 2, 6)), 0)).toBeNull();
    expect(promises(false).objection(at(message(MessageType.Heartbeat, 2, 6), 1), 0)).toBeNull();
  });

  test("votes for nobody else for longer than any lease after it acknowledged a round", () => {
    const node = promises();
    node.taken(at(message(MessageType.Heartbeat, 2, 5), 7), 5, 3_000);
    const vote = at(message(MessageType.PreVote, 3, 6));
    const until = 3_000 + PATIENCE_SHARE * ELECTION_MS;
    expect(node.objection(vote, until - 1)).not.toBeNull();
    expect(node.objection(vote, until)).toBeNull();
    expect(PATIENCE_SHARE).toBeGreaterThan(LEASE_SHARE);
  });

  test("drops a forced vote when it has acknowledged a later round", () => {
    const node = promises();
    node.taken(at(message(MessageType.Heartbeat, 2, 5), 7), 5, 3_000);
    const forced = message(MessageType.Vote, 3, 6, FORCED);
    expect(node.objection(at(forced, 7), 3_001)).toBeNull();
    // Minutes later, when only the numbers are left to tell.
    expect(node.objection(at(forced, 6), 300_000)).not.toBeNull();
  });

  test("drops a TimeoutNow that was overtaken by a round it has acknowledged: its own vote counts too", () => {
    const node = promises();
    node.taken(at(message(MessageType.Heartbeat, 2, 5), 7), 5, 3_000);
    const timeoutNow = message(MessageType.TimeoutNow, 2, 5);
    expect(node.objection(at(timeoutNow, 7), 3_001)).toBeNull();
    expect(node.objection(at(timeoutNow, 6), 300_000)).not.toBeNull();
  });

  test("passes the round of its TimeoutNow on in the votes it asks for", () => {
    const node = promises();
    // The core has followed it by then: it is in the next term.
    node.taken(at(message(MessageType.TimeoutNow, 2, 5), 7), 6, 3_000);
    expect(node.roundFor(message(MessageType.Vote, 9, 6, FORCED))).toBe(7);
    // A leader of long ago takes nothing back.
    node.taken(at(message(MessageType.TimeoutNow, 3, 4), 1), 6, 3_001);
    expect(node.roundFor(message(MessageType.Vote, 9, 6, FORCED))).toBe(7);
    expect(node.roundFor(message(MessageType.Vote, 9, 6))).toBe(0);
    expect(node.roundFor(message(MessageType.Vote, 9, 8, FORCED))).toBe(0);
  });

  test("acknowledges a round to the leader that sent it, in its term, and to nobody else", () => {
    const node = promises();
    node.taken(at(message(MessageType.Heartbeat, 2, 5), 7), 5, 3_000);
    const answer = (to: number, term: number): Message => ({
      ...newMessage(MessageType.HeartbeatResp, to),
      term,
    });
    expect(node.roundFor(answer(2, 5))).toBe(7);
    expect(node.roundFor(answer(3, 5))).toBe(0);
    expect(node.roundFor(answer(2, 6))).toBe(0);
  });

  test("does not count a heartbeat of an earlier term", () => {
    const node = promises();
    node.taken(at(message(MessageType.Heartbeat, 2, 4), 7), 5, 3_000);
    expect(node.objection(at(message(MessageType.PreVote, 3, 6)), 3_001)).toBeNull();
  });

  test("keeps the newest round that it acknowledged, although an older heartbeat comes after it", () => {
    const node = promises();
    node.taken(at(message(MessageType.Heartbeat, 2, 5), 7), 5, 3_000);
    node.taken(at(message(MessageType.Heartbeat, 2, 5), 3), 5, 3_100);
    // Of a round that grants no lease, in a transfer: also nothing to go back to.
    node.taken(at(message(MessageType.Heartbeat, 2, 5), 0), 5, 3_200);
    expect(node.objection(at(message(MessageType.Vote, 3, 6, FORCED), 5), 9_000)).not.toBeNull();
    // The next leader counts its own rounds.
    node.taken(at(message(MessageType.Heartbeat, 4, 6), 1), 6, 3_300);
    expect(node.objection(at(message(MessageType.Vote, 3, 7, FORCED), 1), 9_000)).toBeNull();
    expect(node.objection(at(message(MessageType.Vote, 3, 7, FORCED), 0), 9_000)).not.toBeNull();
  });

  test("forgets no leader because somebody says so: leases are on", () => {
    expect(promises().objection(at(message(MessageType.ForgetLeader, 2, 0)), 9_000)).not.toBeNull();
  });
});
