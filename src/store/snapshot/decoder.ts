import { crc32 } from "node:zlib";
import { compareKeys } from "../key-encoding.ts";
import { BLIND, type Timestamp } from "../types.ts";
import {
  checkGroupBody,
  checkTrailerBody,
  corrupt,
  decodeHeader,
  FRAME_BODY_MAX_BYTES,
  FRAME_END,
  FRAME_GROUP,
  FRAME_HEAD_BYTES,
  FRAME_PAYLOAD,
  FRAME_ROWS,
  FRAME_STATE,
  FRAME_TAIL_BYTES,
  HEADER_BYTES,
  ROW_GARBAGE,
  ROW_PAYLOAD,
  ROW_PAYLOAD_MAX_BYTES,
  ROW_TOMBSTONE,
  type SnapshotHeader,
  viewOf,
} from "./format.ts";

/** One version. Its bytes lie in reused memory: they are valid only during the call. */
export interface DecodedRow {
  readonly key: Uint8Array;
  readonly commitTs: Timestamp;
  /** The commitTs of the next newer version of the key; BLIND when there is none. */
  readonly endTs: Timestamp;
  /** The value; undefined for a tombstone. */
  readonly value: Uint8Array | undefined;
  readonly garbage: Uint8Array | undefined;
  readonly payload: Uint8Array | undefined;
}

/** Receives the content of a stream, in the stream's order. */
export interface SnapshotSink {
  begin(header: SnapshotHeader): void;
  state(name: string, value: Uint8Array): void;
  row(row: DecodedRow): void;
}

interface OpenPayload {
  readonly row: DecodedRow;
  readonly length: number;
  readonly crc: number;
}

const MAX_PAYLOAD_BYTES = 1 << 30;
const EMPTY = new Uint8Array(0);
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Reads a stream that comes in pieces, and checks it. After an error the decoder must not be used again. */
export class SnapshotDecoder {
  readonly #sink: SnapshotSink;
  readonly #digest = new Bun.CryptoHasher("sha256");
  readonly #counts = { rows: 0, states: 0, payloadBytes: 0 };
  /** The received part of the current header or frame. */
  #buffer = new Uint8Array(256 << 10);
  #filled = 0;
  #needed = HEADER_BYTES;
  /** Position in the stream where the current header or frame begins. */
  #start = 0;
  #header: SnapshotHeader | undefined;
  #ended = false;
  #lastKind = 0;
  #lastName: Uint8Array | undefined;
  #lastKey: Uint8Array | undefined;
  #lastTs: Timestamp = 0n;
  #open: OpenPayload | undefined;
  #payload = EMPTY;
  #payloadFilled = 0;

  constructor(sink: SnapshotSink) {
    this.#sink = sink;
  }

