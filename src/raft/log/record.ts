/**
 * The frame of one record: docs/format/wal.md, "Record". A 48-byte header, then the payload, then zeros to the next
 * multiple of 8. All numbers are little-endian.
 *
 * CRC-32 (IEEE 802.3) protects both parts. It finds every burst of up to 32 bits, every one- or two-bit error in up
 * to 512 MiB, and a random overwrite with probability 1 - 2^-32. Recovery also checks the position, the salt and the
 * chain in the header, so random bytes would have to match 28 more bytes. CRC-32 is the only checksum that runs at
 * memory speed in this runtime (design/runtime.md, section 6). It protects against accidents only: a process that
 * can write to the directory controls the node.
 */
import { crc32 } from "node:zlib";

export const RECORD_HEADER_BYTES = 48;
export const RECORD_ALIGNMENT = 8;

export const RecordType = { SegmentHeader: 1, HardState: 2, Entry: 3, Snapshot: 4 } as const;
export type RecordType = (typeof RecordType)[keyof typeof RecordType];

/** The record is the last one of its batch: the batch is complete. */
export const FLAG_BATCH_END = 1;

export interface RecordHeader {
  /** CRC-32 of the rest of the header; the next record repeats it in `chain`. */
  readonly crc: number;
  readonly payloadCrc: number;
  readonly payloadBytes: number;
  readonly type: number;
  readonly flags: number;
  /** Sequence of the segment, and offset in it, that the record was written for. */
  readonly sequence: number;
  readonly offset: number;
  /** All bytes of this segment below this offset were durable before this record was written. */
  readonly durable: number;
  /** `crc` of the record before, across segments; 0 for the very first record. */
  readonly chain: number;
  /** Raft group of the record; ONLY_GROUP is the only group. */
  readonly group: number;
  /** Random number of the segment: a record of another segment never matches, and no payload can imitate a record. */
  readonly salt: bigint;
}

const AT = {
  crc: 0,
  payloadCrc: 4,
  payloadBytes: 8,
  type: 12,
  flags: 13,
  reserved16: 14,
  sequence: 16,
  offset: 24,
  durable: 28,
  chain: 32,
  group: 36,
  salt: 40,
} as const;

/** Byte offset of the `offset` field, for a quick first check in a scan. */
export const OFFSET_FIELD_AT = AT.offset;

const TWO_32 = 2 ** 32;
const ZEROS = new Uint8Array(RECORD_ALIGNMENT);

/** Bytes of a record with this payload in the file. */
export function recordBytes(payloadBytes: number): number {
  return RECORD_HEADER_BYTES + align(payloadBytes);
}

function align(bytes: number): number {
  return Math.ceil(bytes / RECORD_ALIGNMENT) * RECORD_ALIGNMENT;
}

/** Zeros that fill a payload up to the alignment. */
export function padding(payloadBytes: number): Uint8Array {
  return ZEROS.subarray(0, align(payloadBytes) - payloadBytes);
}

/** Writes a safe non-negative integer as 64 bits. */
export function putUint64(view: DataView, at: number, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is not a 64-bit count`);
  view.setUint32(at, value % TWO_32, true);
  view.setUint32(at + 4, Math.floor(value / TWO_32), true);
}

/** Reads 64 bits; NaN when they do not fit a number exactly. */
export function getUint64(view: DataView, at: number): number {
  const value = view.getUint32(at, true) + view.getUint32(at + 4, true) * TWO_32;
  return Number.isSafeInteger(value) ? value : Number.NaN;
}

/** Writes a header with its checksum at `at`. Returns the checksum. */
export function putRecordHeader(view: DataView, at: number, header: Omit<RecordHeader, "crc">): number {
  view.setUint32(at + AT.payloadCrc, header.payloadCrc, true);
  view.setUint32(at + AT.payloadBytes, header.payloadBytes, true);
  view.setUint8(at + AT.type, header.type);
  view.setUint8(at + AT.flags, header.flags);
  view.setUint16(at + AT.reserved16, 0, true);
  putUint64(view, at + AT.sequence, header.sequence);
  view.setUint32(at + AT.offset, header.offset, true);
  view.setUint32(at + AT.durable, header.durable, true);
  view.setUint32(at + AT.chain, header.chain, true);
  view.setUint32(at + AT.group, header.group, true);
  view.setBigUint64(at + AT.salt, header.salt, true);
  const crc = headerCrc(view, at);
  view.setUint32(at + AT.crc, crc, true);
  return crc;
}

/**
 * The header at `at`; undefined when its checksum does not verify. The caller checks whether the record belongs
 * there.
 */
export function getRecordHeader(view: DataView, at: number): RecordHeader | undefined {
  const crc = view.getUint32(at + AT.crc, true);
  if (crc !== headerCrc(view, at)) return undefined;
  return {
    crc,
    payloadCrc: view.getUint32(at + AT.payloadCrc, true),
    payloadBytes: view.getUint32(at + AT.payloadBytes, true),
    type: view.getUint8(at + AT.type),
    flags: view.getUint8(at + AT.flags),
    sequence: getUint64(view, at + AT.sequence),
    offset: view.getUint32(at + AT.offset, true),
    durable: view.getUint32(at + AT.durable, true),
    chain: view.getUint32(at + AT.chain, true),
    group: view.getUint32(at + AT.group, true),
    salt: view.getBigUint64(at + AT.salt, true),
  };
}

function headerCrc(view: DataView, at: number): number {
  return crc32(new Uint8Array(view.buffer, view.byteOffset + at + 4, RECORD_HEADER_BYTES - 4));
}

/** Checksum of a payload in several pieces; it covers the padding too, so that every byte is protected. */
export function payloadCrc(prefix: Uint8Array, data: Uint8Array): number {
  const crc = crc32(data, crc32(prefix));
  return crc32(padding(prefix.byteLength + data.byteLength), crc);
}
