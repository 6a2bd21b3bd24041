/**
 * Pages of a backup (docs/operations/backup.md): records, one after the other. Numbers are big-endian.
 *
 *   1  key, value, garbage or none, payload or none      a row
 *   2  prefix, number of the first (8), count (4), then SHA-256 (32) and size (4) of each     references to blobs
 *
 * A key, value or prefix is its length (4) and its bytes; none is the length 0xffffffff.
 */

export interface RowRecord {
  readonly kind: "row";
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly garbage: Uint8Array | undefined;
  readonly payload: Uint8Array | undefined;
}

interface ReferencesRecord {
  readonly kind: "references";
  readonly prefix: Uint8Array;
  readonly first: number;
  readonly blobs: readonly { readonly sha256: Uint8Array; readonly size: number }[];
}

export type BackupRecord = RowRecord | ReferencesRecord;

/** A page that was not written by `encodePage`. */
export class PageError extends Error {
  readonly code = "DAMAGED";
  constructor(message: string) {
    super(message);
    this.name = "PageError";
  }
}

const ROW = 1;
const REFERENCES = 2;
const NONE = 0xffff_ffff;
const SHA256_BYTES = 32;
const BLOB_BYTES = SHA256_BYTES + 4;

/** Encoded bytes of a record. */
export function recordBytes(record: BackupRecord): number {
  if (record.kind === "references")
    return 1 + 4 + record.prefix.byteLength + 12 + record.blobs.length * BLOB_BYTES;
  const { key, value, garbage, payload } = record;
  return 17 + key.byteLength + value.byteLength + (garbage?.byteLength ?? 0) + (payload?.byteLength ?? 0);
}

export function encodePage(records: readonly BackupRecord[]): Uint8Array {
  const bytes = new Uint8Array(records.reduce((sum, record) => sum + recordBytes(record), 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  const sized = (part: Uint8Array | undefined): void => {
    view.setUint32(at, part === undefined ? NONE : part.byteLength);
    if (part !== undefined) bytes.set(part, at + 4);
    at += 4 + (part?.byteLength ?? 0);
  };
  for (const record of records) {
    bytes[at++] = record.kind === "row" ? ROW : REFERENCES;
    if (record.kind === "row") {
      for (const part of [record.key, record.value, record.garbage, record.payload]) sized(part);
      continue;
    }
    sized(record.prefix);
    view.setBigUint64(at, BigInt(record.first));
    view.setUint32(at + 8, record.blobs.length);
    at += 12;
    for (const { sha256, size } of record.blobs) {
      bytes.set(sha256, at);
      view.setUint32(at + SHA256_BYTES, size);
      at += BLOB_BYTES;
    }
  }
  return bytes;
}

/** The parts of the records are views of `bytes`. @throws PageError */
export function decodePage(bytes: Uint8Array): BackupRecord[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const take = (length: number): Uint8Array => {
    if (at + length > bytes.byteLength) throw new PageError(`a page ends at byte ${at}, inside of a record`);
    at += length;
    return bytes.subarray(at - length, at);
  };
  const number = (): number => {
    take(4);
    return view.getUint32(at - 4);
  };
  const optional = (): Uint8Array | undefined => {
    const length = number();
    return length === NONE ? undefined : take(length);
  };
  const sized = (): Uint8Array => {
    const part = optional();
    if (part === undefined) throw new PageError(`byte ${at} of a page: a key or a value is missing`);
    return part;
  };
  const records: BackupRecord[] = [];
  while (at < bytes.byteLength) {
    const [kind] = take(1);
    if (kind === ROW) {
      records.push({ kind: "row", key: sized(), value: sized(), garbage: optional(), payload: optional() });
    } else if (kind === REFERENCES) {
      const prefix = sized();
      take(8);
      const first = Number(view.getBigUint64(at - 8));
      const count = number();
      const blobs: { sha256: Uint8Array; size: number }[] = [];
      for (let i = 0; i < count; i++) blobs.push({ sha256: take(SHA256_BYTES), size: number() });
      records.push({ kind: "references", prefix, first, blobs });
    } else throw new PageError(`byte ${at - 1} of a page: unknown kind of record ${kind}`);
  }
  return records;
}
