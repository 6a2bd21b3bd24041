/** `Date.prototype.toISOString`, for a thousand times of mostly the same day. */
const DAY_MS = 86_400_000;
const TWO = Array.from({ length: 100 }, (_, n) => String(n).padStart(2, "0"));

let day = -1;
/** `2026-11-21T` */
let dayText = "";

/** 2026-11-21T08:15:30.000Z. @param ms Unix milliseconds, not negative */
export function isoTime(ms: number): string {
  const number = Math.floor(ms / DAY_MS);
  if (number !== day) {
    dayText = new Date(number * DAY_MS).toISOString().slice(0, 11);
    day = number;
  }
  const rest = ms - number * DAY_MS;
  const hours = Math.floor(rest / 3_600_000);
  const minutes = Math.floor(rest / 60_000) % 60;
  const seconds = Math.floor(rest / 1000) % 60;
  const millis = rest % 1000;
  const hundreds = Math.floor(millis / 100);
  return `${dayText}${TWO[hours]}:${TWO[minutes]}:${TWO[seconds]}.${hundreds}${TWO[millis % 100]}Z`;
}
