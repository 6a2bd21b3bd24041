import type { Raft } from "../raft.ts";
import { malformedMessage, PROPOSAL_DROPPED, type Refusal } from "../refusal.ts";
import { type Message, MessageType, StateType } from "../types.ts";
import { countVote } from "./election.ts";
import { handleAppend, handleHeartbeat, handleSnapshot } from "./follower.ts";

/** Handles a message of the own term on a candidate or pre-candidate. */
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
      // Only here does the term of a snapshot message set the own term: a message without a term would set the term
      // back.
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
