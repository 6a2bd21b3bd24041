/** `elastickv migrate` from the command line to the rows. */
import { expect, test } from "bun:test";
import { pattern } from "../s3/support/harness.ts";
import { Site } from "./support/site.ts";

const MIB = 1 << 20;

test("start, status, pause, start: what it says is what the row says", async () => {
  const site = new Site();
  await site.paths.start();
  site.paths.blobs.open = false;
  await site.call("PUT", "/bucket/a", pattern(2 * MIB));
  expect(await site.run("migrate", "status")).toEqual({
    code: 0,
    out: "the migration was never started\n",
    err: "",
  });
  const waits = await site.run("migrate", "start", "--rate", "1GiB");
  expect([waits.code, waits.out]).toEqual([
    0,
    "running: 0 objects, 0 B, at most 1GiB a second; waits: not every member stores blobs\n",
  ]);
  expect((await site.run("migrate", "pause")).out).toBe("paused: 0 objects, 0 B\n");
  site.paths.blobs.open = true;
  await site.migrator.run();
  expect((await site.run("migrate", "status")).out).toBe("paused: 0 objects, 0 B\n");
  await site.run("migrate", "start");
  site.onSleep = () => site.migrator.run();
  const watched = await site.run("migrate", "status", "--watch");
  expect(watched).toEqual({ code: 0, out: "done: 1 objects, 2.0 MiB\n", err: "" });
  expect(site.screen.join("")).toContain("[--------------------]   0 % running");
  const json = await site.run("migrate", "status", "--json");
  expect(JSON.parse(json.out)).toEqual({
    state: "done",
    objects: 1,
    bytes: 2 * MIB,
    skipped: 0,
    totalBytes: 2 * MIB,
    rate: 1 << 30,
    open: true,
  });
  expect(Buffer.compare(await site.paths.get("a"), pattern(2 * MIB))).toBe(0);
});

test("wrong usage asks nobody", async () => {
  const site = new Site();
  for (const words of [
    ["migrate"],
    ["migrate", "stop"],
    ["migrate", "start", "now"],
    ["migrate", "start", "--rate", "0"],
    ["migrate", "pause", "--watch"],
    ["backup"],
    ["backup", "verify"],
    ["backup", "a", "b"],
    ["backup", "a", "--backup", "0011223344"],
    ["backup", "http://x/y"],
    ["backup", "s3://bucket"],
    ["backup", "dir", "--s3-endpoint", "http://x"],
    ["restore"],
    ["restore", "verify", "a"],
  ]) {
    const { code, err } = await site.run(...words);
    expect([words, code, err.startsWith("elastickv: ")]).toEqual([words, 2, true]);
  }
  expect(site.asked).toEqual([]);
  const { out } = await site.run("migrate", "--help");
  for (const verb of ["migrate start", "migrate status", "migrate pause"])
    expect(out).toContain(`Usage: elastickv ${verb}`);
});
