/**
 * The state that the log describes: the hard state, the newest snapshot marker, and the locations of the live
 * entries. The writer and the recovery use the same rules, so the writer never writes a record that the next start
 * would refuse.
 */
import type { HardState, SnapshotMetadata } from "../core/types.ts";
import { EntryIndex, type EntryLocation } from "./entry-index.ts";

const INITIAL_HARD_STATE: HardState = { term: 0, vote: 0, commit: 0 };

/** A record contradicts the log before it. */
export class LogRuleError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = "LogRuleError";
  }
}

export class LogState {
  #hardState: HardState = INITIAL_HARD_STATE;
  #snapshot: SnapshotMetadata | undefined;
  readonly entries = new EntryIndex(0, 0);

  get hardState(): HardState {
    return this.#hardState;
  }

  get snapshot(): SnapshotMetadata | undefined {
    return this.#snapshot;
  }

  /** Index of the newest marker; 0 without one. */
  get snapshotIndex(): number {
    return this.#snapshot?.index ?? 0;
  }

  /** Starts from the header of the oldest segment, which has the state of everything before it. */
  startFrom(header: {
    hardState: HardState;
    snapshot: SnapshotMetadata | undefined;
    firstIndex: number;
    previousTerm: number;
  }): void {
    this.#hardState = header.hardState;
    this.#snapshot = header.snapshot;
    this.entries.reset(header.firstIndex - 1, header.previousTerm);
  }

  /** @throws LogRuleError. Terms and commits never go back, and a vote stays unchanged within its term. */
  applyHardState(next: HardState): void {
    const old = this.#hardState;
    if (next.term < old.term)
      throw new LogRuleError(`hard state goes back from term ${old.term} to ${next.term}`);
    if (next.commit < old.commit) {
      throw new LogRuleError(`commit index goes back from ${old.commit} to ${next.commit}`);
    }
    if (next.term === old.term && old.vote !== 0 && next.vote !== old.vote) {
      throw new LogRuleError(`the vote of term ${old.term} changes from ${old.vote} to ${next.vote}`);
    }
    if (next.commit > this.entries.lastIndex) {
      throw new LogRuleError(
        `commit index ${next.commit} is beyond the last entry, ${this.entries.lastIndex}`,
      );
    }
    this.#hardState = next;
  }

  /**
   * A marker at or below the last entry, with the same term, keeps the entries; any other marker replaces them.
   * @throws LogRuleError when the marker is behind the newest marker, or replaces committed entries
   */
  applySnapshot(next: SnapshotMetadata): void {
    const { entries } = this;
    if (next.index < this.snapshotIndex) {
      throw new LogRuleError(`snapshot marker goes back from index ${this.snapshotIndex} to ${next.index}`);
    }
    const inLog = next.index >= entries.baseIndex && next.index <= entries.lastIndex;
    const matches = next.index < entries.baseIndex || (inLog && entries.term(next.index) === next.term);
    if (!matches) {
      if (inLog && next.index <= this.#hardState.commit && next.index > this.snapshotIndex) {
        throw new LogRuleError(
          `snapshot marker ${next.index} of term ${next.term} contradicts the committed entry of term ${entries.term(next.index)}`,
        );
      }
      entries.reset(next.index, next.term);
    }
    this.#snapshot = next;
  }

  /**
   * Applies the next entry, or an entry that replaces an uncommitted suffix.
   * @throws LogRuleError on a gap, a duplicate, a term that goes back, or the replacement of a committed entry
   */
  applyEntry(entry: { index: number; term: number; previousTerm: number }, location: EntryLocation): void {
    const { entries } = this;
    const { index, term } = entry;
    if (index > entries.lastIndex + 1) {
      throw new LogRuleError(`entry ${index} leaves a gap after entry ${entries.lastIndex}`);
    }
    if (index <= Math.max(this.#hardState.commit, this.snapshotIndex)) {
      throw new LogRuleError(
        `entry ${index} would replace what is committed (through ${this.#hardState.commit}) or in a snapshot (through ${this.snapshotIndex})`,
      );
    }
    if (index > entries.baseIndex && index <= entries.lastIndex && entries.term(index) === term) {
      throw new LogRuleError(`entry ${index} of term ${term} is a duplicate`);
    }
    if (index <= entries.baseIndex) {
      // This happens only in the replay of a log without its older segments: the entry replaces entries of those
      // segments. The newest marker, which comes later in the log, covers the missing entries.
      entries.reset(index - 1, entry.previousTerm);
    } else if (entries.term(index - 1) !== entry.previousTerm) {
      throw new LogRuleError(
        `entry ${index} follows an entry of term ${entry.previousTerm}, and entry ${index - 1} has term ${entries.term(index - 1)}`,
      );
    }
    if (term < entry.previousTerm || term === 0) {
      throw new LogRuleError(`entry ${index} goes back from term ${entry.previousTerm} to ${term}`);
    }
    entries.truncateFrom(index);
    entries.push(term, location);
  }
}
