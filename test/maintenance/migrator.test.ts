/** Content moves from the keyspace to blobs: everything that a client can see stays, whatever fails in between. */
import { beforeEach, describe, expect, test } from "bun:test";
import { Migrator } from "../../src/maintenance/migrator.ts";
import { systemTimers } from "../../src/platform/timers.ts";
import { LogSource } from "../../src/s3/content/log/source.ts";
import { KvError, type Txn } from "../../src/txn/types.ts";
import { BlobHarness, REFERENCES } from "../s3/support/blob-harness.ts";
import { pattern } from "../s3/support/harness.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const CHUNKS = Buffer.from("c\0\u0001");

let paths: BlobHarness;
let leading: boolean;
let moved: number;
let nowMs: number;
let waits: number[];
/** Runs instead of a wait. */
let onWait: (() => Promise<void>) | undefined;

beforeEach(async () => {
  paths = new BlobHarness();
  await paths.start();
  leading = true;
  moved = 0;
  nowMs = 0;
  waits = [];
  onWait = undefined;
});

function migrator(partsPerCommit = 16): Migrator {
  const { kv, blobs, h } = paths;
  return new Migrator({
    kv,
    partsPerCommit,
    chunks: new LogSource(kv),
    open: (target) => h.deps.content.sinkFor(1 << 30).open(target, "fixed-length", () => undefined),
    clock: { nowMs: () => h.clock.nowMs(), monotonicMs: () => nowMs },
    timers: {
      soon: (task) => systemTimers.soon(task),
      later: (task, ms) => {
        waits.push(ms);
        nowMs += ms;
        const wait = onWait?.() ?? Promise.resolve();
        void wait.then(() => systemTimers.soon(task));
        return () => {};
      },
    },
    active: () => leading,
    gateOpen: () => blobs.open,
    onMigrated: (bytes) => {
      moved += bytes;
    },
  });
}

/** Runs `write` as in a cluster in which some member stores no blobs. */
async function throughLog(write: () => Promise<unknown>): Promise<void> {
  paths.blobs.open = false;
  await write();
  paths.blobs.open = true;
}

const put = (key: string, body: Uint8Array | string, headers = {}) =>
  paths.h.call("PUT", `/bucket/${key}`, { body, headers });

/** An object of parts, some of them through the log. */
async function mixed(
  key: string,
  bodies: readonly Buffer[] = [pattern(5 * MIB, 1), pattern(5 * MIB, 2), pattern(MIB + 7, 3)],
  beside = 1,
): Promise<void> {
  const upload = await paths.startUpload(key);
  const parts: string[] = [];
  for (const [i, body] of bodies.entries()) {
    const send = async () => parts.push(await paths.uploadPart(key, upload, i + 1, body));
    if (i === beside) await send();
    else await throughLog(send);
  }
  await paths.complete(key, upload, parts);
}

/** All that a client sees of an object. */
async function seen(key: string) {
  const head = await paths.h.call("HEAD", `/bucket/${key}`, {
    headers: { "x-amz-checksum-mode": "ENABLED" },
  });
  const attributes = await paths.h.call("GET", `/bucket/${key}?attributes`, {
    headers: { "x-amz-object-attributes": "ETag,Checksum,ObjectParts,ObjectSize,StorageClass" },
  });
  const list = await paths.h.call("GET", "/bucket?list-type=2");
  const part = await paths.h.call("GET", `/bucket/${key}?partNumber=1`);
  const body = await paths.get(key);
  const headers = [...head.headers].filter(([name]) => name !== "date" && !name.startsWith("x-amz-request"));
  return {
    headers: headers.filter(([name]) => name !== "x-amz-id-2").sort(),
    attributes: attributes.text,
    list: list.text,
    part: new Bun.CryptoHasher("sha256").update(part.bytes).digest("hex"),
    body: new Bun.CryptoHasher("sha256").update(body).digest("hex"),
  };
}

/** Chunks of so many bytes in the keyspace. */
const chunkCount = (bytes: number): number => Math.ceil(bytes / paths.h.deps.content.chunkBytes);

