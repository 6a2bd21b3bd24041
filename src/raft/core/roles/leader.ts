import { violated } from "../invariant.ts";
import { newMessage } from "../message.ts";
import type { Raft } from "../raft.ts";
import type { Refusal } from "../refusal.ts";
import { type Progress, ProgressState } from "../tracker/index.ts";
import { type Message, MessageType, NONE } from "../types.ts";
import { propose } from "./proposals.ts";
import { confirmReads, handleReadIndex, releaseEarlyReads } from "./reads.ts";
import {
  broadcastAppend,
  broadcastHeartbeat,
  maybeCommit,
  maybeSendAppend,
  sendAppend,
} from "./replication.ts";

/** Handles a message of the own term on a leader. */
export function stepLeader(raft: Raft, message: Message): Refusal | null {
  switch (message.type) {
    case MessageType.Beat:
      broadcastHeartbeat(raft);
      return null;
    case MessageType.CheckQuorum:
      checkQuorum(raft);
      return null;
    case MessageType.Prop:
      if (message.entries.length === 0) violated("empty proposal", { id: raft.id, from: message.from });
      return propose(raft, message.entries);
    case MessageType.ReadIndex:
      handleReadIndex(raft, message);
      return null;
    default: {
      const progress = raft.tracker.get(message.from);
      if (progress !== undefined) stepAboutMember(raft, message, progress);
      return null;
    }
  }
}

function stepAboutMember(raft: Raft, message: Message, progress: Progress): void {
  switch (message.type) {
    case MessageType.AppResp:
      // The leader also acknowledges its own appends with this message.
      progress.recentActive = true;
      if (message.reject) handleRefusal(raft, message, progress);
      else handleAcknowledgement(raft, message, progress);
      break;
    case MessageType.HeartbeatResp:
      handleHeartbeatAnswer(raft, message, progress);
      break;
    case MessageType.SnapStatus:
      handleSnapshotStatus(message, progress);
      break;
    case MessageType.Unreachable:
      // The messages that were sent without waiting for an answer are probably lost.
      if (progress.state === ProgressState.Replicate) progress.becomeProbe();
      break;
    case MessageType.TransferLeader:
      handleTransfer(raft, message.from, progress);
      break;
    default:
      break;
  }
}

/** Steps down when no quorum was heard from since the last check, and begins the next period. */
export function checkQuorum(raft: Raft): void {
  if (!raft.tracker.quorumActive()) raft.becomeFollower(raft.term, NONE);
  for (const [id, progress] of raft.tracker.progress) {
    if (id !== raft.id) progress.recentActive = false;
  }
}

/**
 * Handles a refused append: the follower's log does not have (or contradicts) the entry before the append. The hint
 * is the last entry of the follower's log whose term is not later than the leader's term at that index. The leader
 * can then skip all own entries with a later term than the hint. So each exchange skips a whole term of one of the
 * two logs, for example
 *
 *     index     1 2 3 4 5 6 7 8 9
 *     leader    1 3 3 3 5 5 5 5 5     asks: 5 at 9?
 *     follower  1 1 1 1 2 2           refuses with hint (6, term 2): the leader goes to (1, term 1)
 */
function handleRefusal(raft: Raft, message: Message, progress: Progress): void {
  let hint = message.rejectHint;
  if (message.logTerm > 0) hint = raft.log.findConflictByTerm(message.rejectHint, message.logTerm).index;
  if (!progress.maybeDecreaseTo(message.index, hint)) return;
  if (progress.state === ProgressState.Replicate) progress.becomeProbe();
  sendAppend(raft, message.from);
}

function handleAcknowledgement(raft: Raft, message: Message, progress: Progress): void {
  // No node can have more entries of this term than its leader. The acknowledgement would count for future entries.
  if (message.index > raft.log.lastIndex) {
    violated("an acknowledgement beyond the leader's log: was the log truncated, corrupted or lost?", {
      from: message.from,
      index: message.index,
      lastIndex: raft.log.lastIndex,
      committed: raft.log.committed,
      term: raft.term,
    });
  }
  const known = progress.match === message.index;
  // A repeated acknowledgement still ends a probe (after the follower was reported unreachable).
  if (!progress.maybeUpdate(message.index) && !(known && progress.state === ProgressState.Probe)) return;
  switch (progress.state) {
    case ProgressState.Probe:
      progress.becomeReplicate();
      break;
    case ProgressState.Snapshot:
      // The follower's log now overlaps with the leader's log, by this snapshot or in another way, so appends can
      // follow. The change through Probe also sets `next` behind the snapshot.
      if (progress.match + 1 >= raft.log.firstIndex) {
        progress.becomeProbe();
        progress.becomeReplicate();
      }
      break;
    case ProgressState.Replicate:
      progress.inflights.freeUpTo(message.index);
      break;
  }
  if (maybeCommit(raft)) {
    releaseEarlyReads(raft);
    broadcastAppend(raft);
  } else if (message.from !== raft.id && progress.canBumpCommit(raft.log.committed)) {
    // The append tells the follower the commit index before the next heartbeat.
    sendAppend(raft, message.from);
  }
  // The window may now have space for more than one message.
  if (message.from !== raft.id) {
    while (maybeSendAppend(raft, message.from, false));
  }
  if (message.from === raft.leadTransferee && progress.match === raft.log.lastIndex) {
    sendTimeoutNow(raft, message.from);
  }
}

function handleHeartbeatAnswer(raft: Raft, message: Message, progress: Progress): void {
  progress.recentActive = true;
  // The awaited message may be lost, so one append is allowed. With a full window that append is empty.
  progress.flowPaused = false;
  // A follower with the whole log also needs a probe, to return to Replicate.
  if (progress.match < raft.log.lastIndex || progress.state === ProgressState.Probe) {
    sendAppend(raft, message.from);
  }
  confirmReads(raft, message);
}

/** Handles the application's report about the end of a snapshot transfer. */
function handleSnapshotStatus(message: Message, progress: Progress): void {
  if (progress.state !== ProgressState.Snapshot) return;
  // After a failure the follower does not have the snapshot.
  if (message.reject) progress.pendingSnapshot = 0;
  progress.becomeProbe();
  // On success the follower's own answer comes next; after a failure the next try waits for a heartbeat answer.
  progress.flowPaused = true;
}

/**
 * Transfers leadership to `target` (thesis, 3.10): when `target` has the whole log, it is told to campaign at once.
 */
function handleTransfer(raft: Raft, target: number, progress: Progress): void {
  if (progress.isLearner) return;
  if (raft.leadTransferee !== NONE) {
    if (raft.leadTransferee === target) return;
    raft.abortLeaderTransfer();
  }
  if (target === raft.id) return;
  // The transfer has one election timeout, and is then aborted.
  raft.electionElapsed = 0;
  raft.leadTransferee = target;
  if (progress.match === raft.log.lastIndex) sendTimeoutNow(raft, target);
  else sendAppend(raft, target);
}

function sendTimeoutNow(raft: Raft, to: number): void {
  raft.send(newMessage(MessageType.TimeoutNow, to));
}
