import { crc32 } from "node:zlib";
import { type AppliedState, type KeyspaceExport, StoreError, type Timestamp } from "../types.ts";
import {
  encodeHeader,
  encodeTrailerBody,
  FRAME_BODY_BYTES,
  FRAME_END,
  FRAME_HEAD_BYTES,
  FRAME_PAYLOAD,
  FRAME_ROWS,
  FRAME_STATE,
  FRAME_TAIL_BYTES,
  ROW_GARBAGE,
  ROW_PAYLOAD,
  ROW_PAYLOAD_MAX_BYTES,
  ROW_TOMBSTONE,
  type SnapshotHeader,
  viewOf,
} from "./format.ts";

/** A payload that is read in pieces. */
export interface SourcePayload {
  readonly length: number;
  /** CRC-32 of the whole payload. */
  readonly crc: number;
  /** Fills `into` with the bytes from `offset` on. @throws StoreError when the bytes are missing */
  read(offset: number, into: Uint8Array): void;
}

/** One version. */
export interface SourceRow {
  readonly key: Uint8Array;
  readonly commitTs: Timestamp;
  /** The value; undefined for a tombstone. */
  readonly value: Uint8Array | undefined;
  readonly garbage: Uint8Array | undefined;
  readonly payload: SourcePayload | undefined;
}

/** The content that a store gives to its export: the whole keyspace at one moment. */
export interface SnapshotSource extends SnapshotHeader {
  /** State values in ascending order of name (bytes). */
  states(): Iterable<readonly [name: string, value: Uint8Array]>;
  /**
   * Every version: keys ascending, the newest version of each key first. The caller reads to the end or calls
   * `return`.
   */
  rows(): Iterator<SourceRow>;
  getState(name: string): Uint8Array | undefined;
  close(): void;
}

/** Writes the stream of a source in pieces, and keeps one frame in memory. */
export class StreamExport implements KeyspaceExport {
  readonly position: AppliedState;
  readonly #source: SnapshotSource;
  readonly #frames: Iterator<Uint8Array>;
  /** The bytes of the last frame that the last piece did not take. */
  #rest: Uint8Array = new Uint8Array(0);
  #closed = false;

  constructor(source: SnapshotSource) {
    this.#source = source;
    this.position = source.position;
    this.#frames = new FrameWriter(source).frames();
  }

  getState(name: string): Uint8Array | undefined {
    this.#checkOpen();
    return this.#source.getState(name);
  }

  next(maxBytes: number): Uint8Array | undefined {
    this.#checkOpen();
    if (!Number.isSafeInteger(maxBytes) || maxBytes < 1) {
      throw new RangeError(`maxBytes ${maxBytes} is not a positive integer`);
    }
    const piece = new Uint8Array(maxBytes);
    let filled = 0;
    while (filled < maxBytes) {
      if (this.#rest.length === 0) {
        const frame = this.#frames.next();
        if (frame.done === true) break;
        this.#rest = frame.value;
      }
      const part = this.#rest.subarray(0, maxBytes - filled);
      piece.set(part, filled);
      filled += part.length;
      this.#rest = this.#rest.subarray(part.length);
    }
    if (filled === 0) return undefined;
    return filled === maxBytes ? piece : piece.slice(0, filled);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // The call also ends the iteration over the rows at any point.
    this.#frames.return?.();
    this.#source.close();
  }

  #checkOpen(): void {
    if (this.#closed) throw new StoreError("CLOSED", "this export is closed");
  }
}

/** Makes the frames of a stream. Every frame lies in memory that the next frame overwrites. */
class FrameWriter {
  readonly #source: SnapshotSource;
  readonly #digest = new Bun.CryptoHasher("sha256");
  readonly #counts = { rows: 0, states: 0, payloadBytes: 0 };
  /** Head and body of the current frame. */
  #frame = new Uint8Array(2 * FRAME_BODY_BYTES);
  #view = viewOf(this.#frame);
  #at = FRAME_HEAD_BYTES;

  constructor(source: SnapshotSource) {
    this.#source = source;
  }

