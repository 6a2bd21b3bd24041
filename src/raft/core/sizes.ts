import type { Entry } from "./types.ts";

/** The value that means no limit, for every limit in bytes. */
export const UNLIMITED = Number.POSITIVE_INFINITY;

/** Bytes of `value` as a protobuf varint (7 bits per byte). `value` is a safe, non-negative integer. */
export function varintLength(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  if (value < 0x1000_0000) return 4;
  let length = 5;
  for (let rest = value / 0x8_0000_0000; rest >= 1; rest /= 0x80) length++;
  return length;
}

/**
 * Bytes of an entry on the wire: type, term and index are always written (one tag byte each), data only when there
 * is any. The limits on messages and on committed entries per Ready use this size, so it decides where pages are
 * cut.
 */
export function entrySize(entry: Entry): number {
  const data = entry.data.length;
  const header = 4 + varintLength(entry.term) + varintLength(entry.index);
  return data === 0 ? header : header + 1 + varintLength(data) + data;
}

/** Sum of `entrySize`, in bytes. */
export function entriesSize(entries: readonly Entry[]): number {
  let size = 0;
  for (const entry of entries) size += entrySize(entry);
  return size;
}

/** Sum of the payloads alone, in bytes: the uncommitted-size and inflight limits use this sum. */
export function payloadsSize(entries: readonly Entry[]): number {
  let size = 0;
  for (const entry of entries) size += entry.data.length;
  return size;
}

/**
 * The longest prefix of `entries` with at most `maxSize` bytes, but always the first entry: an entry above the limit
 * is sent alone, because otherwise it would never be sent.
 */
export function limitSize(entries: readonly Entry[], maxSize: number): readonly Entry[] {
  if (maxSize === UNLIMITED) return entries;
  let size = 0;
  let count = 0;
  for (const entry of entries) {
    size += entrySize(entry);
    if (size > maxSize && count > 0) return entries.slice(0, count);
    count++;
  }
  return entries;
}
