/** Turns a batch into records, and checks every rule of the log. */
import { PLANTED } from "../../platform/planted.ts";
import { type Entry, EntryType } from "../core/types.ts";
import { LogRuleError, type LogState } from "./log-state.ts";
import {
  ENTRY_PREFIX_BYTES,
  encodeHardState,
  encodeSnapshot,
  HARD_STATE_BYTES,
  putEntryPrefix,
} from "./payloads.ts";
import { FLAG_BATCH_END, RecordType, recordBytes } from "./record.ts";
import type { Segment } from "./recovery.ts";
import type { SegmentWriter } from "./segment-writer.ts";
import { MAX_BATCH_BYTES, MAX_ENTRY_BYTES, type WalBatch } from "./types.ts";

const ENTRY_TYPES: ReadonlySet<number> = new Set(Object.values(EntryType));
const NO_BYTES = new Uint8Array(0);

export function recordCount(batch: WalBatch): number {
  return batch.entries.length + (batch.hardState ? 1 : 0) + (batch.snapshot ? 1 : 0);
}

/** Bytes of the batch in the file. @throws LogRuleError for a batch that fits no segment */
export function batchBytes(batch: WalBatch): number {
  let bytes = batch.hardState === undefined ? 0 : recordBytes(HARD_STATE_BYTES);
  if (batch.snapshot !== undefined) bytes += recordBytes(encodeSnapshot(batch.snapshot).byteLength);
  for (const { index, data } of batch.entries) {
    if (data.byteLength > MAX_ENTRY_BYTES) {
      throw new LogRuleError(`entry ${index} has ${data.byteLength} bytes, more than ${MAX_ENTRY_BYTES}`);
    }
    bytes += recordBytes(ENTRY_PREFIX_BYTES + data.byteLength);
  }
  if (bytes > MAX_BATCH_BYTES) {
    throw new LogRuleError(`a batch of ${bytes} bytes is more than ${MAX_BATCH_BYTES}`);
  }
  return bytes;
}

/**
 * Applies the batch to the log's state and stages its records in the order marker, entries, hard state, because the
 * commit index may cover entries of the same batch.
 * @throws LogRuleError; RangeError for invalid numbers; a part of the batch is applied then
 */
export function stageBatch(batch: WalBatch, state: LogState, writer: SegmentWriter, segment: Segment): void {
  let left = recordCount(batch);
  const flags = (): number => (--left === 0 ? FLAG_BATCH_END : 0);
  if (batch.snapshot !== undefined) {
    state.applySnapshot(batch.snapshot);
    writer.stage(RecordType.Snapshot, flags(), encodeSnapshot(batch.snapshot), NO_BYTES);
  }
  const prefix = new Uint8Array(ENTRY_PREFIX_BYTES);
  const view = new DataView(prefix.buffer);
  for (const entry of batch.entries) {
    putEntryPrefix(view, 0, { ...applyEntry(entry, state, writer), type: entry.type });
    const garbled = PLANTED.garbleLogEntry && entry.index % 5 === 0;
    const data = garbled ? entry.data.map((byte, i) => (i === 0 ? byte ^ 1 : byte)) : entry.data;
    writer.stage(RecordType.Entry, flags(), prefix, data);
    segment.highestIndex = Math.max(segment.highestIndex, entry.index);
  }
  if (batch.hardState !== undefined) {
    const written = PLANTED.forgetVote ? { ...batch.hardState, vote: 0 } : batch.hardState;
    // The header of the next segment repeats the written hard state, so the state must equal the written one.
    state.applyHardState(written);
    writer.stage(RecordType.HardState, flags(), encodeHardState(written), NO_BYTES);
  }
}

function applyEntry(entry: Entry, state: LogState, writer: SegmentWriter) {
  const { index, term, type, data } = entry;
  if (!Number.isSafeInteger(index)) throw new LogRuleError(`entry index ${index} is not an integer`);
  if (!ENTRY_TYPES.has(type)) throw new LogRuleError(`entry ${index} has the unknown type ${type}`);
  const { entries } = state;
  const known = index > entries.baseIndex && index <= entries.lastIndex + 1;
  const previousTerm = known ? entries.term(index - 1) : 0;
  const location = { sequence: writer.sequence, offset: writer.end, dataBytes: data.byteLength };
  state.applyEntry({ index, term, previousTerm }, location);
  return { index, term, previousTerm };
}
