import { describe, expect, test } from "bun:test";
import { systemTimers } from "../../../../src/platform/timers.ts";
import type { Permit } from "../../../../src/s3/content/admission.ts";
import { BlobServiceError } from "../../../../src/s3/content/blobs/types.ts";
import { BlobWrite } from "../../../../src/s3/content/blobs/writer.ts";
import type { ByteSource } from "../../../../src/s3/content/types.ts";
import { REFERENCES_PER_ENTRY } from "../../../../src/txn/references.ts";
import { type Condition, KvError, type Txn, type TxnMutation } from "../../../../src/txn/types.ts";
import { BlobHarness, type BlobHarnessOptions, PENDING, REFERENCES } from "../../support/blob-harness.ts";
import { pattern } from "../../support/harness.ts";

const MIB = 1024 * 1024;

interface Seen {
  /** First number and length of each run of references. */
  readonly runs: readonly (readonly [number, number])[];
  readonly pending: boolean;
  readonly conditions: readonly Condition["kind"][];
  readonly bytes: number;
}

async function started(options: BlobHarnessOptions = {}): Promise<BlobHarness> {
  const paths = new BlobHarness(options);
  await paths.start();
  return paths;
}

function watch(paths: BlobHarness): Seen[] {
  const seen: Seen[] = [];
  paths.kv.before = (txn: Txn) => {
    seen.push({
      runs: txn.mutations.flatMap((m) =>
        m.kind === "reference" ? [[m.first, m.blobs.length] as const] : [],
      ),
      pending: txn.mutations.some((m: TxnMutation) => m.kind === "put" && m.key[0] === PENDING[0]),
      conditions: txn.conditions.map(({ kind }) => kind),
      bytes: paths.kv.encodedSize(txn),
    });
  };
  return seen;
}

describe("references of an object", () => {
  test("up to 64 chunks are one transaction: references and manifest", async () => {
    const paths = await started();
    const seen = watch(paths);
    const body = pattern(64 * MIB);
    await paths.h.call("PUT", "/bucket/key", { body });
    expect(seen.map(({ bytes, ...rest }) => rest)).toEqual([
      { runs: [[0, 64]], pending: false, conditions: ["must-exist", "not-after"] },
    ]);
    expect(paths.blobs.storedBytes).toBe(body.byteLength);
    expect(paths.state()).toEqual([0, 64, 64, 0, 0, 0]);
    expect(Buffer.compare(await paths.get("key"), body)).toBe(0);
  });

  test("more go ahead with a pending write, at most 64 in one entry, few bytes for each", async () => {
    const paths = await started();
    const seen = watch(paths);
    const body = pattern(200 * MIB + 1);
    await paths.h.call("PUT", "/bucket/key", { body });
    expect(seen.length).toBe(4);
    expect(seen.map(({ pending }) => pending)).toEqual([true, false, false, false]);
    expect(seen[0]?.conditions).toEqual(["must-exist", "not-after"]);
    for (const { conditions } of seen.slice(1)) {
      expect(conditions).toEqual(["must-exist", "must-exist", "not-after"]);
    }
    for (const { runs, bytes } of seen) {
      expect(runs.reduce((sum, [, length]) => sum + length, 0)).toBeLessThanOrEqual(REFERENCES_PER_ENTRY);
      expect(bytes).toBeLessThanOrEqual(5 * 1024);
    }
    expect(paths.state()).toEqual([0, 201, 201, 0, 0, 0]);
    expect(Buffer.compare(await paths.get("key"), body)).toBe(0);
  });

  test("chunks that are stored out of order get the right numbers", async () => {
    const paths = await started();
    const seen = watch(paths);
    paths.blobs.beforeStore = async (ordinal) => {
      for (let turns = (ordinal * 7) % 11; turns > 0; turns--) await Bun.sleep(0);
    };
    const body = pattern(150 * MIB);
    await paths.h.call("PUT", "/bucket/key", { body });
    const numbers = seen.flatMap(({ runs }) =>
      runs.flatMap(([first, length]) => Array.from({ length }, (_, i) => first + i)),
    );
    expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: 150 }, (_, i) => i));
    expect(Buffer.compare(await paths.get("key"), body)).toBe(0);
  });

  test("a stored chunk waits a minute at most, however slowly the client sends", async () => {
    const tasks: { readonly run: () => void; readonly ms: number }[] = [];
    const later = (run: () => void, ms: number): (() => void) => {
      const task = { run, ms };
      tasks.push(task);
      return () => void tasks.splice(tasks.indexOf(task), 1);
    };
    const paths = await started({ blobs: { timers: { later } } });
    const body = pattern(3 * MIB);
    const rowsAfterMinute: number[] = [];
    async function* slowly(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < body.byteLength; at += MIB) {
        yield body.subarray(at, at + MIB);
        // The reader that looks for the end of the body comes after the write.
        if (at + MIB >= body.byteLength) return;
        for (let turn = 0; turn < 5; turn++) await Bun.sleep(0);
        expect(tasks.map(({ ms }) => ms)).toEqual([60_000]);
        tasks.shift()?.run();
        for (let turn = 0; turn < 5; turn++) await Bun.sleep(0);
        rowsAfterMinute.push(paths.kv.rows(REFERENCES).length);
      }
    }
    const answer = await paths.h.call("PUT", "/bucket/key", {
      body: { length: body.byteLength, pieces: slowly },
    });
    expect(answer.status).toBe(200);
    expect(rowsAfterMinute).toEqual([1, 2]);
    expect(tasks).toEqual([]);
    expect(Buffer.compare(await paths.get("key"), body)).toBe(0);
    expect(paths.state()).toEqual([0, 3, 3, 0, 0, 0]);
  });

  test("a reference after the end of the pin is refused, and the client may repeat the request", async () => {
    const paths = await started({ blobs: { pinMs: 0 } });
    // The time of the log is later.
    paths.blobs.nowMs = 500;
    for (const size of [2 * MIB, 70 * MIB]) {
      const answer = await paths.h.call("PUT", "/bucket/key", { body: pattern(size) });
      expect([answer.status, answer.tag("Code")]).toEqual([503, "ServiceUnavailable"]);
      expect(paths.state()).toEqual([0, 0, 0, 0, 0, 0]);
    }
  });
});

