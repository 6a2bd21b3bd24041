/**
 * The part of the log that the core may ask for, in memory: every entry that is stable (fsynced) and not yet evicted.
 * An entry must stay until it is applied; how long it stays after that is the engine's policy (followers that are a
 * little behind are served from here). What is evicted is still in the WAL.
 */
import { entrySize } from "../core/sizes.ts";
import { type InitialState, type Storage, StorageError } from "../core/storage.ts";
import type { ConfState, Entry, HardState, Snapshot } from "../core/types.ts";

/** Trim the array only when this many slots at its head are dead: amortises the copy. */
const TRIM_SLOTS = 1_024;
/** Small entries count little in bytes: this many at most stay behind the applied index. */
const RETAIN_ENTRIES = 65_536;

export interface LogCacheStart {
  readonly hardState: HardState;
  readonly confState: ConfState;
  /** The position just before the first entry that will be held: what is applied at start. */
  readonly index: number;
  readonly term: number;
}

export class LogCache implements Storage {
  readonly #start: LogCacheStart;
  /** Entries from `#firstIndex` on, with `#head` dead slots before them. */
  #entries: Entry[] = [];
  #head = 0;
  #baseIndex: number;
  #baseTerm: number;
  #bytes = 0;
  #confState: ConfState;

  constructor(start: LogCacheStart) {
    this.#start = start;
    this.#baseIndex = start.index;
    this.#baseTerm = start.term;
    this.#confState = start.confState;
  }

  /** Bytes of entry data held. */
  get bytes(): number {
    return this.#bytes;
  }

  get length(): number {
    return this.#entries.length - this.#head;
  }

  initialState(): InitialState {
    return { hardState: this.#start.hardState, confState: this.#confState };
  }

  setConfState(confState: ConfState): void {
    this.#confState = confState;
  }

  firstIndex(): number {
    return this.#baseIndex + 1;
  }

  lastIndex(): number {
    return this.#baseIndex + this.length;
  }

  term(index: number): number {
    if (index === this.#baseIndex) return this.#baseTerm;
    return this.#at(index).term;
  }

  entries(low: number, high: number, maxBytes: number): Entry[] {
    if (low <= this.#baseIndex) throw new StorageError("COMPACTED");
    if (high > this.lastIndex() + 1) throw new StorageError("UNAVAILABLE");
    const from = this.#head + (low - this.#baseIndex - 1);
    const to = this.#head + (high - this.#baseIndex - 1);
    let end = from;
    let bytes = 0;
    while (end < to) {
      const entry = this.#entries[end] as Entry;
      bytes += entrySize(entry);
      // At least one, or a large entry could never be read.
      if (end > from && bytes > maxBytes) break;
      end++;
    }
    return this.#entries.slice(from, end);
  }

  snapshot(): Snapshot {
    // A sole voter has nobody to send one to; the engine of the three-node issue offers them.
    throw new StorageError("SNAPSHOT_TEMPORARILY_UNAVAILABLE");
  }

  /** Appends stable entries; those at or after the first one's index are replaced (a new leader's log wins).
   *  @returns the entries that were replaced. */
  append(entries: readonly Entry[]): Entry[] {
    const first = entries[0];
    if (first === undefined) return [];
    if (first.index > this.lastIndex() + 1 || first.index <= this.#baseIndex) {
      throw new Error(
        `append at ${first.index} to a log that holds ${this.#baseIndex + 1}..${this.lastIndex()} leaves a gap`,
      );
    }
    const replaced = this.#entries.splice(this.#head + (first.index - this.#baseIndex - 1));
    for (const entry of replaced) this.#bytes -= entry.data.byteLength;
    for (const entry of entries) {
      this.#entries.push(entry);
      this.#bytes += entry.data.byteLength;
    }
    return replaced;
  }

  /** Forgets entries at or below `appliedIndex`, oldest first, until at most `retainBytes` (and `RETAIN_ENTRIES`) are
   *  left or nothing more is applied; returns them. */
  evictApplied(appliedIndex: number, retainBytes: number): Entry[] {
    const evicted: Entry[] = [];
    const retainEntries = retainBytes === 0 ? 0 : RETAIN_ENTRIES;
    while (this.#baseIndex < appliedIndex && (this.#bytes > retainBytes || this.length > retainEntries)) {
      const entry = this.#entries[this.#head];
      if (entry === undefined) break;
      // A dead slot must not keep a 3 MiB entry alive until the array is trimmed.
      this.#entries[this.#head++] = DEAD;
      this.#baseIndex = entry.index;
      this.#baseTerm = entry.term;
      this.#bytes -= entry.data.byteLength;
      evicted.push(entry);
    }
    if (this.#head >= TRIM_SLOTS) {
      this.#entries.splice(0, this.#head);
      this.#head = 0;
    }
    return evicted;
  }

  #at(index: number): Entry {
    if (index < this.#baseIndex) throw new StorageError("COMPACTED");
    if (index > this.lastIndex()) throw new StorageError("UNAVAILABLE");
    return this.#entries[this.#head + (index - this.#baseIndex - 1)] as Entry;
  }
}

const DEAD: Entry = { term: 0, index: 0, type: 0, data: new Uint8Array(0) };
