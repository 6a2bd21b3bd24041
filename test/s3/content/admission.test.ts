import { describe, expect, test } from "bun:test";
import {
  type AdmissionMetrics,
  type AdmissionOptions,
  type Permit,
  PutAdmission,
} from "../../../src/s3/content/admission.ts";
import { AdmissionBudget, budgetBytes } from "../../../src/s3/content/admission-budget.ts";
import { S3Error } from "../../../src/s3/protocol/errors.ts";
import { HAMMER_CAPACITY, hammer } from "../support/hammer.ts";
import { TestClock } from "../support/harness.ts";

const MIB = 1024 * 1024;

class Recorder implements AdmissionMetrics {
  readonly log: string[] = [];
  inflight = 0;
  inflightBytes(bytes: number): void {
    this.inflight = bytes;
  }
  rejected(stage: string, protocol: string): void {
    this.log.push(`rejected ${stage} ${protocol}`);
  }
  waited(stage: string, protocol: string, seconds: number): void {
    this.log.push(`waited ${stage} ${protocol} ${seconds}`);
  }
}

function admissionOf(options: Partial<AdmissionOptions> = {}) {
  const metrics = new Recorder();
  const clock = new TestClock();
  /** Time limits. */
  const timers: (() => void)[] = [];
  /** Looks for releases of other gateways. */
  const watches: (() => void)[] = [];
  const admission = new PutAdmission({
    capacityBytes: 4 * MIB,
    timeoutMs: 30_000,
    chunkedIncremental: true,
    entryBytes: 3 * MIB,
    clock,
    random: { nextInt: () => 0, bytes: (n) => new Uint8Array(n) },
    metrics,
    timers: {
      later: (callback, delayMs) => {
        if (delayMs < 100) {
          watches.push(callback);
          return () => {};
        }
        timers.push(callback);
        return () => {
          const at = timers.indexOf(callback);
          if (at >= 0) timers.splice(at, 1);
        };
      },
    },
    ...options,
  });
  return { admission, metrics, clock, timers, watches };
}

test("units are whole chunks, and come back exactly once", async () => {
  const { admission, metrics } = admissionOf();
  const a = await admission.acquire(1, "fixed-length");
  expect(admission.inUseBytes).toBe(MIB);
  const b = await admission.acquire(MIB + 1, "chunked");
  expect([admission.inUseBytes, metrics.inflight]).toEqual([3 * MIB, 3 * MIB]);
  a.release();
  expect(() => a.release()).toThrow("twice");
  b.release();
  expect(metrics.inflight).toBe(0);
});

test("waiters are served in order; nobody overtakes", async () => {
  const { admission } = admissionOf();
  const held = await admission.acquire(4 * MIB, "fixed-length");
  const order: number[] = [];
  const waits = [3, 1, 4].map((units, i) =>
    admission.acquire(units * MIB, "fixed-length").then((permit) => {
      order.push(i);
      return permit;
    }),
  );
  expect(admission.waiting).toBe(3);
  expect(admission.tryAcquire(1)).toBeUndefined();
  held.release();
  const [first, second] = await Promise.all([waits[0], waits[1]]);
  expect([order, admission.inUseBytes, admission.waiting]).toEqual([[0, 1], 4 * MIB, 1]);
  expect(() => admission.peekHeadroom(1, "fixed-length")).toThrow(S3Error);
  first?.release();
  second?.release();
  (await waits[2])?.release();
  expect(admission.inUseBytes).toBe(0);
});

