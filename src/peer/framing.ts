/**
 * Frames in a byte stream (docs/format/peer.md). All numbers are little-endian.
 *
 *   0   4  H, bytes of the header (1 or more)
 *   4   4  P, bytes of the payload
 *   8   4  CRC-32 of header and payload
 *   12  4  CRC-32 of the 12 bytes before: a damaged length is found before anything is read by it
 *   16  H  header, protobuf `Header`
 *   …   P  payload
 *   …   16 the seal, once the connection has one (frame-seal.ts)
 *
 * Each end first sends an 8-byte preface: "EKVP" and the version of this layout.
 */
import { crc32 } from "node:zlib";
import { PeerProtocolError, UnsendableError } from "./protocol-error.ts";

export const PRELUDE_BYTES = 16;
const PREFACE_BYTES = 8;
/** 2: a dialler must prove that it belongs to the cluster. Version 1 is refused. */
export const FRAMING_VERSION = 2;

const MAGIC = new TextEncoder().encode("EKVP");
const TLS_RECORDS = [0x15, 0x16];
/** A larger buffer is freed when no frame has needed the buffer for a while. */
const KEEP_BUFFER_BYTES = 64 * 1024;

export const PREFACE: Uint8Array = (() => {
  const bytes = new Uint8Array(PREFACE_BYTES);
  bytes.set(MAGIC);
  putUint32(bytes, 4, FRAMING_VERSION);
  return bytes;
})();

function putUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

function getUint32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

/** Returns exactly `bytes` bytes; what they contain does not matter. */
export type AllocateFrame = (bytes: number) => Uint8Array;

/**
 * Encodes one frame. The frame holds a copy of header and payload.
 * @param parts the payload, in order
 * @param limit maximum bytes of header and payload together
 * @param sealBytes space for the seal; the connection fills in the seal when it writes the frame
 * @param allocate returns the memory of the whole frame
 * @throws UnsendableError when header and payload are longer than the limit
 */
export function encodeFrame(
  header: Uint8Array,
  parts: readonly Uint8Array[],
  limit: number,
  sealBytes = 0,
  allocate: AllocateFrame = Buffer.allocUnsafe,
): Uint8Array {
  let payloadBytes = 0;
  for (const part of parts) payloadBytes += part.byteLength;
  if (header.byteLength + payloadBytes > limit) {
    throw new UnsendableError(
      `a frame of ${header.byteLength + payloadBytes} bytes is over the limit of ${limit}`,
    );
  }
  const bodyEnd = PRELUDE_BYTES + header.byteLength + payloadBytes;
  const frame = allocate(bodyEnd + sealBytes);
  frame.set(header, PRELUDE_BYTES);
  let at = PRELUDE_BYTES + header.byteLength;
  for (const part of parts) {
    frame.set(part, at);
    at += part.byteLength;
  }
  putUint32(frame, 0, header.byteLength);
  putUint32(frame, 4, payloadBytes);
  putUint32(frame, 8, crc32(frame.subarray(PRELUDE_BYTES, bodyEnd)));
  putUint32(frame, 12, crc32(frame.subarray(0, 12)));
  return frame;
}

/** Both views are valid during the call only. */
export type OnFrame = (header: Uint8Array, payload: Uint8Array) => void;

/** Checks the seal of a whole frame. @throws PeerProtocolError */
export type CheckSeal = (frame: Uint8Array) => void;

/** Cuts a stream of arbitrary pieces into frames. Memory: one incomplete frame. */
export class FrameReader {
  readonly #onFrame: OnFrame;
  #limit: number;
  #sealBytes = 0;
  #checkSeal: CheckSeal | undefined;
  #prefaceSeen = false;
  #stopped = false;
  /** True when a frame has needed a large buffer since the last `relax`. */
  #needed = false;
  /**
   * Holds an incomplete preface, prelude or frame. The buffer is reused: new memory costs a page fault per 4 KiB,
   * more than the copy into the memory.
   */
  #buffer: Uint8Array = new Uint8Array(PRELUDE_BYTES);
  #held = 0;
  /** Bytes of the complete preface, prelude or frame in the buffer. */
  #wanted = PREFACE_BYTES;

  constructor(limit: number, onFrame: OnFrame) {
    this.#limit = limit;
    this.#onFrame = onFrame;
  }

  /** Sets the limit of header and payload for frames that begin later. */
  setLimit(limit: number): void {
    this.#limit = limit;
  }

  /** Frames that begin later have a seal of `bytes` bytes at their end. */
  expectSeals(bytes: number, check: CheckSeal): void {
    this.#sealBytes = bytes;
    this.#checkSeal = check;
  }

