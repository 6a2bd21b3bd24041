import { beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type CrcAlgorithm, crcCombine } from "../../src/hash/combine.ts";
import { createHasher, hashersReady } from "../../src/hash/hashers.ts";
import type { HashAlgorithm } from "../../src/hash/types.ts";
import { checkProperty } from "../support/property.ts";

beforeAll(() => hashersReady);

function hashHex(algorithm: HashAlgorithm, ...pieces: Uint8Array[]): string {
  const hasher = createHasher(algorithm);
  for (const piece of pieces) hasher.update(piece);
  return Buffer.from(hasher.digest()).toString("hex");
}

/** Bit by bit, straight from the definition of a reflected CRC. */
function slowCrc(data: Uint8Array, width: bigint, polynomial: bigint): string {
  const ones = (1n << width) - 1n;
  let crc = ones;
  for (const byte of data) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ polynomial : crc >> 1n;
  }
  return (crc ^ ones).toString(16).padStart(Number(width) / 4, "0");
}

const CRCS: [CrcAlgorithm, bigint, bigint][] = [
  ["crc32", 32n, 0xedb88320n],
  ["crc32c", 32n, 0x82f63b78n],
  ["crc64nvme", 64n, 0x9a6c9329ac4bc9b5n],
];

function bytes(length: number, seed: number): Uint8Array {
  const data = new Uint8Array(length);
  let x = seed;
  for (let i = 0; i < length; i++) {
    x = (Math.imul(x, 1103515245) + 12345) >>> 0;
    data[i] = x >>> 16;
  }
  return data;
}

describe("hashers", () => {
  test.each<[HashAlgorithm, string, string]>([
    ["crc32", "123456789", "cbf43926"],
    ["crc32c", "123456789", "e3069283"],
    ["crc64nvme", "123456789", "ae8b14860a799888"],
    ["md5", "abc", "900150983cd24fb0d6963f7d28e17f72"],
    ["sha1", "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"],
    ["sha256", "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
    ["crc32", "", "00000000"],
    ["crc32c", "", "00000000"],
    ["crc64nvme", "", "0000000000000000"],
  ])("%s of %p", (algorithm, text, expected) => {
    expect(hashHex(algorithm, Buffer.from(text))).toBe(expected);
  });

  test("RFC 3720 vectors of CRC-32C", () => {
    expect(hashHex("crc32c", new Uint8Array(32))).toBe("8a9136aa");
    expect(hashHex("crc32c", new Uint8Array(32).fill(0xff))).toBe("62a8ab43");
    expect(
      hashHex(
        "crc32c",
        Uint8Array.from({ length: 32 }, (_, i) => i),
      ),
    ).toBe("46dd794e");
  });

  test.each(CRCS)("%s agrees with the definition at every length and cut", (algorithm, width, polynomial) => {
    for (let length = 0; length < 70; length++) {
      const data = bytes(length, length + 1);
      const expected = slowCrc(data, width, polynomial);
      expect(hashHex(algorithm, data)).toBe(expected);
      const cut = (length * 7) % (length + 1);
      expect(hashHex(algorithm, data.subarray(0, cut), data.subarray(cut))).toBe(expected);
    }
  });

  test("shared memory hashes like any other", () => {
    const shared = new Uint8Array(new SharedArrayBuffer(1000), 3, 900);
    shared.set(bytes(900, 5));
    for (const algorithm of ["md5", "sha1", "sha256", "crc32", "crc32c", "crc64nvme"] as const) {
      expect(hashHex(algorithm, shared)).toBe(hashHex(algorithm, Uint8Array.from(shared)));
    }
  });
});

describe("any bytes in any pieces", () => {
  const SEED = Number(process.env["HASH_TEST_SEED"] ?? Date.now() % 0x7fff_ffff);
  const options = { seed: SEED, numRuns: 100, again: `HASH_TEST_SEED=${SEED}` };
  const pieces = fc.array(fc.uint8Array({ maxLength: 300, size: "max" }), { maxLength: 8, size: "max" });
  const ALL = [
    "md5",
    "sha1",
    "sha256",
    "crc32",
    "crc32c",
    "crc64nvme",
    "xxhash64",
    "xxhash3",
    "xxhash128",
  ] as const;

  test.each(ALL)("%s of the pieces is that of the whole", (algorithm) =>
    checkProperty(
      fc.property(pieces, (given) => {
        expect(hashHex(algorithm, ...given)).toBe(hashHex(algorithm, Buffer.concat(given)));
      }),
      options,
    ),
  );

  test.each(CRCS)("%s agrees with the definition, and combines", (algorithm, width, polynomial) =>
    checkProperty(
      fc.property(pieces, fc.uint8Array({ maxLength: 300, size: "max" }), (given, last) => {
        const whole = hashHex(algorithm, ...given, last);
        expect(whole).toBe(slowCrc(Buffer.concat([...given, last]), width, polynomial));
        const before = Buffer.from(hashHex(algorithm, ...given), "hex");
        const after = Buffer.from(hashHex(algorithm, last), "hex");
        expect(Buffer.from(crcCombine(algorithm, before, after, last.length)).toString("hex")).toBe(whole);
      }),
      options,
    ),
  );
});

describe("crcCombine", () => {
  test.each(CRCS)("%s of A and B is that of AB", (algorithm) => {
    for (const [lengthA, lengthB] of [
      [0, 0],
      [0, 5],
      [5, 0],
      [1, 1],
      [1000, 1],
      [3, 4097],
      [70_000, 65_536],
    ] as const) {
      const a = bytes(lengthA, 1);
      const b = bytes(lengthB, 2);
      const of = (data: Uint8Array): Uint8Array => Buffer.from(hashHex(algorithm, data), "hex");
      const combined = crcCombine(algorithm, of(a), of(b), lengthB);
      expect(Buffer.from(combined).toString("hex")).toBe(hashHex(algorithm, a, b));
    }
  });

  test("lengths beyond 2^32: appending in two steps or in one is the same", () => {
    const length = 2 ** 33 + 12_345;
    for (const [algorithm, width] of CRCS) {
      const size = Number(width) / 8;
      const [a, b, c] = [bytes(size, 1), bytes(size, 2), bytes(size, 3)];
      const left = crcCombine(algorithm, crcCombine(algorithm, a, b, length), c, 77);
      const right = crcCombine(algorithm, a, crcCombine(algorithm, b, c, 77), length + 77);
      expect(left).toEqual(right);
    }
  });

  test("refuses what cannot be", () => {
    expect(() => crcCombine("crc32", new Uint8Array(8), new Uint8Array(4), 1)).toThrow(RangeError);
    expect(() => crcCombine("crc64nvme", new Uint8Array(8), new Uint8Array(8), -1)).toThrow(RangeError);
    expect(() => crcCombine("crc64nvme", new Uint8Array(8), new Uint8Array(8), 1.5)).toThrow(RangeError);
  });
});
