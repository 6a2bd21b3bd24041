import { expect, test } from "bun:test";
import { bootstrapMembership, type Membership } from "../../src/cluster/registry/membership.ts";
import { LeaderDuties } from "../../src/consensus/leader-duties.ts";
import type { Engine } from "../../src/raft/engine/engine.ts";
import { noLog } from "../support/no-log.ts";

const STALL_MS = 1_000;

function setUp(names: readonly string[]) {
  const told: string[] = [];
  const clock = { nowMs: 0 };
  const duties = new LeaderDuties({
    clock: { nowMs: () => clock.nowMs, monotonicMs: () => clock.nowMs },
    logger: noLog,
    stallMs: STALL_MS,
    register: () => told.push("register"),
    stepDown: () => told.push("step down"),
    matched: (id, index) => told.push(`${id} at ${index}`),
  });
  const membership = bootstrapMembership(names.map((name) => ({ name, address: `${name}:1` })));
  const tick = (nowMs: number, leading: boolean, append: number): string[] => {
    clock.nowMs = nowMs;
    const progress = new Map([[7, { match: 40 }]]);
    const engine: unknown = {
      leading,
      membership,
      oldestInFlight: { append, apply: 0 },
      describe: () => ({ progress }),
    };
    duties.tick(engine as Engine<Membership>);
    return told.splice(0);
  };
  return { tick };
}

test("a leader registers members and hears how far they are; another replica does neither", () => {
  const { tick } = setUp(["a", "b"]);
  expect(tick(0, true, 0)).toEqual(["register", "7 at 40"]);
  expect(tick(1, false, 0)).toEqual([]);
});

test("a leader whose disk stands still hands over, once for each time that its patience ends", () => {
  const { tick } = setUp(["a", "b", "c"]);
  expect(tick(0, true, 5)).toEqual(["register", "7 at 40"]);
  expect(tick(STALL_MS - 1, true, 5)).toEqual(["register", "7 at 40"]);
  expect(tick(STALL_MS, true, 5)).toEqual(["step down", "register", "7 at 40"]);
  expect(tick(STALL_MS + 1, true, 5)).toEqual(["register", "7 at 40"]);
  expect(tick(2 * STALL_MS, true, 5)[0]).toBe("step down");
});

test("nobody is there to hand over to, or it does not lead: nothing is handed over", () => {
  const alone = setUp(["a"]);
  alone.tick(0, true, 5);
  expect(alone.tick(STALL_MS, true, 5)).toEqual(["register", "7 at 40"]);
  const follower = setUp(["a", "b"]);
  follower.tick(0, false, 5);
  expect(follower.tick(STALL_MS, false, 5)).toEqual([]);
});
