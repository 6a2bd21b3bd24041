/** What tests see and damage in the segment files of a node's blobs (docs/format/blobs.md). */
import { closeSync, openSync, readdirSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import { sha256 } from "./s3-client.ts";

const BLOCK_BYTES = 4096;
const MAGIC = Buffer.from("EKVB");
const STATE_AT = 10;
const SIZE_AT = 24;
const NAME_AT = 48;

export interface BlobRecord {
  readonly path: string;
  /** Of the header; the payload follows in the next block. */
  readonly offset: number;
  readonly size: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** Every record that is not marked as deleted. */
export function blobRecords(directory: string): BlobRecord[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith(".seg"))
    .toSorted()
    .flatMap((name) => recordsOf(join(directory, name)));
}

function recordsOf(path: string): BlobRecord[] {
  const records: BlobRecord[] = [];
  withFile(path, "r", (fd) => {
    const header = Buffer.alloc(BLOCK_BYTES);
    for (let offset = BLOCK_BYTES; readSync(fd, header, 0, BLOCK_BYTES, offset) === BLOCK_BYTES; ) {
      const isRecord = header.subarray(4, 8).equals(MAGIC);
      const size = isRecord ? header.readUInt32LE(SIZE_AT) : 0;
      if (isRecord && header.readUInt16LE(STATE_AT) === 0) {
        records.push({ path, offset, size, sha256: header.toString("hex", NAME_AT, NAME_AT + 32) });
      }
      offset += BLOCK_BYTES * (1 + Math.ceil(size / BLOCK_BYTES));
    }
  });
  return records;
}

/** Whether the payload has the SHA-256 of its name. */
export function isIntact({ path, offset, size, sha256: name }: BlobRecord): boolean {
  const payload = Buffer.alloc(size);
  withFile(path, "r", (fd) => readSync(fd, payload, 0, size, offset + BLOCK_BYTES));
  return sha256(payload) === name;
}

/** @param at byte of the record, whose payload begins at 4096 */
export function flipBit({ path, offset }: BlobRecord, at: number): void {
  withFile(path, "r+", (fd) => {
    const byte = Buffer.alloc(1);
    readSync(fd, byte, 0, 1, offset + at);
    byte.writeUInt8(byte.readUInt8() ^ 0x10);
    writeSync(fd, byte, 0, 1, offset + at);
  });
}

export function flipPayloadBit(record: BlobRecord, at: number): void {
  flipBit(record, BLOCK_BYTES + (at % record.size));
}

function withFile(path: string, flags: string, use: (fd: number) => void): void {
  const fd = openSync(path, flags);
  try {
    use(fd);
  } finally {
    closeSync(fd);
  }
}
