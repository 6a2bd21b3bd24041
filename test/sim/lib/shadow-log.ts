/**
 * What the log of one data directory must hold: everything that the log room has said is durable, and what was asked of it
 * since then, as far as it got. Compared with what the log says at each start, and whenever entries are read back.
 */
import type { Entry, HardState } from "../../../src/raft/core/index.ts";
import type { RecoveredLog, WalBatch } from "../../../src/raft/wal/types.ts";
import { hashBytes, Violation } from "./violation.ts";

interface ShadowEntry {
  readonly term: number;
  readonly hash: number;
}

interface PendingBatch {
  readonly id: number;
  readonly hardState: HardState | undefined;
  readonly first: number;
  readonly entries: readonly ShadowEntry[];
  readonly snapshot: { readonly index: number; readonly term: number } | undefined;
}

const NEVER: HardState = { term: 0, vote: 0, commit: 0 };

export class ShadowLog {
  readonly #name: string;
  #hardState = NEVER;
  /** The commit index may go back to this: one that comes alone is not synced. */
  #durableCommit = 0;
  /** Entries below are not looked at any more. */
  #base = 0;
  #entries: ShadowEntry[] = [];
  #pending: PendingBatch[] = [];
  /** Of batches that a crash may have kept or lost, where both look alike until the entries are read: they replace a suffix
   *  by another one of the same length. */
  #either = new Map<number, ShadowEntry[]>();

  constructor(name: string) {
    this.#name = name;
  }

  /** Of a copy of the data directory. */
  copy(): ShadowLog {
    const copy = new ShadowLog(this.#name);
    copy.#hardState = this.#hardState;
    copy.#durableCommit = this.#durableCommit;
    copy.#base = this.#base;
    copy.#entries = [...this.#entries];
    copy.#pending = [...this.#pending];
    copy.#either = new Map(this.#either);
    return copy;
  }

  get lastIndex(): number {
    return this.#base + this.#entries.length;
  }

  get term(): number {
    return this.#hardState.term;
  }

  /** The log room is asked for it. */
  asked(id: number, batch: WalBatch): void {
    const { entries, hardState, snapshot } = batch;
    this.#pending.push({
      id,
      hardState,
      first: entries[0]?.index ?? 0,
      entries: entries.map(shadowOf),
      snapshot: snapshot && { index: snapshot.index, term: snapshot.term },
    });
  }

  /** The log room says that everything up to `id` is durable. */
  acknowledged(id: number): void {
    while (this.#pending[0] !== undefined && this.#pending[0].id <= id) {
      this.#apply(this.#pending.shift() as PendingBatch);
    }
  }

  /** A life begins with this log: it must be what was acknowledged, plus some of the batches asked for since, in order. */
  recovered(log: RecoveredLog): void {
    const problems: string[] = [];
    for (;;) {
      const problem = this.#difference(log);
      if (problem === undefined) break;
      problems.push(problem);
      const next = this.#pending.shift();
      if (next === undefined) {
        throw new Violation("the log gives back what it acknowledged", { node: this.#name, problems, log });
      }
      this.#apply(next);
    }
    this.#either.clear();
    for (const { first, entries } of this.#pending) {
      for (const [i, entry] of entries.entries()) {
        if (first + i > log.lastIndex) break;
        this.#either.set(first + i, [...(this.#either.get(first + i) ?? []), entry]);
      }
    }
    this.#pending = [];
    // A batch of nothing but a commit index may be there or not; both look alike above.
    this.#hardState = log.hardState;
    this.#durableCommit = log.hardState.commit;
    this.#dropBelow(log.firstIndex - 1);
  }

  /** Entries that the log room read from the disk. */
  read(entries: readonly Entry[]): void {
    for (const entry of entries) {
      const known = this.#at(entry.index, true);
      const { term, hash } = shadowOf(entry);
      if (known !== undefined && known.term === term && known.hash === hash) continue;
      if (known === undefined && entry.index <= this.#base) continue;
      const kept = this.#either.get(entry.index)?.find((other) => other.term === term && other.hash === hash);
      if (kept !== undefined) {
        this.#entries[entry.index - this.#base - 1] = kept;
        this.#either.delete(entry.index);
        continue;
      }
      throw new Violation("the log reads back what was written", {
        node: this.#name,
        index: entry.index,
        read: { term, hash },
        written: known,
      });
    }
  }

  #difference(log: RecoveredLog): string | undefined {
    const { term, vote, commit } = this.#hardState;
    const is = log.hardState;
    if (is.term !== term || is.vote !== vote || is.commit > commit || is.commit < this.#durableCommit) {
      return `hard state ${describe(is)}, not ${describe(this.#hardState)}`;
    }
    return log.lastIndex === this.lastIndex
      ? undefined
      : `last index ${log.lastIndex}, not ${this.lastIndex}`;
  }

  #apply({ hardState, first, entries, snapshot }: PendingBatch): void {
    const before = this.#hardState;
    if (hardState !== undefined) this.#hardState = hardState;
    const { term, vote, commit } = this.#hardState;
    const alone =
      entries.length === 0 && snapshot === undefined && term === before.term && vote === before.vote;
    if (!alone) this.#durableCommit = commit;
    if (snapshot !== undefined && snapshot.index > this.#base) {
      if (this.#at(snapshot.index, false)?.term !== snapshot.term) {
        this.#entries = [];
        this.#base = snapshot.index;
      }
    }
    if (entries.length === 0) return;
    if (first > this.lastIndex + 1) {
      throw new Violation("no hole in a log", { node: this.#name, first, lastIndex: this.lastIndex });
    }
    this.#entries.length = Math.max(0, first - 1 - this.#base);
    this.#entries.push(...entries);
  }

  #at(index: number, pendingToo: boolean): ShadowEntry | undefined {
    if (pendingToo) {
      for (const { first, entries } of this.#pending.toReversed()) {
        const entry = entries[index - first];
        if (entries.length > 0 && index >= first && entry !== undefined) return entry;
      }
    }
    return this.#entries[index - this.#base - 1];
  }

  #dropBelow(index: number): void {
    const drop = Math.min(index - this.#base, this.#entries.length);
    if (drop <= 0) return;
    this.#entries.splice(0, drop);
    this.#base += drop;
  }
}

function shadowOf({ term, type, data }: Entry): ShadowEntry {
  return { term, hash: hashBytes(data, type + 1) };
}

function describe({ term, vote, commit }: HardState): string {
  return `${term}/${vote}/${commit}`;
}
