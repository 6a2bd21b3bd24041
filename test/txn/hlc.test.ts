import { describe, expect, test } from "bun:test";
import { HLC_CEILING_WINDOW_MS, HybridLogicalClock, physicalMs, timestampFromMs } from "../../src/txn/hlc.ts";

class ManualClock {
  wallMs = 1_700_000_000_000;
  nowMs(): number {
    return this.wallMs;
  }
  monotonicMs(): number {
    return this.wallMs;
  }
}

function withCeiling(clock: ManualClock): HybridLogicalClock {
  const hlc = new HybridLogicalClock(clock);
  const due = hlc.ceilingDue();
  if (due === undefined) throw new Error("a new clock must ask for a ceiling");
  hlc.ceilingLogged(due);
  return hlc;
}

describe("hybrid logical clock", () => {
  test("grows strictly while the wall clock stands still, and goes back", () => {
    const clock = new ManualClock();
    const hlc = withCeiling(clock);
    let last = 0n;
    for (let i = 0; i < 70_000; i++) {
      if (i === 1_000) clock.wallMs -= 500;
      const next = hlc.issue();
      expect(next > last).toBe(true);
      last = next;
    }
  });

  test("more than 2^16 stamps in one millisecond carry into the physical half without rounding", () => {
    const clock = new ManualClock();
    const hlc = withCeiling(clock);
    const first = hlc.issue();
    for (let i = 0; i < 65_536; i++) hlc.issue();
    expect(physicalMs(hlc.last)).toBe(physicalMs(first) + 1);
    expect(hlc.last).toBe(first + 65_536n);
  });

  test("a process paused between the look at the ceiling and the stamp stays below the ceiling, and goes on", () => {
    const clock = new ManualClock();
    const hlc = withCeiling(clock);
    const ceilingMs = clock.wallMs + HLC_CEILING_WINDOW_MS;
    clock.wallMs += 60_000;
    const first = hlc.issue();
    expect(physicalMs(first)).toBe(ceilingMs);
    expect(hlc.issue()).toBe(first + 1n);
    expect(hlc.ceilingDue()).toBe(clock.wallMs + HLC_CEILING_WINDOW_MS);
  });

  test("refuses to pass its ceiling, with the numbers", () => {
    const clock = new ManualClock();
    const hlc = withCeiling(clock);
    clock.wallMs += HLC_CEILING_WINDOW_MS;
    for (let i = 0; i < 65_536; i++) hlc.issue();
    expect(() => hlc.issue()).toThrow(/ceiling=1700000003000/);
  });

  test("without any ceiling nothing is issued", () => {
    expect(() => new HybridLogicalClock(new ManualClock()).issue()).toThrow(/ceiling=0/);
  });

  test("asks for a new ceiling while there is still thread under the old one", () => {
    const clock = new ManualClock();
    const hlc = withCeiling(clock);
    expect(hlc.ceilingDue()).toBeUndefined();
    clock.wallMs += 1_001;
    expect(hlc.ceilingDue()).toBe(clock.wallMs + HLC_CEILING_WINDOW_MS);
    hlc.issue();
  });

  test("a new leader whose clock is an hour slow starts above the old leader's ceiling", () => {
    const clock = new ManualClock();
    const old = withCeiling(clock);
    for (let i = 0; i < 10; i++) old.issue();
    const slow = new ManualClock();
    slow.wallMs -= 3_600_000;
    const successor = new HybridLogicalClock(slow);
    // It applied the ceiling, but not the old leader's last (uncommitted) stamps.
    successor.startAbove(timestampFromMs(clock.wallMs - 5), old.ceilingMs);
    successor.ceilingLogged(successor.ceilingDue() as number);
    const first = successor.issue();
    expect(physicalMs(first)).toBeGreaterThan(old.ceilingMs);
    expect(first > old.last).toBe(true);
  });

  test("a leader without a ceiling in its log starts above what is applied", () => {
    const clock = new ManualClock();
    const hlc = new HybridLogicalClock(clock);
    const applied = timestampFromMs(clock.wallMs + 50);
    hlc.startAbove(applied, 0);
    hlc.ceilingLogged(hlc.ceilingDue() as number);
    expect(hlc.issue()).toBe(applied + 1n);
  });
});
