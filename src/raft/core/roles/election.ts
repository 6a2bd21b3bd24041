import { violated } from "../invariant.ts";
import { NO_BYTES, newMessage } from "../message.ts";
import { VoteResult } from "../quorum/index.ts";
import type { Raft } from "../raft.ts";
import { EntryType, type Message, MessageType, NONE, StateType } from "../types.ts";
import { appendEntries } from "./proposals.ts";
import { broadcastAppend } from "./replication.ts";

export const Campaign = {
  /** The node first asks whether it could win an election. */
  PreElection: 0,
  Election: 1,
  /** The leader asked for the election: voters need not protect the leader. */
  Transfer: 2,
} as const;
export type Campaign = (typeof Campaign)[keyof typeof Campaign];

/** Context of vote requests in a leadership transfer. */
const TRANSFER_CONTEXT: Uint8Array = Uint8Array.from("CampaignTransfer", (char) => char.charCodeAt(0));

/** True when a vote request belongs to a leadership transfer. */
export function isTransferRequest(message: Message): boolean {
  const { context } = message;
  return (
    context.length === TRANSFER_CONTEXT.length && context.every((byte, i) => byte === TRANSFER_CONTEXT[i])
  );
}

/** Campaigns, when the node may. */
export function hup(raft: Raft, campaign: Campaign): void {
  if (raft.state === StateType.Leader || !raft.promotable) return;
  // A change that is committed but not applied may decide which nodes may vote, and whether this node may.
  if (hasUnappliedConfChange(raft)) return;
  start(raft, campaign);
}

function hasUnappliedConfChange(raft: Raft): boolean {
  const { log } = raft;
  if (log.applied >= log.committed) return false;
  return log.some(log.applied + 1, log.committed + 1, log.maxApplyingBytes, (page) =>
    page.some((entry) => entry.type !== EntryType.Normal),
  );
}

function start(raft: Raft, campaign: Campaign): void {
  const asking = campaign === Campaign.PreElection;
  if (asking) raft.becomePreCandidate();
  else raft.becomeCandidate();
  // A pre-vote asks about the term of the possible election.
  const term = asking ? raft.term + 1 : raft.term;
  for (const id of raft.tracker.voterIds) {
    if (id === raft.id) {
      // The own vote counts when it is durable, like the votes of other nodes.
      const own = newMessage(asking ? MessageType.PreVoteResp : MessageType.VoteResp, id);
      own.term = term;
      raft.send(own);
      continue;
    }
    const request = newMessage(asking ? MessageType.PreVote : MessageType.Vote, id);
    request.term = term;
    request.index = raft.log.lastIndex;
    request.logTerm = raft.log.lastTerm;
    if (campaign === Campaign.Transfer) request.context = TRANSFER_CONTEXT;
    raft.send(request);
  }
}

/** Counts a voter's answer to this candidate or pre-candidate. */
export function countVote(raft: Raft, message: Message): void {
  raft.tracker.recordVote(message.from, !message.reject);
  const result = raft.tracker.voteResult();
  if (result === VoteResult.Won) {
    if (raft.state === StateType.PreCandidate) start(raft, Campaign.Election);
    else lead(raft);
  } else if (result === VoteResult.Lost) {
    // The node keeps its own term: a pre-vote answer may name a term that no node has entered.
    raft.becomeFollower(raft.term, NONE);
  }
}

/** Begins the term with an entry of its own: only this entry commits the entries of earlier terms. */
function lead(raft: Raft): void {
  raft.becomeLeader();
  if (!appendEntries(raft, [{ term: 0, index: 0, type: EntryType.Normal, data: NO_BYTES }])) {
    violated("the first entry of a term was dropped", { id: raft.id, term: raft.term });
  }
  broadcastAppend(raft);
}

/**
 * Answers a vote or pre-vote request whose term the node has entered (or, for a pre-vote, may enter). The vote is
 * granted when the node has made no other promise and the candidate's log has every entry that may be committed
 * (paper, 5.2 and 5.4.1).
 *
 * Learners answer too: a learner may have become a voter by a change that it does not know yet, and the candidate
 * may need its vote.
 */
export function answerVoteRequest(raft: Raft, message: Message): void {
  const real = message.type === MessageType.Vote;
  const canVote =
    raft.vote === message.from ||
    (raft.vote === NONE && raft.lead === NONE) ||
    (!real && message.term > raft.term);
  const answer = newMessage(real ? MessageType.VoteResp : MessageType.PreVoteResp, message.from);
  if (canVote && raft.log.isUpToDate(message.index, message.logTerm)) {
    // The answer names the requested term: the candidate would ignore an answer for another term.
    answer.term = message.term;
    raft.send(answer);
    if (real) raft.castVote(message.from);
    return;
  }
  answer.term = raft.term;
  answer.reject = true;
  raft.send(answer);
}
