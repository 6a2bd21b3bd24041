import { type AppliedState, StoreError, type Timestamp } from "./types.ts";

export function newerTs(a: Timestamp, b: Timestamp): Timestamp {
  return a > b ? a : b;
}

/** A position in the log. */
export interface LogPosition {
  readonly index: number;
  readonly term: number;
}

export function samePosition(a: LogPosition | undefined, b: LogPosition | undefined): boolean {
  return a !== undefined && b !== undefined && a.index === b.index && a.term === b.term;
}

function show(position: AppliedState): string {
  return `index ${position.index} term ${position.term}`;
}

/** @throws StoreError STALE_POSITION unless `next` lies after `applied` in the log; RangeError for invalid numbers */
export function checkPosition(applied: AppliedState, next: AppliedState): void {
  if (
    !Number.isSafeInteger(next.index) ||
    !Number.isSafeInteger(next.term) ||
    next.index < 1 ||
    next.term < 0
  ) {
    throw new RangeError(`not a log position: ${show(next)}`);
  }
  if (next.index <= applied.index || next.term < applied.term) {
    throw new StoreError("STALE_POSITION", `cannot apply ${show(next)} after ${show(applied)}`);
  }
}

export function historyCompacted(readTs: Timestamp, horizon: Timestamp): StoreError {
  return new StoreError(
    "HISTORY_COMPACTED",
    `timestamp ${readTs} lies below the retention horizon ${horizon}`,
  );
}
