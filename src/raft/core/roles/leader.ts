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

/** What a leader does with a message of its own term. */
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
      // Also the way in which the leader acknowledges its own appends.
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
      // What was sent optimistically has probably been lost.
      if (progress.state === ProgressState.Replicate) progress.becomeProbe();
      break;
    case MessageType.TransferLeader:
      handleTransfer(raft, message.from, progress);
      break;
    default:
      break;
  }
}

/** Steps down if no quorum was heard from since the last check, and begins the next period. */
export function checkQuorum(raft: Raft): void {
  if (!raft.tracker.quorumActive()) raft.becomeFollower(raft.term, NONE);
  for (const [id, progress] of raft.tracker.progress) {
    if (id !== raft.id) progress.recentActive = false;
  }
}

/**
 * A follower's log does not have (or contradicts) the entry before an append. Its hint is the last entry of its log
 * that is not of a later term than ours at that point; ours in turn may skip everything of a later term than the
 * hint's. So each exchange skips a whole term of one of the two logs, for example
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
  // Nobody can have more of this term than its leader. Counted, it would be an acknowledgement of entries to come.
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
  // An acknowledgement that is no news still ends a probe (after the follower was reported unreachable).
  if (!progress.maybeUpdate(message.index) && !(known && progress.state === ProgressState.Probe)) return;
  switch (progress.state) {
    case ProgressState.Probe:
      progress.becomeReplicate();
      break;
    case ProgressState.Snapshot:
      // The follower reaches into the log again, by this snapshot or another way: appends can follow. The detour
      // through Probe sets `next` behind the snapshot as well.
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
    // Earlier than the next heartbeat would tell it.
    sendAppend(raft, message.from);
  }
  // The window may have opened for more than one message.
  if (message.from !== raft.id) {
    while (maybeSendAppend(raft, message.from, false));
  }
  if (message.from === raft.leadTransferee && progress.match === raft.log.lastIndex) {
    sendTimeoutNow(raft, message.from);
  }
}

function handleHeartbeatAnswer(raft: Raft, message: Message, progress: Progress): void {
  progress.recentActive = true;
  // Whatever the flow waits for may have been lost: let one append through. In a full window that is an empty one.
  progress.flowPaused = false;
  // A probe of a follower that has everything is needed too, to be back in Replicate.
  if (progress.match < raft.log.lastIndex || progress.state === ProgressState.Probe) {
    sendAppend(raft, message.from);
  }
  confirmReads(raft, message);
}

/** The application reports how the transfer of a snapshot ended. */
function handleSnapshotStatus(message: Message, progress: Progress): void {
  if (progress.state !== ProgressState.Snapshot) return;
  // After a failure the follower is where it was: not behind the snapshot.
  if (message.reject) progress.pendingSnapshot = 0;
  progress.becomeProbe();
  // On success the follower's own answer comes next; after a failure a heartbeat interval passes before another try.
  progress.flowPaused = true;
}

/** Hands leadership to `target` (thesis, 3.10): as soon as it has the whole log, it is told to campaign at once. */
function handleTransfer(raft: Raft, target: number, progress: Progress): void {
  if (progress.isLearner) return;
  if (raft.leadTransferee !== NONE) {
    if (raft.leadTransferee === target) return;
    raft.abortLeaderTransfer();
  }
  if (target === raft.id) return;
  // It has one election timeout, after which it is aborted.
  raft.electionElapsed = 0;
  raft.leadTransferee = target;
  if (progress.match === raft.log.lastIndex) sendTimeoutNow(raft, target);
  else sendAppend(raft, target);
}

function sendTimeoutNow(raft: Raft, to: number): void {
  raft.send(newMessage(MessageType.TimeoutNow, to));
}