const chunkRows = (): number => paths.kv.rows(CHUNKS).length;

describe("versions", () => {
  test("content of versions that are not current moves too, and is freed with them", async () => {
    const body = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    await paths.h.call("PUT", "/bucket?versioning", { body });
    const sizes = [MIB, 2 * MIB, 3 * MIB];
    for (const size of sizes) await throughLog(() => put("key", pattern(size, size)));
    await mixed("parts", [pattern(5 * MIB, 1), pattern(MIB, 2)]);
    await put("parts", "new");
    await paths.h.call("DELETE", "/bucket/key");
    const ids = (await paths.h.call("GET", "/bucket?versions&prefix=key")).tags("VersionId").slice(1);
    const m = migrator();
    await m.change({ action: "start", rate: 1 << 40 });
    await m.run();
    await paths.collect();
    expect([chunkRows(), moved]).toEqual([0, 6 * MIB + 5 * MIB]);
    for (const [i, size] of sizes.toReversed().entries()) {
      const answer = await paths.h.call("GET", `/bucket/key?versionId=${ids[i]}`);
      expect(answer.bytes.equals(pattern(size, size))).toBe(true);
      expect(answer.headers.get("x-amz-version-id")).toBe(ids[i]);
    }
    for (const key of ["key", "parts"]) {
      const list = await paths.h.call("GET", `/bucket?versions&prefix=${key}`);
      for (const id of list.tags("VersionId")) await paths.h.call("DELETE", `/bucket/${key}?versionId=${id}`);
    }
    await paths.collect();
    expect(paths.state()).toEqual([0, 0, 0, 0, 0, 0]);
  });
});

