/**
 * Writes lines to standard error without waiting. When no process reads (a full pipe, a busy journal), lines are
 * dropped and counted, so that a slow reader costs neither time nor memory.
 */
import { write as writeFile, writeSync } from "node:fs";
import type { Timers } from "../platform/timers.ts";

export interface LineQueueOptions<T> {
  /** Limit of waiting items; further items are dropped. */
  readonly maxWaiting: number;
  /** Formats one line with its line end, just before the write. */
  readonly format: (item: T) => string;
  readonly onDropped: (lines: number) => void;
  readonly timers: Timers;
  /** Writes a text and then calls `done`. Default: standard error. */
  readonly write?: (text: string, done: (error: NodeJS.ErrnoException | null) => void) => void;
  /** Writes a text at once, for the end of the process. */
  readonly writeNow?: (text: string) => void;
}

/** Time for which lines are collected into one write. */
const COLLECT_MS = 50;
/** PIPE_BUF of Linux: a write of at most this size into a pipe is atomic (pipe(7)). */
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

  /** Writes the waiting lines at once. */
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
      // The reader is busy: these lines are written again later, and later lines wait.
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

  /**
   * Frees written items while the queue is not empty too: with a slow reader, the queue may not be empty for days.
   */
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
    // EAGAIN, EPIPE: no process reads, so the lines are dropped.
  }
}
