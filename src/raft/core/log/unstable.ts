import { violated } from "../invariant.ts";
import { NO_ENTRIES } from "../message.ts";
import type { Entry, Snapshot } from "../types.ts";

/**
 * Dropped entries are removed from the array only from this number on, because the removal copies the remaining
 * entries.
 */
const COMPACT_AT_ENTRIES = 1024;

/**
 * The part of the log that is not known to be on disk: a snapshot that is to be installed, then entries. A prefix of
 * both is *in progress*: it was returned to be written, and is not acknowledged.
 *
 *                 #offset        #offsetInProgress       lastIndex
 *     ... stable ... | in progress ...... | not returned ..... |
 */
export class UnstableLog {
  #snapshot: Snapshot | null = null;
  #snapshotInProgress = false;
  /** Index of the first entry, or of the next entry when there is none. */
  #offset: number;
  /** Entries below this index were returned to be written. */
  #offsetInProgress: number;
  // #entries[#head] is the entry at #offset; earlier elements are dropped entries that are not removed yet.
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

  /** First index of the log when a snapshot that is to be installed decides it; else undefined. */
  get firstIndex(): number | undefined {
    return this.#snapshot === null ? undefined : this.#snapshot.metadata.index + 1;
  }

  /** Last index of the log when this part decides it; else undefined. */
  get lastIndex(): number | undefined {
    if (this.length > 0) return this.#offset + this.length - 1;
    return this.#snapshot === null ? undefined : this.#snapshot.metadata.index;
  }

  /** Term of entry `index` when this part knows it; else undefined. */
  term(index: number): number | undefined {
    if (index >= this.#offset) return this.#entries[this.#head + index - this.#offset]?.term;
    const metadata = this.#snapshot?.metadata;
    return metadata !== undefined && metadata.index === index ? metadata.term : undefined;
  }

  hasNextEntries(): boolean {
    return this.#offset + this.length > this.#offsetInProgress;
  }

  /** Entries that were not returned to be written yet. */
  nextEntries(): readonly Entry[] {
    if (!this.hasNextEntries()) return NO_ENTRIES;
    return this.#entries.slice(this.#head + this.#offsetInProgress - this.#offset);
  }

  /** The snapshot; null when there is none, or when it was returned before. */
  nextSnapshot(): Snapshot | null {
    return this.#snapshotInProgress ? null : this.#snapshot;
  }

  /** All entries and the snapshot were returned to be written. */
  acceptInProgress(): void {
    if (this.length > 0) this.#offsetInProgress = this.#offset + this.length;
    if (this.#snapshot !== null) this.#snapshotInProgress = true;
  }

  /**
   * Entries up to `index` are on disk, when the written entry at `index` has `term`. With another term, the entries
   * were replaced in the meantime: the acknowledged write is no longer part of the log.
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

  /** The snapshot at `index` is installed; an acknowledgement of another snapshot is ignored. */
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

  /**
   * Appends `entries`, and replaces the old entries from the first new index on. `entries` are not empty and have no
   * holes.
   */
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
      // The new entries replace this whole part, and possibly entries that were written: these are written again.
      this.#entries = entries.slice();
      this.#head = 0;
      this.#offset = from;
      this.#offsetInProgress = from;
      return;
    }
    this.#entries.length = this.#head + from - this.#offset;
    for (const entry of entries) this.#entries.push(entry);
    // Only kept entries may count as returned: a replacing entry must be returned again.
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
