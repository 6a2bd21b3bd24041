/** The file of a segment: its name, its preamble, and its first record. docs/format/wal.md, "Segment". */

import { crc32 } from "node:zlib";
import { ONLY_GROUP } from "../../threads/group.ts";
import { decodeSegmentHeader, encodeSegmentHeader, type SegmentHeader } from "./payloads.ts";
import {
  FLAG_BATCH_END,
  getRecordHeader,
  payloadCrc,
  putRecordHeader,
  RECORD_HEADER_BYTES,
  RecordType,
  recordBytes,
} from "./record.ts";

export const FORMAT_VERSION = 1;
/**
 * "EKVWAL" and two zeros, format version, CRC-32 of these 12 bytes. Every version of the format has the same
 * preamble.
 */
const PREAMBLE_BYTES = 16;
const MAGIC = new TextEncoder().encode("EKVWAL\0\0");

/** Name of the segment that is made in advance, until it gets its final name. */
export const PREPARED_FILE = "prepared.tmp";
const EXTENSION = ".wal";
const NAME = /^([0-9a-f]{16})-([0-9a-f]{16})\.wal$/;
const NO_BYTES = new Uint8Array(0);

export interface SegmentName {
  readonly sequence: number;
  readonly firstIndex: number;
}

export function segmentFileName(name: SegmentName): string {
  return `${hex16(name.sequence)}-${hex16(name.firstIndex)}${EXTENSION}`;
}

/** Parses a file name; undefined when the file is not a segment. */
export function parseSegmentFileName(file: string): SegmentName | undefined {
  const match = NAME.exec(file);
  if (match === null) return undefined;
  const sequence = Number.parseInt(match[1] as string, 16);
  const firstIndex = Number.parseInt(match[2] as string, 16);
  return Number.isSafeInteger(sequence) && Number.isSafeInteger(firstIndex)
    ? { sequence, firstIndex }
    : undefined;
}

export function looksLikeSegment(file: string): boolean {
  return file.endsWith(EXTENSION);
}

function hex16(value: number): string {
  return value.toString(16).padStart(16, "0");
}

/** The first bytes of a new segment: preamble and header record. */
export function encodeSegmentStart(
  header: SegmentHeader,
  salt: bigint,
  chain: number,
): { bytes: Uint8Array; chain: number } {
  const payload = encodeSegmentHeader(header);
  const bytes = new Uint8Array(PREAMBLE_BYTES + recordBytes(payload.byteLength));
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  view.setUint32(8, FORMAT_VERSION, true);
  view.setUint32(12, crc32(bytes.subarray(0, 12)), true);
  bytes.set(payload, PREAMBLE_BYTES + RECORD_HEADER_BYTES);
  const crc = putRecordHeader(view, PREAMBLE_BYTES, {
    payloadCrc: payloadCrc(payload, NO_BYTES),
    payloadBytes: payload.byteLength,
    type: RecordType.SegmentHeader,
    flags: FLAG_BATCH_END,
    sequence: header.sequence,
    offset: PREAMBLE_BYTES,
    durable: 0,
    chain,
    group: ONLY_GROUP,
    salt,
  });
  return { bytes, chain: crc };
}

export type SegmentStart =
  | {
      readonly kind: "valid";
      readonly header: SegmentHeader;
      readonly salt: bigint;
      /** Checksum of the last record in the segment before. */
      readonly previousChain: number;
      readonly chain: number;
      /** Offset of the first record after the header. */
      readonly end: number;
    }
  | { readonly kind: "other-version"; readonly version: number }
  | { readonly kind: "damaged"; readonly offset: number; readonly reason: string };

/** Larger than any header: fixed parts, two ids, and a marker with thousands of members. */
export const MAX_SEGMENT_START_BYTES = 64 << 10;

/** Decodes the result of `encodeSegmentStart` from the first bytes of a file. */
export function decodeSegmentStart(bytes: Uint8Array): SegmentStart {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const damaged = (offset: number, reason: string): SegmentStart => ({ kind: "damaged", offset, reason });
  if (bytes.byteLength < PREAMBLE_BYTES + RECORD_HEADER_BYTES) return damaged(0, "the file is too short");
  if (MAGIC.some((byte, i) => bytes[i] !== byte)) return damaged(0, "this is not a log segment");
  if (view.getUint32(12, true) !== crc32(bytes.subarray(0, 12)))
    return damaged(8, "bad checksum of the preamble");
  const version = view.getUint32(8, true);
  if (version !== FORMAT_VERSION) return { kind: "other-version", version };
  const record = getRecordHeader(view, PREAMBLE_BYTES);
  if (record === undefined) return damaged(PREAMBLE_BYTES, "bad checksum of the segment header");
  const end = PREAMBLE_BYTES + recordBytes(record.payloadBytes);
  if (
    record.type !== RecordType.SegmentHeader ||
    record.offset !== PREAMBLE_BYTES ||
    end > bytes.byteLength
  ) {
    return damaged(PREAMBLE_BYTES, "the first record is not a segment header");
  }
  const padded = bytes.subarray(PREAMBLE_BYTES + RECORD_HEADER_BYTES, end);
  if (crc32(padded) !== record.payloadCrc)
    return damaged(PREAMBLE_BYTES, "bad checksum of the segment header");
  const header = decodeSegmentHeader(padded.subarray(0, record.payloadBytes));
  if (header.sequence !== record.sequence)
    return damaged(PREAMBLE_BYTES, "the segment header contradicts itself");
  return { kind: "valid", header, salt: record.salt, previousChain: record.chain, chain: record.crc, end };
}
