/** The place of a payload outside its row: the 20 bytes of column `bulk` (docs/format/sqlite.md). */
import { StoreError } from "../types.ts";

export interface PayloadRef {
  /** Number of the payload file. */
  readonly segment: number;
  /** Position of the first byte, a multiple of PAYLOAD_ALIGN_BYTES. */
  readonly offset: number;
  readonly length: number;
  /** CRC-32 (IEEE) of the payload. */
  readonly crc: number;
}

const PAYLOAD_REF_BYTES = 20;

/** Payloads begin on file system blocks, so that the blocks of a dropped payload can be freed. */
const PAYLOAD_ALIGN_BYTES = 4096;

export function alignPayload(bytes: number): number {
  return Math.ceil(bytes / PAYLOAD_ALIGN_BYTES) * PAYLOAD_ALIGN_BYTES;
}

export function encodePayloadRef(ref: PayloadRef): Uint8Array {
  const bytes = new Uint8Array(PAYLOAD_REF_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, ref.segment);
  view.setBigUint64(4, BigInt(ref.offset));
  view.setUint32(12, ref.length);
  view.setUint32(16, ref.crc);
  return bytes;
}

export function decodePayloadRef(bytes: Uint8Array): PayloadRef {
  if (bytes.length !== PAYLOAD_REF_BYTES) {
    throw new StoreError(
      "CORRUPT",
      `a payload reference has ${bytes.length} bytes, not ${PAYLOAD_REF_BYTES}`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return {
    segment: view.getUint32(0),
    offset: Number(view.getBigUint64(4)),
    length: view.getUint32(12),
    crc: view.getUint32(16),
  };
}

/** The place of the next payload: the bytes from there on belong to no committed row. */
export interface PayloadTail {
  readonly segment: number;
  readonly offset: number;
}

export const FIRST_TAIL: PayloadTail = { segment: 1, offset: 0 };

export function encodePayloadTail(tail: PayloadTail): Uint8Array {
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, tail.segment);
  view.setBigUint64(4, BigInt(tail.offset));
  return bytes;
}

export function decodePayloadTail(bytes: Uint8Array | undefined): PayloadTail {
  if (bytes?.length !== 12)
    throw new StoreError("CORRUPT", `the payload tail has ${bytes?.length} bytes, not 12`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return { segment: view.getUint32(0), offset: Number(view.getBigUint64(4)) };
}
