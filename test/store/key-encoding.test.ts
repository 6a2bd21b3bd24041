import { describe, expect, test } from "bun:test";
import {
  appendSegments,
  compareKeys,
  decodeKey,
  encodeKey,
  encodeKeyPrefix,
  KeyReader,
  prefixEnd,
} from "../../src/store/key-encoding.ts";
import { decodeTimestamp, encodeTimestamp } from "../../src/store/timestamp.ts";
import { hex, SeededRandom, shared } from "./helpers.ts";

const bytes = (...b: number[]) => Uint8Array.from(b);
const hasPrefix = (key: Uint8Array, prefix: Uint8Array): boolean =>
  key.length >= prefix.length && Buffer.compare(key.subarray(0, prefix.length), prefix) === 0;

describe("key encoding", () => {
  test("golden bytes (docs/format/keyspace.md)", () => {
    expect(hex(encodeKey(["o", "photos", 7, "a/b"]))).toBe(
      "6f000170686f746f7300010000000000000007612f620001",
    );
    expect(hex(encodeKey([""]))).toBe("0001");
    expect(hex(encodeKey([bytes(0, 0xff, 0, 1)]))).toBe("00ffff00ff010001");
    expect(hex(encodeKey([2 ** 53 - 1]))).toBe("001fffffffffffff");
    expect(hex(encodeKey([2n ** 64n - 1n]))).toBe("ffffffffffffffff");
    expect(hex(encodeKeyPrefix(["o", "b", 1n, "dir/"]))).toBe("6f0001620001000000000000000164" + "69722f");
    expect(hex(appendSegments(encodeKey(["a"]), ["b", 1]))).toBe("61000162000100000000" + "00000001");
  });

  test("order of encodings is order of segments, and none is a prefix of another", () => {
    const random = new SeededRandom(11);
    const alphabet = [0, 1, 2, 0x7f, 0xfe, 0xff];
    const segment = () => Uint8Array.from({ length: random.below(5) }, () => random.pick(alphabet));
    for (let i = 0; i < 20_000; i++) {
      const [a1, a2, b1, b2] = [segment(), segment(), segment(), segment()];
      const n = [random.below(3), random.below(3)] as const;
      const a = encodeKey([a1, n[0], a2]);
      const b = encodeKey([b1, n[1], b2]);
      const expected = compareKeys(a1, b1) || n[0] - n[1] || compareKeys(a2, b2);
      expect(Math.sign(compareKeys(a, b))).toBe(Math.sign(expected));
      if (expected !== 0) expect(hasPrefix(a, b) || hasPrefix(b, a)).toBe(false);
      expect(decodeKey(a, ["bytes", "number", "bytes"])).toEqual([a1, n[0], a2]);
    }
  });

  test("text round trip: emoji, NUL, long, shared memory", () => {
    for (const s of ["", "\0", "é\0\0x", "🦊/../%2F", "k".repeat(100_000), "\0".repeat(9_000)]) {
      expect(decodeKey(encodeKey(["t", s, 5n]), ["string", "string", "timestamp"])).toEqual(["t", s, 5n]);
    }
    expect(encodeKey([shared(bytes(0, 5))])).toEqual(encodeKey([bytes(0, 5)]));
  });

  test("refuses what it could not give back", () => {
    expect(() => encodeKey(["a\ud800"])).toThrow(/lone surrogate/);
    for (const n of [-1, 1.5, 2 ** 53, Number.NaN]) expect(() => encodeKey([n])).toThrow(RangeError);
    for (const n of [-1n, 2n ** 64n]) expect(() => encodeKey([n])).toThrow(RangeError);
  });

  test("malformed keys are refused with the offset", () => {
    expect(() => decodeKey(bytes(0x61), ["bytes"])).toThrow(/offset 0 has no end mark/);
    expect(() => decodeKey(bytes(0x61, 0), ["bytes"])).toThrow(/bad escape at 1/);
    expect(() => decodeKey(bytes(0x61, 0, 2, 0, 1), ["bytes"])).toThrow(/bad escape/);
    expect(() => decodeKey(bytes(0xff, 0, 1), ["string"])).toThrow(/not UTF-8/);
    expect(() => decodeKey(bytes(1, 2, 3), ["number"])).toThrow(/shorter than 8/);
    expect(() => decodeKey(encodeKey([2n ** 53n]), ["number"])).toThrow(/above 2\^53-1/);
    expect(() => decodeKey(encodeKey(["a", "b"]), ["string"])).toThrow(/after its 1 segments/);
    const reader = new KeyReader(encodeKey(["a", 9]));
    expect([reader.string(), reader.offset, reader.number(), reader.done]).toEqual(["a", 3, 9, true]);
  });

  test("prefixEnd is the lowest key above the prefix", () => {
    expect(prefixEnd(bytes(1, 2))).toEqual(bytes(1, 3));
    expect(prefixEnd(bytes(1, 0xff, 0xff))).toEqual(bytes(2));
    expect(prefixEnd(bytes(0xff, 0xff))).toBeUndefined();
    expect(prefixEnd(bytes())).toBeUndefined();
  });

  test("timestamps", () => {
    for (const ts of [0n, 1n, 2n ** 53n + 1n, 2n ** 63n - 1n]) {
      expect(decodeTimestamp(shared(encodeTimestamp(ts)))).toBe(ts);
    }
    expect(() => encodeTimestamp(2n ** 63n)).toThrow(RangeError);
    expect(() => encodeTimestamp(-1n)).toThrow(RangeError);
    expect(() => decodeTimestamp(bytes(1, 2))).toThrow(RangeError);
    expect(() => decodeTimestamp(new Uint8Array(8).fill(0xff))).toThrow(RangeError);
  });
});
