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

/** Appends `entries` to the leader's log and sends them. Returns the reason of a refusal, or null. */
export function propose(raft: Raft, entries: readonly Entry[]): Refusal | null {
  // A leader that was removed from the configuration, or that transfers its leadership, accepts no proposals.
  if (raft.tracker.get(raft.id) === undefined) return PROPOSAL_DROPPED;
  if (raft.leadTransferee !== NONE) return PROPOSAL_DROPPED;
  const checked = checkConfChanges(raft, entries);
  if (checked === null) return MALFORMED_CONF_CHANGE;
  if (!appendEntries(raft, checked)) return PROPOSAL_DROPPED;
  broadcastAppend(raft);
  return null;
}

/**
 * Appends entries of this leader, with its term and the next indexes. Returns false, and appends nothing, when the
 * entries would pass the limit of uncommitted bytes.
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
  // The leader acknowledges its own entries only when they are durable, so this message is sent like every answer.
  const ack = newMessage(MessageType.AppResp, raft.id);
  ack.index = index;
  raft.send(ack);
  return true;
}

/**
 * With no uncommitted bytes, a proposal of any size is accepted: otherwise a proposal above the limit would never be
 * accepted. Entries without payload always fit: otherwise a full log would keep a new leader from appending its
 * first entry.
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

/**
 * Applied entries no longer count. The result stays at 0 or above, because a leader does not count inherited
 * entries.
 */
export function releaseUncommitted(raft: Raft, bytes: number): void {
  raft.uncommittedBytes = Math.max(0, raft.uncommittedBytes - bytes);
}

/**
 * Replaces each membership change that is not possible now by an empty entry, so that the proposer sees it committed
 * without effect. Returns null for an unreadable change.
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
 * One change at a time: the next change may be proposed when the last one is applied here. A joint configuration can
 * only be left, and any other configuration can only be changed.
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
