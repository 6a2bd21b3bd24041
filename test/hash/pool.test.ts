import { afterEach, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { type HashOrder, HashThread } from "../../src/hash/hash-thread.ts";
import { HashPool, STREAM_WINDOW_BYTES } from "../../src/hash/pool.ts";
import { type HashPortEvents, type SpawnHashPort, spawnHashWorker } from "../../src/hash/port.ts";
import { HashError } from "../../src/hash/types.ts";
import { spawnHashThreadHere } from "./support/local-thread.ts";

const MIB = 1024 * 1024;
const pools: HashPool[] = [];
afterEach(() => {
  for (const pool of pools.splice(0)) pool.close();
});

function poolOf(spawn: SpawnHashPort, workers = 2, onDeath?: (reason: string) => void): HashPool {
  const pool = new HashPool({ spawn, workers, ...(onDeath === undefined ? {} : { onDeath }) });
  pools.push(pool);
  return pool;
}

const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString("hex");
const nodeHex = (name: string, ...pieces: Uint8Array[]): string => {
  const hash = createHash(name);
  for (const piece of pieces) hash.update(piece);
  return hash.digest("hex");
};

/** A thread that works only when told to. */
function manualThread(): { spawn: SpawnHashPort; step: () => void; kill: () => void; orders: HashOrder[] } {
  const orders: HashOrder[] = [];
  let events: HashPortEvents | undefined;
  let thread: HashThread | undefined;
  return {
    orders,
    spawn: (given) => {
      events = given;
      thread = new HashThread((answer) => given.onAnswer(answer));
      return { post: (order) => orders.push(order), close: () => {} };
    },
    step: () => {
      const order = orders.shift();
      if (order !== undefined) thread?.handle(order);
    },
    kill: () => events?.onDeath("killed by the test"),
  };
}

describe.each<[string, () => HashPool]>([
  ["Workers", () => poolOf(spawnHashWorker())],
  ["the same thread", () => poolOf(spawnHashThreadHere)],
  ["inline", () => poolOf(spawnHashThreadHere, 0)],
])("hash streams in %s", (_name, makePool) => {
  test("several streams at once, each in its own order", async () => {
    const pool = makePool();
    const results = await Promise.all(
      [1, 2, 3, 4].map(async (seed) => {
        const pieces = Array.from({ length: 5 }, (_, i) => {
          const piece = new Uint8Array(new SharedArrayBuffer(300_000));
          return piece.fill(seed * 16 + i);
        });
        const stream = pool.open(["md5", "sha256", "crc32"], undefined);
        for (const piece of pieces) await stream.update(piece);
        const digests = await stream.digest();
        return [
          hex(digests.md5),
          hex(digests.sha256),
          nodeHex("md5", ...pieces),
          nodeHex("sha256", ...pieces),
        ];
      }),
    );
    for (const [md5, sha256, wantMd5, wantSha256] of results) {
      expect(md5).toBe(wantMd5 as string);
      expect(sha256).toBe(wantSha256 as string);
    }
  });

  test("after settled() a buffer may be reused", async () => {
    const stream = makePool().open(["md5"], 10 * MIB);
    const buffer = new Uint8Array(new SharedArrayBuffer(MIB));
    const want = createHash("md5");
    for (let i = 0; i < 10; i++) {
      buffer.fill(i);
      want.update(buffer);
      await stream.update(buffer);
      await stream.settled();
    }
    expect(hex((await stream.digest()).md5)).toBe(want.digest("hex"));
  });

  test("cuts are SHA-256 of the bytes between them", async () => {
    const stream = makePool().open(["md5"], undefined, { cuts: true });
    const a = new Uint8Array(200_000).fill(1);
    const b = new Uint8Array(7).fill(2);
    await stream.update(a);
    const first = stream.cut();
    await stream.update(b);
    await stream.update(a);
    const second = stream.cut();
    const third = stream.cut();
    expect(hex(await first)).toBe(nodeHex("sha256", a));
    expect(hex(await second)).toBe(nodeHex("sha256", b, a));
    expect(hex(await third)).toBe(nodeHex("sha256"));
    expect(hex((await stream.digest()).md5)).toBe(nodeHex("md5", a, b, a));
  });

  test("small bodies, empty bodies, abort", async () => {
    const pool = makePool();
    const small = pool.open(["sha1", "crc32c", "crc64nvme"], 9);
    expect(small.update(Buffer.from("123456789"))).toBeUndefined();
    const digests = await small.digest();
    expect([hex(digests.crc32c), hex(digests.crc64nvme)]).toEqual(["e3069283", "ae8b14860a799888"]);
    expect(hex((await pool.open(["md5"], undefined).digest()).md5)).toBe(nodeHex("md5"));
    const dropped = pool.open(["md5"], undefined);
    await dropped.update(new Uint8Array(10));
    dropped.abort();
    dropped.abort();
    await dropped.settled();
  });
});

describe("backpressure and death", () => {
  test("update asks to wait once the window is full, and no earlier", async () => {
    const thread = manualThread();
    const stream = poolOf(thread.spawn, 1).open(["crc32"], undefined);
    const piece = new Uint8Array(new SharedArrayBuffer(STREAM_WINDOW_BYTES / 4));
    for (let i = 0; i < 4; i++) expect(stream.update(piece)).toBeUndefined();
    let resumed = false;
    stream.update(piece);
    const waiting = stream.update(piece)?.then(() => {
      resumed = true;
    });
    expect(waiting).toBeDefined();
    thread.step();
    thread.step();
    await Promise.resolve();
    expect(resumed).toBe(false);
    thread.step();
    await waiting;
    expect(resumed).toBe(true);
    expect(stream.update(piece)).toBeDefined();
  });

  test("a dead thread fails its streams and is not used again", async () => {
    const thread = manualThread();
    const deaths: string[] = [];
    const pool = poolOf(thread.spawn, 1, (reason) => deaths.push(reason));
    const stream = pool.open(["md5"], undefined);
    stream.update(new Uint8Array(10));
    const settled = stream.settled();
    const digest = stream.digest();
    thread.kill();
    await expect(settled).rejects.toBeInstanceOf(HashError);
    await expect(digest).rejects.toBeInstanceOf(HashError);
    expect(deaths).toEqual(["killed by the test"]);
    expect(() => pool.open(["md5"], undefined)).toThrow(HashError);
    expect(hex((await pool.open(["md5"], 0).digest()).md5)).toBe(nodeHex("md5"));
  });

  test("a Worker that throws is a death", async () => {
    const broken = `data:text/javascript,self.onmessage=()=>{throw new Error("boom")}`;
    let died: (reason: string) => void = () => {};
    const death = new Promise<string>((resolve) => {
      died = resolve;
    });
    const stream = poolOf(spawnHashWorker(broken), 1, (reason) => died(reason)).open(["md5"], undefined);
    const digest = stream.digest();
    expect(await death).toContain("boom");
    await expect(digest).rejects.toBeInstanceOf(HashError);
  });
});
