/**
 * The log as the core reads it, without waiting. The newest entries (stable and not evicted) are in memory. Of
 * older entries that the WAL retains, memory has the terms, and the entries are read in pages when a follower needs
 * them. An entry stays in memory until it is applied; the engine decides how long after that.
 */
import { entrySize } from "../core/sizes.ts";
import { type InitialState, type Storage, StorageError } from "../core/storage.ts";
import type { ConfState, Entry, HardState, Snapshot } from "../core/types.ts";
import type { TermRun } from "../log/types.ts";
import { LogPages, PAGE_BYTES } from "./log-pages.ts";
import { TermRuns } from "./term-runs.ts";

/** Trim the array only when this many slots at its head are dead, to amortise the copy. */
const TRIM_SLOTS = 1_024;
/** Limit of entries behind the applied index, because small entries hardly count in bytes. */
const RETAIN_ENTRIES = 65_536;
const NO_DATA = new Uint8Array(0);

export interface LogCacheStart {
  readonly hardState: HardState;
  readonly confState: ConfState;
  /** The position before the first entry that memory will hold: the applied position at start. */
  readonly index: number;
  readonly term: number;
  /**
   * The first entry that the WAL retains, and where terms begin (RecoveredLog). Absent = the WAL has nothing before
   * `index`.
   */
  readonly retained?: { readonly firstIndex: number; readonly terms: readonly TermRun[] };
}

/** Reads entries [low, high) from the log; the answer goes to `LogCache.loaded`. */
export type ReadLog = (low: number, high: number, maxBytes: number) => void;

export class LogCache implements Storage {
  readonly #start: LogCacheStart;
  readonly #terms: TermRuns;
  readonly #pages = new LogPages();
  /** First indexes of reads without an answer. */
  readonly #reading = new Set<number>();
  #readLog: ReadLog | undefined;
  /** Entries from `#baseIndex + 1` on, with `#head` dead slots before them. */
  #entries: Entry[] = [];
  #head = 0;
  #baseIndex: number;
  #retainedFirst: number;
  #bytes = 0;
  #confState: ConfState;
  #applied: { readonly index: number; readonly term: number };

  constructor(start: LogCacheStart) {
    const { index, term, retained } = start;
    this.#start = start;
    this.#baseIndex = index;
    this.#confState = start.confState;
    this.#applied = { index, term };
    const reaches = retained !== undefined && retained.firstIndex <= index && retained.terms.length > 0;
    this.#retainedFirst = reaches ? retained.firstIndex : index + 1;
    this.#terms = reaches
      ? new TermRuns(
          retained.terms.filter((run) => run.index <= index),
          index,
        )
      : new TermRuns([{ index, term }], index);
  }

  /** Sets the reader of entries that are no longer in memory. Without a reader such entries are COMPACTED. */
  readFrom(readLog: ReadLog): void {
    this.#readLog = readLog;
  }

  /** Bytes of entry data in memory. */
  get bytes(): number {
    return this.#bytes;
  }

  get length(): number {
    return this.#entries.length - this.#head;
  }

