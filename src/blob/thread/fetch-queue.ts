/**
 * Fetches of blobs that this node should hold: a bounded queue with a bounded number of workers for what is missing,
 * and a way around both for a gateway whose client waits. One blob is fetched once, whoever asks.
 */
import { mapKeyOf } from "../../platform/bytes.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Timers } from "../../platform/timers.ts";
import type { Fatal } from "../../threads/worker-host.ts";
import type { BlobStore } from "../types.ts";
import type { BlobCounts } from "./counts.ts";
import type { Damaged } from "./damaged.ts";
import type { LocalWrites } from "./local-writes.ts";
import type { Found, Search, Sources } from "./sources.ts";
import type { BlobMetrics, FetchEnd, FetchReason, WantedBlob } from "./types.ts";

/** Queued blobs that one turn finds to need no fetch. @internal */
export const ENDED_PER_TURN = 64;

export interface FetchQueueOptions {
  readonly store: Pick<BlobStore, "has">;
  readonly counts: Pick<BlobCounts, "isOpen" | "isReachable">;
  readonly damaged: Pick<Damaged, "has">;
  readonly writes: Pick<LocalWrites, "keep" | "hasSpace">;
  readonly sources: Sources;
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly timers: Timers;
  readonly workers: number;
  /** Blobs that may wait. */
  readonly queueSize: number;
  /** Fetches for clients at the same time: each holds a blob in memory. Others wait. */
  readonly readsMax: number;
  readonly metrics: Pick<BlobMetrics, "fetched">;
  /** Called at the end of a fetch that was queued. */
  readonly onEnd: (end: FetchEnd) => void;
  readonly fatal: Fatal;
}

/** `known`: the blob waits or is being fetched already. */
export type Offered = "queued" | "known" | "full";

interface Job extends Search {
  readonly key: string;
  /** `read`: nobody has said yet that this node should hold the blob. */
  reason: FetchReason;
  /** Monotonic milliseconds. */
  readonly dueMs: number;
  running: boolean;
  readonly found: PromiseWithResolvers<Found>;
}

export class FetchQueue {
  readonly #options: FetchQueueOptions;
  /** Everything that waits or runs, by SHA-256. */
  readonly #jobs = new Map<string, Job>();
  /** In the order of their arrival. */
  readonly #queue = new Set<Job>();
  readonly #reads = new Set<Job>();
  #runningReads = 0;
  #running = 0;
  /** Jobs that are not for a client alone. */
  #wanted = 0;
  #cancelTimer: (() => void) | undefined;
  #stopped = false;

  constructor(options: FetchQueueOptions) {
    this.#options = options;
  }

  /** Missing blobs that wait or are being fetched, also those that are fetched at once for a client. */
  get size(): number {
    return this.#wanted;
  }

  get waiting(): number {
    return this.#queue.size;
  }

