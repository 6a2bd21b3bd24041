/**
 * Finds reachable blobs that this node does not hold: walks all count rows, page by page, and queues what is missing.
 * A walk counts what did not fit into the queue; when the queue has room again, the walk goes on from there.
 * When a fetch ended because nobody could be asked or the disk was full, the next walk comes soon, later each time.
 */
import type { Timers } from "../../platform/timers.ts";
import { compareKeys } from "../../store/key-encoding.ts";
import type { Fatal } from "../../threads/worker-host.ts";
import type { BlobStore } from "../types.ts";
import type { BlobCounts } from "./counts.ts";
import type { FetchQueue } from "./fetch-queue.ts";
import type { CountedBlob, FetchEnd, WantedBlob } from "./types.ts";

/** Count rows that one step looks at. */
const WALK_PAGE = 256;
/** Pause between two steps: the thread serves pushes meanwhile. */
const STEP_PAUSE_MS = 5;
/** From a failed fetch to the next walk, at first; doubled as long as fetches fail. @internal */
export const RETRY_MS = 1_000;

export interface BackfillOptions {
  readonly store: Pick<BlobStore, "has">;
  readonly counts: Pick<BlobCounts, "page">;
  readonly queue: Pick<FetchQueue, "offer" | "size" | "waiting">;
  readonly timers: Timers;
  /** From the end of a walk to the next. */
  readonly intervalMs: number;
  /** Half of the queue: when fewer blobs wait, the walk goes on. */
  readonly refillBelow: number;
  readonly fatal: Fatal;
}

/** After this SHA-256; undefined: the first row. */
interface Place {
  readonly after: Uint8Array | undefined;
}

/** `all`: looks at every row. `refill`: goes on until the queue is full. */
interface Walk {
  readonly kind: "all" | "refill";
  after: Uint8Array | undefined;
}

export class Backfill {
  readonly #options: BackfillOptions;
  #walk: Walk | undefined;
  #cancel: (() => void) | undefined;
  /** A walk over all rows of this keyspace has ended. */
  #complete = false;
  /** Missing blobs that the queue did not take, and where a walk finds the first of them. */
  #overflow = 0;
  #overflowFrom: Place | undefined;
  /** Fetches that failed since the beginning of the walk before: these blobs are missing, and not queued. */
  #failed = 0;
  /** The next walk is for fetches that may end well soon. */
  #retrying = false;
  #retryMs = RETRY_MS;
  /** What was missing when the present walk over all rows began: its first rows must not read as "nothing is missing". */
  #before = 0;
  #stopped = false;

  constructor(options: BackfillOptions) {
    this.#options = options;
  }

  /** Reachable blobs that this node does not hold, as far as the last walk knows; undefined before its end. */
  get missing(): number | undefined {
    return this.#complete ? Math.max(this.#before, this.#counted()) : undefined;
  }

  /** Begins a walk now: the keyspace is open, or another keyspace is in force. */
  restart(): void {
    this.#complete = false;
    this.#begin("all", undefined);
  }

  /** A reference was applied, and the blob is not here. */
  onReferenced(wanted: WantedBlob, delayMs: number): void {
    if (this.#options.queue.offer(wanted, "backfill", delayMs) === "full")
      this.#overflowed({ after: undefined });
  }

  /** A reference was applied, and nobody looked whether the blob is here. */
  onOverlooked(): void {
    this.#overflowed({ after: undefined });
    this.#refill();
  }

  /** A queued fetch has ended. */
  onFetchEnd(end: FetchEnd): void {
    if (end === "not-found" || end === "unreachable" || end === "full") this.#failed++;
    // `not-found`: everybody was asked, and asking again soon helps nobody.
    if (end === "unreachable" || end === "full") this.#retry();
    this.#refill();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  /** A connection that broke is there again in a moment; a blob need not wait for the next walk by the interval. */
  #retry(): void {
    if (this.#retrying) return;
    this.#retrying = true;
    if (this.#walk === undefined) this.#later(this.#pauseMs());
  }

  /** From the end of a walk to the next. */
  #pauseMs(): number {
    const { intervalMs } = this.#options;
    return this.#retrying ? Math.min(this.#retryMs, intervalMs) : intervalMs;
  }

  #counted(): number {
    return this.#options.queue.size + this.#overflow + this.#failed;
  }

  #refill(): void {
    const { queue, refillBelow } = this.#options;
    if (this.#overflowFrom === undefined || this.#walk !== undefined || queue.waiting >= refillBelow) return;
    this.#begin("refill", this.#overflowFrom.after);
  }

  #begin(kind: "all" | "refill", after: Uint8Array | undefined): void {
    this.#walk = { kind, after };
    this.#overflowFrom = undefined;
    if (kind === "all") {
      this.#before = this.#complete ? Math.max(this.#before, this.#counted()) : 0;
      this.#overflow = 0;
      this.#failed = 0;
      this.#retryMs = this.#retrying ? Math.min(2 * this.#retryMs, this.#options.intervalMs) : RETRY_MS;
      this.#retrying = false;
    }
    this.#later(STEP_PAUSE_MS);
  }

  #later(ms: number): void {
    this.#cancel?.();
    this.#cancel = this.#options.timers.later(() => {
      if (this.#stopped) return;
      try {
        this.#step();
      } catch (error) {
        this.#options.fatal(`the walk over the blobs' counts failed: ${String(error)}`, error);
      }
    }, ms);
  }

  #step(): void {
    const walk = this.#walk;
    if (walk === undefined) {
      this.#begin("all", undefined);
      return;
    }
    const page = this.#options.counts.page(walk.after, WALK_PAGE);
    for (const counted of page) {
      if (!this.#visit(walk, counted)) {
        this.#end();
        return;
      }
      walk.after = counted.sha256;
    }
    if (page.length === WALK_PAGE) {
      this.#later(STEP_PAUSE_MS);
      return;
    }
    if (walk.kind === "all") {
      this.#complete = true;
      this.#before = 0;
    } else if (this.#overflowFrom === undefined) this.#overflow = 0;
    this.#end();
  }

  /** Returns false when the walk must stop before this row. */
  #visit(walk: Walk, { sha256, size, references }: CountedBlob): boolean {
    const { store, queue } = this.#options;
    if (references === 0 || store.has(sha256)) return true;
    const offered = queue.offer({ sha256, size, source: 0 });
    if (walk.kind === "all") {
      if (offered === "full") this.#overflowed({ after: walk.after });
      return true;
    }
    if (offered === "full") {
      this.#notBefore({ after: walk.after });
      return false;
    }
    // What is counted stays above zero until a walk has seen the last row.
    if (offered === "queued" && this.#overflow > 1) this.#overflow--;
    return true;
  }

  #overflowed(place: Place): void {
    this.#overflow++;
    this.#notBefore(place);
  }

  /** The next walk that fills the queue begins here, or at an earlier place. */
  #notBefore({ after }: Place): void {
    const from = this.#overflowFrom;
    if (from === undefined) this.#overflowFrom = { after };
    else if (after === undefined || (from.after !== undefined && compareKeys(after, from.after) < 0)) {
      this.#overflowFrom = { after };
    }
  }

  #end(): void {
    this.#walk = undefined;
    this.#later(this.#pauseMs());
    this.#refill();
  }
}
