/**
 * One page of a listing. Names that share the text up to the first delimiter after the prefix become one entry, a
 * common prefix. The walk seeks past the names of a common prefix: the cost grows with the returned entries, not with
 * the number of names under a common prefix.
 *
 * An entry is listed when the entry is, bytewise, above the marker. The same rule holds for a common prefix, so a
 * marker inside a common prefix (or equal to the prefix) skips the whole prefix.
 */

import { keyAfter, prefixEnd } from "../../store/key-encoding.ts";
import type { ScanItem } from "../../store/types.ts";
import type { ReadView } from "../../txn/types.ts";
import { afterName, type BucketRef, namesPrefix } from "../records/keys.ts";

export interface WalkOptions<T> {
  readonly view: ReadView;
  readonly tag: "o" | "u";
  readonly ref: BucketRef;
  readonly prefix: string;
  /** "" = none. */
  readonly delimiter: string;
  /** The marker: entries above `after` are listed; undefined = from the start. */
  readonly after: string | undefined;
  /** The row to begin at instead, when the marker names more than a key. */
  readonly startRow?: Uint8Array | undefined;
  readonly limit: number;
  readonly read: (row: ScanItem) => { readonly name: string; readonly item: T };
}

export type Entry<T> =
  | { readonly kind: "item"; readonly name: string; readonly item: T }
  | { readonly kind: "prefix"; readonly name: string };

export interface Page<T> {
  readonly entries: readonly Entry<T>[];
  readonly truncated: boolean;
}

/** Rows of one scan: as many as may be needed, but few while every scan finds a common prefix to skip. */
const SCAN_ROWS_MAX = 1000;
const SCAN_ROWS_MIN = 4;

export async function walk<T>(options: WalkOptions<T>): Promise<Page<T>> {
  const { view, tag, ref, prefix, delimiter, limit } = options;
  if (limit === 0) return { entries: [], truncated: false };
  const low = namesPrefix(tag, ref, prefix);
  const end = prefixEnd(low);
  let start = firstRow(options, low);
  const entries: Entry<T>[] = [];
  let rows = delimiter === "" ? SCAN_ROWS_MAX : SCAN_ROWS_MIN * 8;
  while (end === undefined || Buffer.compare(start, end) < 0) {
    // One row more than the page holds shows whether the page is truncated.
    const wanted = Math.min(rows, limit + 1 - entries.length);
    const scanned = await view.scan(start, end, { limit: wanted });
    const step = collect(options, scanned, entries);
    if (entries.length > limit) return { entries: entries.slice(0, limit), truncated: true };
    const last = scanned[scanned.length - 1];
    if (last === undefined || scanned.length < wanted) {
      if (step.skipTo === undefined) break;
    }
    rows =
      step.skipTo === undefined ? Math.min(rows * 2, SCAN_ROWS_MAX) : Math.max(SCAN_ROWS_MIN, step.used * 2);
    if (step.skipTo !== undefined) start = step.skipTo;
    else if (last !== undefined) start = keyAfter(last.key);
  }
  return { entries, truncated: false };
}

function firstRow<T>(options: WalkOptions<T>, low: Uint8Array): Uint8Array {
  const { tag, ref, after, prefix, delimiter } = options;
  let start = low;
  const raise = (candidate: Uint8Array | undefined): void => {
    if (candidate !== undefined && Buffer.compare(candidate, start) > 0) start = candidate;
  };
  if (options.startRow !== undefined) raise(options.startRow);
  else if (after !== undefined) raise(afterName(tag, ref, after));
  if (after !== undefined) {
    const common = commonPrefix(after, prefix, delimiter);
    if (common !== undefined) raise(prefixEnd(namesPrefix(tag, ref, common)));
  }
  return start;
}

/**
 * Adds the entries of the rows. Stops at a row under a common prefix when all further rows are under the same prefix:
 * the walk then continues at `skipTo`.
 */
function collect<T>(
  options: WalkOptions<T>,
  rows: readonly ScanItem[],
  entries: Entry<T>[],
): { skipTo: Uint8Array | undefined; used: number } {
  const { prefix, delimiter, tag, ref, limit } = options;
  for (let i = 0; i < rows.length && entries.length <= limit; i++) {
    const { name, item } = options.read(rows[i] as ScanItem);
    const common = commonPrefix(name, prefix, delimiter);
    if (common === undefined) {
      entries.push({ kind: "item", name, item });
      continue;
    }
    entries.push({ kind: "prefix", name: common });
    const past = prefixEnd(namesPrefix(tag, ref, common));
    const next = past === undefined ? rows.length : firstAtOrAbove(rows, past, i + 1);
    if (next === rows.length) return { skipTo: past, used: i + 1 };
    i = next - 1;
  }
  return { skipTo: undefined, used: rows.length };
}

/** The name up to and including the first delimiter after the prefix. */
export function commonPrefix(name: string, prefix: string, delimiter: string): string | undefined {
  if (delimiter === "" || !name.startsWith(prefix)) return undefined;
  const at = name.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : name.slice(0, at + delimiter.length);
}

function firstAtOrAbove(rows: readonly ScanItem[], bound: Uint8Array, from: number): number {
  for (let i = from; i < rows.length; i++) {
    if (Buffer.compare((rows[i] as ScanItem).key, bound) >= 0) return i;
  }
  return rows.length;
}
