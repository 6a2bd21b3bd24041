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
 * The log as the algorithm sees it: stable storage, then the entries that are not yet on disk.
 *
 *     applied <= applying <= committed <= lastIndex
 *
 * The entries in (applied, applying] were returned for application and are not acknowledged yet.
 */
export class RaftLog {
  readonly unstable: UnstableLog;
  readonly #storage: Storage;
  /** Maximum bytes of committed entries that may be in application; then no more are returned. */
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

  /** Term of entry `index`; NO_TERM when the entry was compacted or does not exist. */
  term(index: number): number {
    const unstable = this.unstable.term(index);
    if (unstable !== undefined) return unstable;
    if (index < this.firstIndex - 1 || index > this.lastIndex) return NO_TERM;
    try {
      return this.#storage.term(index);
    } catch (error) {
      // Storage may be compacted between the check of the range and this call.
      if (isStorageError(error, "COMPACTED") || isStorageError(error, "UNAVAILABLE")) return NO_TERM;
      throw error;
    }
  }

  matches(index: number, term: number): boolean {
    return this.term(index) === term;
  }

  /**
   * Stops the node when the leader has another term for an entry that is committed here: one of the two logs has
   * lost an entry of a quorum. The check knows nothing about compacted entries.
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

  /**
   * True when a log that ends with (`term`, `index`) has every entry that this log may have committed (paper,
   * 5.4.1).
   */
  isUpToDate(index: number, term: number): boolean {
    const lastTerm = this.lastTerm;
    return term > lastTerm || (term === lastTerm && index >= this.lastIndex);
  }

  /** Appends a leader's entries, own or received. Returns the last index. A committed entry is never replaced. */
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
   * Appends a leader's `entries`, which follow its entry (`prevIndex`, `prevTerm`), and takes its commit index.
   * Returns the index up to which the log now equals the leader's log, or undefined when the logs differ at
   * `prevIndex`.
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
    // After lastNew this log may still differ from the leader's log, although the leader may have committed entries
    // there.
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
   * The last entry at or before `index` whose term is at most `term`: the last entry that can match a log with
   * `term` at `index`. Both sides of a refused append use it to skip a whole term per message and not one entry. In
   * a compacted part of the log the term is unknown (0) and the index is a guess.
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
   * Commits up to `index` when the entry there has the leader's own `term`: an entry of an earlier term is only
   * committed together with a later entry of the own term (paper, 5.4.2). Returns whether the commit index moved.
   */
  maybeCommit(index: number, term: number): boolean {
    if (index <= this.#committed || term === 0 || !this.matches(index, term)) return false;
    this.commitTo(index);
    return true;
  }

  /** Entries up to `index` are applied; `bytes` of them no longer count against the application limit. */
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

  /** Entries up to `index`, of `bytes`, were returned for application. */
  acceptApplying(index: number, bytes: number, allowUnstable: boolean): void {
    if (index > this.#committed) {
      violated("applying beyond the commit index", { index, committed: this.#committed });
    }
    this.#applying = index;
    this.#applyingBytes += bytes;
    // Application also pauses when the limit cut the page short: the next entry would pass the limit, so it waits for
    // an acknowledgement.
    this.#applyingPaused =
      this.#applyingBytes >= this.#maxApplyingBytes || index < this.#maxAppliable(allowUnstable);
  }

  /** True when there are committed entries to apply. Without `allowUnstable` only entries on disk count. */
  hasNextCommitted(allowUnstable: boolean): boolean {
    // A snapshot that is not installed comes first.
    if (this.#applyingPaused || this.unstable.snapshot !== null) return false;
    return this.#applying < this.#maxAppliable(allowUnstable);
  }

  /** The next page of committed entries to apply. */
  nextCommitted(allowUnstable: boolean): readonly Entry[] {
    if (!this.hasNextCommitted(allowUnstable)) return NO_ENTRIES;
    const left = this.#maxApplyingBytes - this.#applyingBytes;
    if (left <= 0) {
      violated("no space to apply entries, yet not paused", {
        maxApplyingBytes: this.#maxApplyingBytes,
        applyingBytes: this.#applyingBytes,
      });
    }
    return this.slice(this.#applying + 1, this.#maxAppliable(allowUnstable) + 1, left);
  }

  #maxAppliable(allowUnstable: boolean): number {
    return allowUnstable ? this.#committed : Math.min(this.#committed, this.unstable.offset - 1);
  }

  snapshot(): Snapshot {
    return this.unstable.snapshot ?? this.#storage.snapshot();
  }

  /** Replaces the whole log by a snapshot, whose content is always committed. */
  restore(snapshot: Snapshot): void {
    this.#committed = snapshot.metadata.index;
    this.unstable.restore(snapshot);
  }

  /** Entries from `index` to the end, at most `maxSize` bytes but at least one. Throws StorageError COMPACTED. */
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
    // Storage returned less than asked because of the size limit, so no unstable entries follow.
    if (high <= offset || stable.length < cut - low) return stable;
    if (maxSize === UNLIMITED) return stable.concat(this.unstable.slice(offset, high));
    const size = entriesSize(stable);
    if (size >= maxSize) return stable;
    const rest = limitSize(this.unstable.slice(offset, high), maxSize - size);
    // limitSize always returns one entry, which may be larger than the remaining size.
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

  /**
   * Calls `visit` with pages of [low, high) of at most `pageSize` bytes, until `visit` returns true. Returns true
   * when it did.
   */
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
