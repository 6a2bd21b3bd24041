/** Numbers out of a /metrics page. */

/** A counter, or the count of a histogram, summed over its labels. @throws Error when it is not there */
export function counterOf(page: string, name: string): number {
  const lines = page.split("\n").filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  if (lines.length === 0) throw new Error(`/metrics has no ${name}`);
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}

/** Of a histogram without labels of its own: counts below each upper bound, ascending, the last one Infinity. */
function bucketsOf(page: string, name: string): Map<number, number> {
  const buckets = new Map<number, number>();
  for (const line of page.split("\n")) {
    if (!line.startsWith(`${name}_bucket{`)) continue;
    const bound = /le="([^"]+)"/.exec(line)?.[1] ?? "";
    const upper = bound === "+Inf" ? Number.POSITIVE_INFINITY : Number(bound);
    buckets.set(upper, (buckets.get(upper) ?? 0) + Number(line.slice(line.lastIndexOf(" ") + 1)));
  }
  if (buckets.size === 0) throw new Error(`/metrics has no ${name}`);
  return new Map([...buckets].sort(([a], [b]) => a - b));
}

/** The upper bound of the bucket that the quantile of what came between two pages lies in. */
export function quantileBetween(before: string, after: string, name: string, quantile: number): number {
  const first = bucketsOf(before, name);
  const added = [...bucketsOf(after, name)].map(
    ([upper, count]) => [upper, count - (first.get(upper) ?? 0)] as const,
  );
  const total = added.at(-1)?.[1] ?? 0;
  if (total === 0) throw new Error(`${name}: nothing was observed meanwhile`);
  return added.find(([, count]) => count >= quantile * total)?.[0] ?? Number.POSITIVE_INFINITY;
}
