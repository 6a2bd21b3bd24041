/** What a log holds, as far as two logs have to be compared: terms and digests instead of entries. */
import type { Entry, HardState } from "../../../src/raft/core/index.ts";
import { hashBytes, Violation } from "./violation.ts";

export interface ShadowEntry {
  readonly term: number;
  /** Of type and data. */
  readonly hash: number;
}

export interface ShadowBatch {
  readonly hardState: HardState | undefined;
  readonly first: number;
  readonly entries: readonly ShadowEntry[];
  readonly snapshot: { readonly index: number; readonly term: number } | undefined;
}

/** Everything that was read back from a log, from its first index to its last one. */
export interface ReadLog {
  readonly firstIndex: number;
  readonly entries: readonly ShadowEntry[];
}

export function shadowOf({ term, type, data }: Pick<Entry, "term" | "type" | "data">): ShadowEntry {
  return { term, hash: hashBytes(data, type + 1) };
}

export function same(a: ShadowEntry, b: ShadowEntry): boolean {
  return a.term === b.term && a.hash === b.hash;
}

export class LogImage {
  readonly #name: string;
  hardState: HardState = { term: 0, vote: 0, commit: 0 };
  /** The commit index may go back to this: one that comes alone is not synced. */
  durableCommit = 0;
  /** Entries up to here are not looked at any more. */
  #base = 0;
  #baseTerm = 0;
  #entries: ShadowEntry[] = [];

  constructor(name: string) {
    this.#name = name;
  }

  copy(): LogImage {
    const image = new LogImage(this.#name);
    image.hardState = this.hardState;
    image.durableCommit = this.durableCommit;
    image.#base = this.#base;
    image.#baseTerm = this.#baseTerm;
    image.#entries = [...this.#entries];
    return image;
  }

  get base(): number {
    return this.#base;
  }

  get lastIndex(): number {
    return this.#base + this.#entries.length;
  }

  at(index: number): ShadowEntry | undefined {
    return this.#entries[index - this.#base - 1];
  }

  /** Also of the position before the first entry. */
  termAt(index: number): number | undefined {
    return index === this.#base ? this.#baseTerm : this.at(index)?.term;
  }

  /** What the terms of a log say against its being this one; what either has dropped is not looked at. */
  termDifference(runs: readonly { readonly index: number; readonly term: number }[]): string | undefined {
    for (const [i, { index, term }] of runs.entries()) {
      const through = Math.min(this.lastIndex, (runs[i + 1]?.index ?? Number.POSITIVE_INFINITY) - 1);
      for (let at = Math.max(index, this.#base); at <= through; at++) {
        const expected = this.termAt(at);
        if (expected !== term) return `term ${term} at ${at}, not ${expected}`;
      }
    }
    return undefined;
  }

  apply({ hardState, first, entries, snapshot }: ShadowBatch): void {
    const before = this.hardState;
    if (hardState !== undefined) this.hardState = hardState;
    const { term, vote, commit } = this.hardState;
    const alone =
      entries.length === 0 && snapshot === undefined && term === before.term && vote === before.vote;
    if (!alone) this.durableCommit = commit;
    if (snapshot !== undefined && snapshot.index > this.#base) {
      if (this.at(snapshot.index)?.term !== snapshot.term) {
        this.#entries = [];
        this.#base = snapshot.index;
        this.#baseTerm = snapshot.term;
      }
    }
    if (entries.length === 0) return;
    if (first > this.lastIndex + 1) {
      throw new Violation("no hole in a log", { node: this.#name, first, lastIndex: this.lastIndex });
    }
    this.#entries.length = Math.max(0, first - 1 - this.#base);
    this.#entries.push(...entries);
  }

  /** What differs from a log that was read: nothing but its beginning may, since old segments go. */
  difference(read: ReadLog): string | undefined {
    const lastIndex = read.firstIndex + read.entries.length - 1;
    if (lastIndex !== this.lastIndex) return `last index ${lastIndex}, not ${this.lastIndex}`;
    if (read.firstIndex <= this.#base) return `first index ${read.firstIndex}, not above ${this.#base}`;
    for (const [i, entry] of read.entries.entries()) {
      const index = read.firstIndex + i;
      const known = this.at(index);
      if (known === undefined || !same(known, entry)) {
        return `entry ${index} is ${JSON.stringify(entry)}, not ${JSON.stringify(known)}`;
      }
    }
    return undefined;
  }

  dropThrough(index: number): void {
    const drop = Math.min(index - this.#base, this.#entries.length);
    if (drop <= 0) return;
    this.#baseTerm = this.termAt(this.#base + drop) as number;
    this.#entries.splice(0, drop);
    this.#base += drop;
  }
}