describe("migration", () => {
  test("nothing happens before it is started", async () => {
    await throughLog(() => put("a", pattern(MIB)));
    await migrator().run();
    expect([chunkRows() > 0, (await migrator().status()).state]).toEqual([true, "never"]);
    expect((await migrator().change({ action: "pause" })).state).toBe("never");
  });

  test("keeps everything: headers, checksums, parts, times, bytes; the chunks are collected", async () => {
    await throughLog(async () => {
      await put("whole", pattern(3 * MIB + 1), {
        "x-amz-meta-color": "blue",
        "Content-Type": "image/png",
        "x-amz-checksum-algorithm": "CRC32C",
      });
      await put("second", pattern(200 * KIB));
    });
    await mixed("mixed");
    await mixed("parts", [pattern(5 * MIB, 6), pattern(300 * KIB, 7)], -1);
    await put("inline", "small");
    await put("beside", pattern(2 * MIB));
    const keys = ["whole", "second", "mixed", "parts", "inline", "beside"];
    const before = await Promise.all(keys.map(seen));
    paths.h.clock.now += 3_600_000;
    const one = migrator();
    expect((await one.change({ action: "start", rate: 1 << 40 })).state).toBe("running");
    await one.run();
    const bytes = 3 * MIB + 1 + 200 * KIB + 6 * MIB + 7 + 5 * MIB + 300 * KIB;
    expect(await one.status()).toEqual({
      state: "done",
      objects: 4,
      bytes,
      skipped: 0,
      totalBytes: bytes + 5 * MIB,
      rate: 1 << 40,
      open: true,
    });
    expect(moved).toBe(bytes);
    expect(await Promise.all(keys.map(seen))).toEqual(before);
    await paths.collect();
    expect(chunkRows()).toBe(0);
    expect(await Promise.all(keys.map(seen))).toEqual(before);
    // Deleted objects leave nothing behind.
    for (const key of keys) await paths.h.call("DELETE", `/bucket/${key}`);
    await paths.collect();
    expect(paths.state()).toEqual([0, 0, 0, 0, 0, 0]);
    expect([paths.blobs.buffers, paths.kv.buffers]).toEqual([0, 0]);
  });

  test("between two groups of parts only the chunks of moved parts are garbage", async () => {
    await mixed("mixed");
    const before = await seen("mixed");
    await migrator().change({ action: "start", rate: 1 << 40 });
    const left: number[] = [];
    let collecting = false;
    paths.kv.after = async ({ mutations }) => {
      const isRow = mutations.some((mutation) => mutation.kind === "put" && mutation.key[0] === 0x6f);
      if (collecting || !isRow) return;
      collecting = true;
      await paths.collect();
      collecting = false;
      left.push(chunkRows());
      expect(await seen("mixed")).toEqual(before);
    };
    await migrator(1).run();
    paths.kv.after = undefined;
    expect(left).toEqual([chunkCount(MIB + 7), 0]);
    expect(await migrator().status()).toMatchObject({ state: "done", objects: 1, bytes: 6 * MIB + 7 });
    expect(await seen("mixed")).toEqual(before);
  });

  test("a group of more parts than uploads may be under way: the parts that are read wait for their commit without a place", async () => {
    paths = new BlobHarness({ admissionBytes: 8 * MIB });
    await paths.start();
    await mixed(
      "many",
      Array.from({ length: 12 }, (_, i) => pattern(5 * MIB, i)),
      -1,
    );
    const before = await seen("many");
    await migrator().change({ action: "start", rate: 2 ** 40 });
    await migrator().run();
    expect(await migrator().status()).toMatchObject({ state: "done", bytes: 60 * MIB });
    expect(await seen("many")).toEqual(before);
  });

  test("one transaction takes what a minute moves: the parts before it stay pinned", async () => {
    await mixed("mixed", [pattern(5 * MIB, 6), pattern(5 * MIB, 7)], -1);
    const commits: number[] = [];
    paths.kv.after = async ({ mutations }) => {
      if (mutations.some((mutation) => mutation.kind === "put" && mutation.key[0] === 0x6f))
        commits.push(nowMs);
    };
    await migrator().change({ action: "start", rate: MIB / 10 });
    await migrator().run();
    paths.kv.after = undefined;
    expect(commits.length).toBe(2);
    expect(await migrator().status()).toMatchObject({ state: "done", bytes: 10 * MIB });
  });

  test("done, it is started anew by start; what is beside the log already is passed", async () => {
    await throughLog(() => put("a", pattern(MIB)));
    const one = migrator();
    await one.change({ action: "start" });
    await one.run();
    const { stores } = paths.blobs;
    await one.change({ action: "start" });
    await one.run();
    expect([await one.status(), paths.blobs.stores]).toEqual([
      expect.objectContaining({ state: "done", objects: 0 }),
      stores,
    ]);
  });

  test("a transaction that fails once, at any point, before or after it was applied: nothing is lost or left", async () => {
    for (const moment of ["before", "after"] as const) {
      for (let failing = 1; ; failing++) {
        // 100 chunks: more than one transaction carries.
        paths = new BlobHarness({ blobs: { chunkBytes: 4 * KIB } });
        await paths.start();
        await throughLog(() => put("whole", pattern(400 * KIB, 5)));
        await mixed("mixed", [pattern(5 * MIB, 2), pattern(300 * KIB, 3)], 0);
        const before = [await seen("whole"), await seen("mixed")];
        await migrator().change({ action: "start", rate: 1 << 40 });
        let count = 0;
        paths.kv[moment] = () => {
          if (++count === failing) throw new KvError("TIMEOUT", "no answer");
        };
        let failed = false;
        await migrator()
          .run()
          .catch((error: unknown) => {
            expect(error).toMatchObject({ code: "TIMEOUT" });
            failed = true;
          });
        paths.kv[moment] = undefined;
        // Another leader goes on; then pending writes expire.
        await migrator().run();
        expect((await migrator().status()).state).toBe("done");
        expect([await seen("whole"), await seen("mixed")]).toEqual(before);
        expect(paths.kv.rows(REFERENCES).length).toBeGreaterThanOrEqual(106);
        await paths.collect();
        expect([chunkRows(), await seen("whole"), await seen("mixed")]).toEqual([0, ...before]);
        if (!failed && count < failing) break;
      }
    }
  }, 120_000);

  test("an overwrite or a delete meanwhile wins, and its object is whole", async () => {
    await throughLog(async () => {
      await put("a", pattern(2 * MIB, 1));
      await put("b", pattern(2 * MIB, 2));
    });
    await mixed("c");
    await migrator().change({ action: "start", rate: 1 << 40 });
    const others = new Map([
      ["a", () => put("a", pattern(MIB, 9))],
      ["b", () => paths.h.call("DELETE", "/bucket/b")],
      ["c", () => put("c", "new")],
    ]);
    paths.kv.before = async ({ mutations }: Txn) => {
      for (const mutation of mutations) {
        if (mutation.kind !== "put" || mutation.key[0] !== 0x6f) continue;
        const key = Buffer.from(mutation.key).toString("latin1").at(-3) ?? "";
        const other = others.get(key);
        others.delete(key);
        await other?.();
      }
    };
    await migrator().run();
    paths.kv.before = undefined;
    expect(others.size).toBe(0);
    expect(await migrator().status()).toMatchObject({ state: "done", objects: 0 });
    await paths.collect();
    expect(Buffer.compare(await paths.get("a"), pattern(MIB, 9))).toBe(0);
    expect((await paths.h.call("HEAD", "/bucket/b")).status).toBe(404);
    expect(await paths.get("c")).toEqual(Buffer.from("new"));
    expect([chunkRows(), paths.blobs.buffers]).toEqual([0, 0]);
  });

  test("keeps to its rate, and ends within an object when it is paused; start goes on", async () => {
    await throughLog(() => put("a", pattern(40 * MIB)));
    const one = migrator();
    await one.change({ action: "start", rate: 4 * MIB });
    onWait = async () => {
      if (nowMs > 3_000) await one.change({ action: "pause" });
    };
    await one.run();
    expect(await one.status()).toMatchObject({ state: "paused", objects: 0, rate: 4 * MIB });
    expect(nowMs).toBeLessThan(6_000);
    expect(Buffer.compare(await paths.get("a"), pattern(40 * MIB))).toBe(0);
    onWait = undefined;
    await one.change({ action: "start" });
    const begin = nowMs;
    await one.run();
    expect(await one.status()).toMatchObject({ state: "done", objects: 1 });
    // The first bytes need not wait, so about nine of ten seconds are left.
    expect(nowMs - begin).toBeGreaterThan(8_500);
    await paths.collect();
    expect(Buffer.compare(await paths.get("a"), pattern(40 * MIB))).toBe(0);
  });

  test("ends when another node leads, and while some member stores no blobs", async () => {
    await throughLog(() => put("a", pattern(40 * MIB)));
    const one = migrator();
    await one.change({ action: "start", rate: 4 * MIB });
    onWait = async () => {
      leading = false;
    };
    await one.run();
    expect(await one.status()).toMatchObject({ state: "running", objects: 0 });
    leading = true;
    paths.blobs.open = false;
    await one.run();
    expect(await one.status()).toMatchObject({ state: "running", objects: 0, open: false });
    paths.blobs.open = true;
    onWait = undefined;
    await one.run();
    expect(await one.status()).toMatchObject({ state: "done", objects: 1 });
  });

  test("an object with damaged chunks is skipped and counted; the others move", async () => {
    await throughLog(async () => {
      await put("a", pattern(2 * MIB, 1));
      await put("b", pattern(2 * MIB, 2));
    });
    const [first] = paths.kv.rows(CHUNKS);
    if (first === undefined) throw new Error("no chunk");
    await paths.kv.transact({
      conditions: [],
      mutations: [{ kind: "put", key: first.key, value: first.value, payload: new Uint8Array(9) }],
    });
    const one = migrator();
    await one.change({ action: "start" });
    await one.run();
    expect(await one.status()).toMatchObject({ state: "done", objects: 1, skipped: 1, bytes: 2 * MIB });
    expect(Buffer.compare(await paths.get("b"), pattern(2 * MIB, 2))).toBe(0);
  });
});
