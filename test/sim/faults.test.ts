/** What counts as a fault, and what a fault excuses. */
import { describe, expect, test } from "bun:test";
import type { Machine } from "./lib/machine.ts";
import { withoutRealTime } from "./lib/real-time.ts";
import { verdictOf } from "./lib/run-seed.ts";
import { World } from "./lib/world.ts";

const CALM = { nodes: 3, durationMs: 100, faults: {} };
/** What a log thread says whose disk has failed. */
const DISK_MESSAGE = "log: pwrite failed: EIO (injected)";

/** The verdict of a run whose first machine has been through this, just after its start. */
function after(happens: (machine: Machine, world: World) => void): string {
  return withoutRealTime(() => {
    const world = new World({ seed: 3, profile: CALM });
    const machine = world.machines[0] as Machine;
    machine.start();
    happens(machine, world);
    return verdictOf(world.run());
  });
}

function failingOperation({ disk }: Machine): void {
  disk.inject({ code: "EIO" });
  expect(() => disk.stat("/")).toThrow("injected");
}

describe("an end that speaks of the disk", () => {
  test("is excused when the disk has failed on that machine, in that life", () => {
    expect(
      after((machine) => {
        failingOperation(machine);
        machine.fatal(DISK_MESSAGE);
      }),
    ).toBe("ok");
  });

  test("is not when nothing was done to the disk", () => {
    expect(after((machine) => machine.fatal(DISK_MESSAGE))).toBe("a node goes on");
    expect(after((machine) => machine.refused(new Error(DISK_MESSAGE)))).toBe(
      "a node starts again after every honest crash",
    );
  });

  test("is not when it was the disk of another one, or of an earlier life", () => {
    expect(
      after((machine, { machines }) => {
        failingOperation(machines[1] as Machine);
        machine.fatal(DISK_MESSAGE);
      }),
    ).toBe("a node goes on");
    expect(
      after((machine) => {
        failingOperation(machine);
        machine.powerCut(undefined);
        machine.start();
        machine.fatal(DISK_MESSAGE);
      }),
    ).toBe("a node goes on");
  });

  test("no fault excuses an end that speaks of something else", () => {
    expect(
      after((machine) => {
        failingOperation(machine);
        machine.fatal("the state machine cannot go on");
      }),
    ).toBe("a node goes on");
  });
});

test("a fault of the disk counts when an operation meets it, once", () => {
  withoutRealTime(() => {
    const world = new World({ seed: 3, profile: CALM });
    const { faults } = world;
    const { armed, disk } = world.machines[0] as Machine;
    for (const fault of ["disk-error", "fsync-failure", "disk-full"] as const) armed.add(fault);
    disk.inject({ code: "EIO", operation: "datasync" });
    const file = disk.open("/f", "create");
    expect(faults.counts).toEqual({});
    disk.setCapacity(0);
    for (let i = 0; i < 2; i++) expect(() => file.pwrite(new Uint8Array(10), 0)).toThrow("ENOSPC");
    expect(faults.counts).toEqual({ "disk-full": 1 });
    expect(() => file.datasync()).toThrow("injected");
    expect(faults.counts).toEqual({ "disk-full": 1, "fsync-failure": 1 });
  });
});

test("a killed process ends with the system call that it is in, and begins no other", () => {
  withoutRealTime(() => {
    const world = new World({ seed: 3, profile: CALM });
    const machine = world.machines[0] as Machine;
    machine.start();
    const { life } = machine;
    if (life === undefined) throw new Error("it does not run");
    const { log } = life.threads;
    log.busyUntil = 50;
    let turns = 0;
    for (let i = 0; i < 20; i++) log.post(0, "mail", () => turns++);
    machine.kill(undefined);
    let aliveBefore = false;
    world.after(49, () => {
      machine.resume();
      aliveBefore = life.alive;
    });
    while (life.alive) world.scheduler.step();
    expect({ now: world.scheduler.now, aliveBefore, turns }).toEqual({
      now: 50,
      aliveBefore: true,
      turns: 0,
    });
  });
});
