/** Locks of versions, and the retention that a bucket gives new versions. */
import { elastickv as gen } from "../../gen/s3.js";
import { decodeWith, RecordError, safeCount } from "./record-error.ts";

export type RetentionMode = "GOVERNANCE" | "COMPLIANCE";
type LegalHold = "ON" | "OFF";

export interface Retention {
  readonly mode: RetentionMode;
  readonly untilMs: number;
}

export interface Lock {
  readonly retention: Retention | undefined;
  /** Undefined: never set. */
  readonly legalHold: LegalHold | undefined;
}

export interface DefaultRetention {
  readonly mode: RetentionMode;
  readonly unit: "days" | "years";
  readonly count: number;
}

const Mode = gen.s3.RetentionMode;
const Hold = gen.s3.Lock.LegalHold;
const HOLDS: Readonly<Record<LegalHold, gen.s3.Lock.LegalHold>> = { ON: Hold.ON, OFF: Hold.OFF };

function modeOf(number: number): RetentionMode {
  if (number === Mode.GOVERNANCE) return "GOVERNANCE";
  if (number === Mode.COMPLIANCE) return "COMPLIANCE";
  throw new RecordError(`retention mode ${number}`);
}

/** The lock field of a row; absent without a lock. */
export function encodeLock(lock: Lock | undefined): { lock?: gen.s3.Lock.$Properties } {
  if (lock === undefined) return {};
  const { legalHold, retention } = lock;
  if (retention === undefined && legalHold === undefined) return {};
  return {
    lock: {
      ...(retention === undefined
        ? {}
        : { mode: Mode[retention.mode], retainUntilMs: safeCount(retention.untilMs, "retainUntilMs") }),
      ...(legalHold === undefined ? {} : { legalHold: HOLDS[legalHold] }),
    },
  };
}

/** @throws RecordError */
export function decodeLock(row: gen.s3.Lock.$Properties | null | undefined): { lock?: Lock } {
  if (row === null || row === undefined) return {};
  const mode = row.mode ?? Mode.RETENTION_NONE;
  const hold = row.legalHold ?? Hold.NEVER_SET;
  if (hold !== Hold.NEVER_SET && hold !== Hold.ON && hold !== Hold.OFF)
    throw new RecordError(`legal hold ${hold}`);
  return {
    lock: {
      retention:
        mode === Mode.RETENTION_NONE
          ? undefined
          : { mode: modeOf(mode), untilMs: safeCount(row.retainUntilMs ?? 0, "retainUntilMs") },
      legalHold: hold === Hold.ON ? "ON" : hold === Hold.OFF ? "OFF" : undefined,
    },
  };
}

export function encodeDefaultRetention({ count, mode, unit }: DefaultRetention): Uint8Array {
  return gen.s3.DefaultRetention.encode({ mode: Mode[mode], [unit]: count }).finish();
}

/** @throws RecordError */
export function decodeDefaultRetention(value: Uint8Array): DefaultRetention {
  return decodeWith("default retention", () => {
    const { days, mode, years } = gen.s3.DefaultRetention.decode(value);
    if (days > 0 === years > 0) throw new RecordError(`a retention of ${days} days and ${years} years`);
    return days > 0
      ? { mode: modeOf(mode), unit: "days", count: days }
      : { mode: modeOf(mode), unit: "years", count: years };
  });
}

const DAY_MS = 86_400_000;

/** The retention of a version that is written at `nowMs`. */
export function retentionFrom({ count, mode, unit }: DefaultRetention, nowMs: number): Retention {
  if (unit === "days") return { mode, untilMs: nowMs + count * DAY_MS };
  const until = new Date(nowMs);
  until.setUTCFullYear(until.getUTCFullYear() + count);
  return { mode, untilMs: until.getTime() };
}
