/** Finds the records of a segment file from what the file itself says. */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { sameBytes } from "../../platform/bytes.ts";
import type { DiskFile } from "../../platform/disk.ts";
import {
  BLOCK_BYTES,
  type BlobPlace,
  type BlobRecord,
  decodeRecord,
  type PlacedBlob,
  type Position,
  RECORD_HEADER_BYTES,
  recordBytes,
} from "./record.ts";

const PIECE_BYTES = 1 << 20;

export interface SegmentScan {
  /** In the order of the file. */
  readonly records: readonly BlobRecord[];
  /** Headers that verify, of payloads that do not. */
  readonly damaged: readonly PlacedBlob[];
  /** Blocks before `end` that belong to no record. */
  readonly strayBlocks: number;
  /** After the last record that verifies. */
  readonly end: number;
}

export interface ScanOptions {
  readonly from: Position;
  /** See identityTag. */
  readonly tag: Uint8Array;
  /** Payloads are read too: the file may have records that no sync covered. */
  readonly verify: boolean;
}

/**
 * A record begins where the record before it ends. After a header that does not verify the place of the next record is
 * unknown: each block is tried, and from there on a record counts only with the right SHA-256, because the bytes may be a
 * client's, who has written what looks like a record.
 */
export function scanSegment(file: DiskFile, options: ScanOptions): SegmentScan {
  const { from, tag, verify } = options;
  const size = file.size();
  const header = new Uint8Array(RECORD_HEADER_BYTES);
  const records: BlobRecord[] = [];
  const damaged: PlacedBlob[] = [];
  let at = from.offset;
  let end = at;
  let stray = 0;
  let strayBefore = 0;
  let lost = false;
  while (at + RECORD_HEADER_BYTES <= size) {
    const place = { segment: from.segment, offset: at };
    const whole = file.pread(header, at) === RECORD_HEADER_BYTES;
    const record = whole ? decodeRecord(header, place, tag) : undefined;
    if (record === undefined || (lost && !provesItself(file, record))) {
      lost = true;
      stray++;
      at += BLOCK_BYTES;
      continue;
    }
    at += recordBytes(record.place.size);
    if (!record.deleted && !isWhole(file, record.place, size, verify)) {
      damaged.push(record);
      continue;
    }
    records.push(record);
    end = Math.min(at, Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES);
    strayBefore = stray;
  }
  return {
    records,
    damaged: damaged.filter(({ place }) => place.offset < end),
    strayBlocks: strayBefore,
    end,
  };
}

function isWhole(file: DiskFile, place: BlobPlace, fileBytes: number, verify: boolean): boolean {
  if (place.offset + BLOCK_BYTES + place.size > fileBytes) return false;
  if (!verify) return true;
  let crc = 0;
  const complete = forPieces(file, place, (piece) => {
    crc = crc32(piece, crc);
  });
  return complete && crc === place.crc;
}

function provesItself(file: DiskFile, record: BlobRecord): boolean {
  if (record.deleted) return false;
  const hash = createHash("sha256");
  const complete = forPieces(file, record.place, (piece) => void hash.update(piece));
  return complete && sameBytes(hash.digest(), record.sha256);
}

/** False when the file ends before the payload. */
function forPieces(file: DiskFile, place: BlobPlace, take: (piece: Uint8Array) => void): boolean {
  const buffer = new Uint8Array(Math.min(PIECE_BYTES, place.size));
  const start = place.offset + BLOCK_BYTES;
  for (let done = 0; done < place.size; ) {
    const piece = buffer.subarray(0, Math.min(buffer.length, place.size - done));
    if (file.pread(piece, start + done) < piece.length) return false;
    take(piece);
    done += piece.length;
  }
  return true;
}
