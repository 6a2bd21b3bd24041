/** Dates of conditional headers. */

/** A month of an HTTP date, as a group of a regular expression. */
export const MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)";
const TIME = "\\d{2}:\\d{2}:\\d{2}";
const ZONE = "(?:GMT|UTC|Z|[+-]\\d{2}:?\\d{2})";
/**
 * The three forms of RFC 9110 section 5.6.7, also with an offset or without weekday, as some clients send dates; and
 * ISO 8601.
 */
const WITH_ZONE = new RegExp(
  `^(?:(?:[A-Z][a-z]+, ?)?\\d{1,2}[ -]${MONTH}[ -]\\d{2,4} ${TIME} ${ZONE}|\\d{4}-\\d{2}-\\d{2}T${TIME}(?:\\.\\d+)?${ZONE})$`,
);
const ASCTIME = new RegExp(`^[A-Z][a-z]{2} ${MONTH} [ \\d]\\d ${TIME} \\d{4}$`);

/**
 * Undefined when the text is no date: a header with such text is ignored (RFC 9110 sections 13.1.3 and 13.1.4).
 * Date.parse alone would read `1` as the year 2001, and a date without zone as local time of the server.
 */
export function parseHttpDate(text: string): number | undefined {
  const trimmed = text.trim();
  const zoned = ASCTIME.test(trimmed) ? `${trimmed} GMT` : WITH_ZONE.test(trimmed) ? trimmed : undefined;
  if (zoned === undefined) return undefined;
  const ms = Date.parse(zoned);
  return Number.isNaN(ms) ? undefined : ms;
}
