/** One line of the result: what elastickv does, against a limit that was measured in the same run. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  /** Median of elastickv's samples. */
  readonly subject: number;
  /** Median of the limit's samples; undefined when the target is a plain number (memory, commits per fsync). */
  readonly limit?: number;
  /** subject / limit, or the subject itself when there is no limit. */
  readonly value: number;
  readonly target: Target;
  readonly met: boolean;
  readonly samples: { readonly subject: readonly number[]; readonly limit: readonly number[] };
  /** Anything worth a line: latencies, where the time went. */
  readonly notes: readonly string[];
}

/** "at-least 0.25" or "at-most 5"; "none" for what is only told. */
export type Target =
  | { readonly kind: "at-least" | "at-most"; readonly value: number }
  | { readonly kind: "none" };

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

function meets(value: number, target: Target): boolean {
  switch (target.kind) {
    case "at-least":
      return value >= target.value;
    case "at-most":
      return value <= target.value;
    case "none":
      return true;
  }
}

export interface Samples {
  readonly subject: number[];
  readonly limit: number[];
}

export function ratioFigure(
  name: string,
  unit: string,
  samples: Samples,
  target: Target,
  notes: readonly string[] = [],
): Figure {
  const subject = median(samples.subject);
  const limit = median(samples.limit);
  const value = subject / limit;
  return { name, unit, subject, limit, value, target, met: meets(value, target), samples, notes };
}

export function plainFigure(
  name: string,
  unit: string,
  subject: readonly number[],
  target: Target,
  notes: readonly string[] = [],
): Figure {
  const value = median(subject);
  const samples = { subject, limit: [] };
  return { name, unit, subject: value, value, target, met: meets(value, target), samples, notes };
}
