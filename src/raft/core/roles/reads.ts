import { newMessage } from "../message.ts";
import { jointCommittedIndex } from "../quorum/index.ts";
import type { Raft } from "../raft.ts";
import { type Message, MessageType, NONE, ReadOnlyOption } from "../types.ts";
import { broadcastHeartbeatWith } from "./replication.ts";

// Linearizable reads without a log entry (Raft thesis, section 6.4).

/** A read request on the leader. Its first entry's data is the caller's context. */
export function handleReadIndex(raft: Raft, request: Message): void {
  if (hasCommittedInTerm(raft)) {
    confirmRead(raft, request);
  } else {
    // Entries that the last leader committed may not be known as committed here yet. That holds for a sole voter too:
    // after a crash the commit index it had stored may lie behind what it had answered.
    raft.earlyReads.push(request);
  }
}

/** The commit index moved: reads that waited for the first commit of the term can go on. */
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
  // A sole voter needs nobody's confirmation. (A leader that was removed in favour of a sole other voter does.)
  if (raft.tracker.isSoleVoter(raft.id) || raft.config.readOnlyOption === ReadOnlyOption.LeaseBased) {
    answerRead(raft, request, raft.log.committed);
    return;
  }
  broadcastHeartbeatWith(raft, raft.reads.add(request, raft.log.committed, raft.id));
}

/** A heartbeat's answer may be the one that confirms reads. */
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
