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

/** Handles a message. Returns the reason of a refusal, or null; messages that are only too late are ignored. */
export function step(raft: Raft, message: Message): Refusal | null {
  // Term 0 marks messages without a term: local messages, forwarded proposals and reads.
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

/** Handles a message from a later term. Returns false when the message is to be ignored. */
function enterTerm(raft: Raft, message: Message): boolean {
  const { type } = message;
  if (type === MessageType.Vote || type === MessageType.PreVote) {
    // While the leader is alive, the node ignores candidates that may only be unable to hear the leader (thesis,
    // 4.2.3), unless the leader itself asked for the transfer.
    const leaderIsAlive =
      raft.config.checkQuorum && raft.lead !== NONE && raft.electionElapsed < raft.config.electionTicks;
    if (leaderIsAlive && !isTransferRequest(message)) return false;
  }
  // A pre-vote request does not make the node enter its term. A granted pre-vote has the requested term, which may
  // not exist. A refused one has the term of the voter, which exists.
  if (type === MessageType.PreVote) return true;
  if (type === MessageType.PreVoteResp && !message.reject) return true;
  const fromLeader = type === MessageType.App || type === MessageType.Heartbeat || type === MessageType.Snap;
  raft.becomeFollower(message.term, fromLeader ? message.from : NONE);
  return true;
}

/** Handles a message from an earlier term: most are ignored, but some senders must learn the later term. */
function answerStale(raft: Raft, message: Message): void {
  const { type } = message;
  if (
    (type === MessageType.Heartbeat || type === MessageType.App) &&
    (raft.config.checkQuorum || raft.config.preVote)
  ) {
    // A node that returned with a later term ignores the leader, and the other nodes protect the leader and ignore
    // this node. Without this answer, which makes the leader step down into a new election, the node could not
    // rejoin.
    raft.send(newMessage(MessageType.AppResp, message.from));
  } else if (type === MessageType.PreVote) {
    // Without an answer a candidate of an earlier term but with a better log could wait without end.
    const answer = newMessage(MessageType.PreVoteResp, message.from);
    answer.term = raft.term;
    answer.reject = true;
    raft.send(answer);
  } else if (type === MessageType.StorageAppendResp && message.snapshot !== null) {
    // A leader of a later term may have replaced the entries in this acknowledgement, and another leader may have
    // appended equal entries that are not written yet (docs/raft.md, "Stale acknowledgements"). So the entries do not
    // count. A snapshot is committed state in every term.
    snapshotInstalled(raft, message.snapshot);
  }
}

function snapshotInstalled(raft: Raft, snapshot: Snapshot): void {
  const { index } = snapshot.metadata;
  raft.log.unstable.stableSnapshotTo(index);
  appliedTo(raft, index, 0);
}
