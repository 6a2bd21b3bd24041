import { expect, test } from "bun:test";
import { elastickv as gen } from "../../src/gen/kv.js";
import { decodeGarbage, encodeGarbage, type GarbageItem } from "../../src/txn/garbage.ts";

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));
const hex = (value: Uint8Array): string => Buffer.from(value).toString("hex");
const prefix = (text: string): GarbageItem => ({ kind: "prefix", prefix: bytes(text) });
const references = (text: string): GarbageItem => ({ kind: "references", prefix: bytes(text) });

test("prefixes alone are written as they always were", () => {
  expect(hex(encodeGarbage([prefix("6300"), prefix("7000")]))).toBe("0a0263000a027000");
  expect(hex(encodeGarbage([]))).toBe("");
});

test("a record with references has everything as items, which a release of prefixes alone reads as nothing", () => {
  const mixed = encodeGarbage([prefix("6300"), references("7200")]);
  expect(hex(mixed)).toBe("120608011202630012060802" + "12027200");
  expect(gen.kv.Garbage.decode(mixed).prefixes).toEqual([]);
});

test("what was encoded is decoded, in order", () => {
  for (const items of [
    [prefix("63")],
    [references("72")],
    [references("72"), prefix("63"), references("73")],
    [prefix("63"), prefix("64")],
  ]) {
    expect(decodeGarbage(encodeGarbage(items))?.map((item) => [item.kind, hex(item.prefix)])).toEqual(
      items.map((item) => [item.kind, hex(item.prefix)]),
    );
  }
});

for (const [what, record] of [
  ["no message", "0a7f01"],
  ["nothing", ""],
  ["a field of a newer release", "7a0161"],
  ["a kind of a newer release", "120608091202" + "7200"],
  ["a kind of a newer release beside known ones", "0a026300120608091202" + "7200"],
  ["an item without a kind", "120412027200"],
  ["an item without a prefix", "12020802"],
  ["an empty prefix", "0a00"],
  ["an empty prefix of references", "120408021200"],
] as const) {
  test(`a record of ${what} is not read`, () => {
    expect(decodeGarbage(bytes(record))).toBeUndefined();
  });
}