  initialState(): InitialState {
    return { hardState: this.#start.hardState, confState: this.#confState };
  }

  /** Sets the position and configuration that a snapshot taken now has. */
  setApplied(applied: { readonly index: number; readonly term: number }, confState: ConfState): void {
    this.#applied = applied;
    this.#confState = confState;
  }

  firstIndex(): number {
    return this.#readLog === undefined ? this.#baseIndex + 1 : this.#retainedFirst;
  }

  lastIndex(): number {
    return this.#baseIndex + this.length;
  }

  term(index: number): number {
    if (index > this.lastIndex()) throw new StorageError("UNAVAILABLE");
    const term = this.#terms.at(index);
    if (term === undefined || index < this.firstIndex() - 1) throw new StorageError("COMPACTED");
    return term;
  }

  entries(low: number, high: number, maxBytes: number): readonly Entry[] {
    if (low < this.firstIndex()) throw new StorageError("COMPACTED");
    if (high > this.lastIndex() + 1) throw new StorageError("UNAVAILABLE");
    if (low <= this.#baseIndex) return this.#older(low, high, maxBytes);
    const from = this.#head + (low - this.#baseIndex - 1);
    return limited(this.#entries, from, from + (high - low), maxBytes);
  }

  snapshot(): Snapshot {
    const { index, term } = this.#applied;
    return { metadata: { index, term, confState: this.#confState }, data: NO_DATA };
  }

  /**
   * Appends stable entries. Entries at or after the first new index are replaced, because a new leader's log
   * replaces them. @returns the entries that were replaced.
   */
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
      this.#terms.set(entry.index, entry.term);
      this.#bytes += entry.data.byteLength;
    }
    return replaced;
  }

  /**
   * Removes entries at or below `appliedIndex` from memory, oldest first, until at most `retainBytes` (and
   * `RETAIN_ENTRIES`) are left, or no applied entry is left. @returns the removed entries.
   */
  evictApplied(appliedIndex: number, retainBytes: number): Entry[] {
    const evicted: Entry[] = [];
    const retainEntries = retainBytes === 0 ? 0 : RETAIN_ENTRIES;
    while (this.#baseIndex < appliedIndex && (this.#bytes > retainBytes || this.length > retainEntries)) {
      const entry = this.#entries[this.#head];
      if (entry === undefined) break;
      // The slot is cleared, so that it does not keep a 3 MiB entry alive until the array is trimmed.
      this.#entries[this.#head++] = DEAD;
      this.#baseIndex = entry.index;
      this.#bytes -= entry.data.byteLength;
      evicted.push(entry);
    }
    if (this.#head >= TRIM_SLOTS) {
      this.#entries.splice(0, this.#head);
      this.#head = 0;
    }
    return evicted;
  }

  /** The log begins anew after an installed snapshot. @returns the entries that were in memory. */
  restart(index: number, term: number): Entry[] {
    const dropped = this.#entries.slice(this.#head);
    this.#entries = [];
    this.#head = 0;
    this.#bytes = 0;
    this.#baseIndex = index;
    this.#retainedFirst = index + 1;
    this.#terms.reset(index, term);
    this.#pages.clear();
    this.#reading.clear();
    return dropped;
  }

  /** The answer to a read. No entries: the log has dropped them, and a follower that needs them needs a snapshot. */
  loaded(low: number, entries: readonly Entry[]): void {
    // The read is obsolete: the log began anew meanwhile.
    if (!this.#reading.delete(low)) return;
    if (entries.length === 0) {
      // At least entry `low` is gone. A later read finds other entries that are gone.
      this.#retainedFirst = Math.max(this.#retainedFirst, low + 1);
      return;
    }
    for (const { index, term } of entries) {
      const known = this.#terms.at(index);
      if (known !== term) throw new Error(`entry ${index} has term ${term} in the log, ${known} in memory`);
    }
    this.#pages.add(entries);
  }

  #older(low: number, high: number, maxBytes: number): readonly Entry[] {
    const found = this.#pages.from(low);
    if (found === undefined) {
      this.#ask(low);
      throw new StorageError("PENDING");
    }
    const next = low + found.length;
    // The next page is read early: the follower needs the next entries before it acknowledges the current page.
    if (next <= this.#baseIndex && !this.#pages.has(next)) this.#ask(next);
    return limited(found, 0, Math.min(found.length, high - low), maxBytes);
  }

  #ask(low: number): void {
    if (this.#reading.has(low)) return;
    this.#reading.add(low);
    this.#readLog?.(low, this.#baseIndex + 1, PAGE_BYTES);
  }
}

/** entries[from, to), as many as fit in `maxBytes`. At least one is returned, so that a large entry can be read. */
function limited(entries: readonly Entry[], from: number, to: number, maxBytes: number): readonly Entry[] {
  let bytes = 0;
  let end = from;
  for (; end < to; end++) {
    bytes += entrySize(entries[end] as Entry);
    if (end > from && bytes > maxBytes) break;
  }
  return entries.slice(from, end);
}

const DEAD: Entry = { term: 0, index: 0, type: 0, data: NO_DATA };
