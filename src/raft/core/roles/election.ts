import { violated } from "../invariant.ts";
import { NO_BYTES, newMessage } from "../message.ts";
import { VoteResult } from "../quorum/index.ts";
import type { Raft } from "../raft.ts";
import { EntryType, type Message, MessageType, NONE, StateType } from "../types.ts";
import { appendEntries } from "./proposals.ts";
import { broadcastAppend } from "./replication.ts";

export const Campaign = {
  /** Ask first whether an election could be won. */
  PreElection: 0,
  Election: 1,
  /** The leader asked for it: voters need not protect it. */
  Transfer: 2,
} as const;
export type Campaign = (typeof Campaign)[keyof typeof Campaign];

/** Context of vote requests in a transfer. */
const TRANSFER_CONTEXT: Uint8Array = Uint8Array.from("CampaignTransfer", (char) => char.charCodeAt(0));

/** Whether a vote request belongs to a leadership transfer. */
export function isTransferRequest(message: Message): boolean {
  const { context } = message;
  return (
    context.length === TRANSFER_CONTEXT.length && context.every((byte, i) => byte === TRANSFER_CONTEXT[i])
  );
}

/** Campaigns, if the node may. */
export function hup(raft: Raft, campaign: Campaign): void {
  if (raft.state === StateType.Leader || !raft.promotable) return;
  // A change that is committed but not applied might decide who may vote, or whether this node may.
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
  // A pre-vote asks about the term that an election would bring.
  const term = asking ? raft.term + 1 : raft.term;
  for (const id of raft.tracker.voterIds) {
    if (id === raft.id) {
      // The own vote counts when it is durable, like everybody's.
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

/** A voter's answer to this (pre-)candidate. */
export function countVote(raft: Raft, message: Message): void {
  raft.tracker.recordVote(message.from, !message.reject);
  const result = raft.tracker.voteResult();
  if (result === VoteResult.Won) {
    if (raft.state === StateType.PreCandidate) start(raft, Campaign.Election);
    else lead(raft);
  } else if (result === VoteResult.Lost) {
    // Not the term of the message: a pre-vote answer may carry one that nobody has entered.
    raft.becomeFollower(raft.term, NONE);
  }
}

/** The term begins with an entry of its own: only through it are the entries of earlier terms committed. */
function lead(raft: Raft): void {
  raft.becomeLeader();
  if (!appendEntries(raft, [{ term: 0, index: 0, type: EntryType.Normal, data: NO_BYTES }])) {
    violated("the first entry of a term was dropped", { id: raft.id, term: raft.term });
  }
  broadcastAppend(raft);
}

/**
 * Answers a (pre-)vote request whose term the node has entered (or, for a pre-vote, might). Granted when the node has
 * not promised otherwise and the candidate's log has everything that may be committed (paper, 5.2 and 5.4.1).
 *
 * Learners answer too: one may have been made a voter by a change that it has not heard of, and the candidate may need
 * its vote.
 */
export function answerVoteRequest(raft: Raft, message: Message): void {
  const real = message.type === MessageType.Vote;
  const canVote =
    raft.vote === message.from ||
    (raft.vote === NONE && raft.lead === NONE) ||
    (!real && message.term > raft.term);
  const answer = newMessage(real ? MessageType.VoteResp : MessageType.PreVoteResp, message.from);
  if (canVote && raft.log.isUpToDate(message.index, message.logTerm)) {
    // The term asked about, not ours: the candidate would ignore an answer for a term it has left.
    answer.term = message.term;
    raft.send(answer);
    if (real) raft.castVote(message.from);
    return;
  }
  answer.term = raft.term;
  answer.reject = true;
  raft.send(answer);
}
