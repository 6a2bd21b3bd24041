import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { type HashAnswer, HashThread } from "../../src/hash/hash-thread.ts";
import { hashersReady } from "../../src/hash/hashers.ts";
import { Md5Lanes, type Md5Stream } from "../../src/hash/md5-lanes.ts";
import { LANE_BYTES } from "../../src/hash/md5-module.ts";

const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString("hex");
const md5 = (...pieces: Uint8Array[]): string =>
  createHash("md5").update(Buffer.concat(pieces)).digest("hex");
/** Different for each seed, without a short period. */
const bytesOf = (seed: number, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => Math.imul(i + seed, 2654435761) >>> 13);

interface Bench {
  readonly lanes: Md5Lanes;
  /** The timer that is set, if any. */
  timer: (() => void) | undefined;
}

function bench(): Bench {
  const made: { lanes?: Md5Lanes; timer: (() => void) | undefined } = { timer: undefined };
  const lanes = Md5Lanes.create({
    later: (task) => {
      made.timer = task;
      return () => {
        made.timer = undefined;
      };
    },
  });
  if (lanes === undefined) throw new Error("no SIMD in WebAssembly here");
  return Object.assign(made, { lanes });
}

const ignore = (): void => {};

describe("MD5 in lanes", () => {
  test("RFC 1321, appendix A.5", () => {
    const { lanes } = bench();
    const vectors = [
      ["", "d41d8cd98f00b204e9800998ecf8427e"],
      ["a", "0cc175b9c0f1b6a831c399e269772661"],
      ["message digest", "f96b697d7cb7938d525a2f31aaf161d0"],
      ["abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"],
    ] as const;
    for (const [text, digest] of vectors) {
      const stream = lanes.open();
      lanes.update(stream, Buffer.from(text), ignore);
      expect(hex(lanes.digest(stream))).toBe(digest);
    }
  });

  test("every length around a block and around the room of a lane, with none to seven other streams", () => {
    const { lanes } = bench();
    const around = (length: number): number[] => [-9, -8, -1, 0, 1].map((more) => length + more);
    for (const length of [
      0,
      1,
      55,
      56,
      ...around(64),
      ...around(128),
      ...around(LANE_BYTES),
      3 * LANE_BYTES + 77,
    ]) {
      const streams = Array.from({ length: 1 + (length % 8) }, (_, seed) => ({
        stream: lanes.open(),
        bytes: bytesOf(seed, length + (seed > 0 ? seed * 100 : 0)),
      }));
      for (const { stream, bytes } of streams) lanes.update(stream, bytes, ignore);
      for (const { stream, bytes } of streams) expect(hex(lanes.digest(stream))).toBe(md5(bytes));
    }
  });

  test("streams in any pieces, in any order, some aborted: each has its own digest, each view is let go once", () => {
    const step = fc.record({
      stream: fc.nat(6),
      length: fc.oneof(fc.nat(200), fc.nat(3 * LANE_BYTES)),
      act: fc.constantFrom("update", "update", "update", "update", "timer", "digest", "abort"),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const made = bench();
        const { lanes } = made;
        const open = new Map<number, { stream: Md5Stream; pieces: Uint8Array[] }>();
        let [held, letGo] = [0, 0];
        const end = (number: number): void => {
          const ending = open.get(number);
          open.delete(number);
          if (ending !== undefined) expect(hex(lanes.digest(ending.stream))).toBe(md5(...ending.pieces));
        };
        for (const [seed, { stream: number, length, act }] of steps.entries()) {
          if (act === "timer") made.timer?.();
          else if (act === "digest") end(number);
          else if (act === "abort") {
            const aborted = open.get(number);
            open.delete(number);
            if (aborted !== undefined) lanes.abort(aborted.stream);
          } else {
            const known = open.get(number) ?? { stream: lanes.open(), pieces: [] };
            open.set(number, known);
            const bytes = bytesOf(seed, length);
            known.pieces.push(bytes);
            held++;
            lanes.update(known.stream, bytes, () => letGo++);
          }
        }
        for (const number of [...open.keys()]) end(number);
        expect(letGo).toBe(held);
      }),
      { numRuns: 150 },
    );
  });

  test("a stream waits for those that were there in the run before, once for one that has stopped, and for nobody alone", () => {
    const made = bench();
    const { lanes } = made;
    const [a, b] = [lanes.open(), lanes.open()];
    const done: string[] = [];
    const update = (stream: Md5Stream, label: string): void =>
      lanes.update(stream, bytesOf(1, 1000), () => done.push(label));
    update(a, "a1");
    expect(done.splice(0)).toEqual(["a1"]);
    // The other one is new: the first did not know that it would come.
    update(b, "b1");
    expect(done.splice(0)).toEqual([]);
    update(a, "a2");
    expect(done.splice(0).sort()).toEqual(["a2", "b1"]);
    update(a, "a3");
    expect(done).toEqual([]);
    update(b, "b2");
    expect(done.splice(0).sort()).toEqual(["a3", "b2"]);
    expect(made.timer).toBeUndefined();
    update(a, "a4");
    made.timer?.();
    expect(done.splice(0)).toEqual(["a4"]);
    update(a, "a5");
    expect(done.splice(0)).toEqual(["a5"]);
    expect(made.timer).toBeUndefined();
    const pieces = Array.from({ length: 5 }, () => bytesOf(1, 1000));
    expect(hex(lanes.digest(a))).toBe(md5(...pieces));
    expect(hex(lanes.digest(b))).toBe(md5(...pieces.slice(0, 2)));
  });

  test("a digest waits for nobody; who has ended is waited for by nobody", () => {
    const { lanes } = bench();
    const [a, b] = [lanes.open(), lanes.open()];
    lanes.update(a, bytesOf(1, 100), ignore);
    lanes.update(b, bytesOf(2, 100), ignore);
    lanes.update(a, bytesOf(3, 100), ignore);
    lanes.update(b, bytesOf(4, 100), ignore);
    expect(hex(lanes.digest(b))).toBe(md5(bytesOf(2, 100), bytesOf(4, 100)));
    let hashed = false;
    lanes.update(a, bytesOf(5, 100), () => {
      hashed = true;
    });
    expect(hashed).toBe(true);
  });
});