test("larger than everything fails at once; the time limit refuses with jitter and close", async () => {
  const { admission, metrics, timers, clock } = admissionOf();
  await expect(admission.acquire(5 * MIB, "chunked")).rejects.toThrow("5242880");
  const held = await admission.acquire(4 * MIB, "fixed-length");
  const waiting = admission.acquire(4 * MIB, "chunked");
  const small = admission.acquire(MIB, "chunked");
  clock.now += 30_000;
  timers[0]?.();
  const error = await waiting.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(S3Error);
  expect((error as S3Error).code).toBe("SlowDown");
  expect((error as S3Error).headers).toEqual([
    ["Retry-After", "1"],
    ["x-amz-retry-after", "1000"],
  ]);
  expect((error as S3Error).close).toBe(true);
  expect(metrics.log).toEqual([
    "rejected perbatch chunked",
    "waited perbatch chunked 30",
    "rejected perbatch chunked",
  ]);
  held.release();
  (await small).release();
  expect([admission.inUseBytes, timers.length]).toEqual([0, 0]);
});

test("the refusal of a large waiter lets smaller ones behind it go on", async () => {
  const { admission, timers } = admissionOf();
  const held = await admission.acquire(2 * MIB, "fixed-length");
  const large = admission.acquire(3 * MIB, "fixed-length");
  const small = admission.acquire(MIB, "fixed-length");
  timers[0]?.();
  await expect(large).rejects.toThrow();
  (await small).release();
  held.release();
});

test("a client that goes while it waits gives its place back", async () => {
  const { admission } = admissionOf();
  const held = await admission.acquire(4 * MIB, "fixed-length");
  const gone = new AbortController();
  const waiting = admission.acquire(MIB, "fixed-length", gone.signal);
  gone.abort();
  await expect(waiting).rejects.toThrow();
  expect(admission.waiting).toBe(0);
  held.release();
});

test("the door looks and holds nothing", async () => {
  const { admission, metrics } = admissionOf();
  admission.peekHeadroom(5 * 1024 ** 3, "fixed-length");
  admission.peekHeadroom(5 * 1024 ** 3, "chunked");
  expect(admission.inUseBytes).toBe(0);
  const held = await admission.acquire(2 * MIB, "fixed-length");
  admission.peekHeadroom(2 * MIB, "fixed-length");
  expect(() => admission.peekHeadroom(2 * MIB + 1, "fixed-length")).toThrow(S3Error);
  expect(() => admission.peekHeadroom(100 * MIB, "chunked")).toThrow(S3Error);
  admission.peekHeadroom(0, "fixed-length");
  held.release();
  expect(metrics.log).toEqual(["rejected prereserve fixed-length", "rejected prereserve chunked"]);
});

test("without incremental admission an aws-chunked body must find space for the largest object", () => {
  const small = admissionOf({ chunkedIncremental: false }).admission;
  expect(() => small.peekHeadroom(1, "chunked")).toThrow(S3Error);
  small.peekHeadroom(1, "fixed-length");
  admissionOf({ chunkedIncremental: false, capacityBytes: 6 * 1024 ** 3 }).admission.peekHeadroom(
    1,
    "chunked",
  );
});

test("an upload takes a unit for its whole life, three eighths of the budget at most, and is refused before its body beyond that", async () => {
  const { admission, metrics } = admissionOf({ capacityBytes: 32 * MIB });
  const leaves = Array.from({ length: 12 }, () => admission.enterUpload("fixed-length"));
  expect(() => admission.enterUpload("chunked")).toThrow(S3Error);
  expect(metrics.log).toEqual(["rejected prereserve chunked"]);
  // 20 units are left for bodies.
  const bodies = admission.tryAcquire(20 * MIB);
  expect(bodies).toBeDefined();
  expect(admission.tryAcquire(1)).toBeUndefined();
  expect(() => admission.peekHeadroom(1, "fixed-length")).toThrow(S3Error);
  const waits = admission.acquire(2 * MIB, "fixed-length");
  leaves.pop()?.();
  expect(admission.waiting).toBe(1);
  leaves.pop()?.();
  (await waits).release();
  admission.enterUpload("fixed-length")();
  bodies?.release();
  for (const leave of leaves) leave();
  admission.tryAcquire(32 * MIB)?.release();
  expect(admission.inUseBytes).toBe(0);
});

