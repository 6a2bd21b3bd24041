/** Three hosts from nothing: the package, its unit under a real systemd, a cluster, and what a host does that loses power or its cable. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { eventually } from "./lib/host.ts";
import { Lab } from "./lib/lab.ts";

const lab = new Lab();
beforeAll(async () => {
  await lab.boot();
  await lab.install(lab.packages.first);
}, 300_000);
afterAll(() => lab.powerOff());

test("every host serves what one of them was given", async () => {
  await lab.makeBucket("hosts");
  const [first] = lab.hosts;
  await lab.s3(first!, "hosts").write("a", "one");
  for (const host of lab.hosts) expect(await lab.s3(host, "hosts").file("a").text()).toBe("one");
});

test("the unit is one that systemd accepts, and closed", async () => {
  const [host] = lab.hosts;
  const verified = await host!.run("systemd-analyze", "verify", "--man=no", "elastickv.service");
  expect(verified).toEqual({ code: 0, out: "", err: "" });
  const { out } = await host!.run("systemd-analyze", "security", "--no-pager", "elastickv.service");
  const exposure = /Overall exposure level for elastickv.service: ([0-9.]+)/.exec(out)?.[1];
  expect(Number(exposure)).toBeLessThanOrEqual(1.4);
});

test("a host that loses power comes back by itself, with what was written meanwhile", async () => {
  const [first, second, third] = lab.hosts;
  third!.powerOff();
  await writeSoon("while-off", "two");
  await third!.boot();
  await lab.healthy();
  expect(await lab.s3(third!, "hosts").file("while-off").text()).toBe("two");

  await second!.cable("down");
  await writeSoon("while-cut", "three");
  await second!.cable("up");
  await lab.healthy();
  expect(await lab.s3(second!, "hosts").file("while-cut").text()).toBe("three");
  expect(await lab.s3(first!, "hosts").file("a").text()).toBe("one");
}, 120_000);

/** Writes at the first host; a write fails while a new leader is elected. */
async function writeSoon(key: string, text: string): Promise<void> {
  await eventually(`${key} to be written`, async () => {
    try {
      await lab.s3(lab.hosts[0]!, "hosts").write(key, text);
      return true;
    } catch {
      return undefined;
    }
  });
}
