/**
 * What the binary tells the service manager, at a socket that stands for systemd's: every step of a start, and that its consensus thread
 * lives. A thread that is stopped (by ptrace, it alone) does not say so any more, which is what systemd restarts a service for.
 */
import { dlopen, FFIType } from "bun:ffi";
import { afterAll, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { NotifyReceiver } from "../platform/support/notify-receiver.ts";
import { NodeProcess, temporaryDirectory } from "./lib/node-process.ts";

const WATCHDOG_MS = 2_000;
const PTRACE_ATTACH = 16n;
const PTRACE_DETACH = 17n;
const WAIT_ALL = 0x40000000;

const libc = dlopen("libc.so.6", {
  ptrace: { args: [FFIType.i64, FFIType.i32, FFIType.ptr, FFIType.ptr], returns: FFIType.i64 },
  waitpid: { args: [FFIType.i32, FFIType.ptr, FFIType.i32], returns: FFIType.i32 },
}).symbols;

/** Stops one thread of another process. @returns lets it go on; undefined when the thread has ended. */
function stopThread(tasks: string, tid: string): (() => void) | undefined {
  if (Number(libc.ptrace(PTRACE_ATTACH, Number(tid), null, null)) !== 0) {
    if (!existsSync(join(tasks, tid))) return undefined;
    throw new Error(`ptrace of thread ${tid}`);
  }
  libc.waitpid(Number(tid), null, WAIT_ALL);
  return () => void libc.ptrace(PTRACE_DETACH, Number(tid), null, null);
}

const directory = temporaryDirectory("notify");
const receiver = new NotifyReceiver(join(directory, "notify"));
afterAll(() => receiver.close());

const start = () =>
  NodeProcess.spawn({
    dataDir: join(directory, "data"),
    env: { NOTIFY_SOCKET: join(directory, "notify"), WATCHDOG_USEC: String(WATCHDOG_MS * 1000) },
  });

test("a start says what it does, then that it serves; a stop says so first", async () => {
  const node = await start();
  await receiver.until(/^READY=1$/);
  await receiver.until(new RegExp(`^STATUS=serves S3 on 127.0.0.1:${node.s3Port}$`));
  expect((await fetch(`http://127.0.0.1:${node.adminPort}/readyz`)).status).toBe(200);
  const ready = receiver.lines.indexOf("READY=1");
  expect(
    receiver.lines.slice(0, ready).some((line) => line.startsWith("STATUS=the node opens its log")),
  ).toBe(true);
  expect(receiver.lines.slice(0, ready).some((line) => line.startsWith("EXTEND_TIMEOUT_USEC="))).toBe(true);
  expect(await node.stop()).toBe(0);
  receiver.take();
  expect(receiver.lines).toContain("STOPPING=1");
  // The watchdog may be fed until the end.
  expect(receiver.lines.findLast((line) => line.startsWith("STATUS="))).toStartWith("STATUS=stopping");
  expect(receiver.lines.filter((line) => line === "READY=1")).toHaveLength(1);
});

test("with its consensus thread stopped the watchdog hears nothing, although the rest of the node answers", async () => {
  receiver.clear();
  const node = await start();
  await receiver.until(/^READY=1$/);
  await receiver.until(/^WATCHDOG=1$/);
  const tasks = `/proc/${node.pid}/task`;
  const workers = readdirSync(tasks).filter(
    (tid) => readFileSync(join(tasks, tid, "comm"), "utf8").trim() === "Worker",
  );
  const silent: string[] = [];
  for (const tid of workers) {
    const resume = stopThread(tasks, tid);
    if (resume === undefined) continue;
    receiver.clear();
    await Bun.sleep(WATCHDOG_MS);
    if (!receiver.take().includes("WATCHDOG=1")) {
      silent.push(tid);
      expect((await fetch(`http://127.0.0.1:${node.adminPort}/healthz`)).status).toBe(200);
    }
    resume();
    // It lives again, so the next one is looked at by itself.
    receiver.clear();
    await receiver.until(/^WATCHDOG=1$/);
  }
  expect([workers.length > 4, silent.length]).toEqual([true, 1]);
  expect(await node.stop()).toBe(0);
});