  /** True when a frame has begun and not ended. */
  get midFrame(): boolean {
    return this.#held > 0;
  }

  /** Called at intervals: frees a large buffer that is not used. */
  relax(): void {
    if (!this.#needed && this.#held === 0 && this.#buffer.byteLength > KEEP_BUFFER_BYTES) {
      this.#buffer = new Uint8Array(PRELUDE_BYTES);
    }
    this.#needed = false;
  }

  /** Stops the reader: no further frame is reported, not even from the bytes that are being read. */
  stop(): void {
    this.#stopped = true;
    this.#buffer = new Uint8Array(0);
    this.#held = 0;
  }

  /** @throws PeerProtocolError, and any error that `onFrame` throws. The stream cannot be used after an error. */
  push(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.byteLength && !this.#stopped) {
      if (this.#held === 0 && this.#prefaceSeen) {
        const whole = this.#wholeFrame(bytes, at);
        if (whole > 0) {
          at += whole;
          continue;
        }
      }
      at += this.#hold(bytes, at);
    }
  }

  /**
   * Reports a frame that lies completely in the received bytes, the usual case. Returns its bytes; 0 = incomplete.
   */
  #wholeFrame(bytes: Uint8Array, at: number): number {
    if (bytes.byteLength - at < PRELUDE_BYTES) return 0;
    const total = this.#frameBytes(bytes, at);
    if (bytes.byteLength - at < total) return 0;
    this.#emit(bytes, at, total);
    return total;
  }

  #hold(bytes: Uint8Array, at: number): number {
    const take = Math.min(this.#wanted - this.#held, bytes.byteLength - at);
    this.#buffer.set(bytes.subarray(at, at + take), this.#held);
    this.#held += take;
    if (!this.#prefaceSeen) checkMagic(this.#buffer, this.#held);
    if (this.#held === this.#wanted) this.#complete();
    return take;
  }

  #complete(): void {
    if (!this.#prefaceSeen) {
      const version = getUint32(this.#buffer, 4);
      if (version !== FRAMING_VERSION) {
        throw new PeerProtocolError(
          `the other end speaks version ${version} of the peer protocol, this node version ${FRAMING_VERSION}`,
        );
      }
      this.#prefaceSeen = true;
    } else if (this.#wanted === PRELUDE_BYTES) {
      const total = this.#frameBytes(this.#buffer, 0);
      if (this.#buffer.byteLength < total) {
        // Allocated only now, because the lengths are checked. Allocated in one step, because growing would copy
        // the frame.
        const buffer = Buffer.allocUnsafeSlow(total);
        buffer.set(this.#buffer.subarray(0, PRELUDE_BYTES));
        this.#buffer = buffer;
      }
      this.#wanted = total;
      return;
    } else {
      const total = this.#wanted;
      this.#needed ||= total > KEEP_BUFFER_BYTES;
      this.#emit(this.#buffer, 0, total);
    }
    this.#held = 0;
    this.#wanted = PRELUDE_BYTES;
  }

  #frameBytes(bytes: Uint8Array, at: number): number {
    if (crc32(bytes.subarray(at, at + 12)) !== getUint32(bytes, at + 12)) {
      throw new PeerProtocolError("the checksum of a frame's lengths does not match");
    }
    const header = getUint32(bytes, at);
    const payload = getUint32(bytes, at + 4);
    if (header === 0) throw new PeerProtocolError("a frame without a header");
    if (header + payload > this.#limit) {
      throw new PeerProtocolError(`a frame of ${header + payload} bytes is over the limit of ${this.#limit}`);
    }
    return PRELUDE_BYTES + header + payload + this.#sealBytes;
  }

  #emit(bytes: Uint8Array, at: number, total: number): void {
    this.#checkSeal?.(bytes.subarray(at, at + total));
    const body = bytes.subarray(at + PRELUDE_BYTES, at + total - this.#sealBytes);
    if (crc32(body) !== getUint32(bytes, at + 8)) {
      throw new PeerProtocolError("the checksum of a frame does not match");
    }
    const header = getUint32(bytes, at);
    this.#onFrame(body.subarray(0, header), body.subarray(header));
  }
}

/** Checks the received bytes of the preface at once, so that no time is lost on a wrong protocol. */
function checkMagic(bytes: Uint8Array, held: number): void {
  for (let i = 0; i < Math.min(held, MAGIC.byteLength); i++) {
    if (bytes[i] === MAGIC[i]) continue;
    throw new PeerProtocolError(
      TLS_RECORDS.includes(bytes[0] ?? 0)
        ? "the other end speaks TLS and this node does not: give every node its peer certificate, or none"
        : "the other end does not speak the peer protocol of elastickv",
    );
  }
}
