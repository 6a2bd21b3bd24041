import { violated } from "../invariant.ts";
import { NO_ENTRIES } from "../message.ts";
import { entriesSize, entrySize, limitSize, UNLIMITED } from "../sizes.ts";
import { isStorageError, type Storage, StorageError } from "../storage.ts";
import type { Entry, Snapshot } from "../types.ts";
import { UnstableLog } from "./unstable.ts";

/** The term of an entry outside of [firstIndex - 1, lastIndex]. Real terms are never negative. */
export const NO_TERM = -1;

/** Identity of an entry: two logs that have an entry of the same index and term agree on everything before it. */
export interface EntryId {
  readonly index: number;
  readonly term: number;
}

/**
 * The log as the algorithm sees it: stable storage, then what is not yet on disk.
 *
 *     applied <= applying <= committed <= lastIndex
 *
 * `applying` runs ahead of `applied` by what has been handed out to be applied and not acknowledged.
 */
export class RaftLog {
  readonly unstable: UnstableLog;
  readonly #storage: Storage;
  /** Bytes of committed entries that may be out for application before no more are handed out. */
  readonly #maxApplyingBytes: number;
  #committed: number;
  #applying: number;
  #applied: number;
  #applyingBytes = 0;
  #applyingPaused = false;

  constructor(storage: Storage, maxApplyingBytes: number) {
    const first = storage.firstIndex();
    const last = storage.lastIndex();
    this.#storage = storage;
    this.#maxApplyingBytes = maxApplyingBytes;
    this.unstable = new UnstableLog(last + 1);
    this.#committed = first - 1;
    this.#applying = first - 1;
    this.#applied = first - 1;
  }

  get committed(): number {
    return this.#committed;
  }

  get applying(): number {
    return this.#applying;
  }

  get applied(): number {
    return this.#applied;
  }

  get maxApplyingBytes(): number {
    return this.#maxApplyingBytes;
  }

  get firstIndex(): number {
    return this.unstable.firstIndex ?? this.#storage.firstIndex();
  }

  get lastIndex(): number {
    return this.unstable.lastIndex ?? this.#storage.lastIndex();
  }

  get lastTerm(): number {
    const index = this.lastIndex;
    const term = this.term(index);
    if (term === NO_TERM) violated("the last entry has no term", { index, first: this.firstIndex });
    return term;
  }

  /** Term of entry `index`, NO_TERM when it was compacted away or does not exist. */
  term(index: number): number {
    const unstable = this.unstable.term(index);
    if (unstable !== undefined) return unstable;
    if (index < this.firstIndex - 1 || index > this.lastIndex) return NO_TERM;
    try {
      return this.#storage.term(index);
    } catch (error) {
      // Storage may be compacted between two questions.
      if (isStorageError(error, "COMPACTED") || isStorageError(error, "UNAVAILABLE")) return NO_TERM;
      throw error;
    }
  }

  matches(index: number, term: number): boolean {
    return this.term(index) === term;
  }

