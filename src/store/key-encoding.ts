/**
 * Keys are sequences of segments whose encodings sort bytewise as the segments do (docs/format/keyspace.md).
 *
 * - strings and bytes: every 00 becomes 00 FF, and 00 01 ends the segment. So no encoding is a prefix of another,
 * and
 * a string sorts before its own extensions: 00 01 < 00 FF < any other byte.
 * - numbers: 8 bytes big-endian, unsigned, without an end mark.
 *
 * A key does not contain the kinds of its segments. Its first segment (a tag) decides the kinds; the tables of the
 * layers above list them.
 */
export type KeySegment = string | Uint8Array | number | bigint;

export type SegmentKind = "string" | "bytes" | "number" | "timestamp";

type DecodedSegment<K extends SegmentKind> = K extends "string"
  ? string
  : K extends "bytes"
    ? Uint8Array
    : K extends "number"
      ? number
      : bigint;

export type DecodedKey<S extends readonly SegmentKind[]> = {
  -readonly [I in keyof S]: DecodedSegment<S[I]>;
};

const NUMBER_BYTES = 8;
const U64_MAX = 2n ** 64n - 1n;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** One scratch buffer per thread: a key is assembled in the buffer and copied out once, at its exact size. */
let scratch = new Uint8Array(4096);
let scratchView = new DataView(scratch.buffer);

function reserve(bytes: number): void {
  if (bytes <= scratch.length) return;
  const larger = new Uint8Array(Math.max(bytes, scratch.length * 2));
  larger.set(scratch);
  scratch = larger;
  scratchView = new DataView(larger.buffer);
}

/** Moves the 00 bytes in scratch[from, to) to their escaped form, back to front; returns the new end. */
function escapeZeros(from: number, to: number): number {
  let zeros = 0;
  for (let i = scratch.indexOf(0, from); i !== -1 && i < to; i = scratch.indexOf(0, i + 1)) zeros++;
  if (zeros === 0) return to;
  reserve(to + zeros + 2);
  let write = to + zeros;
  for (let read = to - 1; read >= from; read--) {
    const byte = scratch[read] as number;
    if (byte === 0) scratch[--write] = 0xff;
    scratch[--write] = byte;
  }
  return to + zeros;
}

function writeText(text: string, at: number): number {
  if (!text.isWellFormed()) throw new RangeError(`key segment ${JSON.stringify(text)} has a lone surrogate`);
  reserve(at + text.length * 3 + 2);
  const { written } = encoder.encodeInto(text, scratch.subarray(at));
  return escapeZeros(at, at + written);
}

function writeBytes(bytes: Uint8Array, at: number): number {
  reserve(at + bytes.length + 2);
  scratch.set(bytes, at);
  return escapeZeros(at, at + bytes.length);
}

function writeNumber(value: number | bigint, at: number): number {
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new RangeError(`key segment ${value} is not an integer in 0 .. 2^53-1`);
    }
    reserve(at + NUMBER_BYTES);
    scratchView.setUint32(at, Math.floor(value / 2 ** 32));
    scratchView.setUint32(at + 4, value % 2 ** 32);
    return at + NUMBER_BYTES;
  }
  if (value < 0n || value > U64_MAX) throw new RangeError(`key segment ${value} is outside 0 .. 2^64-1`);
  reserve(at + NUMBER_BYTES);
  scratchView.setBigUint64(at, value);
  return at + NUMBER_BYTES;
}

function write(segment: KeySegment, at: number, closed: boolean): number {
  if (typeof segment === "number" || typeof segment === "bigint") return writeNumber(segment, at);
  const end = typeof segment === "string" ? writeText(segment, at) : writeBytes(segment, at);
  if (!closed) return end;
  scratch[end] = 0;
  scratch[end + 1] = 1;
  return end + 2;
}

/**
 * Encodes the segments in order. Strings become UTF-8.
 * @throws RangeError for a string that is not well-formed Unicode or a number outside its range
 */
export function encodeKey(segments: readonly KeySegment[]): Uint8Array {
  let at = 0;
  for (const segment of segments) at = write(segment, at, true);
  return scratch.slice(0, at);
}

/** Like `encodeKey`, but the last segment stays open: the prefix of every key whose segment *begins* with it. */
export function encodeKeyPrefix(segments: readonly KeySegment[]): Uint8Array {
  let at = 0;
  const last = segments.length - 1;
  segments.forEach((segment, i) => {
    at = write(segment, at, i !== last);
  });
  return scratch.slice(0, at);
}