  *frames(): Generator<Uint8Array, undefined> {
    const header = encodeHeader(this.#source);
    this.#digest.update(header);
    yield header;
    yield* this.#states();
    yield* this.#rows();
    const digest = this.#digest.digest();
    this.#bytes(encodeTrailerBody(this.#counts, digest));
    yield this.#end(FRAME_END);
    return undefined;
  }

  *#states(): Generator<Uint8Array, undefined> {
    for (const [name, value] of this.#source.states()) {
      this.#sized(Buffer.from(name));
      this.#sized(value);
      this.#counts.states++;
      if (this.#full()) yield this.#end(FRAME_STATE);
    }
    if (this.#at > FRAME_HEAD_BYTES) yield this.#end(FRAME_STATE);
    return undefined;
  }

  *#rows(): Generator<Uint8Array, undefined> {
    const rows = this.#source.rows();
    try {
      for (let next = rows.next(); next.done !== true; next = rows.next()) {
        const { payload } = next.value;
        this.#row(next.value);
        const apart = payload !== undefined && payload.length > ROW_PAYLOAD_MAX_BYTES;
        if (apart || this.#full()) yield this.#end(FRAME_ROWS);
        if (apart) yield* this.#payload(payload);
      }
    } finally {
      rows.return?.();
    }
    if (this.#at > FRAME_HEAD_BYTES) yield this.#end(FRAME_ROWS);
    return undefined;
  }

  #row({ key, commitTs, value, garbage, payload }: SourceRow): void {
    const flags =
      (value === undefined ? ROW_TOMBSTONE : 0) |
      (garbage === undefined ? 0 : ROW_GARBAGE) |
      (payload === undefined ? 0 : ROW_PAYLOAD);
    this.#reserve(9);
    this.#frame[this.#at] = flags;
    this.#view.setBigUint64(this.#at + 1, commitTs);
    this.#at += 9;
    this.#sized(key);
    if (value !== undefined) this.#sized(value);
    if (garbage !== undefined) this.#sized(garbage);
    if (payload !== undefined) {
      this.#reserve(8 + ROW_PAYLOAD_MAX_BYTES);
      this.#view.setUint32(this.#at, payload.length);
      this.#view.setUint32(this.#at + 4, payload.crc);
      this.#at += 8;
      if (payload.length <= ROW_PAYLOAD_MAX_BYTES) {
        payload.read(0, this.#frame.subarray(this.#at, this.#at + payload.length));
        this.#at += payload.length;
      }
      this.#counts.payloadBytes += payload.length;
    }
    this.#counts.rows++;
  }

  *#payload(payload: SourcePayload): Generator<Uint8Array, undefined> {
    for (let offset = 0; offset < payload.length; ) {
      const length = Math.min(FRAME_BODY_BYTES, payload.length - offset);
      this.#reserve(length);
      payload.read(offset, this.#frame.subarray(this.#at, this.#at + length));
      this.#at += length;
      offset += length;
      yield this.#end(FRAME_PAYLOAD);
    }
    return undefined;
  }

  #sized(bytes: Uint8Array): void {
    this.#reserve(4);
    this.#view.setUint32(this.#at, bytes.length);
    this.#at += 4;
    this.#bytes(bytes);
  }

  #bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#frame.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #full(): boolean {
    return this.#at >= FRAME_HEAD_BYTES + FRAME_BODY_BYTES;
  }

  /** Makes space for `bytes` more and for the checksum. */
  #reserve(bytes: number): void {
    const needed = this.#at + bytes + FRAME_TAIL_BYTES;
    if (needed <= this.#frame.length) return;
    const larger = new Uint8Array(Math.max(needed, 2 * this.#frame.length));
    larger.set(this.#frame.subarray(0, this.#at));
    this.#frame = larger;
    this.#view = viewOf(larger);
  }

  #end(kind: number): Uint8Array {
    const end = this.#at;
    this.#frame[0] = kind;
    this.#view.setUint32(1, end - FRAME_HEAD_BYTES);
    this.#view.setUint32(end, crc32(this.#frame.subarray(0, end)));
    this.#at = FRAME_HEAD_BYTES;
    const frame = this.#frame.subarray(0, end + FRAME_TAIL_BYTES);
    if (kind !== FRAME_END) this.#digest.update(frame);
    return frame;
  }
}
