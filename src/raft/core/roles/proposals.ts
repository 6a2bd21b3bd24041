import {
  asV2,
  type ConfChange,
  ConfChangeFormatError,
  type ConfChangeV2,
  decodeConfChange,
} from "../conf-change.ts";
import { NO_BYTES, newMessage } from "../message.ts";
import type { Raft } from "../raft.ts";
import { MALFORMED_CONF_CHANGE, PROPOSAL_DROPPED, type Refusal } from "../refusal.ts";
import { payloadsSize } from "../sizes.ts";
import { isJoint } from "../tracker/index.ts";
import { type Entry, EntryType, MessageType, NONE } from "../types.ts";
import { broadcastAppend } from "./replication.ts";

/** Takes `entries` into the leader's log and sends them. Returns why not, or null. */
export function propose(raft: Raft, entries: readonly Entry[]): Refusal | null {
  // Removed from the configuration while still leading, or on the way out: nothing new is accepted.
  if (raft.tracker.get(raft.id) === undefined) return PROPOSAL_DROPPED;
  if (raft.leadTransferee !== NONE) return PROPOSAL_DROPPED;
  const checked = checkConfChanges(raft, entries);
  if (checked === null) return MALFORMED_CONF_CHANGE;
  if (!appendEntries(raft, checked)) return PROPOSAL_DROPPED;
  broadcastAppend(raft);
  return null;
}

/**
 * Appends entries of this leader, with its term and the next indexes. False when they would pass the limit on what
 * may be uncommitted; nothing is appended then.
 */
export function appendEntries(raft: Raft, entries: readonly Entry[]): boolean {
  if (!reserveUncommitted(raft, payloadsSize(entries))) return false;
  const term = raft.term;
  let index = raft.log.lastIndex;
  const appended = entries.map(({ type, data }): Entry => {
    index++;
    return { term, index, type, data };
  });
  raft.log.append(appended);
  // The leader's own acknowledgement is not given before the entries are durable: it goes the way of all answers.
  const ack = newMessage(MessageType.AppResp, raft.id);
  ack.index = index;
  raft.send(ack);
  return true;
}

/**
 * An empty log tail takes a proposal of any size, or one larger than the limit could never be made; and payload-free
 * entries always fit, or a full log would keep a new leader from appending its first.
 */
function reserveUncommitted(raft: Raft, bytes: number): boolean {
  const { uncommittedBytes } = raft;
  if (
    uncommittedBytes > 0 &&
    bytes > 0 &&
    uncommittedBytes + bytes > raft.config.maxUncommittedEntriesBytes
  ) {
    return false;
  }
  raft.uncommittedBytes = uncommittedBytes + bytes;
  return true;
}

/** Applied entries no longer count. Saturates: a leader does not count what it inherited. */
export function releaseUncommitted(raft: Raft, bytes: number): void {
  raft.uncommittedBytes = Math.max(0, raft.uncommittedBytes - bytes);
}

/**
 * Replaces each membership change that is not possible now by an empty entry, so that the proposer sees it commit and
 * come to nothing. null when one cannot be read.
 */
function checkConfChanges(raft: Raft, entries: readonly Entry[]): readonly Entry[] | null {
  if (!entries.some((entry) => entry.type !== EntryType.Normal)) return entries;
  const checked: Entry[] = [];
  let pendingConfIndex = raft.pendingConfIndex;
  let index = raft.log.lastIndex;
  for (const entry of entries) {
    index++;
    if (entry.type === EntryType.Normal) {
      checked.push(entry);
      continue;
    }
    const change = readConfChange(entry);
    if (change === null) return null;
    if (raft.config.disableConfChangeValidation || isPossible(raft, asV2(change), pendingConfIndex)) {
      pendingConfIndex = index;
      checked.push(entry);
    } else {
      checked.push({ term: 0, index: 0, type: EntryType.Normal, data: NO_BYTES });
    }
  }
  raft.pendingConfIndex = pendingConfIndex;
  return checked;
}

/**
 * One change at a time: the next may be proposed when the last is applied here. A joint configuration can only be
 * left, any other only be changed.
 */
function isPossible(raft: Raft, change: ConfChangeV2, pendingConfIndex: number): boolean {
  if (pendingConfIndex > raft.log.applied) return false;
  const leaves = change.changes.length === 0;
  return isJoint(raft.tracker.configuration) === leaves;
}

function readConfChange(entry: Entry): ConfChange | null {
  try {
    return decodeConfChange(entry.type, entry.data);
  } catch (error) {
    if (error instanceof ConfChangeFormatError) return null;
    throw error;
  }
}