test("uploads leave room for the largest entry: with a small budget none is waited for that cannot come", async () => {
  // The entry takes 3 of 4 units.
  const { admission } = admissionOf();
  const leaves = Array.from({ length: 8 }, () => admission.enterUpload("fixed-length"));
  expect(() => admission.enterUpload("fixed-length")).toThrow(S3Error);
  (await admission.acquire(3 * MIB, "fixed-length")).release();
  for (const leave of leaves) leave();
  const tiny = admissionOf({ capacityBytes: MIB }).admission;
  const leave = tiny.enterUpload("fixed-length");
  (await tiny.acquire(MIB, "fixed-length")).release();
  leave();
});

describe("two gateways of one node", () => {
  function two() {
    const memory = new SharedArrayBuffer(budgetBytes(2));
    return [0, 1].map((gateway) => admissionOf({ share: { memory, gateway } })) as [
      ReturnType<typeof admissionOf>,
      ReturnType<typeof admissionOf>,
    ];
  }
  const look = async ({ watches }: ReturnType<typeof admissionOf>): Promise<void> => {
    watches.shift()?.();
    await Bun.sleep(0);
  };

  test("hold one budget, and each reports its own part", async () => {
    const [a, b] = two();
    const held = await a.admission.acquire(3 * MIB, "fixed-length");
    expect(b.admission.inUseBytes).toBe(3 * MIB);
    expect(b.admission.tryAcquire(2 * MIB)).toBeUndefined();
    expect(() => b.admission.peekHeadroom(2 * MIB, "fixed-length")).toThrow(S3Error);
    const rest = b.admission.tryAcquire(MIB);
    expect([a.metrics.inflight, b.metrics.inflight, a.admission.inUseBytes]).toEqual([3 * MIB, MIB, 4 * MIB]);
    held.release();
    rest?.release();
    expect([a.metrics.inflight, b.metrics.inflight, a.admission.inUseBytes]).toEqual([0, 0, 0]);
    b.admission.peekHeadroom(4 * MIB, "fixed-length");
  });

  test("short of memory is one word for all: both refuse bodies, and neither those under way", async () => {
    const memory = new SharedArrayBuffer(budgetBytes(2));
    const gateways = [0, 1].map((gateway) => admissionOf({ share: { memory, gateway } }));
    const node = new AdmissionBudget({ memory, gateway: 0 });
    expect(node.shortUnits).toBeUndefined();
    node.setShort(true);
    for (const { admission, metrics } of gateways) {
      expect(() => admission.peekHeadroom(1, "chunked")).toThrow("short of memory");
      expect(() => admission.refuseWhenShort("fixed-length")).toThrow(S3Error);
      expect(metrics.log).toEqual(["rejected memory chunked", "rejected memory fixed-length"]);
      admission.peekHeadroom(0, "chunked");
      const leave = admission.enterUpload("chunked");
      (await admission.acquire(MIB, "chunked")).release();
      leave();
    }
    node.setShort(false);
    for (const { admission } of gateways) admission.peekHeadroom(MIB, "chunked");
  });

  test("short of memory, the uploads under way hold one chunk each, and together no more than they did, or one entry", async () => {
    const memory = new SharedArrayBuffer(budgetBytes(1));
    const { admission } = admissionOf({ share: { memory, gateway: 0 }, capacityBytes: 16 * MIB });
    const node = new AdmissionBudget({ memory, gateway: 0 });
    expect(admission.fairShare).toBe(4);
    const held = await admission.acquire(5 * MIB, "chunked");
    node.setShort(true);
    expect([admission.fairShare, admission.tryAcquire(1)]).toEqual([1, undefined]);
    const waits = admission.acquire(2 * MIB, "chunked");
    held.release();
    const first = await waits;
    const second = admission.tryAcquire(3 * MIB);
    expect([admission.inUseBytes, admission.tryAcquire(1)]).toEqual([5 * MIB, undefined]);
    second?.release();
    first.release();
    // Nothing was held when memory became short: a whole entry fits all the same, or uploads could never end.
    node.setShort(true);
    expect(admission.tryAcquire(4 * MIB)).toBeUndefined();
    admission.tryAcquire(3 * MIB)?.release();
    node.setShort(false);
    admission.tryAcquire(16 * MIB)?.release();
    expect(admission.inUseBytes).toBe(0);
  });

  test("a waiter sees the release of the other gateway, in the order of all waiters", async () => {
    const [a, b] = two();
    const held = await a.admission.acquire(4 * MIB, "fixed-length");
    const order: string[] = [];
    const permits: Permit[] = [];
    const wait = (name: string, { admission }: ReturnType<typeof admissionOf>, bytes: number): void => {
      void admission.acquire(bytes, "fixed-length").then((permit) => {
        order.push(name);
        permits.push(permit);
      });
    };
    wait("b1", b, 3 * MIB);
    wait("a1", a, MIB);
    wait("b2", b, MIB);
    held.release();
    await Bun.sleep(0);
    // The waiter of the other gateway came first, and takes space before anybody overtakes.
    expect([order, a.admission.tryAcquire(MIB)]).toEqual([[], undefined]);
    await look(a);
    expect(order).toEqual([]);
    await look(b);
    expect(order).toEqual(["b1"]);
    await look(a);
    expect(order).toEqual(["b1", "a1"]);
    expect(b.admission.waiting).toBe(1);
    for (const permit of permits.splice(0)) permit.release();
    await look(b);
    expect(order).toEqual(["b1", "a1", "b2"]);
    for (const permit of permits) permit.release();
    expect([a.admission.inUseBytes, a.admission.waiting, b.admission.waiting]).toEqual([0, 0, 0]);
    // Nobody waits, so nobody looks.
    await Promise.all([look(a), look(b)]);
    expect([a.watches, b.watches]).toEqual([[], []]);
    expect(a.admission.tryAcquire(4 * MIB)).toBeDefined();
  });

  test("a waiter that gives up lets the other gateway's waiters go on", async () => {
    const [a, b] = two();
    const held = await a.admission.acquire(2 * MIB, "fixed-length");
    const left = new AbortController();
    const large = b.admission.acquire(4 * MIB, "fixed-length", left.signal).catch(() => "gone");
    let admitted = false;
    void a.admission.acquire(MIB, "fixed-length").then(() => {
      admitted = true;
    });
    await look(a);
    expect(admitted).toBe(false);
    left.abort();
    expect(await large).toBe("gone");
    await look(a);
    expect(admitted).toBe(true);
    held.release();
  });

  test("divide the fair share among the uploads of both", () => {
    const memory = new SharedArrayBuffer(budgetBytes(2));
    const capacityBytes = 64 * MIB;
    const a = admissionOf({ capacityBytes, share: { memory, gateway: 0 } }).admission;
    const b = admissionOf({ capacityBytes, share: { memory, gateway: 1 } }).admission;
    const leave = [a.enterUpload("fixed-length"), b.enterUpload("chunked")];
    expect([a.fairShare, b.fairShare]).toEqual([8, 8]);
    for (const each of leave) each();
    expect([a.fairShare, b.fairShare]).toEqual([16, 16]);
  });

  test("never pass the budget, whatever two threads do at once", async () => {
    const memory = new SharedArrayBuffer(budgetBytes(2));
    const budget = new AdmissionBudget({ memory, gateway: 0 });
    const worker = new Worker(new URL("../support/budget-worker.ts", import.meta.url).href);
    const other = new Promise<{ taken: number; most: number }>((resolve) => {
      worker.onmessage = ({ data }) => resolve(data as { taken: number; most: number });
    });
    worker.postMessage({ memory, gateway: 1 });
    const own = hammer(budget);
    const theirs = await other;
    worker.terminate();
    expect(Math.max(own.most, theirs.most)).toBeLessThanOrEqual(HAMMER_CAPACITY);
    expect([own.taken > 0, theirs.taken > 0, budget.inUse]).toEqual([true, true, 0]);
  });
});
