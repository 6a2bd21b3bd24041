import { newMessage } from "./message.ts";
import type { Raft } from "./raft.ts";
import {
  APPEND_THREAD,
  APPLY_THREAD,
  type Entry,
  type HardState,
  type Message,
  MessageType,
  type Snapshot,
} from "./types.ts";

// Storage work as messages to the two storage threads, and their acknowledgements. Without async storage writes
// `advance` delivers the same acknowledgements, so the state machine handles both modes in the same way.

/** The writes of one Ready. */
export interface StorageWrites {
  readonly hardState: HardState | null;
  readonly entries: readonly Entry[];
  readonly snapshot: Snapshot | null;
}

/**
 * The write of one Ready, or null when there is nothing to write and no answer that waits for earlier writes. The
 * responses are the promises that may be sent when the write is durable, and last the acknowledgement of the write
 * itself. The leader's own append answer comes before it, because it is cheaper to handle while the entries are
 * still in memory.
 */
export function storageAppend(raft: Raft, writes: StorageWrites): Message | null {
  const { hardState, entries, snapshot } = writes;
  const promises = raft.messagesAfterAppend;
  if (hardState === null && entries.length === 0 && snapshot === null && promises.length === 0) return null;
  const message = newMessage(MessageType.StorageAppend, APPEND_THREAD);
  message.from = raft.id;
  message.entries = entries;
  message.snapshot = snapshot;
  if (hardState !== null) {
    message.term = hardState.term;
    message.vote = hardState.vote;
    message.commit = hardState.commit;
  }
  const acknowledgement = storageAppendResp(raft, snapshot);
  message.responses = acknowledgement === null ? promises : [...promises, acknowledgement];
  return message;
}

/**
 * The acknowledgement of a write, or null when there is nothing unstable to acknowledge.
 *
 * The acknowledgement names the present last entry of the log (index and term) and the present term. It names the
 * end of the log even when the write has no entries, for this reason: an earlier acknowledgement may have been
 * ignored because the term changed, and its entries would stay unstable until the next append. Writes are done in
 * order, so the whole log up to this entry is durable when the write is durable. docs/raft.md explains why neither
 * the index nor index and term are enough to detect a stale acknowledgement.
 */
export function storageAppendResp(raft: Raft, snapshot: Snapshot | null): Message | null {
  const unstable = raft.log.unstable.length > 0;
  if (!unstable && snapshot === null) return null;
  const message = newMessage(MessageType.StorageAppendResp, raft.id);
  message.from = APPEND_THREAD;
  message.term = raft.term;
  message.snapshot = snapshot;
  if (unstable) {
    message.index = raft.log.lastIndex;
    message.logTerm = raft.log.lastTerm;
  }
  return message;
}

/** The application of committed entries; the message has no term. */
export function storageApply(raft: Raft, entries: readonly Entry[]): Message {
  const message = newMessage(MessageType.StorageApply, APPLY_THREAD);
  message.from = raft.id;
  message.entries = entries;
  message.responses = [storageApplyResp(raft, entries)];
  return message;
}

export function storageApplyResp(raft: Raft, entries: readonly Entry[]): Message {
  const message = newMessage(MessageType.StorageApplyResp, raft.id);
  message.from = APPLY_THREAD;
  message.entries = entries;
  return message;
}
