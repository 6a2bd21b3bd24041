import { expect, test } from "bun:test";
import { TickGate } from "../../../src/raft/engine/tick-gate.ts";
import { SeededRandom, seeds } from "../support/random.ts";

const INTERVAL_MS = 100;
const ELECTION_TICKS = 10;

/** Times at which ticks counted, with a timer that is late, early, stopped for seconds, or fires in bursts. */
function passed(seed: number): readonly number[] {
  const random = new SeededRandom(seed);
  const gate = new TickGate(INTERVAL_MS);
  const times: number[] = [];
  let nowMs = random.nextInt(1_000);
  for (let i = 0; i < 2_000; i++) {
    const kind = random.weighted({ due: 50, late: 20, early: 20, burst: 20, stopped: 1 });
    if (kind === "due") nowMs += INTERVAL_MS;
    if (kind === "late") nowMs += INTERVAL_MS + random.nextInt(INTERVAL_MS);
    if (kind === "early") nowMs += random.nextInt(INTERVAL_MS);
    if (kind === "stopped") nowMs += random.nextInt(60_000);
    if (gate.pass(nowMs)) times.push(nowMs);
  }
  return times;
}

test("an election timeout of ticks never spans less than 0.8 of its time, whatever the timer does", () => {
  for (const seed of seeds(200)) {
    const times = passed(seed);
    for (let i = ELECTION_TICKS - 1; i < times.length; i++) {
      // The moment that the count begins may be that of the first tick itself: nine intervals lie between ten ticks.
      const span = (times[i] as number) - (times[i - ELECTION_TICKS + 1] as number);
      expect(span).toBeGreaterThanOrEqual(INTERVAL_MS * ELECTION_TICKS * 0.8);
    }
  }
});

test("a timer that keeps its time loses no tick", () => {
  const gate = new TickGate(INTERVAL_MS);
  // 3 ms early or late, as timers are.
  for (let i = 1; i <= 1_000; i++) expect(gate.pass(i * INTERVAL_MS + ((i % 3) - 1) * 3)).toBe(true);
});

test("a process that was stopped makes up for nothing", () => {
  const gate = new TickGate(INTERVAL_MS);
  expect(gate.pass(0)).toBe(true);
  const burst = Array.from({ length: 50 }, (_, i) => gate.pass(60_000 + i));
  expect(burst.filter(Boolean)).toHaveLength(1);
});
