import { restoreConfiguration } from "../confchange/index.ts";
import { violated } from "../invariant.ts";
import { newMessage } from "../message.ts";
import type { Raft } from "../raft.ts";
import { PROPOSAL_DROPPED, type Refusal } from "../refusal.ts";
import { type Message, MessageType, NONE, ReadOnlyOption, type Snapshot, StateType } from "../types.ts";
import { Campaign, hup } from "./election.ts";

/** Handles a message of the own term on a follower. */
export function stepFollower(raft: Raft, message: Message): Refusal | null {
  switch (message.type) {
    case MessageType.Prop:
      if (raft.lead === NONE || raft.config.disableProposalForwarding) return PROPOSAL_DROPPED;
      forward(raft, message);
      return null;
    case MessageType.App:
      raft.followLeader(message.from);
      handleAppend(raft, message);
      return null;
    case MessageType.Heartbeat:
      raft.followLeader(message.from);
      handleHeartbeat(raft, message);
      return null;
    case MessageType.Snap:
      raft.followLeader(message.from);
      handleSnapshot(raft, message);
      return null;
    case MessageType.TransferLeader:
    case MessageType.ReadIndex:
      if (raft.lead !== NONE) forward(raft, message);
      return null;
    case MessageType.ForgetLeader:
      // With leases, a node that forgets the leader could help to elect another while the lease is still valid.
      if (raft.config.readOnlyOption !== ReadOnlyOption.LeaseBased) raft.forgetLeader();
      return null;
    case MessageType.TimeoutNow:
      // There is no pre-vote, because the leader itself wants to be replaced.
      hup(raft, Campaign.Transfer);
      return null;
    case MessageType.ReadIndexResp: {
      const [request] = message.entries;
      if (message.entries.length !== 1 || request === undefined) return null;
      raft.readStates.push({ index: message.index, requestCtx: request.data });
      return null;
    }
    default:
      return null;
  }
}

/** The sender field keeps the asking node, because the answer goes to that node. */
function forward(raft: Raft, message: Message): void {
  raft.send({ ...message, to: raft.lead, term: 0 });
}

/** Appends a leader's entries, or answers with the index where the logs may still agree. */
export function handleAppend(raft: Raft, message: Message): void {
  const { log } = raft;
  const answer = newMessage(MessageType.AppResp, message.from);
  // The check comes first: the answers below (the commit index, or a hint) would hide a contradiction.
  log.checkCommitted(message.index, message.logTerm);
  if (message.index < log.committed) {
    for (const { index, term } of message.entries) log.checkCommitted(index, term);
    // The message is old: all entries that are committed here are also the leader's.
    answer.index = log.committed;
    raft.send(answer);
    return;
  }
  const lastNew = log.tryAppend(message.index, message.logTerm, message.entries, message.commit);
  if (lastNew !== undefined) {
    answer.index = lastNew;
    raft.send(answer);
    return;
  }
  // All entries after the hint have a later term than the leader has at its index, so none of them can match.
  const hint = log.findConflictByTerm(Math.min(message.index, log.lastIndex), message.logTerm);
  answer.index = message.index;
  answer.reject = true;
  answer.rejectHint = hint.index;
  answer.logTerm = hint.term;
  raft.send(answer);
}

export function handleHeartbeat(raft: Raft, message: Message): void {
  raft.log.commitTo(message.commit);
  const answer = newMessage(MessageType.HeartbeatResp, message.from);
  answer.context = message.context;
  raft.send(answer);
}

/** Answers with the index up to which the logs now agree, also when the snapshot was not taken. */
export function handleSnapshot(raft: Raft, message: Message): void {
  const restored = message.snapshot !== null && restore(raft, message.snapshot);
  const answer = newMessage(MessageType.AppResp, message.from);
  answer.index = restored ? raft.log.lastIndex : raft.log.committed;
  raft.send(answer);
}

/** Replaces log and configuration by the snapshot. False when the snapshot is not needed, or not for this node. */
function restore(raft: Raft, snapshot: Snapshot): boolean {
  const { index, term, confState } = snapshot.metadata;
  raft.log.checkCommitted(index, term);
  if (index <= raft.log.committed) return false;
  const { committed } = raft.log;
  const committedTerm = raft.log.term(committed);
  if (term < committedTerm) {
    // Terms in a log never go back, so the log of the snapshot has another entry at the index that is committed here.
    violated("a snapshot of an earlier term than what is committed before it", {
      index,
      term,
      committed,
      committedTerm,
    });
  }
  if (raft.state !== StateType.Follower) {
    // Every other role first becomes follower, so this cannot happen. If it happens, the node leaves this term.
    raft.becomeFollower(raft.term + 1, NONE);
    return false;
  }
  // The list learnersNext is a part of the outgoing voters.
  const members = [confState.voters, confState.learners, confState.votersOutgoing];
  if (!members.some((ids) => ids.includes(raft.id))) return false;
  if (raft.log.matches(index, term)) {
    // The log has all entries of the snapshot: only the commit index is new.
    raft.log.commitTo(index);
    return false;
  }
  raft.log.restore(snapshot);
  const tracker = raft.newTracker();
  restoreConfiguration(tracker, confState, raft.log.lastIndex);
  raft.tracker = tracker;
  return true;
}
