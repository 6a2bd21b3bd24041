import { expect, test } from "bun:test";
import { RecycledBody } from "../../../src/s3/body/recycled-body.ts";
import { bodyOf } from "./fixture.ts";

test("a piece loses its memory when the next is asked for, unless the memory is shared", async () => {
  const pieces = [new Uint8Array(8192).fill(1), new Uint8Array(100).fill(2), new Uint8Array(8192).fill(3)];
  const shared = new Uint8Array(new SharedArrayBuffer(8192)).fill(4);
  const left: Uint8Array[] = [...pieces, new Uint8Array(new ArrayBuffer(20_000), 0, 8192).fill(5), shared];
  const body = new RecycledBody({ ...bodyOf([], 0), read: async () => left.shift() });
  const seen: Uint8Array[] = [];
  for (let piece = await body.read(); piece !== undefined; piece = await body.read()) {
    expect(piece.length).toBeGreaterThan(0);
    seen.push(piece);
  }
  expect(seen.map((piece) => piece.length)).toEqual([0, 100, 0, 8192, 8192]);
  expect(await body.read()).toBeUndefined();
});