  /**
   * Stops the node when a leader says of an entry that is committed here that it has another term: one of the two logs
   * has lost what a quorum had. Nothing is known of what was compacted away.
   */
  checkCommitted(index: number, term: number): void {
    if (index > this.#committed) return;
    const own = this.term(index);
    if (own === NO_TERM || own === term) return;
    violated("the leader's log contradicts a committed entry", {
      index,
      term,
      ownTerm: own,
      committed: this.#committed,
      lastIndex: this.lastIndex,
    });
  }

  /** Whether a log that ends with (`term`, `index`) has everything this one may have committed (paper, 5.4.1). */
  isUpToDate(index: number, term: number): boolean {
    const lastTerm = this.lastTerm;
    return term > lastTerm || (term === lastTerm && index >= this.lastIndex);
  }

  /** Appends as a leader, or what a leader sent. Returns the last index. Nothing committed is ever replaced. */
  append(entries: readonly Entry[]): number {
    const first = entries[0];
    if (first !== undefined) {
      if (first.index <= this.#committed) {
        violated("a committed entry would be replaced", { index: first.index, committed: this.#committed });
      }
      this.unstable.truncateAndAppend(entries);
    }
    return this.lastIndex;
  }

  /**
   * Takes over a leader's `entries`, which follow its entry (`prevIndex`, `prevTerm`), and its commit index. Returns
   * the index up to which the log now equals the leader's, or undefined when the logs differ at `prevIndex`.
   */
  tryAppend(
    prevIndex: number,
    prevTerm: number,
    entries: readonly Entry[],
    leaderCommit: number,
  ): number | undefined {
    if (!this.matches(prevIndex, prevTerm)) return undefined;
    const lastNew = prevIndex + entries.length;
    const conflict = this.#firstConflict(entries);
    if (conflict !== 0) {
      if (conflict <= this.#committed) {
        violated("the leader's log contradicts a committed entry", { conflict, committed: this.#committed });
      }
      this.append(conflict === prevIndex + 1 ? entries : entries.slice(conflict - prevIndex - 1));
    }
    // Beyond lastNew this log may still differ from the leader's, whatever the leader has committed there.
    this.commitTo(Math.min(leaderCommit, lastNew));
    return lastNew;
  }

  /** Index of the first of `entries` that this log does not have, 0 when it has them all. */
  #firstConflict(entries: readonly Entry[]): number {
    for (const entry of entries) {
      if (!this.matches(entry.index, entry.term)) return entry.index;
    }
    return 0;
  }

  /**
   * The last entry at or before `index` whose term is at most `term`: what can match a log that has `term` at `index`.
   * Used on both sides of a refused append, it skips a whole term at a time instead of one entry. Where the log is
   * compacted the term is unknown (0) and the index a guess.
   */
  findConflictByTerm(index: number, term: number): EntryId {
    for (let at = index; at > 0; at--) {
      const own = this.term(at);
      if (own === NO_TERM) return { index: at, term: 0 };
      if (own <= term) return { index: at, term: own };
    }
    return { index: 0, term: 0 };
  }

  commitTo(index: number): void {
    if (index <= this.#committed) return;
    if (index > this.lastIndex) {
      violated("commit index beyond the log: was the log truncated, corrupted or lost?", {
        index,
        lastIndex: this.lastIndex,
        committed: this.#committed,
      });
    }
    this.#committed = index;
  }

  /**
   * Commits up to `index` if the entry there is of the leader's own `term`: an entry of an earlier term is only
   * committed together with a later one of its own (paper, 5.4.2). Returns whether the commit index moved.
   */
  maybeCommit(index: number, term: number): boolean {
    if (index <= this.#committed || term === 0 || !this.matches(index, term)) return false;
    this.commitTo(index);
    return true;
  }

  /** Entries up to `index` are applied; `bytes` of them no longer count against the limit of what is out. */
  appliedTo(index: number, bytes: number): void {
    if (index > this.#committed || index < this.#applied) {
      violated("applied index out of range", {
        index,
        applied: this.#applied,
        applying: this.#applying,
        committed: this.#committed,
      });
    }
    this.#applied = index;
    this.#applying = Math.max(this.#applying, index);
    this.#applyingBytes = Math.max(0, this.#applyingBytes - bytes);
    this.#applyingPaused = this.#applyingBytes >= this.#maxApplyingBytes;
  }

  /** Entries up to `index`, of `bytes`, have been handed out to be applied. */
  acceptApplying(index: number, bytes: number, allowUnstable: boolean): void {
    if (index > this.#committed) {
      violated("applying beyond the commit index", { index, committed: this.#committed });
    }
    this.#applying = index;
    this.#applyingBytes += bytes;
    // Also paused when the limit cut the page short: what is left would pass it, so it waits for an acknowledgement.
    this.#applyingPaused =
      this.#applyingBytes >= this.#maxApplyingBytes || index < this.#maxAppliable(allowUnstable);
  }

  /** Whether there are committed entries to hand out. Without `allowUnstable` only those on disk count. */
  hasNextCommitted(allowUnstable: boolean): boolean {
    // A snapshot that is not installed comes first.
    if (this.#applyingPaused || this.unstable.snapshot !== null) return false;
    return this.#applying < this.#maxAppliable(allowUnstable);
  }

  /** The next page of committed entries to apply. */
  nextCommitted(allowUnstable: boolean): readonly Entry[] {
    if (!this.hasNextCommitted(allowUnstable)) return NO_ENTRIES;
    const thread = this.#maxApplyingBytes - this.#applyingBytes;
    if (thread <= 0) {
      violated("no space to apply entries, yet not paused", {
        maxApplyingBytes: this.#maxApplyingBytes,
        applyingBytes: this.#applyingBytes,
      });
    }
    return this.slice(this.#applying + 1, this.#maxAppliable(allowUnstable) + 1, thread);
  }

  #maxAppliable(allowUnstable: boolean): number {
    return allowUnstable ? this.#committed : Math.min(this.#committed, this.unstable.offset - 1);
  }

  snapshot(): Snapshot {
    return this.unstable.snapshot ?? this.#storage.snapshot();
  }

  /** Replaces the whole log by a snapshot, which is committed by nature. */
  restore(snapshot: Snapshot): void {
    this.#committed = snapshot.metadata.index;
    this.unstable.restore(snapshot);
  }

  /** Entries from `index` to the end, at most `maxSize` bytes but at least one. StorageError COMPACTED. */
  entriesFrom(index: number, maxSize: number): readonly Entry[] {
    const last = this.lastIndex;
    return index > last ? NO_ENTRIES : this.slice(index, last + 1, maxSize);
  }

  /** Entries in [low, high), at most `maxSize` bytes but at least one. Throws StorageError COMPACTED. */
  slice(low: number, high: number, maxSize: number): readonly Entry[] {
    this.#checkRange(low, high);
    if (low === high) return NO_ENTRIES;
    const offset = this.unstable.offset;
    if (low >= offset) return limitSize(this.unstable.slice(low, high), maxSize);
    const cut = Math.min(high, offset);
    const stable = this.#stableEntries(low, cut, maxSize);
    // Storage gave less than asked: it ran into the limit, so nothing follows.
    if (high <= offset || stable.length < cut - low) return stable;
    if (maxSize === UNLIMITED) return stable.concat(this.unstable.slice(offset, high));
    const size = entriesSize(stable);
    if (size >= maxSize) return stable;
    const rest = limitSize(this.unstable.slice(offset, high), maxSize - size);
    // limitSize always gives one entry, which may be too much for what is left.
    if (rest.length === 1 && size + entrySize(rest[0] as Entry) > maxSize) return stable;
    return stable.concat(rest);
  }

  #stableEntries(low: number, high: number, maxSize: number): readonly Entry[] {
    try {
      return this.#storage.entries(low, high, maxSize);
    } catch (error) {
      if (isStorageError(error, "UNAVAILABLE")) {
        violated("storage lacks entries that were acknowledged as stable", { low, high });
      }
      throw error;
    }
  }

  /** Calls `visit` with pages of [low, high) of at most `pageSize` bytes, until it returns true. Returns whether it did. */
  some(low: number, high: number, pageSize: number, visit: (page: readonly Entry[]) => boolean): boolean {
    for (let from = low; from < high; ) {
      const page = this.slice(from, high, pageSize);
      if (page.length === 0) violated("empty page of a non-empty range", { from, high });
      if (visit(page)) return true;
      from += page.length;
    }
    return false;
  }

  #checkRange(low: number, high: number): void {
    if (low > high) violated("inverted range of entries", { low, high });
    if (low < this.firstIndex) throw new StorageError("COMPACTED");
    if (high > this.lastIndex + 1) {
      violated("entries beyond the log", { low, high, lastIndex: this.lastIndex });
    }
  }
}
