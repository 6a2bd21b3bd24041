/** The unit as it is shipped. What systemd itself says to it on a real host: `make host-test`. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { needs } from "../platform/support/needs.ts";
import { run } from "./support/packages.ts";

const path = join(import.meta.dir, "../../systemd/elastickv.service");
const values = (name: string) =>
  [...readFileSync(path, "utf8").matchAll(new RegExp(`^${name}=(.*)$`, "gm"))].map(([, value]) => value);

test("it is told when the node serves, only by the node itself, and watches its consensus thread", () => {
  expect(values("Type")).toEqual(["notify"]);
  expect(values("NotifyAccess")).toEqual(["main"]);
  expect(values("WatchdogSec")).toEqual(["30"]);
  // Restarts a service that the watchdog ended, too.
  expect(values("Restart")).toEqual(["on-failure"]);
  // The patience that a start asks for (src/node/service-reporter.ts).
  expect(values("TimeoutStartSec")).toEqual(["300"]);
});

test("the version that runs is the one that the symbolic link names", () =>
  expect(values("ExecStart")).toEqual(["/usr/lib/elastickv/current/elastickv serve"]));

test("variables of an update win over the settings file", () =>
  expect(values("EnvironmentFile")).toEqual(
    ["cluster", "elastickv", "extra"].map((name) => `-/etc/elastickv/${name}.env`),
  ));

test.if(needs("systemd"))("systemd-analyze security: exposure 1.4 at most", () => {
  const { code, out } = run([
    "systemd-analyze",
    "security",
    "--offline=true",
    "--threshold=14",
    "--no-pager",
    path,
  ]);
  expect(out).toMatch(/Overall exposure level for elastickv\.service: \d\.\d OK/);
  expect(code).toBe(0);
});
