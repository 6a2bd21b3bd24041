/**
 * Lines on their way to standard error, never waited for: a reader that does not read (a full pipe, a journal that is busy)
 * costs lines, which are counted, and neither time nor memory.
 */
import { write as writeFile, writeSync } from "node:fs";
import type { Timers } from "../platform/timers.ts";

export interface LineQueueOptions<T> {
  /** Items that may wait; more are dropped. */
  readonly maxWaiting: number;
  /** One line with its line end. Called when the line is about to be written. */
  readonly format: (item: T) => string;
  readonly onDropped: (lines: number) => void;
  readonly timers: Timers;
  /** Default: standard error. */
  readonly write?: (text: string, done: (error: NodeJS.ErrnoException | null) => void) => void;
  /** The same, at once: for the end. */
  readonly writeNow?: (text: string) => void;
}

/** Lines are collected for so long, so that many become one write. */
const COLLECT_MS = 50;
/** PIPE_BUF of Linux: what a write of at most this size puts into a pipe stays together (pipe(7)). */
const BATCH_BYTES = 4096;

export class LineQueue<T> {
  readonly #options: LineQueueOptions<T>;
  #items: T[] = [];
  #at = 0;
  #cancel: (() => void) | undefined;
  #writing = false;

  constructor(options: LineQueueOptions<T>) {
    this.#options = options;
  }

  push(item: T): void {
    if (this.#items.length - this.#at >= this.#options.maxWaiting) {
      this.#options.onDropped(1);
      return;
    }
    this.#items.push(item);
    if (!this.#writing) this.#cancel ??= this.#options.timers.later(() => this.#flush(), COLLECT_MS);
  }

  /** Writes what waits, and waits for it. */
  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    const { writeNow = writeAllNow } = this.#options;
    for (let batch = this.#take(); batch.lines > 0; batch = this.#take()) writeNow(batch.text);
  }

  #flush(): void {
    this.#cancel = undefined;
    this.#next(this.#take());
  }

  #next({ text, lines }: { readonly text: string; readonly lines: number }): void {
    this.#writing = lines > 0;
    if (lines === 0) return;
    const { write = writeLater, timers, onDropped } = this.#options;
    write(text, (error) => {
      // Nobody reads just now: these lines keep their place, and those behind them wait.
      if (error?.code === "EAGAIN") timers.later(() => this.#next({ text, lines }), COLLECT_MS);
      else {
        if (error !== null) onDropped(lines);
        this.#next(this.#take());
      }
    });
  }

  #take(): { readonly text: string; readonly lines: number } {
    let text = "";
    let lines = 0;
    while (this.#at < this.#items.length) {
      const line = this.#options.format(this.#items[this.#at] as T);
      if (lines > 0 && text.length + line.length > BATCH_BYTES) break;
      text += line;
      lines++;
      this.#at++;
    }
    this.#forgetTaken();
    return { text, lines };
  }

  /** Also while it never runs empty: with a reader that is slower than the lines come, that may be for days. */
  #forgetTaken(): void {
    if (this.#at < Math.min(this.#items.length, this.#options.maxWaiting)) return;
    this.#items = this.#items.slice(this.#at);
    this.#at = 0;
  }
}

const STANDARD_ERROR = 2;

function writeLater(text: string, done: (error: NodeJS.ErrnoException | null) => void): void {
  writeFile(STANDARD_ERROR, text, null, "utf8", (error) => done(error));
}

function writeAllNow(text: string): void {
  try {
    writeSync(STANDARD_ERROR, text);
  } catch {
    // EAGAIN, EPIPE: nobody reads.
  }
}
