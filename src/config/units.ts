/** Parses and formats sizes and durations. Sizes are bytes, durations milliseconds; both are integers. */

const SIZE_UNITS: readonly (readonly [string, number])[] = [
  ["TiB", 2 ** 40],
  ["GiB", 2 ** 30],
  ["MiB", 2 ** 20],
  ["KiB", 2 ** 10],
];

const DURATION_UNITS: readonly (readonly [string, number])[] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
];

/**
 * Parses `4MiB`, `256KiB`, `123` (bytes), `123B`; case of the unit is ignored. @throws RangeError naming the error.
 */
export function parseSize(text: string): number {
  const match = /^(\d+)\s*([a-z]*)$/i.exec(text.trim());
  if (match === null) throw new RangeError("is not a size such as 4MiB, 256KiB or a number of bytes");
  const unit = (match[2] ?? "").toLowerCase();
  const factor =
    unit === "" || unit === "b" ? 1 : SIZE_UNITS.find(([name]) => name.toLowerCase() === unit)?.[1];
  if (factor === undefined) {
    // KB and similar units mean 1000 to some people and 1024 to others, so a limit must not guess.
    throw new RangeError(`has the unknown unit "${match[2]}": use B, KiB, MiB, GiB or TiB`);
  }
  return checkedInteger(Number(match[1]) * factor);
}

/** Parses `30s`, `5m`, `500ms`, `1h30m`, `0`. @throws RangeError naming the error. */
export function parseDuration(text: string): number {
  const trimmed = text.trim().toLowerCase();
  if (trimmed === "0") return 0;
  if (/^\d+$/.test(trimmed)) throw new RangeError("has no unit: write 500ms, 30s, 5m, 1h or 7d");
  if (!/^(\d+(ms|[dhms]))+$/.test(trimmed)) {
    throw new RangeError("is not a duration such as 500ms, 30s, 5m, 1h30m or 7d");
  }
  let total = 0;
  for (const [, digits, unit] of trimmed.matchAll(/(\d+)(ms|[dhms])/g)) {
    const factor = DURATION_UNITS.find(([name]) => name === unit)?.[1] ?? Number.NaN;
    total += Number(digits) * factor;
  }
  return checkedInteger(total);
}

/** The shortest exact form: 4194304 -> `4MiB`, 1000 -> `1000`. `parseSize` reads it back. */
export function formatSize(bytes: number): string {
  for (const [name, factor] of SIZE_UNITS) {
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor}${name}`;
  }
  return String(bytes);
}

/** The shortest exact form: 90000 -> `90s`, 3600000 -> `1h`. `parseDuration` reads it back. */
export function formatDuration(ms: number): string {
  if (ms === 0) return "0";
  for (const [name, factor] of DURATION_UNITS) {
    if (ms >= factor && ms % factor === 0) return `${ms / factor}${name}`;
  }
  throw new RangeError(`${ms} ms is not a whole number of milliseconds`);
}

function checkedInteger(value: number): number {
  if (!Number.isSafeInteger(value)) throw new RangeError("is too large");
  return value;
}
