import { newMessage } from "./message.ts";
import type { Raft } from "./raft.ts";
import type { Refusal } from "./refusal.ts";
import { stepCandidate } from "./roles/candidate.ts";
import { answerVoteRequest, Campaign, hup, isTransferRequest } from "./roles/election.ts";
import { stepFollower } from "./roles/follower.ts";
import { stepLeader } from "./roles/leader.ts";
import { appliedTo } from "./roles/membership.ts";
import { releaseUncommitted } from "./roles/proposals.ts";
import { entriesSize, payloadsSize } from "./sizes.ts";
import { type Message, MessageType, NONE, type Snapshot, StateType } from "./types.ts";

/** Acts on a message. Returns why it was refused, or null; messages that are merely too late are ignored. */
export function step(raft: Raft, message: Message): Refusal | null {
  // Term 0 marks what belongs to no term: local messages, forwarded proposals and reads.
  if (message.term !== 0) {
    if (message.term > raft.term) {
      if (!enterTerm(raft, message)) return null;
    } else if (message.term < raft.term) {
      answerStale(raft, message);
      return null;
    }
  }
  switch (message.type) {
    case MessageType.Hup:
      hup(raft, raft.config.preVote ? Campaign.PreElection : Campaign.Election);
      return null;
    case MessageType.StorageAppendResp:
      if (message.index !== 0) raft.log.unstable.stableTo(message.index, message.logTerm);
      if (message.snapshot !== null) snapshotInstalled(raft, message.snapshot);
      return null;
    case MessageType.StorageApplyResp: {
      const last = message.entries.at(-1);
      if (last !== undefined) {
        appliedTo(raft, last.index, entriesSize(message.entries));
        releaseUncommitted(raft, payloadsSize(message.entries));
      }
      return null;
    }
    case MessageType.Vote:
    case MessageType.PreVote:
      answerVoteRequest(raft, message);
      return null;
    default:
      return stepRole(raft, message);
  }
}

function stepRole(raft: Raft, message: Message): Refusal | null {
  switch (raft.state) {
    case StateType.Follower:
      return stepFollower(raft, message);
    case StateType.Candidate:
    case StateType.PreCandidate:
      return stepCandidate(raft, message);
    case StateType.Leader:
      return stepLeader(raft, message);
  }
}

/** A message from a later term. Returns false when it is to be ignored. */
function enterTerm(raft: Raft, message: Message): boolean {
  const { type } = message;
  if (type === MessageType.Vote || type === MessageType.PreVote) {
    // While a leader is alive a node protects it from candidates that merely cannot hear it (thesis, 4.2.3), unless
    // the leader itself wants to go.
    const leaderIsAlive =
      raft.config.checkQuorum && raft.lead !== NONE && raft.electionElapsed < raft.config.electionTicks;
    if (leaderIsAlive && !isTransferRequest(message)) return false;
  }
  // Being asked about a later term is not yet to be in it; and a pre-vote that was granted carries the term that was
  // asked about. A refused one carries the term of the voter, which is a real one.
  if (type === MessageType.PreVote) return true;
  if (type === MessageType.PreVoteResp && !message.reject) return true;
  const fromLeader = type === MessageType.App || type === MessageType.Heartbeat || type === MessageType.Snap;
  raft.becomeFollower(message.term, fromLeader ? message.from : NONE);
  return true;
}

/** A message from an earlier term: mostly ignored, but some senders have to be told of the term they missed. */
function answerStale(raft: Raft, message: Message): void {
  const { type } = message;
  if (
    (type === MessageType.Heartbeat || type === MessageType.App) &&
    (raft.config.checkQuorum || raft.config.preVote)
  ) {
    // A node that came back with a later term is not heard by the others, who protect their leader; and it ignores
    // that leader. Without this answer, which makes the leader step down into a new election, it would be stuck.
    raft.send(newMessage(MessageType.AppResp, message.from));
  } else if (type === MessageType.PreVote) {
    // Without an answer a candidate of an earlier term but with a better log could wait forever.
    const answer = newMessage(MessageType.PreVoteResp, message.from);
    answer.term = raft.term;
    answer.reject = true;
    raft.send(answer);
  } else if (type === MessageType.StorageAppendResp && message.snapshot !== null) {
    // The entries in this acknowledgement may have been replaced since by a leader of a later term, and a third may
    // have put equal ones back that are not written yet (docs/raft.md, "Stale acknowledgements"): so they count for
    // nothing. A snapshot is committed state, whatever the term.
    snapshotInstalled(raft, message.snapshot);
  }
}

function snapshotInstalled(raft: Raft, snapshot: Snapshot): void {
  const { index } = snapshot.metadata;
  raft.log.unstable.stableSnapshotTo(index);
  appliedTo(raft, index, 0);
}
