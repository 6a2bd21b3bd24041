import type { Raft } from "../raft.ts";
import { malformedMessage, PROPOSAL_DROPPED, type Refusal } from "../refusal.ts";
import { type Message, MessageType, StateType } from "../types.ts";
import { countVote } from "./election.ts";
import { handleAppend, handleHeartbeat, handleSnapshot } from "./follower.ts";

/** What a candidate or pre-candidate does with a message of its own term. */
export function stepCandidate(raft: Raft, message: Message): Refusal | null {
  switch (message.type) {
    case MessageType.Prop:
      return PROPOSAL_DROPPED;
    case MessageType.App:
      raft.becomeFollower(message.term, message.from);
      handleAppend(raft, message);
      return null;
    case MessageType.Heartbeat:
      raft.becomeFollower(message.term, message.from);
      handleHeartbeat(raft, message);
      return null;
    case MessageType.Snap:
      // Only here does a snapshot's term decide the own one: following a sender of none would take the term back.
      if (message.term === 0) return malformedMessage("MsgSnap without a term at a candidate");
      raft.becomeFollower(message.term, message.from);
      handleSnapshot(raft, message);
      return null;
    case MessageType.VoteResp:
      if (raft.state === StateType.Candidate) countVote(raft, message);
      return null;
    case MessageType.PreVoteResp:
      if (raft.state === StateType.PreCandidate) countVote(raft, message);
      return null;
    default:
      return null;
  }
}