  /**
   * Queues a blob that is missing (`backfill`) or damaged (`repair`).
   * @param delayMs not earlier: a push of the blob may be on its way
   */
  offer(wanted: WantedBlob, reason: Exclude<FetchReason, "read"> = "backfill", delayMs = 0): Offered {
    const key = mapKeyOf(wanted.sha256);
    const known = this.#jobs.get(key);
    if (known !== undefined) {
      // The blob is missing until this fetch has stored it, and when this fetch fails.
      if (known.reason === "read") this.#want(known, reason);
      return "known";
    }
    if (this.#stopped || this.#queue.size >= this.#options.queueSize) return "full";
    const job = this.#newJob(key, wanted, reason, delayMs);
    this.#queue.add(job);
    this.#pump();
    return "queued";
  }

  /** The blob has come by another way: a fetch that waits is not needed. */
  written(sha256: Uint8Array): void {
    const job = this.#jobs.get(mapKeyOf(sha256));
    if (job !== undefined && this.#queue.delete(job)) this.#end(job, job.reason, "held");
  }

  /** For a client that waits. The caller has looked at this node's own copy. */
  read(wanted: WantedBlob): Promise<Found> {
    if (this.#stopped) return Promise.resolve("closed");
    const key = mapKeyOf(wanted.sha256);
    const job = this.#jobs.get(key) ?? this.#newJob(key, wanted, "read", 0);
    job.urgent = true;
    if (job.running) job.wake?.();
    else {
      this.#queue.delete(job);
      this.#reads.add(job);
      this.#pump();
    }
    return job.found.promise;
  }

  /** Reads that wait get `closed`. */
  stop(): void {
    this.#stopped = true;
    this.#cancelTimer?.();
    this.#options.sources.stop();
    for (const job of this.#jobs.values()) {
      job.wake?.();
      if (!job.running) job.found.resolve("closed");
    }
    this.#queue.clear();
    this.#reads.clear();
  }

  #newJob(key: string, wanted: WantedBlob, reason: FetchReason, delayMs: number): Job {
    const job: Job = {
      key,
      // A view of a message would keep the whole message.
      wanted: { ...wanted, sha256: wanted.sha256.slice() },
      reason: "read",
      urgent: false,
      wake: undefined,
      dueMs: this.#options.clock.monotonicMs() + delayMs,
      running: false,
      found: Promise.withResolvers<Found>(),
    };
    this.#jobs.set(key, job);
    if (reason !== "read") this.#want(job, reason);
    return job;
  }

  #want(job: Job, reason: FetchReason): void {
    job.reason = reason;
    this.#wanted++;
  }

  #pump(): void {
    if (this.#stopped) return;
    for (const job of this.#reads) {
      if (this.#runningReads >= this.#options.readsMax) break;
      this.#reads.delete(job);
      this.#start(job, true);
    }
    let ended = 0;
    for (const job of this.#queue) {
      if (this.#running >= this.#options.workers) break;
      // The thread handles its messages between two stretches of blobs that need no fetch.
      const waitMs = ended < ENDED_PER_TURN ? job.dueMs - this.#options.clock.monotonicMs() : 1;
      if (waitMs > 0) {
        this.#wakeIn(waitMs);
        break;
      }
      this.#queue.delete(job);
      const end = this.#endAtOnce(job);
      if (end === undefined) {
        this.#start(job, false);
        continue;
      }
      ended++;
      this.#end(job, job.reason, end);
    }
  }

  #wakeIn(ms: number): void {
    this.#cancelTimer ??= this.#options.timers.later(() => {
      this.#cancelTimer = undefined;
      this.#pump();
    }, ms);
  }

  #start(job: Job, isRead: boolean): void {
    job.running = true;
    if (isRead) this.#runningReads++;
    else this.#running++;
    this.#run(job).then(
      (end) => {
        if (isRead) this.#runningReads--;
        else this.#running--;
        this.#end(job, isRead ? "read" : job.reason, end);
        this.#pump();
      },
      (error: unknown) => {
        if (!this.#stopped) this.#options.fatal(`a fetch failed: ${String(error)}`, error);
      },
    );
  }

  #end(job: Job, reason: FetchReason, end: FetchEnd): void {
    this.#jobs.delete(job.key);
    this.#options.metrics.fetched(reason, end);
    if (job.reason === "read") return;
    this.#wanted--;
    this.#options.onEnd(end);
  }

  async #run(job: Job): Promise<FetchEnd> {
    const { sources, writes } = this.#options;
    const found = await sources.search(job);
    job.found.resolve(found);
    if (typeof found === "string") return found;
    // A client that waits has its bytes now. This node keeps them only when they still belong here.
    const useless = this.#useless(job);
    if (useless !== undefined) return useless;
    const result = await writes.keep(job.wanted.sha256, found);
    return result === "stored" ? "stored" : result === "disk-full" ? "full" : "closed";
  }

  /** How a queued fetch ends without asking anybody; undefined when it must ask. */
  #endAtOnce(job: Job): FetchEnd | undefined {
    return this.#useless(job) ?? (this.#options.writes.hasSpace() ? undefined : "full");
  }

  /** Why the blob need not be fetched or written; looked up again after the fetch. */
  #useless(job: Job): "held" | "gone" | undefined {
    const { store, damaged, counts } = this.#options;
    const { sha256 } = job.wanted;
    if (store.has(sha256) && !damaged.has(sha256)) return "held";
    return counts.isOpen && counts.isReachable(sha256) ? undefined : "gone";
  }
}
