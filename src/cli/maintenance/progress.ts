/** Progress of a long command: one line that is rewritten on a terminal, else a line from time to time. */

export interface Screen {
  readonly isTerminal: boolean;
  /** Writes to standard error. */
  write(text: string): void;
}

const LINE_INTERVAL_MS = 10_000;
const REWRITE_INTERVAL_MS = 200;
/** Erases the line (ECMA-48, CSI K). */
const ERASE = "\r\u001b[K";

export class Progress {
  readonly #screen: Screen | undefined;
  readonly #clock: { monotonicMs(): number };
  #shownMs: number;
  #onLine = false;

  constructor(screen: Screen | undefined, clock: { monotonicMs(): number }) {
    this.#screen = screen;
    this.#clock = clock;
    this.#shownMs = clock.monotonicMs() - (screen?.isTerminal === true ? REWRITE_INTERVAL_MS : 0);
  }

  /** Shows the state of the work, when it is time to. */
  show(text: () => string): void {
    const screen = this.#screen;
    const now = this.#clock.monotonicMs();
    if (screen === undefined) return;
    if (now - this.#shownMs < (screen.isTerminal ? REWRITE_INTERVAL_MS : LINE_INTERVAL_MS)) return;
    this.#shownMs = now;
    screen.write(screen.isTerminal ? `${ERASE}${text()}` : `${text()}\n`);
    this.#onLine = screen.isTerminal;
  }

  /** A line of its own, as the reason of a pause. */
  say(text: string): void {
    this.clear();
    this.#screen?.write(`${text}\n`);
  }

  /** Removes the rewritten line, before other output. */
  clear(): void {
    if (this.#onLine) this.#screen?.write(ERASE);
    this.#onLine = false;
  }
}

/** 1536 -> `1.5 KiB`. */
export function roughSize(bytes: number): string {
  let value = bytes;
  let unit = "B";
  for (const next of ["KiB", "MiB", "GiB", "TiB", "PiB"]) {
    if (value < 1024) break;
    value /= 1024;
    unit = next;
  }
  return unit === "B" ? `${value} B` : `${value.toFixed(1)} ${unit}`;
}

/** `[#####-----]  50 %` */
export function bar(share: number, width = 20): string {
  const part = Math.max(0, Math.min(1, Number.isFinite(share) ? share : 0));
  const full = Math.floor(part * width);
  return `[${"#".repeat(full)}${"-".repeat(width - full)}] ${String(Math.floor(part * 100)).padStart(3)} %`;
}

/** Keeps a command below a number of bytes a second. */
export class Throttle {
  readonly #rate: number | undefined;
  readonly #clock: { monotonicMs(): number };
  readonly #sleep: (ms: number) => Promise<void>;
  #freeAtMs = 0;

  constructor(
    rate: number | undefined,
    clock: { monotonicMs(): number },
    sleep: (ms: number) => Promise<void>,
  ) {
    this.#rate = rate;
    this.#clock = clock;
    this.#sleep = sleep;
  }

  /** Waits until the bytes that went before have had their time, and then begins the time of these. */
  async took(bytes: number): Promise<void> {
    if (this.#rate === undefined) return;
    const now = this.#clock.monotonicMs();
    this.#freeAtMs = Math.max(now, this.#freeAtMs) + (bytes / this.#rate) * 1000;
    if (this.#freeAtMs > now) await this.#sleep(this.#freeAtMs - now);
  }
}
