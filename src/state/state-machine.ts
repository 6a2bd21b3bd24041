/**
 * The replicated state machine of one Raft group: it applies committed entries, writes rows and returns answers. It
 * is a pure function of the log and the store: it reads no clock, no random source and no environment. So every
 * replica that applies the same log holds the same rows (test/state/state-machine-determinism.test.ts).
 */

import { applyMembership, type MembershipEntry } from "../cluster/registry/membership.ts";
import { encodeMembership, MEMBERSHIP_STATE, readMembership } from "../cluster/registry/membership-codec.ts";
import { PLANTED } from "../platform/planted.ts";
import { type Entry, EntryType } from "../raft/core/types.ts";
import type { AppliedState, MvccStore, RaftBatch, Timestamp } from "../store/types.ts";
import { type CeilingCommand, readCommitTs, type TxnCommand } from "../txn/command.ts";
import { physicalMs, timestampFromMs } from "../txn/hlc.ts";
import type { Reference } from "../txn/references.ts";
import type { Condition, TxnMutation, TxnOutcome } from "../txn/types.ts";
import { type DecodedEntry, decodeEntry } from "./decoded-entry.ts";
import { SESSION_INDEX_STATE, Sessions } from "./sessions.ts";
import { TxnWriter } from "./txn-writer.ts";

/** The answer to one proposal, for the caller that waits on the node that proposed. @internal */
export interface Answer {
  readonly origin: Uint8Array;
  readonly sequence: number;
  readonly outcome: TxnOutcome;
}

export interface ApplyResult {
  readonly position: AppliedState;
  readonly answers: readonly Answer[];
  /** Transactions applied, refused by a condition, and recognised as repeated. */
  readonly applied: number;
  readonly refused: number;
  readonly repeated: number;
  /**
   * Keys written or deleted (views of the entries); undefined when a prefix was deleted: any key under it may be
   * gone.
   */
  readonly changed: readonly Uint8Array[] | undefined;
  /** References that were written, and blobs that were swept (views of the entries). */
  readonly referenced: readonly Reference[];
  readonly swept: readonly Uint8Array[];
}

interface Stats {
  readonly answers: Answer[];
  applied: number;
  refused: number;
  repeated: number;
  changed: Uint8Array[] | undefined;
  readonly referenced: Reference[];
  readonly swept: Uint8Array[];
}

/**
 * A `prefix-unchanged` condition may be at most this old, in commit time: less than every permitted mvcc-retention.
 * @internal
 */
export const CONDITION_AGE_MAX_MS = 60_000;

const CEILING_STATE = "hlc-ceiling-ms";
/**
 * The replicated state outside the keyspace that has fixed names; every session has a name of its own besides.
 * @internal
 */
export const FSM_STATE_NAMES = [CEILING_STATE, MEMBERSHIP_STATE, SESSION_INDEX_STATE] as const;

/** @internal */
export class FsmError extends Error {
  readonly code = "FSM";
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "FsmError";
  }
}

/**
 * The state machine of a group. The group's store keeps its applied position, sessions, membership and HLC ceiling.
 */
export class Fsm {
  readonly #store: MvccStore;
  readonly #sessions = new Sessions();

  constructor(store: MvccStore) {
    this.#store = store;
  }

