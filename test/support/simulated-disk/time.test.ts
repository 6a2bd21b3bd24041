import { expect, test } from "bun:test";
import { SimRandom } from "../../sim/lib/sim-random.ts";
import { SimulatedDisk } from "./simulated-disk.ts";

const OPERATION_MS = 10;

/** A disk whose every operation takes 10 ms of a clock that nobody waits for. */
function slowDisk(seed: number): { disk: SimulatedDisk; now: () => number } {
  let now = 0;
  const disk = new SimulatedDisk({
    random: new SimRandom(seed),
    time: () => {
      const begins = now;
      now += OPERATION_MS;
      return { begins, done: now };
    },
  });
  return { disk, now: () => now };
}

/** What is left of a file after a crash at a moment; undefined = the file itself is not there. */
function afterCrash(seed: number, crashAt: (marks: Record<string, number>) => number): string | undefined {
  const { disk, now } = slowDisk(seed);
  const marks: Record<string, number> = {};
  const file = disk.open("/f", "create");
  disk.syncDirectory("/");
  file.pwrite(Buffer.from("old"), 0);
  file.datasync();
  marks["oldDone"] = now();
  file.pwrite(Buffer.from("new"), 0);
  marks["newWritten"] = now();
  file.datasync();
  marks["newDone"] = now();
  disk.rename("/f", "/g");
  disk.crash(crashAt(marks));
  if (disk.stat("/f") === undefined) return undefined;
  const bytes = new Uint8Array(3);
  disk.open("/f", "read").pread(bytes, 0);
  return Buffer.from(bytes).toString();
}

const seeds = Array.from({ length: 50 }, (_, i) => i);
const outcomes = (crashAt: (marks: Record<string, number>) => number) =>
  new Set(seeds.map((seed) => afterCrash(seed, crashAt)));

test("before an operation begins it has not happened, whatever came later in the same turn", () => {
  expect(outcomes((marks) => (marks["oldDone"] as number) - 1)).toEqual(new Set(["old", "\0\0\0"]));
});

test("a sync that is not done has made nothing durable", () => {
  expect(outcomes((marks) => (marks["newDone"] as number) - 1)).toEqual(new Set(["old", "new"]));
});

test("a sync that is done has, and what came after it may be there or not", () => {
  expect(outcomes((marks) => marks["newDone"] as number)).toEqual(new Set(["new", undefined]));
  expect(outcomes((marks) => (marks["newDone"] as number) - 1).has(undefined)).toBe(false);
});

test("a crash without a time comes after everything", () => {
  expect(outcomes(() => Number.POSITIVE_INFINITY)).toEqual(new Set(["new", undefined]));
});

test("a sync that fails takes nothing back that an earlier one made durable", () => {
  for (const seed of seeds) {
    const { disk } = slowDisk(seed);
    const file = disk.open("/f", "create");
    disk.syncDirectory("/");
    file.pwrite(Buffer.from("old"), 0);
    file.datasync();
    disk.inject({ code: "EIO", operation: "datasync" });
    file.pwrite(Buffer.from("new"), 600);
    expect(() => file.datasync()).toThrow("EIO");
    disk.crash();
    const bytes = new Uint8Array(3);
    disk.open("/f", "read").pread(bytes, 0);
    expect(Buffer.from(bytes).toString()).toBe("old");
  }
});

test("a sync that fails after the power has gone has not written anything: it had not begun", () => {
  const left = new Set<string>();
  for (const seed of seeds) {
    const { disk, now } = slowDisk(seed);
    const file = disk.open("/f", "create");
    disk.syncDirectory("/");
    file.pwrite(Buffer.from("old"), 0);
    file.datasync();
    const before = now();
    file.pwrite(Buffer.from("new"), 0);
    disk.inject({ code: "EIO", operation: "datasync" });
    expect(() => file.datasync()).toThrow("EIO");
    disk.crash(before - 1);
    const bytes = new Uint8Array(3);
    disk.open("/f", "read").pread(bytes, 0);
    left.add(Buffer.from(bytes).toString());
  }
  // The sync of the old bytes was not done yet either.
  expect(left).toEqual(new Set(["old", "\0\0\0"]));
});
