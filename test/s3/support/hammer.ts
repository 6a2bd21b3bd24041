import type { AdmissionBudget } from "../../../src/s3/content/admission-budget.ts";

export const HAMMER_CAPACITY = 5;

/** Takes and gives back units 200,000 times. Returns how often it got them, and the most units that it saw in use. */
export function hammer(budget: AdmissionBudget): { taken: number; most: number } {
  let taken = 0;
  let most = 0;
  for (let round = 0; round < 200_000; round++) {
    const units = 1 + (round % 4);
    if (!budget.take(units, HAMMER_CAPACITY)) continue;
    taken++;
    most = Math.max(most, budget.inUse);
    budget.giveBack(units);
  }
  return { taken, most };
}
