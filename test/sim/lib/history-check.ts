/** Is a history linearizable? One that is hard to explain is looked at once more, with far more patience. */
import { type Call, checkLinearizable, type SearchLimits } from "../../linearizability/index.ts";

/** Almost every history is decided within this, and soon. */
const LIMITS: SearchLimits = { configurations: 2_000, steps: 200_000 };
/** Some seconds, and some hundred megabytes. */
const PATIENT: SearchLimits = { configurations: 30_000, steps: 10_000_000 };

export interface HistoryVerdict {
  /** Keys, or pairs of keys, about which nothing is known in the end. */
  readonly undecided: number;
  /** They were at first, and are decided now. */
  readonly retried: number;
}

/** @throws NotLinearizableError */
export function checkHistory(calls: readonly Call[], limits = LIMITS, patient = PATIENT): HistoryVerdict {
  const first = checkLinearizable(calls, { limits }).undecided.length;
  if (first === 0) return { undecided: 0, retried: 0 };
  const undecided = checkLinearizable(calls, { limits: patient }).undecided.length;
  return { undecided, retried: first - undecided };
}