  /** @throws StoreError CORRUPT, and every error of the sink */
  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      if (this.#ended) {
        throw corrupt(`byte ${this.#start}: ${bytes.length - at} or more bytes follow the trailer`);
      }
      const part = bytes.subarray(at, at + this.#needed - this.#filled);
      this.#grow(this.#needed);
      this.#buffer.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === this.#needed) this.#complete();
    }
  }

  /**
   * @returns the header
   * @throws StoreError CORRUPT when the stream is not complete
   */
  finish(): SnapshotHeader {
    if (this.#header === undefined || !this.#ended) {
      const what = this.#header === undefined ? "the header" : "a frame";
      throw corrupt(
        `it ends at byte ${this.#start + this.#filled}, inside of ${what} at byte ${this.#start} or before its trailer`,
      );
    }
    return this.#header;
  }

  #grow(bytes: number): void {
    if (bytes <= this.#buffer.length) return;
    const larger = new Uint8Array(Math.max(bytes, 2 * this.#buffer.length));
    larger.set(this.#buffer.subarray(0, this.#filled));
    this.#buffer = larger;
  }

  /** Handles a complete unit: the buffer has as many bytes as were needed. */
  #complete(): void {
    const unit = this.#buffer.subarray(0, this.#filled);
    if (this.#header === undefined) {
      this.#header = decodeHeader(unit);
      this.#digest.update(unit);
      this.#sink.begin(this.#header);
    } else if (this.#filled === FRAME_HEAD_BYTES) {
      const length = viewOf(unit).getUint32(1);
      if (length > FRAME_BODY_MAX_BYTES) {
        throw corrupt(`byte ${this.#start}: a frame of ${length} bytes, the most is ${FRAME_BODY_MAX_BYTES}`);
      }
      this.#needed = FRAME_HEAD_BYTES + length + FRAME_TAIL_BYTES;
      return;
    } else {
      this.#frame(unit);
    }
    this.#start += this.#filled;
    this.#filled = 0;
    this.#needed = FRAME_HEAD_BYTES;
  }

  #frame(frame: Uint8Array): void {
    const end = frame.length - FRAME_TAIL_BYTES;
    if (viewOf(frame).getUint32(end) !== crc32(frame.subarray(0, end))) {
      throw corrupt(
        `byte ${this.#start}: the checksum of this frame of ${frame.length} bytes does not match`,
      );
    }
    const kind = frame[0] ?? 0;
    const body = frame.subarray(FRAME_HEAD_BYTES, end);
    if ((this.#open !== undefined) !== (kind === FRAME_PAYLOAD) || kind < this.#lastKind) {
      throw corrupt(`byte ${this.#start}: a frame of kind ${kind} has no place there`);
    }
    // Payload frames may come between two frames of rows, so a frame of rows may follow them.
    this.#lastKind = kind === FRAME_PAYLOAD ? FRAME_ROWS : kind;
    switch (kind) {
      case FRAME_GROUP:
        checkGroupBody(body);
        break;
      case FRAME_STATE:
        this.#states(new BodyReader(body, this.#start));
        break;
      case FRAME_ROWS:
        this.#rows(new BodyReader(body, this.#start));
        break;
      case FRAME_PAYLOAD:
        this.#piece(body);
        break;
      case FRAME_END:
        checkTrailerBody(body, this.#counts, this.#digest.digest());
        this.#ended = true;
        return;
      default:
        throw corrupt(`byte ${this.#start}: unknown kind of frame ${kind}`);
    }
    this.#digest.update(frame);
  }

  #states(body: BodyReader): void {
    while (!body.done) {
      const name = body.sized("a name");
      const value = body.sized("a state value");
      if (this.#lastName !== undefined && compareKeys(name, this.#lastName) <= 0) {
        throw body.bad("state names are not in order");
      }
      this.#lastName = new Uint8Array(name);
      this.#counts.states++;
      let text: string;
      try {
        text = decoder.decode(name);
      } catch {
        throw body.bad("a state name is not UTF-8");
      }
      this.#sink.state(text, value);
    }
  }

  #rows(body: BodyReader): void {
    while (!body.done) {
      if (this.#open !== undefined) throw body.bad("a row follows one whose payload is still to come");
      this.#row(body);
    }
  }

  #row(body: BodyReader): void {
    const flags = body.byte();
    if (flags > (ROW_TOMBSTONE | ROW_GARBAGE | ROW_PAYLOAD)) throw body.bad(`row flags ${flags}`);
    if ((flags & ROW_TOMBSTONE) !== 0 && flags !== ROW_TOMBSTONE) throw body.bad("a tombstone with content");
    const commitTs = body.u64();
    const key = body.sized("a key");
    const endTs = this.#endOf(key, commitTs, body);
    const value = (flags & ROW_TOMBSTONE) === 0 ? body.sized("a value") : undefined;
    const garbage = (flags & ROW_GARBAGE) === 0 ? undefined : body.sized("a garbage record");
    this.#counts.rows++;
    const row = { key, commitTs, endTs, value, garbage, payload: undefined };
    if ((flags & ROW_PAYLOAD) === 0) {
      this.#sink.row(row);
      return;
    }
    const length = body.u32();
    const crc = body.u32();
    if (length > MAX_PAYLOAD_BYTES) throw body.bad(`a payload of ${length} bytes`);
    this.#counts.payloadBytes += length;
    if (length <= ROW_PAYLOAD_MAX_BYTES) {
      const payload = body.take(length, "a payload");
      if (crc32(payload) !== crc)
        throw body.bad(`the checksum of a payload of ${length} bytes does not match`);
      this.#sink.row({ ...row, payload });
      return;
    }
    const copy = (bytes: Uint8Array | undefined) => (bytes === undefined ? undefined : new Uint8Array(bytes));
    const kept = { ...row, key: new Uint8Array(key), value: copy(value), garbage: copy(garbage) };
    this.#open = { row: kept, length, crc };
    this.#payloadFilled = 0;
    if (this.#payload.length < length) this.#payload = new Uint8Array(length);
  }

  /** Checks that the versions come in order. */
  #endOf(key: Uint8Array, commitTs: Timestamp, body: BodyReader): Timestamp {
    const newest = this.#header?.position.commitTs ?? 0n;
    if (commitTs < 1n || commitTs > newest) {
      throw body.bad(`commit timestamp ${commitTs} is outside 1 .. ${newest}`);
    }
    const order = this.#lastKey === undefined ? 1 : compareKeys(key, this.#lastKey);
    const newer = order === 0 ? this.#lastTs : BLIND;
    if (order < 0 || commitTs >= newer) throw body.bad("rows are not in order");
    if (order > 0) this.#lastKey = new Uint8Array(key);
    this.#lastTs = commitTs;
    return newer;
  }

  #piece(body: Uint8Array): void {
    const open = this.#open as OpenPayload;
    if (body.length === 0 || body.length > open.length - this.#payloadFilled) {
      throw corrupt(`byte ${this.#start}: ${body.length} bytes of a payload of ${open.length}`);
    }
    this.#payload.set(body, this.#payloadFilled);
    this.#payloadFilled += body.length;
    if (this.#payloadFilled < open.length) return;
    const payload = this.#payload.subarray(0, open.length);
    if (crc32(payload) !== open.crc) {
      throw corrupt(`byte ${this.#start}: the checksum of a payload of ${open.length} bytes does not match`);
    }
    this.#open = undefined;
    this.#sink.row({ ...open.row, payload });
  }
}

