import { expect, test } from "bun:test";
import { StallWatch } from "../../src/consensus/stall-watch.ts";

test("work that goes on, however slowly, is no stall; the same work for too long is, again and again", () => {
  const watch = new StallWatch(1_000);
  for (let ms = 0; ms < 10_000; ms += 900) {
    expect(watch.stalled({ append: ms + 1, apply: 0 }, ms)).toBeUndefined();
  }
  expect(watch.stalled({ append: 9_901, apply: 0 }, 10_899)).toBeUndefined();
  expect(watch.stalled({ append: 9_901, apply: 0 }, 10_900)).toBe("log");
  expect(watch.stalled({ append: 9_901, apply: 0 }, 11_899)).toBeUndefined();
  expect(watch.stalled({ append: 9_901, apply: 0 }, 11_900)).toBe("log");
});

test("nothing to do is no stall, and either half counts by itself", () => {
  const watch = new StallWatch(1_000);
  for (let ms = 0; ms < 5_000; ms += 500) {
    expect(watch.stalled({ append: 0, apply: 0 }, ms)).toBeUndefined();
  }
  watch.stalled({ append: 5, apply: 4 }, 5_000);
  expect(watch.stalled({ append: 6, apply: 4 }, 6_000)).toBe("keyspace");
});