describe("memory and admission of a write", () => {
  test("few uploads are deep, many are not; all of it comes back", async () => {
    const paths = await started({ admissionBytes: 32 * MIB });
    const slowly = async (): Promise<void> => {
      for (let turn = 0; turn < 3; turn++) await Bun.sleep(0);
    };
    paths.blobs.beforeStore = slowly;
    await paths.h.call("PUT", "/bucket/alone", { body: pattern(40 * MIB) });
    // A quarter of 32 units.
    expect(paths.blobs.storingMax).toBe(8);
    paths.blobs.storingMax = 0;
    const bodies = Array.from({ length: 8 }, (_, i) => pattern(6 * MIB, i + 1));
    await Promise.all(bodies.map((body, i) => paths.h.call("PUT", `/bucket/${i}`, { body })));
    expect(paths.blobs.storingMax).toBeLessThanOrEqual(16);
    expect(paths.state().slice(3)).toEqual([0, 0, 0]);
    for (const [i, body] of bodies.entries()) expect(Buffer.compare(await paths.get(`${i}`), body)).toBe(0);
  });

  test("no byte of a chunk is read before there is space for it", async () => {
    const paths = await started({ admissionBytes: 2 * MIB });
    let proceed = (): void => {};
    paths.blobs.beforeStore = () => new Promise((resolve) => (proceed = resolve));
    let permit: Permit | undefined;
    let given = 0;
    async function* counted(): AsyncGenerator<Uint8Array> {
      permit = paths.h.admission.tryAcquire(MIB);
      for (let i = 0; i < 12; i++) {
        given += MIB / 4;
        yield pattern(MIB / 4, i + 1);
      }
    }
    const answer = paths.h.call("PUT", "/bucket/key", { body: { length: 3 * MIB, pieces: counted } });
    while (given < MIB) await Bun.sleep(1);
    await Bun.sleep(5);
    expect([given, paths.h.admission.inUseBytes]).toEqual([MIB, 2 * MIB]);
    permit?.release();
    paths.blobs.beforeStore = undefined;
    proceed();
    expect((await answer).status).toBe(200);
    expect(paths.state().slice(3)).toEqual([0, 0, 0]);
  });

  test("memory and space of a chunk come back when its store has ended and the body's hash has read it", async () => {
    const paths = await started();
    const { log, deps } = paths.h;
    const write = new BlobWrite(
      { ...log, hashes: deps.hashes, blobs: paths.blobs, timers: systemTimers, chunkBytes: MIB },
      { ref: { bucket: "bucket", generation: 1n }, key: "key", guards: [] },
      "fixed-length",
      () => undefined,
    );
    const bytes = pattern(2 * MIB);
    let read = 0;
    const hashed: (() => void)[] = [];
    const source: ByteSource = {
      readInto: async (target) => {
        target.set(bytes.subarray(read, read + target.byteLength));
        read += target.byteLength;
        return target.byteLength;
      },
      settled: () => new Promise((resolve) => hashed.push(resolve)),
    };
    const content = write.write(source, bytes.byteLength);
    while (paths.blobs.held.size < 2) await Bun.sleep(0);
    await Bun.sleep(1);
    expect([paths.blobs.buffers, paths.h.admission.inUseBytes]).toEqual([2, 2 * MIB]);
    hashed[1]?.();
    await Bun.sleep(1);
    expect([paths.blobs.buffers, paths.h.admission.inUseBytes]).toEqual([1, MIB]);
    hashed[0]?.();
    expect((await content).kind).toBe("blobs");
    expect([paths.blobs.buffers, paths.h.admission.inUseBytes]).toEqual([0, 0]);
    await write.abandon();
    write.release();
  });

  test("each failure of a store is answered so that a client does the right thing, and nothing stays", async () => {
    const expected = {
      TOO_FEW_COPIES: [503, "SlowDown"],
      UNREACHABLE: [503, "ServiceUnavailable"],
      DISK_FULL: [507, "StorageFull"],
      CLOSED: [503, "ServiceUnavailable"],
      IO: [500, "InternalError"],
      NOT_FOUND: [500, "InternalError"],
    } as const;
    for (const [code, [status, name]] of Object.entries(expected)) {
      for (const failing of [1, 20, 90]) {
        const paths = await started();
        paths.blobs.beforeStore = (ordinal) => {
          if (ordinal === failing) throw new BlobServiceError(code as keyof typeof expected, code);
        };
        const answer = await paths.h.call("PUT", "/bucket/key", { body: pattern(90 * MIB) });
        expect([code, failing, answer.status, answer.tag("Code")]).toEqual([code, failing, status, name]);
        expect(answer.headers.has("retry-after")).toBe(status === 503);
        await paths.collect();
        expect(paths.state()).toEqual([0, 0, 0, 0, 0, 0]);
      }
    }
  }, 60_000);

  test("a failing transaction with references fails the write, and the write's row is removed or left to the sweeper", async () => {
    for (const lost of [false, true]) {
      const paths = await started();
      const fail = (txn: Txn): void => {
        if (txn.mutations.some(({ kind }) => kind === "reference")) throw new KvError("TIMEOUT", "no answer");
      };
      if (lost) paths.kv.after = fail;
      else paths.kv.before = fail;
      const answer = await paths.h.call("PUT", "/bucket/key", { body: pattern(70 * MIB) });
      expect([answer.status, answer.tag("Code")]).toEqual([503, "ServiceUnavailable"]);
      paths.kv.after = undefined;
      await paths.collect();
      expect(paths.state()).toEqual([0, 0, 0, 0, 0, 0]);
    }
  });

  test("a body that ends early gives everything back", async () => {
    const paths = await started();
    const answer = await paths.h.call("PUT", "/bucket/key", {
      body: pattern(66 * MIB),
      declaredLength: 100 * MIB,
    });
    expect([answer.status, answer.tag("Code")]).toEqual([400, "IncompleteBody"]);
    await paths.collect();
    expect(paths.state()).toEqual([0, 0, 0, 0, 0, 0]);
    expect(paths.queued()).toBe(0);
  });
});

