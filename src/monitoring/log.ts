import { writeSync } from "node:fs";
import { type Clock, systemClock } from "../platform/clock.ts";
import { isJournal } from "../platform/journal.ts";

const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
/**
 * The level that all threads share, so that it can change while they run: one Int32, the index of the level. Plain
 * data, which can be sent to a Worker.
 */
export type SharedLogLevel = SharedArrayBuffer;

export function sharedLogLevel(level: LogLevel): SharedLogLevel {
  const shared = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  setSharedLogLevel(shared, level);
  return shared;
}

export function setSharedLogLevel(shared: SharedLogLevel, level: LogLevel): void {
  Atomics.store(new Int32Array(shared), 0, LOG_LEVELS.indexOf(level));
}

export type LogFormat = "logfmt" | "json";
export type LogFields = Readonly<Record<string, unknown>>;

/** Structured log: a message of a few constant words, and fields with the details. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** Returns the same log with these fields in every line. */
  with(fields: LogFields): Logger;
}

export interface LogOptions {
  readonly thread: string;
  readonly level: LogLevel | SharedLogLevel;
  readonly format: LogFormat;
  readonly clock?: Clock;
  /** Writes one whole line with its line end. */
  readonly write?: (line: string) => void;
  /**
   * Puts `<3>` ... `<7>` before a line, which the journal reads as its priority (sd-daemon(3)). Default: true when
   * standard error is the journal.
   */
  readonly journalPriority?: boolean;
  /** Called for each line, to count lines. */
  readonly onLine?: (level: LogLevel) => void;
}

const PRIORITIES: Readonly<Record<LogLevel, string>> = {
  debug: "<7>",
  info: "<6>",
  warn: "<4>",
  error: "<3>",
};

/** The log of one thread. Each line is one write to standard error, from any thread. */
export function createLogger(options: LogOptions): Logger {
  return new LineLogger(options, {});
}

class LineLogger implements Logger {
  readonly #options: LogOptions;
  readonly #fields: LogFields;
  /** Index of the lowest level that is written. */
  readonly #threshold: Int32Array;
  readonly #clock: Clock;
  readonly #write: (line: string) => void;
  readonly #prioritized: boolean;

  constructor(options: LogOptions, fields: LogFields) {
    this.#options = options;
    this.#fields = fields;
    const { level } = options;
    this.#threshold = new Int32Array(typeof level === "string" ? sharedLogLevel(level) : level);
    this.#clock = options.clock ?? systemClock;
    this.#write = options.write ?? writeToStandardError;
    this.#prioritized = options.journalPriority ?? (options.write === undefined && toJournal());
  }

  debug(message: string, fields?: LogFields): void {
    this.#log("debug", message, fields);
  }
  info(message: string, fields?: LogFields): void {
    this.#log("info", message, fields);
  }
  warn(message: string, fields?: LogFields): void {
    this.#log("warn", message, fields);
  }
  error(message: string, fields?: LogFields): void {
    this.#log("error", message, fields);
  }
  with(fields: LogFields): Logger {
    return new LineLogger(
      { ...this.#options, journalPriority: this.#prioritized },
      { ...this.#fields, ...fields },
    );
  }

  #log(level: LogLevel, message: string, fields: LogFields | undefined): void {
    if (LOG_LEVELS.indexOf(level) < Atomics.load(this.#threshold, 0)) return;
    const { thread, format, onLine } = this.#options;
    const head = { ts: new Date(this.#clock.nowMs()).toISOString(), level, thread, msg: message };
    this.#write(logLine({ ...head, ...this.#fields, ...fields }, level, format, this.#prioritized));
    onLine?.(level);
  }
}

/** Formats one record as one line with its line end. No value can end the line or begin another field. */
export function logLine(record: LogFields, level: LogLevel, format: LogFormat, prioritized: boolean): string {
  const line = format === "json" ? asJson(record) : asLogfmt(record);
  return `${prioritized ? PRIORITIES[level] : ""}${visible(line)}\n`;
}

/** True when standard error is the journal, which reads `<3>` ... `<7>` before a line as its priority. */
export function toJournal(): boolean {
  return isJournal(STANDARD_ERROR, process.env["JOURNAL_STREAM"]);
}

function asJson(record: LogFields): string {
  const entries = Object.entries(record).filter(([, value]) => value !== undefined);
  return JSON.stringify(Object.fromEntries(entries.map(([name, value]) => [name, plain(value)])));
}

function asLogfmt(record: LogFields): string {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(record)) {
    if (value === undefined) continue;
    const simple = plain(value);
    parts.push(`${name}=${quoteIfNeeded(typeof simple === "string" ? simple : JSON.stringify(simple))}`);
  }
  return parts.join(" ");
}

/** Converts a value to plain JSON. Logging a value must never throw. */
function plain(value: unknown): unknown {
  switch (typeof value) {
    case "bigint":
      return String(value);
    case "function":
    case "symbol":
      return String(value);
    case "object":
      break;
    default:
      return value;
  }
  if (value === null) return null;
  if (value instanceof Error) return describeError(value);
  if (ArrayBuffer.isView(value)) {
    return Buffer.from(value.buffer, value.byteOffset, Math.min(value.byteLength, 64)).toString("hex");
  }
  try {
    return JSON.parse(
      JSON.stringify(value, (_, inner) => (typeof inner === "bigint" ? String(inner) : inner)),
    );
  } catch {
    return "[not shown: circular]";
  }
}

/** Message, stack and causes: an error is logged only once, so the line must have all details. */
function describeError(error: Error): string {
  const own = error.stack ?? `${error.name}: ${error.message}`;
  return error.cause instanceof Error ? `${own}\ncaused by ${describeError(error.cause)}` : own;
}

function quoteIfNeeded(text: string): string {
  // Control characters in a client's bytes could forge lines; JSON's escapes keep each record on its own line.
  return text !== "" && /^[\x21\x23-\x3c\x3e-\x7e]+$/.test(text) ? text : JSON.stringify(text);
}

/** Escapes DEL and the C1 controls, which JSON does not escape and a terminal may obey. */
function visible(line: string): string {
  return line.replace(
    /[\x7f-\x9f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

const STANDARD_ERROR = 2;

/**
 * One write per line, so that lines of several Workers do not mix. A line that cannot be written is dropped: a full
 * or closed pipe must not stop a storage node.
 */
function writeToStandardError(line: string): void {
  try {
    writeSync(STANDARD_ERROR, line);
  } catch {
    // EAGAIN, EPIPE: no process reads, so the line is dropped.
  }
}
