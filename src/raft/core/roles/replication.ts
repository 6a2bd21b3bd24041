import { violated } from "../invariant.ts";
import { NO_TERM } from "../log/raft-log.ts";
import { NO_BYTES, NO_ENTRIES, newMessage } from "../message.ts";
import type { Raft } from "../raft.ts";
import { payloadsSize } from "../sizes.ts";
import { isStorageError } from "../storage.ts";
import { type Progress, ProgressState } from "../tracker/index.ts";
import { type Entry, MessageType, type Snapshot } from "../types.ts";

// The messages by which a leader makes its followers' logs equal to its own.

/** Sends an append to `to`, also an empty one, because the message has the commit index. */
export function sendAppend(raft: Raft, to: number): void {
  maybeSendAppend(raft, to, true);
}

/**
 * Sends `to` the next append, or a snapshot when the log no longer has the needed entries. Returns whether a message
 * was sent: nothing is sent while the follower is paused, or without `sendIfEmpty` when there are no entries.
 */
export function maybeSendAppend(raft: Raft, to: number, sendIfEmpty: boolean): boolean {
  const progress = raft.tracker.get(to);
  if (progress === undefined) violated("append to a node that is not tracked", { id: raft.id, to });
  if (progress.paused) return false;
  const prevIndex = progress.next - 1;
  const prevTerm = raft.log.term(prevIndex);
  if (prevTerm === NO_TERM) return maybeSendSnapshot(raft, to, progress);

  let entries: readonly Entry[] | "compacted" | "pending" = NO_ENTRIES;
  // With a full window only an empty append is sent. Its answer or refusal shows whether the messages in the window
  // were lost, so sending can continue.
  if (progress.state !== ProgressState.Replicate || !progress.inflights.full) {
    entries = availableEntries(raft, progress.next);
  }
  // The follower's next answer, or the application (resumeAppends), tries again; heartbeats send the commit index
  // meanwhile.
  if (entries === "pending") return false;
  if ((entries === "compacted" || entries.length === 0) && !sendIfEmpty) return false;
  if (entries === "compacted") return maybeSendSnapshot(raft, to, progress);

  const message = newMessage(MessageType.App, to);
  message.index = prevIndex;
  message.logTerm = prevTerm;
  message.entries = entries;
  message.commit = raft.log.committed;
  raft.send(message);
  progress.sentEntries(entries.length, payloadsSize(entries));
  progress.sentCommitIndex(raft.log.committed);
  return true;
}

/**
 * `compacted`: the entries were removed after their term was read. `pending`: storage is still reading the entries.
 */
function availableEntries(raft: Raft, from: number): readonly Entry[] | "compacted" | "pending" {
  try {
    return raft.log.entriesFrom(from, raft.config.maxSizePerMsgBytes);
  } catch (error) {
    if (isStorageError(error, "COMPACTED")) return "compacted";
    if (isStorageError(error, "PENDING")) return "pending";
    throw error;
  }
}

/** Called when pending entries can be read: sends to every follower that may get an append. */
export function resumeAppends(raft: Raft): void {
  for (const id of raft.tracker.ids) {
    if (id !== raft.id) while (maybeSendAppend(raft, id, false));
  }
}

/**
 * Sends a snapshot only to a follower that was heard from recently: a snapshot is too expensive for an absent
 * follower.
 */
function maybeSendSnapshot(raft: Raft, to: number, progress: Progress): boolean {
  if (!progress.recentActive) return false;
  const snapshot = currentSnapshot(raft);
  if (snapshot === null) return false;
  const { index } = snapshot.metadata;
  if (index === 0) violated("a follower needs a snapshot, and there is none", { to, next: progress.next });
  progress.becomeSnapshot(index);
  const message = newMessage(MessageType.Snap, to);
  message.snapshot = snapshot;
  raft.send(message);
  return true;
}

/** Returns null while the snapshot is being made; the next heartbeat answer tries again. */
function currentSnapshot(raft: Raft): Snapshot | null {
  try {
    return raft.log.snapshot();
  } catch (error) {
    if (isStorageError(error, "SNAPSHOT_TEMPORARILY_UNAVAILABLE")) return null;
    throw error;
  }
}

/** Sends an append to every member that is not paused. */
export function broadcastAppend(raft: Raft): void {
  for (const id of raft.tracker.ids) {
    if (id !== raft.id) sendAppend(raft, id);
  }
}

/** Sends a heartbeat to every member, with the context that confirms the waiting reads, when there are any. */
export function broadcastHeartbeat(raft: Raft): void {
  broadcastHeartbeatWith(raft, raft.reads.lastContext() ?? NO_BYTES);
}

export function broadcastHeartbeatWith(raft: Raft, context: Uint8Array): void {
  for (const id of raft.tracker.ids) {
    if (id !== raft.id) sendHeartbeat(raft, id, context);
  }
}

function sendHeartbeat(raft: Raft, to: number, context: Uint8Array): void {
  const progress = raft.tracker.get(to);
  if (progress === undefined) violated("heartbeat to a node that is not tracked", { id: raft.id, to });
  const message = newMessage(MessageType.Heartbeat, to);
  // A heartbeat has no entry to compare, so it may only commit the entries that the follower is known to have.
  const commit = Math.min(progress.match, raft.log.committed);
  message.commit = commit;
  message.context = context;
  raft.send(message);
  progress.sentCommitIndex(commit);
}

/** Commits the entries of a quorum when the last one is of this term. Returns whether the commit index moved. */
export function maybeCommit(raft: Raft): boolean {
  return raft.log.maybeCommit(raft.tracker.committedIndex(), raft.term);
}
