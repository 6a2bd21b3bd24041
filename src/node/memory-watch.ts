/**
 * Watches the memory that the kernel counts against this node (docs/decisions/150-memory-watermark.md). Above the lower
 * mark the gateways refuse new uploads. Above the upper mark for some seconds the node stops as after SIGTERM, and its
 * supervisor starts it again, before the kernel kills it.
 */
import type { Watermark } from "../config/watermark.ts";
import type { Logger } from "../monitoring/log.ts";
import type { ThreadMetrics } from "../monitoring/thread-metrics.ts";
import type { Clock } from "../platform/clock.ts";
import type { MemoryAccount } from "../platform/memory-account.ts";
import type { Timers } from "../platform/timers.ts";

export interface MemoryWatchOptions {
  /** undefined: uploads are never refused. */
  readonly lower: Watermark | undefined;
  /** undefined: the node never ends. */
  readonly upper: Watermark | undefined;
  /** Finds the account: an operator may change the limit while the node runs. */
  readonly account: () => MemoryAccount | undefined;
  /** Collects garbage now, and gives free memory back to the system. */
  readonly collect: () => void;
  /** Uploads are refused from now on, or taken again. */
  readonly onShort: (short: boolean) => void;
  /** The node serves: only then does an end help, because a start would need the same memory again. */
  readonly serving: () => boolean;
  /** The node has to stop, and to be started again; called once. */
  readonly onExhausted: (reason: string) => void;
  /** The stop takes too long: the memory is about to run out; called once at most. */
  readonly onOverdue: () => void;
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly timers: Pick<Timers, "later">;
  readonly metrics: ThreadMetrics;
  readonly log: Pick<Logger, "info" | "warn" | "error">;
}

/** Time between two checks: each reads two small files of the kernel. */
const CHECK_MS = 250;
/** The same above the lower mark: uploads alone can take 100 MiB in a second. */
const CHECK_SHORT_MS = 50;
/** Part of the limit that bodies of uploads may take: without it, a budget above the limit would fill memory between two checks. */
const BODIES_SHARE = 1 / 2;
/** Interval at which the account is found again. */
const FIND_MS = 10_000;
/** Uploads are taken again below this part of the lower mark, so that they are not refused again at once. */
const RESUME_SHARE = 15 / 16;
/** A full collection stops the gateway for a moment: minimum time between two. */
const COLLECT_EVERY_MS = 1_000;
/** Above the upper mark a collection gets this time to help. */
const PATIENCE_MS = 3_000;
/** The time a node serves at least before it ends for its memory, so that a limit too small makes no fast circle. */
const AGE_MIN_MS = 30_000;
/**
 * Above the upper mark and this part of what is left of the limit, no time is left to wait: the end of the process takes
 * some MiB itself.
 */
const LAST_SHARE = 1 / 2;

interface Marks {
  readonly lower: number;
  readonly upper: number;
  readonly last: number;
}

export class MemoryWatch {
  readonly #options: MemoryWatchOptions;
  #account: MemoryAccount | undefined;
  #marks: Marks = NO_MARKS;
  #foundMs = Number.NEGATIVE_INFINITY;
  #used = 0;
  #short = false;
  #collectedMs = Number.NEGATIVE_INFINITY;
  #servesSinceMs: number | undefined;
  /** The node was below the upper mark while it served: an end gives memory back. */
  #wasBelow = false;
  #aboveSinceMs: number | undefined;
  #toldTooSmall = false;
  #state: "watching" | "ending" | "overdue" = "watching";
  #cancel = (): void => {};

  constructor(options: MemoryWatchOptions) {
    this.#options = options;
  }

