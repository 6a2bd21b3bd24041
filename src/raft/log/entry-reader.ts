/** Reads entries from the segments. Neighbouring entries share one read, and every record is verified. */
import { crc32 } from "node:zlib";
import type { Entry } from "../core/types.ts";
import type { EntryIndex, EntryLocation } from "./entry-index.ts";
import { WalError } from "./errors.ts";
import { ENTRY_PREFIX_BYTES, getEntryPrefix } from "./payloads.ts";
import { getRecordHeader, RECORD_HEADER_BYTES, RecordType, recordBytes } from "./record.ts";
import type { Segment } from "./recovery.ts";

/** A gap of other records between two entries is read with them when it is at most this long. */
const MAX_GAP_BYTES = 4 << 10;
/** Maximum length of one read, unless a single entry is longer. */
const MAX_SPAN_BYTES = 4 << 20;

interface Span {
  readonly firstIndex: number;
  readonly locations: EntryLocation[];
  readonly offset: number;
  end: number;
}

export class EntryReader {
  /** Reads the entries [low, high): at least one when there is one, and about `maxBytes` of data at most. */
  read(
    index: EntryIndex,
    segments: readonly Segment[],
    low: number,
    high: number,
    maxBytes: number,
  ): Entry[] {
    const entries: Entry[] = [];
    const end = endWithin(index, low, high, maxBytes);
    for (let next = low; next < end; ) {
      const span = spanFrom(index, next, end);
      this.#readSpan(span, segments, entries);
      next += span.locations.length;
    }
    return entries;
  }

  #readSpan(span: Span, segments: readonly Segment[], entries: Entry[]): void {
    const sequence = (span.locations[0] as EntryLocation).sequence;
    const segment = segments[sequence - (segments[0] as Segment).sequence] as Segment;
    const bytes = new Uint8Array(new SharedArrayBuffer(span.end - span.offset));
    const read = segment.file.pread(bytes, span.offset);
    span.locations.forEach((location, i) => {
      const from = location.offset - span.offset;
      const record = bytes.subarray(from, Math.min(read, from + recordLength(location)));
      entries.push(decode(record, segment, location, span.firstIndex + i));
    });
  }
}

function recordLength(location: EntryLocation): number {
  return recordBytes(ENTRY_PREFIX_BYTES + location.dataBytes);
}

function endWithin(index: EntryIndex, low: number, high: number, maxBytes: number): number {
  let bytes = 0;
  for (let next = low; next < high; next++) {
    bytes += index.locate(next).dataBytes;
    if (next > low && bytes > maxBytes) return next;
  }
  return high;
}

function spanFrom(index: EntryIndex, low: number, high: number): Span {
  const first = index.locate(low);
  const span: Span = {
    firstIndex: low,
    locations: [first],
    offset: first.offset,
    end: first.offset + recordLength(first),
  };
  for (let next = low + 1; next < high; next++) {
    const location = index.locate(next);
    const end = location.offset + recordLength(location);
    if (location.sequence !== first.sequence || end - span.offset > MAX_SPAN_BYTES) break;
    if (location.offset - span.end > MAX_GAP_BYTES) break;
    span.locations.push(location);
    span.end = end;
  }
  return span;
}

function decode(record: Uint8Array, segment: Segment, location: EntryLocation, index: number): Entry {
  const corrupt = (reason: string) =>
    new WalError("CORRUPT", { file: segment.path, offset: location.offset }, `entry ${index}: ${reason}`);
  if (record.byteLength < recordLength(location)) throw corrupt("the file has become shorter");
  const header = getRecordHeader(new DataView(record.buffer, record.byteOffset, record.byteLength), 0);
  if (header === undefined) throw corrupt("bad checksum of a record header");
  const { salt, offset, type, payloadBytes } = header;
  const payload = record.subarray(RECORD_HEADER_BYTES);
  const matches =
    salt === segment.salt &&
    offset === location.offset &&
    type === RecordType.Entry &&
    payloadBytes === ENTRY_PREFIX_BYTES + location.dataBytes;
  if (!matches) throw corrupt("another record lies there");
  if (crc32(payload) !== header.payloadCrc) throw corrupt("bad checksum of a record's payload");
  const prefix = getEntryPrefix(payload);
  if (prefix.index !== index) throw corrupt(`it says that it is entry ${prefix.index}`);
  return {
    term: prefix.term,
    index,
    type: prefix.type,
    data: payload.subarray(ENTRY_PREFIX_BYTES, payloadBytes),
  };
}
