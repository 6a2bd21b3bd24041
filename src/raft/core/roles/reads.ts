import { newMessage } from "../message.ts";
import { jointCommittedIndex } from "../quorum/index.ts";
import type { Raft } from "../raft.ts";
import { type Message, MessageType, NONE, ReadOnlyOption } from "../types.ts";
import { broadcastHeartbeatWith } from "./replication.ts";

// Linearizable reads without a log entry (Raft thesis, section 6.4).

/** Handles a read request on the leader. The data of its first entry is the caller's context. */
export function handleReadIndex(raft: Raft, request: Message): void {
  if (hasCommittedInTerm(raft)) {
    confirmRead(raft, request);
  } else {
    // Entries that the last leader committed may not be known as committed here yet. This is also true for a sole
    // voter: after a crash its stored commit index may be lower than the index that it had answered.
    raft.earlyReads.push(request);
  }
}

/** Called when the commit index moved: continues the reads that waited for the first commit of the term. */
export function releaseEarlyReads(raft: Raft): void {
  if (raft.earlyReads.length === 0 || !hasCommittedInTerm(raft)) return;
  const requests = raft.earlyReads;
  raft.earlyReads = [];
  for (const request of requests) confirmRead(raft, request);
}

function hasCommittedInTerm(raft: Raft): boolean {
  return raft.log.term(raft.log.committed) === raft.term;
}

function confirmRead(raft: Raft, request: Message): void {
  // A sole voter needs no confirmation. (A leader that was removed needs one from the sole other voter.)
  if (raft.tracker.isSoleVoter(raft.id) || raft.config.readOnlyOption === ReadOnlyOption.LeaseBased) {
    answerRead(raft, request, raft.log.committed);
    return;
  }
  broadcastHeartbeatWith(raft, raft.reads.add(request, raft.log.committed, raft.id));
}

/** Handles a heartbeat answer, which may confirm reads. */
export function confirmReads(raft: Raft, message: Message): void {
  if (raft.config.readOnlyOption !== ReadOnlyOption.Safe || message.context.length === 0) return;
  raft.reads.acknowledge(message.from, message.context);
  const confirmed = jointCommittedIndex(raft.tracker.configuration.voters, raft.reads);
  for (const { request, index } of raft.reads.confirm(confirmed)) answerRead(raft, request, index);
}

function answerRead(raft: Raft, request: Message, index: number): void {
  if (request.from === NONE || request.from === raft.id) {
    const [entry] = request.entries;
    if (entry !== undefined) raft.readStates.push({ index, requestCtx: entry.data });
    return;
  }
  const answer = newMessage(MessageType.ReadIndexResp, request.from);
  answer.index = index;
  answer.entries = request.entries;
  raft.send(answer);
}
