/** The checker against histories made from seeds: right ones pass, faulty ones mostly fail, and on small ones it agrees with
 *  a check that simply tries every order. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { Random } from "../process/lib/random.ts";
import { type Fault, makeHistory } from "./generate.ts";
import { type Call, checkLinearizable, NotLinearizableError } from "./index.ts";
import { type KeyState, type Step, stepOf, VersionBook } from "./model.ts";

function isGood(calls: readonly Call[]): boolean {
  try {
    expect(checkLinearizable(calls).undecided).toEqual([]);
    return true;
  } catch (error) {
    if (error instanceof NotLinearizableError) return false;
    throw error;
  }
}

/** Every order that keeps real time, tried one after the other. */
function anyOrder(calls: readonly Call[], keys: readonly string[]): boolean {
  const versions = new VersionBook(calls);
  const steps = calls
    .map((call) => stepOf(call, keys, versions))
    .filter((step): step is Step => step !== undefined);
  const attempt = (left: readonly Step[], states: ReadonlyMap<string, KeyState>): boolean => {
    const first = Math.min(...left.map(({ call }) => call.returnedAt));
    // Only calls of unknown outcome are left: they may all be without effect.
    if (first === Number.POSITIVE_INFINITY) return true;
    return left.some((step) => {
      if (step.call.invokedAt > first) return false;
      const rest = left.filter((other) => other !== step);
      if (step.kind === "look") {
        return [...step.accepts].every(([key, accepts]) => accepts(states.get(key))) && attempt(rest, states);
      }
      return step.allows(states.get(step.key)) && attempt(rest, new Map(states).set(step.key, step.next));
    });
  };
  return attempt(steps, new Map());
}

setDefaultTimeout(60_000);

test("histories of a correct store pass", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = new Random(seed);
    const { calls } = makeHistory(random, {
      calls: 300,
      clients: random.between(2, 8),
      keys: random.between(1, 5),
      unknown: random.chance(0.5) ? 0.15 : 0,
      lists: random.chance(0.5),
    });
    expect({ seed, good: isGood(calls) }).toEqual({ seed, good: true });
  }
});

describe("a faulty store is caught", () => {
  const RATES: Record<Fault, number> = {
    "stale-read": 0.4,
    "lost-write": 0.8,
    "late-again": 0.7,
    "condition-ignored": 0.9,
    "refused-but-done": 0.9,
    "list-misses": 0.9,
    "list-of-two-moments": 0.25,
  };
  for (const [fault, rate] of Object.entries(RATES) as [Fault, number][]) {
    test(`${fault}: in at least ${100 * rate} % of the histories`, () => {
      let caught = 0;
      let faulty = 0;
      for (let seed = 1; seed <= 60; seed++) {
        const { calls, faults } = makeHistory(new Random(seed), {
          calls: 300,
          clients: 4,
          keys: 3,
          unknown: 0.02,
          lists: true,
          fault,
        });
        if (faults === 0) continue;
        faulty++;
        if (!isGood(calls)) caught++;
      }
      expect(faulty).toBeGreaterThan(40);
      expect(caught / faulty).toBeGreaterThanOrEqual(rate);
    });
  }
});

test("on small histories it says the same as trying every order", () => {
  const verdicts = { good: 0, bad: 0 };
  const faults: (Fault | undefined)[] = [
    undefined,
    "stale-read",
    "lost-write",
    "late-again",
    "list-of-two-moments",
  ];
  for (let seed = 1; seed <= 6000; seed++) {
    const random = new Random(seed);
    const fault = faults[random.between(0, faults.length - 1)];
    const { calls: made } = makeHistory(random, {
      calls: 8,
      clients: 4,
      keys: 2,
      unknown: 0.25,
      lists: true,
      ...(fault === undefined ? {} : { fault, faultRate: 0.4 }),
    });
    const calls = random.chance(0.5) ? exchange(made, random) : made;
    const expected = anyOrder(calls, ["k0", "k1"]);
    verdicts[expected ? "good" : "bad"]++;
    expect({ seed, good: isGood(calls) }).toEqual({ seed, good: expected });
  }
  expect(Math.min(verdicts.good, verdicts.bad)).toBeGreaterThan(300);
});

/** Two reads, or two lists, trade their answers. */
function exchange(calls: readonly Call[], random: Random): Call[] {
  const kind = random.chance(0.5) ? "read" : "list";
  const looks = calls.filter(({ operation }) => operation.kind === kind);
  const one = looks[random.between(0, looks.length)];
  const other = looks[random.between(0, looks.length)];
  if (one === undefined || other === undefined || one === other) return [...calls];
  if (JSON.stringify(one.operation) !== JSON.stringify(other.operation)) return [...calls];
  return calls.map((call) => {
    if (call === one) return { ...call, outcome: other.outcome };
    return call === other ? { ...call, outcome: one.outcome } : call;
  });
}
