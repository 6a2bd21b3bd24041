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

// Storage work as messages to the two storage threads, and their acknowledgements. Without async storage writes the
// same acknowledgements are delivered by `advance`, so both modes take one road through the state machine.

/** What a Ready wants to be written. */
export interface StorageWrites {
  readonly hardState: HardState | null;
  readonly entries: readonly Entry[];
  readonly snapshot: Snapshot | null;
}

/**
 * The write of one Ready, or null when nothing has to be written and no answer has to wait for earlier writes. The
 * responses are the promises that may be made once it is durable, and last the acknowledgement of the write itself:
 * after the leader's own append answer, which is cheaper to handle while the entries are still in memory.
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
 * The acknowledgement of a write, or null when there is nothing unstable that it could be about.
 *
 * It names the last entry of the log (index and term) as it is now, and this term. That it names the log's end even if
 * this very write has no entries is on purpose: an acknowledgement that was ignored because the term changed under it
 * would otherwise be the last word about entries that are still there, and they would stay unstable until the next
 * append. Writes are done in order, so the whole log up to here is durable when this one is. docs/raft.md tells why
 * neither the index nor index and term are enough to tell a stale acknowledgement.
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

/** The application of committed entries; they belong to no term. */
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