/** `base` followed by more segments: for keys that share a long beginning. */
export function appendSegments(base: Uint8Array, segments: readonly KeySegment[]): Uint8Array {
  reserve(base.length);
  scratch.set(base);
  let at = base.length;
  for (const segment of segments) at = write(segment, at, true);
  return scratch.slice(0, at);
}

/**
 * The lowest key above every key that begins with `prefix`. The result is undefined when there is no such key (an
 * empty prefix, or only FF bytes): then a scan has no upper end.
 */
export function prefixEnd(prefix: Uint8Array): Uint8Array | undefined {
  let length = prefix.length;
  while (length > 0 && prefix[length - 1] === 0xff) length--;
  if (length === 0) return undefined;
  // The end is a copy, because a Buffer's slice() would be a view on the caller's prefix.
  const end = new Uint8Array(prefix.subarray(0, length));
  end[length - 1] = (end[length - 1] as number) + 1;
  return end;
}

/** Bytewise order: negative, 0 or positive. */
export function compareKeys(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b);
}

/** Reads a key segment by segment. Every method throws RangeError, naming the offset, on malformed input. */
export class KeyReader {
  readonly #key: Uint8Array;
  #at: number;

  constructor(key: Uint8Array, offset = 0) {
    this.#key = key;
    this.#at = offset;
  }

  get done(): boolean {
    return this.#at === this.#key.length;
  }

  /** Offset of the next segment, in bytes from the start of the key. */
  get offset(): number {
    return this.#at;
  }

  /** The next string segment as bytes: a copy. */
  bytes(): Uint8Array {
    const key = this.#key;
    let zero = key.indexOf(0, this.#at);
    if (zero !== -1 && key[zero + 1] === 1) {
      const plain = key.slice(this.#at, zero);
      this.#at = zero + 2;
      return plain;
    }
    const parts: number[] = [];
    let from = this.#at;
    for (; zero !== -1; zero = key.indexOf(0, zero + 2)) {
      const mark = key[zero + 1];
      if (mark !== 1 && mark !== 0xff) break;
      for (let i = from; i < zero; i++) parts.push(key[i] as number);
      if (mark === 1) {
        this.#at = zero + 2;
        return Uint8Array.from(parts);
      }
      parts.push(0);
      from = zero + 2;
    }
    throw this.#malformed(zero === -1 ? "has no end mark" : `has a bad escape at ${zero}`);
  }

  /** The next string segment; it must be valid UTF-8. */
  string(): string {
    const start = this.#at;
    const bytes = this.bytes();
    try {
      return decoder.decode(bytes);
    } catch {
      this.#at = start;
      throw this.#malformed("is not UTF-8");
    }
  }

  /** The next number segment. */
  timestamp(): bigint {
    if (this.#key.length - this.#at < NUMBER_BYTES) throw this.#malformed("is shorter than 8 bytes");
    const view = new DataView(this.#key.buffer, this.#key.byteOffset + this.#at, NUMBER_BYTES);
    this.#at += NUMBER_BYTES;
    return view.getBigUint64(0);
  }

  /** The next number segment; it must fit a safe integer. */
  number(): number {
    const start = this.#at;
    const value = this.timestamp();
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
      this.#at = start;
      throw this.#malformed(`is ${value}, above 2^53-1`);
    }
    return Number(value);
  }

  #malformed(what: string): RangeError {
    const shown = Buffer.from(this.#key.subarray(0, 256)).toString("hex");
    return new RangeError(`key ${shown}: the segment at offset ${this.#at} ${what}`);
  }
}

/** Decodes a whole key of known segment kinds. @throws RangeError when the bytes are not such a key */
export function decodeKey<const S extends readonly SegmentKind[]>(key: Uint8Array, kinds: S): DecodedKey<S> {
  const reader = new KeyReader(key);
  const segments = kinds.map((kind) => reader[kind]());
  if (!reader.done) {
    throw new RangeError(`key has ${key.length - reader.offset} bytes after its ${kinds.length} segments`);
  }
  return segments as DecodedKey<S>;
}

/** The lowest key above `key`. */
export function keyAfter(key: Uint8Array): Uint8Array {
  const after = new Uint8Array(key.byteLength + 1);
  after.set(key);
  return after;
}
