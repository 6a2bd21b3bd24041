/**
 * The log as the core may read it, without waiting: the newest entries (every one that is stable and not yet evicted) lie
 * in memory; of the older ones that the WAL retains the terms are known, and the entries come in pages, asked for when a
 * follower needs them. An entry stays in memory until it is applied; how long after that is the engine's policy.
 */
import { entrySize } from "../core/sizes.ts";
import { type InitialState, type Storage, StorageError } from "../core/storage.ts";
import type { ConfState, Entry, HardState, Snapshot } from "../core/types.ts";
import type { TermRun } from "../log/types.ts";
import { LogPages, PAGE_BYTES } from "./log-pages.ts";
import { TermRuns } from "./term-runs.ts";

/** Trim the array only when this many slots at its head are dead: amortises the copy. */
const TRIM_SLOTS = 1_024;
/** Small entries count little in bytes: this many at most stay behind the applied index. */
const RETAIN_ENTRIES = 65_536;
const NO_DATA = new Uint8Array(0);

export interface LogCacheStart {
  readonly hardState: HardState;
  readonly confState: ConfState;
  /** The position just before the first entry that will be held: what is applied at start. */
  readonly index: number;
  readonly term: number;
  /** What the WAL retains: its first entry, and where terms begin (RecoveredLog). Nothing = nothing before `index`. */
  readonly retained?: { readonly firstIndex: number; readonly terms: readonly TermRun[] };
}

/** Reads entries [low, high) from the log; the answer goes to `LogCache.loaded`. */
export type ReadLog = (low: number, high: number, maxBytes: number) => void;

export class LogCache implements Storage {
  readonly #start: LogCacheStart;
  readonly #terms: TermRuns;
  readonly #pages = new LogPages();
  /** First indexes of reads under way. */
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

  /** Reads entries that are no longer in memory. Without a reader such entries are COMPACTED. */
  readFrom(readLog: ReadLog): void {
    this.#readLog = readLog;
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

  /** What a snapshot taken now would say. */
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
      this.#terms.set(entry.index, entry.term);
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
      this.#bytes -= entry.data.byteLength;
      evicted.push(entry);
    }
    if (this.#head >= TRIM_SLOTS) {
      this.#entries.splice(0, this.#head);
      this.#head = 0;
    }
    return evicted;
  }

  /** The log begins anew behind an installed snapshot; returns the entries that memory held. */
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

  /** The answer to a read. No entries: the log has dropped them, and whoever needs them needs a snapshot. */
  loaded(low: number, entries: readonly Entry[]): void {
    // Not asked for any more: the log began anew meanwhile.
    if (!this.#reading.delete(low)) return;
    if (entries.length === 0) {
      // At least this one is gone. Others that went with it are found out when somebody needs them.
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
    // Read ahead: the follower will want the next entries before it has acknowledged these.
    if (next <= this.#baseIndex && !this.#pages.has(next)) this.#ask(next);
    return limited(found, 0, Math.min(found.length, high - low), maxBytes);
  }

  #ask(low: number): void {
    if (this.#reading.has(low)) return;
    this.#reading.add(low);
    this.#readLog?.(low, this.#baseIndex + 1, PAGE_BYTES);
  }
}

/** entries[from, to), as many as fit, but at least one, or a large entry could never be read. */
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
