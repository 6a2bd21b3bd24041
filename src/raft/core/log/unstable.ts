import { violated } from "../invariant.ts";
import { NO_ENTRIES } from "../message.ts";
import type { Entry, Snapshot } from "../types.ts";

/** Dropped entries are only cut off the array when there are this many: cutting costs what is left of it. */
const COMPACT_AT_ENTRIES = 1024;

/**
 * The part of the log that is not known to be on disk: a snapshot that is to be installed, then entries. Both have a
 * prefix that is *in progress*: handed out to be written, not acknowledged.
 *
 *                 #offset        #offsetInProgress       lastIndex
 *     ... stable ... | in progress ...... | not handed out ... |
 */
export class UnstableLog {
  #snapshot: Snapshot | null = null;
  #snapshotInProgress = false;
  /** Index of the first entry, or of the next one to come when there is none. */
  #offset: number;
  /** Entries below it have been handed out. */
  #offsetInProgress: number;
  // #entries[#head] is the entry at #offset; what lies before it is garbage that is yet to be cut off.
  #entries: Entry[] = [];
  #head = 0;

  constructor(offset: number) {
    this.#offset = offset;
    this.#offsetInProgress = offset;
  }

  get offset(): number {
    return this.#offset;
  }

  get offsetInProgress(): number {
    return this.#offsetInProgress;
  }

  get length(): number {
    return this.#entries.length - this.#head;
  }

  get snapshot(): Snapshot | null {
    return this.#snapshot;
  }

  /** First index of the log, when a snapshot that is to be installed decides it. */
  get firstIndex(): number | undefined {
    return this.#snapshot === null ? undefined : this.#snapshot.metadata.index + 1;
  }

  /** Last index of the log, when this part decides it. */
  get lastIndex(): number | undefined {
    if (this.length > 0) return this.#offset + this.length - 1;
    return this.#snapshot === null ? undefined : this.#snapshot.metadata.index;
  }

  /** Term of entry `index`, when this part knows it. */
  term(index: number): number | undefined {
    if (index >= this.#offset) return this.#entries[this.#head + index - this.#offset]?.term;
    const metadata = this.#snapshot?.metadata;
    return metadata !== undefined && metadata.index === index ? metadata.term : undefined;
  }

  hasNextEntries(): boolean {
    return this.#offset + this.length > this.#offsetInProgress;
  }

  /** Entries that have not been handed out to be written. */
  nextEntries(): readonly Entry[] {
    if (!this.hasNextEntries()) return NO_ENTRIES;
    return this.#entries.slice(this.#head + this.#offsetInProgress - this.#offset);
  }

  /** The snapshot, unless it has been handed out already. */
  nextSnapshot(): Snapshot | null {
    return this.#snapshotInProgress ? null : this.#snapshot;
  }

  /** Everything here has been handed out. */
  acceptInProgress(): void {
    if (this.length > 0) this.#offsetInProgress = this.#offset + this.length;
    if (this.#snapshot !== null) this.#snapshotInProgress = true;
  }

  /**
   * Entries up to `index` are on disk, if what was written there is of `term`. If it is not, the entries were
   * replaced since: the write that is acknowledged is no longer part of the log, and says nothing about it.
   */
  stableTo(index: number, term: number): void {
    if (index < this.#offset || this.term(index) !== term) return;
    this.#head += index + 1 - this.#offset;
    this.#offset = index + 1;
    this.#offsetInProgress = Math.max(this.#offsetInProgress, this.#offset);
    if (this.#head === this.#entries.length) {
      this.#entries = [];
      this.#head = 0;
    } else if (this.#head >= COMPACT_AT_ENTRIES && this.#head * 2 >= this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
  }

  /** The snapshot at `index` is installed; an acknowledgement of another one is ignored. */
  stableSnapshotTo(index: number): void {
    if (this.#snapshot?.metadata.index !== index) return;
    this.#snapshot = null;
    this.#snapshotInProgress = false;
  }

  /** Replaces everything by a snapshot. */
  restore(snapshot: Snapshot): void {
    this.#offset = snapshot.metadata.index + 1;
    this.#offsetInProgress = this.#offset;
    this.#entries = [];
    this.#head = 0;
    this.#snapshot = snapshot;
    this.#snapshotInProgress = false;
  }

  /** Appends; from the first new index on the old tail is replaced. `entries` are not empty and have no holes. */
  truncateAndAppend(entries: readonly Entry[]): void {
    const from = (entries[0] as Entry).index;
    if (from > this.#offset + this.length) {
      violated("hole between the log and the entries to append", {
        offset: this.#offset,
        length: this.length,
        from,
      });
    }
    if (from <= this.#offset) {
      // Everything here is replaced, and possibly entries that were already written: they are to be written again.
      this.#entries = entries.slice();
      this.#head = 0;
      this.#offset = from;
      this.#offsetInProgress = from;
      return;
    }
    this.#entries.length = this.#head + from - this.#offset;
    for (const entry of entries) this.#entries.push(entry);
    // Only what is kept can have been handed out: a replaced entry must be handed out again.
    this.#offsetInProgress = Math.min(this.#offsetInProgress, from);
  }

  /** Entries in [low, high). */
  slice(low: number, high: number): readonly Entry[] {
    if (low > high || low < this.#offset || high > this.#offset + this.length) {
      violated("unstable entries out of range", { low, high, offset: this.#offset, length: this.length });
    }
    return this.#entries.slice(this.#head + low - this.#offset, this.#head + high - this.#offset);
  }
}
