/** Reads the records of one segment in order, batch by batch, and reports where and why the scan stopped. */

import { ONLY_GROUP } from "../../threads/group.ts";
import type { HardState, SnapshotMetadata } from "../core/types.ts";
import { type FileWindow, WINDOW_BYTES } from "./file-window.ts";
import {
  decodeHardState,
  decodeSnapshot,
  ENTRY_PREFIX_BYTES,
  type EntryPrefix,
  getEntryPrefix,
  PayloadError,
} from "./payloads.ts";
import {
  FLAG_BATCH_END,
  getRecordHeader,
  OFFSET_FIELD_AT,
  RECORD_ALIGNMENT,
  RECORD_HEADER_BYTES,
  type RecordHeader,
  RecordType,
  recordBytes,
} from "./record.ts";

export type LogRecord =
  | { readonly kind: "hard-state"; readonly offset: number; readonly hardState: HardState }
  | { readonly kind: "snapshot"; readonly offset: number; readonly snapshot: SnapshotMetadata }
  | {
      readonly kind: "entry";
      readonly offset: number;
      readonly entry: EntryPrefix;
      readonly dataBytes: number;
    };

/** The segment that a record must name. */
export interface SegmentKey {
  readonly sequence: number;
  readonly salt: bigint;
}

type ScanEnd =
  /** The next record does not verify, or is absent. `offset` is its expected position. */
  | { readonly kind: "unreadable"; readonly offset: number; readonly reason: string }
  /** The record verifies, but this log would not have written the record. */
  | { readonly kind: "contradiction"; readonly offset: number; readonly reason: string }
  /** The scan reached `limit` exactly. */
  | { readonly kind: "limit" };

export interface ScanResult {
  /** End of the last complete batch; `chain` is the checksum of its last record. */
  readonly end: number;
  readonly chain: number;
  readonly stopped: ScanEnd;
}

interface Reading {
  readonly record: LogRecord;
  readonly header: RecordHeader;
}

/**
 * Reads from `start` to `limit`, and calls `onBatch` with each complete batch. An exception of `onBatch` ends the
 * scan.
 */
export function scanBatches(
  window: FileWindow,
  key: SegmentKey,
  start: { readonly offset: number; readonly chain: number },
  limit: number,
  onBatch: (records: readonly LogRecord[]) => void,
): ScanResult {
  let end = start.offset;
  let chain = start.chain;
  let batch: LogRecord[] = [];
  let at = start.offset;
  let previous = start.chain;
  while (at < limit) {
    const next = readRecord(window, key, at, limit);
    if ("stopped" in next) return { end, chain, stopped: next.stopped };
    const { header, record } = next;
    if (header.chain !== previous || header.durable > end) {
      const reason = "the record belongs to another history of this segment";
      return { end, chain, stopped: { kind: "contradiction", offset: at, reason } };
    }
    batch.push(record);
    previous = header.crc;
    at += recordBytes(header.payloadBytes);
    if ((header.flags & FLAG_BATCH_END) !== 0) {
      onBatch(batch);
      batch = [];
      end = at;
      chain = previous;
    }
  }
  if (batch.length === 0) return { end, chain, stopped: { kind: "limit" } };
  return { end, chain, stopped: { kind: "unreadable", offset: at, reason: "the batch is not complete" } };
}

function readRecord(
  window: FileWindow,
  key: SegmentKey,
  at: number,
  limit: number,
): Reading | { stopped: ScanEnd } {
  const unreadable = (reason: string) => ({ stopped: { kind: "unreadable", offset: at, reason } as const });
  const contradiction = (reason: string) => ({
    stopped: { kind: "contradiction", offset: at, reason } as const,
  });
  const header = headerAt(window, at);
  if (header === undefined) return unreadable("bad checksum of a record header");
  if (!belongs(header, key, at)) return contradiction("the record was written for another place");
  // A release with several groups separates its records by this field; accepting such a record would mix the
  // histories of groups.
  if (header.group !== ONLY_GROUP) {
    return contradiction(`the record belongs to Raft group ${header.group}: a later release wrote it`);
  }
  if (at + recordBytes(header.payloadBytes) > limit) return unreadable("the record is cut off");
  const payloadAt = at + RECORD_HEADER_BYTES;
  const padded = recordBytes(header.payloadBytes) - RECORD_HEADER_BYTES;
  if (window.crc(payloadAt, padded) !== header.payloadCrc)
    return unreadable("bad checksum of a record's payload");
  try {
    return { header, record: decode(window, header) };
  } catch (error) {
    if (error instanceof PayloadError) return contradiction(error.message);
    throw error;
  }
}

function decode(window: FileWindow, header: RecordHeader): LogRecord {
  const { offset } = header;
  const payload = (bytes: number): Uint8Array => window.bytes(offset + RECORD_HEADER_BYTES, bytes);
  switch (header.type) {
    case RecordType.HardState:
      return { kind: "hard-state", offset, hardState: decodeHardState(payload(header.payloadBytes)) };
    case RecordType.Snapshot:
      if (header.payloadBytes > WINDOW_BYTES) throw new PayloadError("snapshot marker is too long");
      return { kind: "snapshot", offset, snapshot: decodeSnapshot(payload(header.payloadBytes)) };
    case RecordType.Entry: {
      const entry = getEntryPrefix(payload(Math.min(header.payloadBytes, ENTRY_PREFIX_BYTES)));
      return { kind: "entry", offset, entry, dataBytes: header.payloadBytes - ENTRY_PREFIX_BYTES };
    }
    default:
      throw new PayloadError(`unknown record type ${header.type}`);
  }
}

function headerAt(window: FileWindow, at: number): RecordHeader | undefined {
  const bytes = window.bytes(at, RECORD_HEADER_BYTES);
  if (bytes.byteLength < RECORD_HEADER_BYTES) return undefined;
  return getRecordHeader(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0);
}

function belongs(header: RecordHeader, key: SegmentKey, at: number): boolean {
  return header.offset === at && header.sequence === key.sequence && header.salt === key.salt;
}

/**
 * Searches after `from` for the header of a record that was written when bytes at or above `from` were already
 * durable. The header alone is the proof, because it can only have been written after that sync. Returns its offset.
 */
export function findLaterSync(window: FileWindow, key: SegmentKey, from: number): number | undefined {
  for (let at = from; at + RECORD_HEADER_BYTES <= window.size; ) {
    const bytes = window.bytes(at, WINDOW_BYTES);
    if (bytes.byteLength < RECORD_HEADER_BYTES) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let i = 0;
    for (; i + RECORD_HEADER_BYTES <= bytes.byteLength; i += RECORD_ALIGNMENT) {
      // The position is the cheapest field to compare, and it rarely matches by chance.
      if (view.getUint32(i + OFFSET_FIELD_AT, true) !== at + i) continue;
      const header = getRecordHeader(view, i);
      if (header !== undefined && belongs(header, key, at + i) && header.durable > from) return at + i;
    }
    at += i;
  }
  return undefined;
}
