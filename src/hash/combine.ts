/**
 * The CRC of a concatenation from the CRCs of its pieces. The FULL_OBJECT checksum of a multipart object is computed
 * from the checksums of the parts, without reading the parts again. Appending n bytes multiplies the polynomial of A
 * by x^(8n) modulo the CRC's polynomial. Repeated squaring needs a few dozen multiplications, and most parts share
 * one length.
 */
import type { HashAlgorithm } from "./types.ts";

export type CrcAlgorithm = Extract<HashAlgorithm, "crc32" | "crc32c" | "crc64nvme">;

class Field {
  readonly bytes: number;
  readonly #polynomial: bigint;
  /** The reflected form has x^0 in the highest bit. */
  readonly #one: bigint;
  /** x^(8 * 2^k) */
  readonly #squares: bigint[];
  #lastLength = 0;
  #lastPower: bigint;

  constructor(bits: number, polynomial: bigint) {
    this.bytes = bits / 8;
    this.#polynomial = polynomial;
    this.#one = 1n << BigInt(bits - 1);
    this.#lastPower = this.#one;
    this.#squares = [this.#one >> 8n];
  }

  multiply(a: bigint, b: bigint): bigint {
    let product = 0n;
    let shifted = b;
    for (let bit = this.#one; bit !== 0n; bit >>= 1n) {
      if ((a & bit) !== 0n) product ^= shifted;
      shifted = shifted & 1n ? (shifted >> 1n) ^ this.#polynomial : shifted >> 1n;
    }
    return product;
  }

  /** x^(8 * length) */
  shiftOf(length: number): bigint {
    if (length === this.#lastLength) return this.#lastPower;
    let power = this.#one;
    let left = length;
    for (let k = 0; left > 0; k++) {
      if (left % 2 === 1) power = this.multiply(this.#square(k), power);
      left = Math.floor(left / 2);
    }
    this.#lastLength = length;
    this.#lastPower = power;
    return power;
  }

  #square(k: number): bigint {
    while (this.#squares.length <= k) {
      const last = this.#squares.at(-1) as bigint;
      this.#squares.push(this.multiply(last, last));
    }
    return this.#squares[k] as bigint;
  }
}

const FIELDS: Record<CrcAlgorithm, Field> = {
  crc32: new Field(32, 0xedb88320n),
  crc32c: new Field(32, 0x82f63b78n),
  crc64nvme: new Field(64, 0x9a6c9329ac4bc9b5n),
};

/**
 * The CRC of A followed by B.
 * @param a CRC of A, big-endian bytes. @param b CRC of B. @param lengthOfB bytes, a safe integer.
 * @throws RangeError for a length or a CRC of the wrong size.
 */
export function crcCombine(
  algorithm: CrcAlgorithm,
  a: Uint8Array,
  b: Uint8Array,
  lengthOfB: number,
): Uint8Array {
  const field = FIELDS[algorithm];
  if (a.length !== field.bytes || b.length !== field.bytes) {
    throw new RangeError(`${algorithm} takes ${field.bytes} bytes, not ${a.length} and ${b.length}`);
  }
  if (!Number.isSafeInteger(lengthOfB) || lengthOfB < 0) throw new RangeError(`length ${lengthOfB}`);
  return toBytes(field.multiply(field.shiftOf(lengthOfB), fromBytes(a)) ^ fromBytes(b), field.bytes);
}

function fromBytes(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return value;
}

function toBytes(value: bigint, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = length - 1, left = value; i >= 0; i--, left >>= 8n) bytes[i] = Number(left & 255n);
  return bytes;
}