/** Reads the body of one frame, field by field. */
class BodyReader {
  readonly #body: Uint8Array;
  readonly #view: DataView;
  readonly #frameStart: number;
  #at = 0;

  constructor(body: Uint8Array, frameStart: number) {
    this.#body = body;
    this.#view = viewOf(body);
    this.#frameStart = frameStart;
  }

  get done(): boolean {
    return this.#at === this.#body.length;
  }

  byte(): number {
    return this.take(1, "flags")[0] ?? 0;
  }

  u32(): number {
    const at = this.#advance(4, "a number");
    return this.#view.getUint32(at);
  }

  u64(): bigint {
    const at = this.#advance(8, "a number");
    return this.#view.getBigUint64(at);
  }

  take(length: number, what: string): Uint8Array {
    const at = this.#advance(length, what);
    return this.#body.subarray(at, at + length);
  }

  sized(what: string): Uint8Array {
    return this.take(this.u32(), what);
  }

  bad(what: string): Error {
    return corrupt(`byte ${this.#frameStart + FRAME_HEAD_BYTES + this.#at}: ${what}`);
  }

  #advance(length: number, what: string): number {
    const at = this.#at;
    if (length > this.#body.length - at) throw this.bad(`${what} of ${length} bytes does not fit its frame`);
    this.#at += length;
    return at;
  }
}
