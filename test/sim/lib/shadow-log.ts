/**
 * What the log of one data directory must hold: everything that the log thread has said is durable, and what was asked of it
 * since then, as far as it got. Compared, entry by entry, with what the log gives back: at each start, every now and then
 * (log-audit.ts), and whenever entries are read.
 */
import type { Entry, HardState } from "../../../src/raft/core/index.ts";
import type { RecoveredLog, WalBatch } from "../../../src/raft/log/types.ts";
import { LogImage, type ReadLog, type ShadowBatch, type ShadowEntry, same, shadowOf } from "./log-image.ts";
import { Violation } from "./violation.ts";

interface PendingBatch extends ShadowBatch {
  readonly id: number;
}

/** @param previousTerm of the entry before, as this log has it */
export type OnLogged = (index: number, entry: ShadowEntry, previousTerm: number) => void;

export class ShadowLog {
  readonly #name: string;
  readonly #onLogged: OnLogged;
  readonly #durable: LogImage;
  /** With everything that was asked for. */
  #memory: LogImage;
  #pending: PendingBatch[] = [];
  /** Of the newest snapshot marker that anybody asked for. */
  #marker = 0;

  constructor(name: string, onLogged: OnLogged = () => {}, durable = new LogImage(name)) {
    this.#name = name;
    this.#onLogged = onLogged;
    this.#durable = durable;
    this.#memory = durable.copy();
  }

  /** Of a copy of the data directory. */
  copy(): ShadowLog {
    const copy = new ShadowLog(this.#name, this.#onLogged, this.#durable.copy());
    copy.#pending = [...this.#pending];
    copy.#marker = this.#marker;
    copy.#memory = this.#memory.copy();
    return copy;
  }

  /** As the consensus thread has it: with what is on its way to the disk. */
  get memory(): LogImage {
    return this.#memory;
  }

  get lastIndex(): number {
    return this.#durable.lastIndex;
  }

  get term(): number {
    return this.#durable.hardState.term;
  }

  /** The log thread is asked for it. */
  asked(id: number, batch: WalBatch): void {
    const { entries, hardState, snapshot } = batch;
    if (snapshot !== undefined) this.markerAsked(snapshot.index);
    const pending = {
      id,
      hardState,
      first: entries[0]?.index ?? 0,
      entries: entries.map(shadowOf),
      snapshot: snapshot && { index: snapshot.index, term: snapshot.term },
    };
    this.#pending.push(pending);
    this.#memory.apply(pending);
    for (const [i, entry] of pending.entries.entries()) {
      const previousTerm = this.#memory.termAt(pending.first + i - 1);
      if (previousTerm !== undefined) this.#onLogged(pending.first + i, entry, previousTerm);
    }
  }

  /** A marker without a batch: what lies at or below it may be dropped. */
  markerAsked(index: number): void {
    this.#marker = Math.max(this.#marker, index);
  }

  /** The log thread says that everything up to `id` is durable. */
  acknowledged(id: number): void {
    while (this.#pending[0] !== undefined && this.#pending[0].id <= id) {
      this.#durable.apply(this.#pending.shift() as PendingBatch);
    }
  }

  /**
   * A life begins with this log: it must be what was acknowledged, plus some of the batches asked for since, in order.
   * @param read everything in it; undefined: bits of the disk were flipped, and it had better not be read
   */
  recovered(log: RecoveredLog, read: ReadLog | undefined): void {
    const problems: string[] = [];
    for (;;) {
      const problem = this.#difference(log, read);
      if (problem === undefined) break;
      problems.push(problem);
      const next = this.#pending.shift();
      if (next === undefined) {
        throw new Violation("the log gives back what it acknowledged", { node: this.#name, problems, log });
      }
      this.#durable.apply(next);
    }
    this.#pending = [];
    this.#checkBeginning(log.firstIndex, log.snapshot?.index ?? 0);
    // A batch of nothing but a commit index may be there or not; both look alike above.
    this.#durable.hardState = log.hardState;
    this.#durable.durableCommit = log.hardState.commit;
    this.#durable.dropThrough(log.firstIndex - 1);
    this.#memory = this.#durable.copy();
  }

  /** In the middle of a life: everything that was acknowledged is there, and of the rest what the log thread has taken. */
  holds(read: ReadLog, marker: number): void {
    this.#checkBeginning(read.firstIndex, marker);
    const image = this.#pending.length === 0 ? this.#durable : this.#durable.copy();
    const problems: string[] = [];
    for (const next of [...this.#pending, undefined]) {
      const problem = image.difference(read);
      if (problem === undefined) return;
      problems.push(problem);
      if (next !== undefined) image.apply(next);
    }
    throw new Violation("the log holds what it was given", { node: this.#name, problems });
  }

  /** Entries that the log thread read from the disk. */
  read(entries: readonly Entry[]): void {
    for (const entry of entries) {
      const { index } = entry;
      const read = shadowOf(entry);
      const written = this.#at(index);
      if (written.length === 0 ? index <= this.#durable.base : written.some((one) => same(one, read)))
        continue;
      throw new Violation("the log reads back what was written", { node: this.#name, index, read, written });
    }
  }

  /** Nothing is dropped that is not durable elsewhere, as the newest marker has it. */
  #checkBeginning(firstIndex: number, marker: number): void {
    if (firstIndex - 1 <= marker && marker <= this.#marker) return;
    throw new Violation("a log begins at its durable marker, or before", {
      node: this.#name,
      firstIndex,
      marker,
      asked: this.#marker,
    });
  }

  #difference(log: RecoveredLog, read: ReadLog | undefined): string | undefined {
    const { hardState, durableCommit, lastIndex } = this.#durable;
    const { term, vote, commit } = log.hardState;
    if (
      term !== hardState.term ||
      vote !== hardState.vote ||
      commit > hardState.commit ||
      commit < durableCommit
    ) {
      return `hard state ${describe(log.hardState)}, not ${describe(hardState)}`;
    }
    if (log.lastIndex !== lastIndex) return `last index ${log.lastIndex}, not ${lastIndex}`;
    // Without a look at the entries this tells a replaced one from what replaced it.
    return this.#durable.termDifference(log.terms ?? []) ?? (read && this.#durable.difference(read));
  }

  /** What may be there: the message that replaces an entry may still be on its way to the log thread. */
  #at(index: number): ShadowEntry[] {
    const found: (ShadowEntry | undefined)[] = [this.#durable.at(index)];
    for (const { first, entries } of this.#pending) {
      if (entries.length > 0) found.push(entries[index - first]);
    }
    return found.filter((entry) => entry !== undefined);
  }
}

function describe({ term, vote, commit }: HardState): string {
  return `${term}/${vote}/${commit}`;
}
