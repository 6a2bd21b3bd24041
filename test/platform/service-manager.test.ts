import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serviceManager, takeServiceManager, watchdog } from "../../src/platform/service-manager.ts";
import { NotifyReceiver } from "./support/notify-receiver.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "elastickv-notify-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("takeServiceManager", () => {
  test("takes its variables out of the environment, so that no child has them", () => {
    const environment = {
      NOTIFY_SOCKET: "/run/systemd/notify",
      WATCHDOG_USEC: "30000000",
      WATCHDOG_PID: "7",
      PATH: "/bin",
    };
    expect(takeServiceManager(environment, 7)).toEqual({ socket: "/run/systemd/notify", watchdogMs: 30_000 });
    expect(environment as object).toEqual({ PATH: "/bin" });
  });

  test("a child of this process does not see them", async () => {
    process.env["NOTIFY_SOCKET"] = "@elastickv-test";
    takeServiceManager(process.env, process.pid);
    const { stdout } = Bun.spawnSync(["env"]);
    expect(stdout.toString()).not.toContain("NOTIFY_SOCKET");
  });

  test.each([
    [{}, undefined],
    [{ NOTIFY_SOCKET: "" }, undefined],
    [{ NOTIFY_SOCKET: "vsock:2:1234" }, undefined],
    [{ NOTIFY_SOCKET: "relative" }, undefined],
    [{ NOTIFY_SOCKET: "@" }, undefined],
    [{ NOTIFY_SOCKET: "@x" }, { socket: "@x", watchdogMs: undefined }],
    [
      { NOTIFY_SOCKET: "@x", WATCHDOG_USEC: "0" },
      { socket: "@x", watchdogMs: undefined },
    ],
    [
      { NOTIFY_SOCKET: "@x", WATCHDOG_USEC: "x" },
      { socket: "@x", watchdogMs: undefined },
    ],
    [
      { NOTIFY_SOCKET: "@x", WATCHDOG_USEC: "2500" },
      { socket: "@x", watchdogMs: 2.5 },
    ],
    // Meant for another process of the service.
    [
      { NOTIFY_SOCKET: "@x", WATCHDOG_USEC: "2500", WATCHDOG_PID: "8" },
      { socket: "@x", watchdogMs: undefined },
    ],
  ])("%j", (environment, address) =>
    expect(takeServiceManager({ ...environment }, 7)).toEqual(address as never),
  );
});

describe("messages", () => {
  test.each([
    ["a path", () => join(folder, "notify")],
    ["an abstract name", () => `@elastickv-test-${process.pid}-${folder}`],
    ["a path of the greatest length", () => join(folder, "n".repeat(106 - folder.length))],
  ])("reach %s", (_, name) => {
    const problems: string[] = [];
    const receiver = new NotifyReceiver(name());
    const manager = serviceManager({ socket: name() }, (problem) => problems.push(problem));
    manager.notify("READY=1", "STATUS=two\nlines, and ünïcode");
    manager.notify("WATCHDOG=1");
    expect(receiver.take()).toEqual(["READY=1", "STATUS=two lines, and ünïcode", "WATCHDOG=1"]);
    expect(problems).toEqual([]);
    receiver.close();
  });

  test("nobody there, or a path that is too long: told once, and nothing is thrown", () => {
    for (const [socket, what] of [
      [join(folder, "nobody"), "sendto: errno 2"],
      [`/${"x".repeat(200)}`, "the path is too long"],
    ] as const) {
      const problems: string[] = [];
      const manager = serviceManager({ socket }, (problem) => problems.push(problem));
      manager.notify("READY=1");
      manager.notify("READY=1");
      expect(problems).toEqual([`the service manager at ${socket} cannot be told: ${what}`]);
    }
  });

  test("a manager that takes nothing is not waited for", () => {
    const socket = join(folder, "notify");
    const receiver = new NotifyReceiver(socket);
    const problems: string[] = [];
    const manager = serviceManager({ socket }, (problem) => problems.push(problem));
    for (let sent = 0; sent < 5_000; sent++) manager.notify(`STATUS=${"x".repeat(1000)}`);
    expect(problems).toEqual([`the service manager at ${socket} cannot be told: sendto: errno 11`]);
    receiver.close();
  });
});

test("the watchdog is fed four times in its patience, however often the thread says that it lives", () => {
  const socket = join(folder, "notify");
  const receiver = new NotifyReceiver(socket);
  let nowMs = 5;
  const alive = watchdog({ socket, watchdogMs: 2_000 }, () => nowMs, expect.unreachable);
  for (; nowMs < 4_005; nowMs += 50) alive?.();
  expect(receiver.take()).toEqual(Array.from({ length: 8 }, () => "WATCHDOG=1"));
  receiver.close();
  expect(watchdog(undefined, () => 0, expect.unreachable)).toBeUndefined();
  expect(watchdog({ socket, watchdogMs: undefined }, () => 0, expect.unreachable)).toBeUndefined();
});
