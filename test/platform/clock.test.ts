import { expect, test } from "bun:test";
import { systemClock } from "../../src/platform/clock.ts";

test("threads in different threads read one monotonic clock: a lease that one grants means the same to the other", async () => {
  // A thread's own clock begins when the thread does: this one has run for a while already.
  await Bun.sleep(120);
  const worker = new Worker(new URL("./support/clock-worker.ts", import.meta.url).href);
  const answer = (): Promise<number> =>
    new Promise((resolve) => {
      worker.onmessage = (event: MessageEvent<number>) => resolve(event.data);
    });
  const up = answer();
  await up;
  const before = systemClock.monotonicMs();
  const asked = answer();
  worker.postMessage("now");
  const there = await asked;
  const after = systemClock.monotonicMs();
  worker.terminate();
  // No wall-clock bound: the reading was taken between these two, whatever the machine did meanwhile.
  expect(there).toBeGreaterThanOrEqual(before);
  expect(there).toBeLessThanOrEqual(after);
});

test("it never goes back and has a fraction", () => {
  let last = systemClock.monotonicMs();
  let fraction = false;
  for (let i = 0; i < 1_000; i++) {
    const now = systemClock.monotonicMs();
    expect(now).toBeGreaterThanOrEqual(last);
    fraction ||= !Number.isInteger(now);
    last = now;
  }
  expect(fraction).toBe(true);
});
