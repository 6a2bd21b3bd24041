/**
 * The fields of a manifest that a listing needs. A page reads a thousand manifests, so this code walks the protobuf
 * fields itself, reads five fields and skips the other fields by their length; a test compares the summary with the
 * full decoder.
 */
import type { ChecksumAlgorithm } from "./checksum.ts";
import { algorithmOf, type ChecksumType, typeOf } from "./checksum.ts";
import { RecordError, safeCount } from "./record-error.ts";
import { type StorageClass, storageClassOf } from "./storage-class.ts";

export interface ManifestSummary {
  readonly size: number;
  /** Without quotes: hex digits, and `-` with the number of parts. */
  readonly etag: string;
  readonly modifiedMs: number;
  readonly storageClass: StorageClass;
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly type: ChecksumType } | undefined;
}

/** Field numbers of proto/s3.proto. */
const SIZE = 2;
const ETAG = 3;
const MODIFIED_MS = 4;
const CHECKSUM = 7;
const STORAGE_CLASS = 14;
const CHECKSUM_ALGORITHM = 1;
const CHECKSUM_TYPE = 2;

const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;

/** Position and end of the bytes being read. */
interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;
}

/** @throws RecordError */
export function readSummary(value: Uint8Array): ManifestSummary {
  const cursor: Cursor = { bytes: value, at: 0, end: value.byteLength };
  let size = 0;
  let etag: string | undefined;
  let modifiedMs = 0;
  let storageClass = 0;
  let checksum: ManifestSummary["checksum"];
  while (cursor.at < cursor.end) {
    const tag = varint(cursor);
    switch (tag) {
      case (SIZE << 3) | VARINT:
        size = varint(cursor);
        break;
      case (MODIFIED_MS << 3) | VARINT:
        modifiedMs = varint(cursor);
        break;
      case (STORAGE_CLASS << 3) | VARINT:
        storageClass = varint(cursor);
        break;
      case (ETAG << 3) | LENGTH: {
        const end = lengthEnd(cursor);
        etag = Buffer.prototype.latin1Slice.call(value, cursor.at, end);
        cursor.at = end;
        break;
      }
      case (CHECKSUM << 3) | LENGTH: {
        const end = lengthEnd(cursor);
        checksum = readChecksum({ bytes: value, at: cursor.at, end });
        cursor.at = end;
        break;
      }
      default:
        skip(cursor, tag & 7);
    }
  }
  if (etag === undefined) throw new RecordError("a manifest without an ETag");
  return {
    size: safeCount(size, "manifest size"),
    etag,
    modifiedMs: safeCount(modifiedMs, "modifiedMs"),
    storageClass: storageClassOf(storageClass),
    checksum,
  };
}

function readChecksum(cursor: Cursor): ManifestSummary["checksum"] {
  let algorithm = 0;
  let type = 0;
  while (cursor.at < cursor.end) {
    const tag = varint(cursor);
    if (tag === ((CHECKSUM_ALGORITHM << 3) | VARINT)) algorithm = varint(cursor);
    else if (tag === ((CHECKSUM_TYPE << 3) | VARINT)) type = varint(cursor);
    else skip(cursor, tag & 7);
  }
  const name = algorithmOf(algorithm);
  const kind = typeOf(type);
  if (name === undefined || kind === undefined) throw new RecordError("a checksum without algorithm or type");
  return { algorithm: name, type: kind };
}

/** Exact up to 2^53; a greater number stays above 2^53, and `safeCount` refuses such a number. */
function varint(cursor: Cursor): number {
  const { bytes, end } = cursor;
  let result = 0;
  let scale = 1;
  for (let i = 0; i < 10 && cursor.at < end; i++) {
    const byte = bytes[cursor.at++] as number;
    result += (byte & 0x7f) * scale;
    if (byte < 0x80) return result;
    scale *= 128;
  }
  throw new RecordError("a manifest row is cut off or not a manifest");
}

function lengthEnd(cursor: Cursor): number {
  const length = varint(cursor);
  const end = cursor.at + length;
  if (end > cursor.end) throw new RecordError("a manifest row is cut off");
  return end;
}

function skip(cursor: Cursor, wireType: number): void {
  switch (wireType) {
    case VARINT:
      varint(cursor);
      return;
    case FIXED64:
      cursor.at += 8;
      break;
    case LENGTH:
      cursor.at = lengthEnd(cursor);
      return;
    case FIXED32:
      cursor.at += 4;
      break;
    default:
      throw new RecordError(`a manifest row has wire type ${wireType}`);
  }
  if (cursor.at > cursor.end) throw new RecordError("a manifest row is cut off");
}
