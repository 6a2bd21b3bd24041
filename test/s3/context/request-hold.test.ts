import { expect, test } from "bun:test";
import { S3Door } from "../../../src/gateway/s3-door.ts";
import type { EdgeRequest } from "../../../src/http/types.ts";
import { ThreadMetrics } from "../../../src/monitoring/thread-metrics.ts";
import type { Timers } from "../../../src/platform/timers.ts";
import {
  HOLD_HEAD_MS,
  HOLD_MS,
  HOLD_REQUESTS_MAX,
  type HoldOutcome,
  RequestHold,
} from "../../../src/s3/context/request-hold.ts";
import { S3Error } from "../../../src/s3/protocol/errors.ts";
import { harness } from "../support/harness.ts";

/** Timers whose time passes when the test says so. */
class FakeTimers implements Timers {
  nowMs = 0;
  readonly tasks = new Map<() => void, number>();
  later(task: () => void, delayMs: number): () => void {
    const due = (): void => task();
    this.tasks.set(due, this.nowMs + delayMs);
    return () => void this.tasks.delete(due);
  }
  every(): () => void {
    throw new Error("not in this test");
  }
  soon(): void {
    throw new Error("not in this test");
  }
  pass(ms: number): void {
    this.nowMs += ms;
    for (const [task, at] of [...this.tasks]) {
      if (at > this.nowMs) continue;
      this.tasks.delete(task);
      task();
    }
  }
}

const here = (): AbortSignal => new AbortController().signal;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

function holdOf(maxWaiting?: number) {
  const timers = new FakeTimers();
  const ended: HoldOutcome[] = [];
  const onEnded = (outcome: HoldOutcome): void => void ended.push(outcome);
  const hold = new RequestHold({ timers, onEnded, ...(maxWaiting === undefined ? {} : { maxWaiting }) });
  return { hold, timers, ended };
}

test("requests wait until the way is open, all go on at once, and later ones pass without a wait", async () => {
  const { hold, timers, ended } = holdOf();
  const waits = [hold.enter(1000, here()), hold.enter(1000, here())];
  expect(hold.waiting).toBe(2);
  timers.pass(999);
  hold.setOpen(true);
  expect(await Promise.all(waits)).toEqual(["open", "open"]);
  expect([hold.waiting, timers.tasks.size]).toEqual([0, 0]);
  expect(await hold.enter(1000, here())).toBe("open");
  hold.setOpen(false);
  const again = hold.enter(1000, here());
  expect(hold.waiting).toBe(1);
  hold.setOpen(true);
  expect(await again).toBe("open");
  expect(ended).toEqual(["open", "open", "open"]);
});

test("each waits for its own time and no longer", async () => {
  const { hold, timers, ended } = holdOf();
  const short = hold.enter(1000, here());
  const long = hold.enter(2000, here());
  timers.pass(1000);
  expect(await short).toBe("late");
  expect(hold.waiting).toBe(1);
  timers.pass(1000);
  expect(await long).toBe("late");
  expect(ended).toEqual(["late", "late"]);
});

test("no more than the bound may wait; a place that was left is free again", async () => {
  const { hold, timers, ended } = holdOf(2);
  const gone = new AbortController();
  const first = hold.enter(1000, gone.signal);
  const second = hold.enter(1000, here());
  expect(await hold.enter(1000, here())).toBe("full");
  gone.abort();
  expect(await first).toBe("gone");
  const third = hold.enter(1000, here());
  hold.setOpen(true);
  expect(await Promise.all([second, third])).toEqual(["open", "open"]);
  expect(ended).toEqual(["full", "gone", "open", "open"]);
  expect(timers.tasks.size).toBe(0);
  const left = new AbortController();
  left.abort();
  hold.setOpen(false);
  expect(await hold.enter(1000, left.signal)).toBe("gone");
});

test("requests without a signature have half of the places", async () => {
  const { hold, ended } = holdOf(4);
  const unsigned = [hold.enter(1000, here(), false), hold.enter(1000, here(), false)];
  expect(await hold.enter(1000, here(), false)).toBe("full");
  const signed = hold.enter(1000, here());
  hold.setOpen(true);
  expect(await Promise.all([...unsigned, signed])).toEqual(["open", "open", "open"]);
  expect(ended).toEqual(["full", "open", "open", "open"]);
});

test("when the node stops, nobody waits any more", async () => {
  const { hold, timers } = holdOf();
  const waiting = hold.enter(1000, here());
  hold.giveUp();
  expect(await waiting).toBe("late");
  expect(await hold.enter(1000, here())).toBe("late");
  expect([hold.waiting, timers.tasks.size]).toEqual([0, 0]);
});