  start(): void {
    const { timers, log } = this.#options;
    this.check();
    if (this.#account === undefined) {
      log.warn("the kernel does not show how much memory there is: no watermark is in force");
      return;
    }
    log.info("memory watermarks", {
      limitBytes: this.#account.limitBytes,
      source: this.#account.source,
      uploadsRefusedFromBytes: finite(this.#marks.lower),
      endsFromBytes: finite(this.#marks.upper),
      usedBytes: this.#used,
    });
    const again = (): void => {
      this.check();
      this.#cancel = timers.later(again, this.#short ? CHECK_SHORT_MS : CHECK_MS);
    };
    this.#cancel = timers.later(again, CHECK_MS);
  }

  stop(): void {
    this.#cancel();
  }

  /** The budget of body bytes: `wanted`, or less where memory is small. @param least one entry must fit */
  bodyBytes(wanted: number, least: number): number {
    const { lower, log } = this.#options;
    if (this.#account === undefined || lower === undefined) return wanted;
    const most = Math.max(least, Math.floor(this.#account.limitBytes * BODIES_SHARE));
    if (most >= wanted) return wanted;
    log.warn("s3-put-admission-max-inflight-bytes is above half of the memory limit: that half is in force", {
      wantedBytes: wanted,
      bytes: most,
    });
    return most;
  }

  /** New uploads are refused. */
  get short(): boolean {
    return this.#short;
  }

  /** What an operator should know; undefined: nothing. */
  get status(): string | undefined {
    return this.#short ? `short of memory (${this.#inWords()}): new uploads are refused` : undefined;
  }

  /** Checks once. @internal */
  check(): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs - this.#foundMs >= FIND_MS) this.#find(nowMs);
    const used = this.#account?.usedBytes();
    if (used === undefined) return;
    this.#used = used;
    this.#options.metrics.gauge("memoryUsed").labels().set(used);
    this.#checkLower(nowMs);
    this.#checkUpper(nowMs);
  }

  #find(nowMs: number): void {
    const { account, lower, upper, metrics } = this.#options;
    this.#foundMs = nowMs;
    const found = account();
    if (found === undefined) return;
    this.#account = found;
    this.#marks = marksOf(found.limitBytes, lower, upper);
    metrics.gauge("memoryLimit").labels().set(found.limitBytes);
  }

  #checkLower(nowMs: number): void {
    const { onShort, metrics, log } = this.#options;
    const bound = this.#short ? this.#marks.lower * RESUME_SHARE : this.#marks.lower;
    const short = this.#used >= bound;
    metrics
      .gauge("memoryShort")
      .labels()
      .set(short ? 1 : 0);
    if (short === this.#short) return;
    this.#short = short;
    const fields = { usedBytes: this.#used, limitBytes: this.#account?.limitBytes ?? 0 };
    onShort(short);
    if (short) {
      metrics.counter("memoryMarks").labels({ mark: "lower" }).inc();
      log.warn("short of memory: new uploads are refused", fields);
      this.#collect(nowMs);
    } else log.info("enough memory again: uploads are taken", fields);
  }

  #checkUpper(nowMs: number): void {
    const { serving, onOverdue, metrics, log } = this.#options;
    const { upper, last } = this.#marks;
    if (serving()) this.#servesSinceMs ??= nowMs;
    if (this.#used < upper) {
      if (serving()) this.#wasBelow = true;
      this.#aboveSinceMs = undefined;
      return;
    }
    if (this.#aboveSinceMs === undefined) {
      this.#aboveSinceMs = nowMs;
      metrics.counter("memoryMarks").labels({ mark: "upper" }).inc();
    }
    if (this.#state === "ending") {
      if (this.#used < last) return;
      this.#state = "overdue";
      log.error("memory runs out before the node has stopped: it ends at once", { usedBytes: this.#used });
      onOverdue();
    }
    if (this.#state !== "watching" || !serving()) return;
    if (nowMs - this.#collectedMs >= COLLECT_EVERY_MS) this.#collect(nowMs);
    if (!this.#wasBelow) this.#tellTooSmall();
    else if (this.#used >= last || nowMs - this.#aboveSinceMs >= PATIENCE_MS) this.#end(nowMs);
  }

  #end(nowMs: number): void {
    const { onExhausted, log } = this.#options;
    if (nowMs - (this.#servesSinceMs ?? nowMs) < AGE_MIN_MS) return;
    this.#state = "ending";
    log.error("memory is above the upper mark: this node stops, to be started again", {
      usedBytes: this.#used,
      upperBytes: this.#marks.upper,
      limitBytes: this.#account?.limitBytes ?? 0,
    });
    onExhausted(`out of memory: ${this.#inWords()}`);
  }

  /** A node that serves its first request above the mark would be above it after each start. */
  #tellTooSmall(): void {
    if (this.#toldTooSmall) return;
    this.#toldTooSmall = true;
    this.#options.log.error(
      "memory is above the upper mark since the start: another start would not help; the limit is too small",
      { usedBytes: this.#used, upperBytes: this.#marks.upper, source: this.#account?.source ?? "" },
    );
  }

  #collect(nowMs: number): void {
    this.#collectedMs = nowMs;
    this.#options.collect();
  }

  #inWords(): string {
    return `${mebibytes(this.#used)} of ${mebibytes(this.#account?.limitBytes ?? 0)} MiB`;
  }
}

const NO_MARKS: Marks = {
  lower: Number.POSITIVE_INFINITY,
  upper: Number.POSITIVE_INFINITY,
  last: Number.POSITIVE_INFINITY,
};

/** A lower mark above the upper one would never refuse: it is the upper one then. */
function marksOf(limitBytes: number, lower: Watermark | undefined, upper: Watermark | undefined): Marks {
  const highest = bytesOf(upper, limitBytes);
  return {
    lower: Math.min(bytesOf(lower, limitBytes), lower === undefined ? Number.POSITIVE_INFINITY : highest),
    upper: highest,
    last: Number.isFinite(highest)
      ? highest + Math.max(0, limitBytes - highest) * LAST_SHARE
      : Number.POSITIVE_INFINITY,
  };
}

function bytesOf(mark: Watermark | undefined, limitBytes: number): number {
  if (mark === undefined) return Number.POSITIVE_INFINITY;
  return "bytes" in mark ? mark.bytes : Math.floor((limitBytes * mark.percent) / 100);
}

const finite = (bytes: number): number | string => (Number.isFinite(bytes) ? bytes : "never");
const mebibytes = (bytes: number): number => Math.round(bytes / 1024 / 1024);