test("small objects stay in the row of their manifest, and the log carries what comes while the gate is closed", async () => {
  const paths = await started();
  await paths.h.call("PUT", "/bucket/small", { body: pattern(64 * 1024) });
  expect(paths.state()).toEqual([0, 0, 0, 0, 0, 0]);
  await paths.h.call("PUT", "/bucket/above", { body: pattern(64 * 1024 + 1) });
  expect(paths.state()).toEqual([0, 1, 1, 0, 0, 0]);
  paths.blobs.open = false;
  await paths.h.call("PUT", "/bucket/log", { body: pattern(2 * MIB) });
  expect(paths.state()).toEqual([2, 1, 1, 0, 0, 0]);
  expect(paths.blobs.storedBytes).toBe(64 * 1024 + 1);
});

test("an object's references are deleted, its blobs queued and swept, unless another object has the same content", async () => {
  const paths = await started();
  const [shared, own] = [pattern(2 * MIB, 1), pattern(66 * MIB, 2)];
  await paths.h.call("PUT", "/bucket/one", { body: Buffer.concat([shared, own]) });
  await paths.h.call("PUT", "/bucket/two", { body: Buffer.concat([shared, shared]) });
  expect([...paths.state(), paths.counted()]).toEqual([0, 72, 68, 0, 0, 0, 72]);
  await paths.h.call("PUT", "/bucket/one", { body: "small" });
  expect([...paths.state(), paths.counted()]).toEqual([0, 72, 68, 0, 0, 0, 72]);
  await paths.collect();
  expect([...paths.state(), paths.counted()]).toEqual([0, 4, 2, 0, 0, 0, 4]);
  expect(Buffer.compare(await paths.get("two"), Buffer.concat([shared, shared]))).toBe(0);
});

test("reads answer a peer that cannot be asked with 503, before a byte is sent", async () => {
  const paths = await started();
  await paths.h.call("PUT", "/bucket/key", { body: pattern(2 * MIB) });
  paths.blobs.beforeRead = () => {
    throw new BlobServiceError("UNREACHABLE", "no peer");
  };
  const answer = await paths.h.call("GET", "/bucket/key");
  expect([answer.status, answer.tag("Code"), answer.headers.has("retry-after")]).toEqual([
    503,
    "ServiceUnavailable",
    true,
  ]);
  expect(paths.unrecoverable).toBe(0);
});