test("without a leader a signed request waits with its body unread; then it is served", async () => {
  const { hold } = holdOf();
  const h = harness({ deps: { hold } });
  hold.setOpen(true);
  await h.call("PUT", "/bucket");
  hold.setOpen(false);
  let asked = 0;
  const bytes = Buffer.from("waited");
  const put = h.call("PUT", "/bucket/key", {
    body: {
      length: bytes.length,
      pieces: async function* () {
        asked++;
        yield bytes;
      },
    },
  });
  const calls = [
    h.call("HEAD", "/bucket"),
    h.call("GET", "/bucket"),
    h.call("DELETE", "/bucket/other"),
    h.call("POST", "/bucket/large?uploads"),
  ];
  await turn();
  expect([hold.waiting, asked]).toEqual([5, 0]);
  // What is not implemented will not be in 15 s.
  expect((await h.call("GET", "/bucket?session")).status).toBe(501);
  // Whether nobody may come in is said by the bucket, which waits for a leader too.
  const unsigned = h.call("GET", "/bucket", { anonymous: true });
  hold.setOpen(true);
  expect((await put).status).toBe(200);
  expect((await unsigned).status).toBe(403);
  expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([200, 200, 204, 200]);
  expect((await h.call("GET", "/bucket/key")).text).toBe("waited");
});

test("beyond the bound: SlowDown, both headers, the body unread; a HEAD has waited longer", async () => {
  const { hold, timers } = holdOf();
  const random = { nextInt: (max: number) => Math.floor(max / 2), bytes: (n: number) => new Uint8Array(n) };
  const h = harness({ deps: { hold, random } });
  const put = h.call("PUT", "/bucket/key", { body: "x" });
  const head = h.call("HEAD", "/bucket/key");
  await turn();
  timers.pass(HOLD_MS);
  const refused = await put;
  expect([refused.status, refused.tag("Code"), refused.bodyRead]).toEqual([503, "SlowDown", 0]);
  expect(refused.headers.get("retry-after")).toBe("2");
  expect(refused.headers.get("x-amz-retry-after")).toBe("2000");
  expect(hold.waiting).toBe(1);
  timers.pass(HOLD_HEAD_MS - HOLD_MS);
  const bodiless = await head;
  expect([bodiless.status, bodiless.bytes.length]).toEqual([503, 0]);
  expect([bodiless.headers.get("retry-after"), bodiless.headers.get("x-amz-retry-after")]).toEqual([
    "2",
    "2000",
  ]);
  expect(HOLD_HEAD_MS).toBeGreaterThan(HOLD_MS);
});

function edgeRequest(method: string): EdgeRequest {
  return {
    method,
    rawTarget: "/bucket/key",
    rawHeaders: [],
    header: () => undefined,
    remoteAddress: "127.0.0.1",
    tlsVersion: undefined,
    requestId: "R1",
    body: {
      declaredLength: 0,
      received: 0,
      read: () => Promise.resolve(undefined),
      readInto: () => Promise.resolve(0),
    },
    signal: here(),
  };
}

test("a node that starts has its port open: who comes waits, is served, or hears SlowDown in time", async () => {
  const timers = new FakeTimers();
  const random = { nextInt: () => 0, bytes: (n: number) => new Uint8Array(n) };
  const door = new S3Door({ timers, random, metrics: new ThreadMetrics("front") });
  const early = door.application(edgeRequest("GET"));
  const head = door.application(edgeRequest("HEAD"));
  timers.pass(HOLD_MS);
  const refused = await early;
  expect(refused.status).toBe(503);
  expect(new Map(refused.headers).get("Retry-After")).toBe("1");
  expect(new Map(refused.headers).get("x-amz-retry-after")).toBe("1000");
  expect(refused.body.kind === "bytes" && Buffer.from(refused.body.bytes).toString()).toContain(
    "<Code>SlowDown</Code>",
  );
  timers.pass(HOLD_HEAD_MS - HOLD_MS);
  expect((await head).body).toEqual({ kind: "none" });
  const waiting = door.application(edgeRequest("GET"));
  await turn();
  expect(door.isServing).toBe(false);
  door.serve(async () => ({ status: 204, headers: [], body: { kind: "none" } }));
  expect((await waiting).status).toBe(204);
  expect((await door.application(edgeRequest("GET"))).status).toBe(204);
  expect(door.isServing).toBe(true);
});

test("what waits at most fits in memory: a head and its objects each", () => {
  expect(HOLD_REQUESTS_MAX * 10 * 1024).toBeLessThan(64 * 1024 * 1024);
});

test("without a leader an unknown access key may be a new one: SlowDown; with a leader it is none", async () => {
  const { hold } = holdOf();
  const authenticator = {
    authenticate: (): never => {
      throw new S3Error("InvalidAccessKeyId");
    },
    authenticateForm: (): never => {
      throw new S3Error("InvalidAccessKeyId");
    },
    confirm: () => {},
  };
  const h = harness({ deps: { hold, authenticator } });
  expect((await h.call("GET", "/")).tag("Code")).toBe("SlowDown");
  hold.setOpen(true);
  expect((await h.call("GET", "/")).tag("Code")).toBe("InvalidAccessKeyId");
});
