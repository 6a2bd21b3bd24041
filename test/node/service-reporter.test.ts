import { beforeEach, expect, test } from "bun:test";
import type { NotReadyReason, Readiness } from "../../src/admin/types.ts";
import { ServiceReporter } from "../../src/node/service-reporter.ts";
import { bytesRead } from "../../src/platform/io-accounting.ts";

let nowMs: number;
let task: (() => void) | undefined;
let said: string[];
let readiness: Readiness;
let applied: number;
let read: number;
let note: string | undefined;
let reporter: ServiceReporter;

const EXTEND = "EXTEND_TIMEOUT_USEC=300000000";
const not = (code: NotReadyReason["code"], message: string): Readiness => ({
  ready: false,
  reasons: [{ code, message }],
});

beforeEach(() => {
  [nowMs, applied, read, said, task, note] = [0, 0, 0, [], undefined, undefined];
  readiness = not("replaying-log", "reads its log");
  reporter = new ServiceReporter({
    manager: { notify: (...lines) => said.push(...lines) },
    readiness: () => readiness,
    position: () => ({ applied, committed: 10 }),
    bytesRead: () => read,
    serving: () => "serves S3 on :9000",
    note: () => note,
    monotonicMs: () => nowMs,
    systemMonotonicMs: () => 1234.5678,
    timers: {
      every: (run) => {
        task = run;
        return () => {
          task = undefined;
        };
      },
    },
  });
});

/** What was said in so long a time. */
function after(ms: number): string[] {
  said.length = 0;
  for (const until = nowMs + ms; nowMs < until; nowMs += 250) task?.();
  return said;
}

test("ready once, when it serves; then only what changes", () => {
  reporter.start();
  expect(said).toEqual(["STATUS=reads its log; applied 0 of 10 log entries", EXTEND]);
  readiness = { ready: true };
  expect(after(60_000)).toEqual(["READY=1", "STATUS=serves S3 on :9000"]);
  readiness = not("no-leader", "no leader is known");
  applied = 10;
  expect(after(60_000)).toEqual(["STATUS=no leader is known"]);
  readiness = { ready: true };
  expect(after(60_000)).toEqual(["STATUS=serves S3 on :9000"]);
});

test("a node that serves what it can is ready, and says what is wrong", () => {
  reporter.start();
  readiness = not("disk-full", "the disk is full");
  expect(after(250)).toEqual(["READY=1", "STATUS=serves S3 on :9000; the disk is full"]);
});

test("a note of a node that serves is said, and taken back", () => {
  reporter.start();
  readiness = { ready: true };
  note = "short of memory";
  expect(after(250)).toEqual(["READY=1", "STATUS=serves S3 on :9000; short of memory"]);
  note = undefined;
  expect(after(250)).toEqual(["STATUS=serves S3 on :9000"]);
});

test("a replay that goes on asks for time, by what it applies and by what it reads; one that stands still does not", () => {
  reporter.start();
  const asks = (): number => after(30_000).filter((line) => line === EXTEND).length;
  expect(asks()).toBe(0);
  applied = 5;
  expect(asks()).toBe(1);
  // A few bytes are what looking costs.
  read = 4096;
  expect(asks()).toBe(0);
  read = 3 << 20;
  expect(asks()).toBe(1);
});

test("a start that waits for others asks for time as long as it takes", () => {
  for (const code of ["forming", "joining", "no-leader", "catching-up", "sealing-key"] as const) {
    readiness = not(code, "waits");
    reporter.start();
    // Patience is 5 minutes, asked for anew every 10 s.
    expect([code, after(60_000).filter((line) => line === EXTEND).length >= 5]).toEqual([code, true]);
  }
});

test("stopping: as much time as requests in flight have, and nothing afterwards", () => {
  reporter.start();
  said.length = 0;
  reporter.stopping(20_000, 3);
  expect(said).toEqual([
    "STOPPING=1",
    "EXTEND_TIMEOUT_USEC=50000000",
    "STATUS=stopping; requests in flight: 3",
  ]);
  expect(task).toBeUndefined();
});

test("the reason of an end is the last that is said", () => {
  reporter.start();
  reporter.ended("the log is damaged");
  expect([said.at(-1), task]).toEqual(["STATUS=ends: the log is damaged", undefined]);
});

test("what this process has read grows as it reads", async () => {
  const before = bytesRead();
  await Bun.file(import.meta.path).text();
  expect(bytesRead()).toBeGreaterThan(before);
});

test("a reload is told with its time, and its end; before the node is ready nothing is, as its end would count as ready", () => {
  reporter.start();
  said.length = 0;
  reporter.reloading();
  reporter.reloaded();
  expect(said).toEqual([]);
  readiness = { ready: true };
  expect(after(250)).toContain("READY=1");
  said.length = 0;
  reporter.reloading();
  expect(said).toEqual(["RELOADING=1", "MONOTONIC_USEC=1234567"]);
  reporter.reloaded();
  expect(said.at(-1)).toBe("READY=1");
});
