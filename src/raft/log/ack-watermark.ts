/**
 * The acknowledged position of the log, in the file `frontier` beside the log: two 64-byte slots, written in turn
 * after each sync.
 * The file is not synced with each write (a sync would double the cost of a commit), only at a segment cut, at start
 * and at close; the kernel writes the file out within seconds. The file survives a crash of the process, and
 * survives a power cut in an older state. The recorded position is never above the true one, so it can refuse a
 * damaged log and never makes a damaged log acceptable.
 */
import { crc32 } from "node:zlib";
import type { DiskFile } from "../../platform/disk.ts";
import { getUint64, putUint64 } from "./record.ts";

export const WATERMARK_FILE = "frontier";
const SLOT_BYTES = 64;
/** Each slot lies on its own page, so that no write touches both. */
const SLOT_SPACING = 4 << 10;
export const WATERMARK_FILE_BYTES = 2 * SLOT_SPACING;
const MAGIC = 0x52_46_4b_45; // "EKFR"

/** All bytes of segment `sequence` below `offset`, and all segments before it, were durable. */
export interface AckWatermark {
  readonly sequence: number;
  readonly offset: number;
}

interface Slot extends AckWatermark {
  readonly turn: number;
}

function encodeSlot(slot: Slot): Uint8Array {
  const bytes = new Uint8Array(SLOT_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(4, MAGIC, true);
  putUint64(view, 8, slot.turn);
  putUint64(view, 16, slot.sequence);
  putUint64(view, 24, slot.offset);
  view.setUint32(0, crc32(bytes.subarray(4)), true);
  return bytes;
}

function decodeSlot(bytes: Uint8Array): Slot | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== crc32(bytes.subarray(4, SLOT_BYTES))) return undefined;
  if (view.getUint32(4, true) !== MAGIC) return undefined;
  return { turn: getUint64(view, 8), sequence: getUint64(view, 16), offset: getUint64(view, 24) };
}

/** Reads the newest intact slot; undefined when there is none. */
export function readWatermark(file: DiskFile): {
  watermark: AckWatermark | undefined;
  turn: number;
  damaged: number;
} {
  let newest: Slot | undefined;
  let damaged = 0;
  let blank = 0;
  for (let slot = 0; slot < 2; slot++) {
    const bytes = new Uint8Array(SLOT_BYTES);
    const read = file.pread(bytes, slot * SLOT_SPACING);
    const content = read === SLOT_BYTES ? decodeSlot(bytes) : undefined;
    if (bytes.every((byte) => byte === 0)) blank++;
    if (content === undefined) damaged++;
    else if (newest === undefined || content.turn > newest.turn) newest = content;
  }
  // The first write leaves the other slot blank: a crash right after the first start has damaged nothing.
  if (newest?.turn === 1) damaged -= blank;
  return { watermark: newest, turn: newest?.turn ?? 0, damaged };
}

export class WatermarkFile {
  readonly #file: DiskFile;
  #turn: number;

  constructor(file: DiskFile, turn: number) {
    this.#file = file;
    this.#turn = turn;
  }

  /** Writes the watermark for the next start; durable after `sync`. */
  write(watermark: AckWatermark): void {
    this.#turn++;
    this.#file.pwrite(encodeSlot({ ...watermark, turn: this.#turn }), (this.#turn % 2) * SLOT_SPACING);
  }

  sync(): void {
    this.#file.datasync();
  }

  close(): void {
    this.#file.close();
  }
}
