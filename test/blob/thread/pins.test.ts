import { describe, expect, test } from "bun:test";
import { EXPIRED_PER_CALL, Pins } from "../../../src/blob/thread/pins.ts";

const name = (n: number): Uint8Array => {
  const sha256 = new Uint8Array(32);
  new DataView(sha256.buffer).setUint32(0, n);
  return sha256;
};

function pinsAt(nowMs: number, maxPins = 100, markMs = 0) {
  const time = { nowMs, appliedMs: nowMs };
  const mark = { untilMs: markMs, raise: (untilMs: number) => void (mark.untilMs = untilMs) };
  const pins = new Pins({
    clock: { nowMs: () => time.nowMs, monotonicMs: () => 0 },
    appliedMs: () => time.appliedMs,
    pinMaxMs: 30,
    maxPins,
    mark,
  });
  return { pins, time, mark };
}

describe("pins", () => {
  test("before the node serves everything is held, and from then on as long as an earlier start's pins may last", () => {
    const { pins, time } = pinsAt(1_000, 100, 1_000_030);
    time.appliedMs = 2_000_000;
    expect(pins.holds(name(1))).toBe(true);
    time.appliedMs = 1_000_000;
    pins.serving();
    time.appliedMs = 1_000_030;
    expect(pins.holds(name(1))).toBe(true);
    time.appliedMs = 1_000_031;
    expect(pins.holds(name(1))).toBe(false);
  });

  test("the mark is raised in long steps, before a pin that it does not cover", () => {
    const { pins, mark } = pinsAt(1_000);
    pins.pin(name(1), 1_010);
    expect(mark.untilMs).toBe(1_040);
    pins.pin(name(2), 1_040);
    expect(mark.untilMs).toBe(1_040);
    pins.pin(name(2), 1_041);
    expect(mark.untilMs).toBe(1_071);
  });

  test("the later pin of a blob counts, at its last millisecond too", () => {
    const { pins, time } = pinsAt(0);
    pins.serving();
    time.appliedMs = 100;
    pins.pin(name(1), 120);
    pins.pin(name(1), 130);
    pins.pin(name(1), 110);
    time.appliedMs = 130;
    expect(pins.holds(name(1))).toBe(true);
    expect(pins.holds(name(2))).toBe(false);
    time.appliedMs = 131;
    expect(pins.holds(name(1))).toBe(false);
  });

  test("more pins than fit hold every blob until the last of them has ended", () => {
    const { pins, time } = pinsAt(0, 2);
    pins.serving();
    time.appliedMs = 100;
    pins.pin(name(1), 110);
    pins.pin(name(2), 110);
    pins.pin(name(3), 125);
    expect(pins.size).toBe(2);
    time.appliedMs = 120;
    expect(pins.holds(name(3)) && pins.holds(name(9))).toBe(true);
    time.appliedMs = 126;
    expect(pins.holds(name(3))).toBe(false);
  });

  test("ended pins are forgotten, a bounded number in a call", () => {
    const { pins, time } = pinsAt(0, 10_000);
    pins.serving();
    for (let n = 0; n < EXPIRED_PER_CALL + 10; n++) pins.pin(name(n), 20);
    pins.pin(name(99_999), 30);
    time.appliedMs = 21;
    pins.expire();
    expect(pins.size).toBe(11);
    pins.expire();
    expect(pins.size).toBe(1);
  });

  test("what a pin may be follows the later one of clock and applied time", () => {
    const { pins, time } = pinsAt(1_000);
    expect([pins.accepts(1_030), pins.accepts(1_031)]).toEqual([true, false]);
    time.appliedMs = 1_010;
    expect(pins.accepts(1_031)).toBe(true);
    time.appliedMs = 0;
    expect(pins.accepts(1_030)).toBe(true);
  });
});