  /**
   * Applies consecutive committed entries in one store transaction.
   * @throws FsmError on an entry that cannot be applied (unreadable, out of order, timestamp going back): the
   * replica must stop, because it would diverge. StoreError (disk full, I/O) changes nothing; the caller can repeat
   * the call.
   */
  apply(entries: readonly Entry[]): ApplyResult {
    const last = entries[entries.length - 1];
    if (last === undefined) throw new FsmError("apply of no entries");
    const before = this.#store.appliedState();
    this.#checkOrder(before, entries);
    const position: AppliedState = {
      index: last.index,
      term: last.term,
      commitTs: newestCommitTs(entries, before.commitTs),
    };
    const stats: Stats = {
      answers: [],
      applied: 0,
      refused: 0,
      repeated: 0,
      changed: [],
      referenced: [],
      swept: [],
    };
    try {
      this.#store.raftBatch(position, (batch) => {
        let previousTs = before.commitTs;
        for (const entry of entries) {
          const skipped = PLANTED.applyDependsOnBatch && entries.length > 1 && entry === last;
          if (skipped && entry.type === EntryType.Normal) continue;
          previousTs = this.#visit(batch, entry, previousTs, stats);
        }
        this.#sessions.save(batch);
      });
    } catch (error) {
      this.#sessions.reset();
      throw error;
    }
    return { position, ...stats };
  }

  /** The HLC ceiling in force at the applied position, Unix milliseconds; 0 when none was ever set. */
  static ceilingMs(batch: { getState(name: string): Uint8Array | undefined }): number {
    const stored = batch.getState(CEILING_STATE);
    return stored === undefined
      ? 0
      : Number(new DataView(stored.buffer, stored.byteOffset, 8).getBigUint64(0));
  }

  #checkOrder(before: AppliedState, entries: readonly Entry[]): void {
    let index = before.index;
    let term = before.term;
    for (const entry of entries) {
      if (entry.index !== index + 1 || entry.term < term) {
        throw new FsmError(`entry ${entry.term}/${entry.index} does not follow applied ${term}/${index}`);
      }
      index = entry.index;
      term = entry.term;
    }
  }

  /** @returns the newest commit timestamp after the entry */
  #visit(batch: RaftBatch, entry: Entry, previousTs: Timestamp, stats: Stats): Timestamp {
    const decoded = readEntry(entry);
    switch (decoded.kind) {
      case "empty":
      case "unreadable-membership":
        return previousTs;
      case "membership":
        writeMembership(batch, decoded);
        return previousTs;
      case "hlc-ceiling":
        checkStamp(entry, decoded.commitTs, previousTs);
        this.#applyCeiling(batch, decoded, previousTs);
        return decoded.commitTs;
      case "txn":
        checkStamp(entry, decoded.commitTs, previousTs);
        this.#applyTxn(batch, decoded, stats);
        return decoded.commitTs;
    }
  }

  #applyCeiling(batch: RaftBatch, { ceilingMs, commitTs }: CeilingCommand, previousTs: Timestamp): void {
    if (ceilingMs > Fsm.ceilingMs(batch)) {
      const bytes = new Uint8Array(8);
      new DataView(bytes.buffer).setBigUint64(0, BigInt(ceilingMs));
      batch.putState(CEILING_STATE, bytes);
    }
    this.#sessions.expire(batch, commitTs, previousTs);
  }

  #applyTxn(batch: RaftBatch, command: TxnCommand, stats: Stats): void {
    const { origin, sequence } = command;
    const recall = this.#sessions.recall(batch, origin, sequence);
    if (recall.kind !== "new" && !PLANTED.applyTwiceOnRetry) {
      stats.repeated++;
      if (recall.kind === "answered") stats.answers.push({ origin, sequence, outcome: recall.outcome });
      return;
    }
    const failed = command.conditions.findIndex((condition) => !holds(batch, condition, command.commitTs));
    let outcome: TxnOutcome;
    if (failed >= 0) {
      outcome = { ok: false, failed };
      stats.refused++;
    } else {
      new TxnWriter(this.#store, batch, command.commitTs, stats).apply(command.mutations);
      noteChanges(stats, command.mutations);
      outcome = { ok: true, commitTs: command.commitTs };
      stats.applied++;
    }
    this.#sessions.record(batch, command, command.commitTs, outcome);
    stats.answers.push({ origin: Uint8Array.from(origin), sequence, outcome });
  }
}

/** Writes the membership after a change. When the change has no effect, on any replica, nothing is written. */
function writeMembership(batch: RaftBatch, entry: MembershipEntry): void {
  if (PLANTED.forgetMembership) return;
  const before = readMembership(batch);
  // Without a first membership there is nothing to change: the log of a cluster begins with a membership.
  if (before === undefined) return;
  const { membership } = applyMembership(before, entry);
  if (membership !== before) batch.putState(MEMBERSHIP_STATE, encodeMembership(membership));
}

/**
 * One leader at a time gives timestamps, and they grow with the log. A timestamp that does not grow shows a faulty
 * leader.
 */
function checkStamp({ term, index }: Entry, commitTs: Timestamp, previousTs: Timestamp): void {
  if (commitTs > previousTs) return;
  throw new FsmError(`entry ${term}/${index} has commit timestamp ${commitTs}, not above ${previousTs}`);
}

function readEntry(entry: Entry): DecodedEntry {
  try {
    return decodeEntry(entry);
  } catch (cause) {
    throw new FsmError(`entry ${entry.term}/${entry.index} cannot be read: ${String(cause)}`, { cause });
  }
}

function newestCommitTs(entries: readonly Entry[], before: Timestamp): Timestamp {
  for (let i = entries.length - 1; i >= 0; i--) {
    const entry = entries[i];
    if (entry !== undefined && entry.type === EntryType.Normal && entry.data.byteLength > 0) {
      return readCommitTs(entry.data);
    }
  }
  return before;
}

function holds(batch: RaftBatch, condition: Condition, commitTs: Timestamp): boolean {
  switch (condition.kind) {
    case "must-exist": {
      const latest = batch.latest(condition.key);
      return latest !== undefined && !latest.deleted;
    }
    case "must-not-exist": {
      const latest = batch.latest(condition.key);
      return latest === undefined || latest.deleted;
    }
    case "version-equals": {
      const latest = batch.latest(condition.key);
      return latest !== undefined && !latest.deleted && latest.commitTs === condition.commitTs;
    }
    case "prefix-empty":
      return !batch.prefixHasLive(condition.prefix);
    case "prefix-unchanged":
      // Replicas compact old versions at different times, so their answers about old versions may differ. So a
      // condition that is too old fails on every replica (decision 011).
      if (condition.ts + timestampFromMs(CONDITION_AGE_MAX_MS) < commitTs) return false;
      return !batch.prefixChangedSince(condition.prefix, condition.ts);
    case "not-after":
      return PLANTED.referenceAfterPin || physicalMs(commitTs) <= condition.ms;
    case "after":
      return physicalMs(commitTs) > condition.ms;
  }
}

/**
 * The changes leave out the rows of the garbage queue and of blobs: only scans read the former, and the row cache never
 * holds the latter.
 */
function noteChanges(stats: Stats, mutations: readonly TxnMutation[]): void {
  for (const mutation of mutations) {
    switch (mutation.kind) {
      case "delete-prefix":
        stats.changed = undefined;
        break;
      case "archive":
        stats.changed?.push(mutation.to);
        break;
      case "put":
      case "delete":
        stats.changed?.push(mutation.key);
        break;
    }
  }
}