describe("a hash thread with lanes", () => {
  test("answers every order of every stream in order, whichever hashes they want", async () => {
    await hashersReady;
    const { lanes } = bench();
    const answers: HashAnswer[] = [];
    const thread = new HashThread(
      (answer) => answers.push(answer),
      () => lanes,
    );
    const of = (stream: number): HashAnswer[] => answers.filter((answer) => answer.stream === stream);
    const data = bytesOf(1, 100_000);
    thread.handle({ kind: "open", stream: 1, algorithms: ["md5"], cuts: false });
    thread.handle({ kind: "open", stream: 2, algorithms: ["crc32", "md5", "sha1"], cuts: true });
    thread.handle({ kind: "open", stream: 3, algorithms: ["sha256"], cuts: false });
    thread.handle({ kind: "open", stream: 4, algorithms: ["md5"], cuts: false });
    for (const stream of [1, 2, 3, 4]) thread.handle({ kind: "update", stream, view: data });
    // The only one when it was opened is hashed by itself, and so is what is no MD5.
    expect([1, 3].map((stream) => of(stream).length)).toEqual([1, 1]);
    thread.handle({ kind: "cut", stream: 2 });
    thread.handle({ kind: "update", stream: 4, view: data });
    thread.handle({ kind: "abort", stream: 4 });
    expect(of(4).map(({ kind }) => kind)).toEqual(["hashed", "hashed"]);
    thread.handle({ kind: "update", stream: 2, view: data });
    for (const stream of [1, 2, 3]) thread.handle({ kind: "digest", stream });
    expect(of(2).map(({ kind }) => kind)).toEqual(["hashed", "cut", "hashed", "digests"]);
    const [one, two, three] = [1, 2, 3].map((stream) => {
      const last = of(stream).at(-1);
      return last?.kind === "digests" ? last.digests : {};
    });
    expect(hex(one?.md5)).toBe(md5(data));
    expect(hex(two?.md5)).toBe(md5(data, data));
    expect(hex(two?.sha1)).toBe(createHash("sha1").update(data).update(data).digest("hex"));
    expect(Object.keys(two ?? {}).sort()).toEqual(["crc32", "md5", "sha1"]);
    expect(Object.keys(three ?? {})).toEqual(["sha256"]);
  });
});
