import { MONTH } from "../protocol/http-date.ts";

/** The two date forms of SigV4, both to the second. */

const BASIC = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/;

/** `YYYYMMDDTHHMMSSZ` of Unix milliseconds. */
export function formatAmzDate(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace(/[-:]/g, "")}Z`;
}

/** ISO 8601 extended, to the second, as S3 prints dates in errors. */
export function formatIsoDate(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

// The last parsed text is kept: most requests within one second carry the same text.
let lastText = "";
let lastMs: number | undefined;

/** Unix milliseconds of `YYYYMMDDTHHMMSSZ`; undefined when the text is no such date. */
export function parseAmzDate(text: string): number | undefined {
  if (text === lastText) return lastMs;
  const match = BASIC.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match.map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const ms = Date.UTC(year, month - 1, day, hour, minute, second);
  // Date.UTC rolls over: 31 February must not become March.
  if (formatAmzDate(ms) !== text) return undefined;
  lastText = text;
  lastMs = ms;
  return ms;
}

/** IMF-fixdate (RFC 9110 section 5.6.7), also with an offset, as mail clients write dates. */
const HTTP_DATE = new RegExp(
  `^(?:[A-Z][a-z]{2}, )?\\d{1,2} ${MONTH} \\d{4} \\d{2}:\\d{2}:\\d{2} (?:GMT|UTC|[+-]\\d{4})$`,
);

/** Unix milliseconds of a `Date` header: an HTTP date or the basic form. */
export function parseDateHeader(text: string): number | undefined {
  const basic = parseAmzDate(text);
  if (basic !== undefined) return basic;
  if (!HTTP_DATE.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}
