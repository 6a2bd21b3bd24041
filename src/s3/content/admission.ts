/**
 * Bounds the body bytes this node has read and not yet committed (docs/design/contract.md, section 8). All gateways of
 * a node share one budget (admission-budget.ts).
 *
 * - `peekHeadroom` checks before the body is read, and reserves nothing. `refuseWhenShort` is its check for content that
 *   has no body: the bytes of a copy.
 * - `acquire` before the chunks of a batch are read; waiters are served in order, so no waiter starves. The permit is
 *   released exactly once, at the final outcome of the transaction that carries the chunks, or of their store.
 * - `enterUpload` before the body of several chunks is read. Such an upload takes a unit for its whole life, because the
 *   socket has always delivered more than its chunk has room for. So there are at most as many uploads as fit.
 *
 * An upload acquires space for a whole batch, and only when the upload has sent all that it holds (log/writer.ts,
 * blobs/writer.ts). So uploads that together fill the budget cannot wait for each other.
 */

import type { Clock } from "../../platform/clock.ts";
import type { Random } from "../../platform/random.ts";
import { systemTimers, type Timers } from "../../platform/timers.ts";
import { retryHeaders, S3Error } from "../protocol/errors.ts";
import { REQUEST_BYTES_MAX } from "../protocol/limits.ts";
import { AdmissionBudget, type BudgetShare } from "./admission-budget.ts";

/**
 * `memory`: before the body is read, because the node is short of memory. `prereserve`: before the body is read, because
 * the budget has no space. `perbatch`: while the body is read.
 */
type AdmissionStage = "memory" | "prereserve" | "perbatch";
export type AdmissionProtocol = "fixed-length" | "chunked";

export interface AdmissionMetrics {
  /** Body bytes of this gateway that are read and not yet committed at this moment. */
  inflightBytes(bytes: number): void;
  rejected(stage: AdmissionStage, protocol: AdmissionProtocol): void;
  waited(stage: AdmissionStage, protocol: AdmissionProtocol, seconds: number): void;
}

export interface AdmissionOptions {
  /** `ELASTICKV_S3_PUT_ADMISSION_MAX_INFLIGHT_BYTES`. */
  readonly capacityBytes: number;
  /** `ELASTICKV_S3_DISPATCH_ADMISSION_TIMEOUT`. */
  readonly timeoutMs: number;
  /**
   * `ELASTICKV_S3_PUT_ADMISSION_CHUNKED_INCREMENTAL`: false = `peekHeadroom` requires space for the largest object
   * before an aws-chunked body is read.
   */
  readonly chunkedIncremental: boolean;
  /** Budget of one entry: the largest space that `peekHeadroom` requires for any other body. */
  readonly entryBytes: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: AdmissionMetrics;
  readonly timers?: Pick<Timers, "later">;
  /** Undefined: this is the only gateway of the node. */
  readonly share?: BudgetShare | undefined;
}

/** The unit of the semaphore: one chunk. */
export const ADMISSION_UNIT_BYTES = 1024 * 1024;

/** Space for some chunks. */
export interface Permit {
  /** The first call returns the space; a second call is a bug and throws. */
  release(): void;
}

/**
 * The part of the budget that the units of uploads may take. With 256 MiB that is 96 uploads, for which a node of three
 * stays below 512 MiB (docs/decisions/093-blobs.md).
 */
const UPLOADS_SHARE = 3 / 8;
/** A small budget takes so many uploads all the same: they wait for each other's chunks. */
const UPLOADS_MIN = 8;

/** While requests wait, another gateway may have released space: time between two looks. */
const WATCH_MS = 5;

interface Waiter {
  readonly bytes: number;
  readonly ticket: number;
  readonly admit: () => void;
}

export class PutAdmission {
  readonly #options: AdmissionOptions;
  readonly #timers: Pick<Timers, "later">;
  readonly #budget: AdmissionBudget;
  readonly #waiters = new Set<Waiter>();
  readonly #capacityUnits: number;
  /** Units that uploads take at most. What is left of the budget must have room for the largest entry. */
  readonly #uploadUnitsMax: number;
  readonly #entryUnits: number;
  /** Bytes that requests of this gateway hold. */
  #held = 0;
  #watching = false;

  constructor(options: AdmissionOptions) {
    if (options.capacityBytes < ADMISSION_UNIT_BYTES) {
      throw new RangeError(`admission capacity ${options.capacityBytes} is below one chunk`);
    }
    this.#options = options;
    this.#timers = options.timers ?? systemTimers;
    this.#budget = new AdmissionBudget(options.share);
    const { capacityBytes, entryBytes } = options;
    this.#capacityUnits = Math.floor(capacityBytes / ADMISSION_UNIT_BYTES);
    this.#entryUnits = units(entryBytes) / ADMISSION_UNIT_BYTES;
    const beside = this.#capacityUnits - this.#entryUnits;
    this.#uploadUnitsMax = Math.max(0, Math.min(Math.floor(this.#capacityUnits * UPLOADS_SHARE), beside));
  }

  get capacityBytes(): number {
    return this.#options.capacityBytes;
  }

  /** Bytes in use, by all gateways. */
  get inUseBytes(): number {
    return this.#budget.inUse * ADMISSION_UNIT_BYTES;
  }

  /** Units that bodies may take beside the units of the uploads under way. */
  get #unitsForBodies(): number {
    const most = this.#capacityUnits - Math.min(this.#budget.uploads, this.#uploadUnitsMax);
    const { shortUnits } = this.#budget;
    // One entry must fit, so that uploads under way come to their end, one after the other if need be.
    return shortUnits === undefined ? most : Math.min(most, Math.max(shortUnits, this.#entryUnits));
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  /**
   * A node that is short of memory takes no new content. What it has begun to take goes on with the space that all of it
   * holds at that moment.
   * @throws S3Error SlowDown
   */
  refuseWhenShort(protocol: AdmissionProtocol): void {
    if (this.#budget.shortUnits === undefined) return;
    this.#options.metrics.rejected("memory", protocol);
    throw new S3Error("SlowDown", {
      message: "The server is short of memory. Please reduce your request rate.",
      headers: retryHeaders(this.#options.random),
    });
  }

  /**
   * Is there space to begin with a body of `length` bytes? A body longer than one entry's budget acquires space while
   * the body is read, so only one entry's budget must be free. @throws S3Error SlowDown
   */
  peekHeadroom(length: number, protocol: AdmissionProtocol): void {
    if (length === 0) return;
    this.refuseWhenShort(protocol);
    const { entryBytes, chunkedIncremental, capacityBytes, metrics } = this.#options;
    const whole = protocol === "chunked" && !chunkedIncremental;
    const wanted = whole ? REQUEST_BYTES_MAX : Math.min(length, entryBytes, capacityBytes);
    // Free space belongs to the requests that already wait.
    const free = this.#unitsForBodies - this.#budget.inUse;
    if (!this.#budget.hasWaiters && units(wanted) <= free * ADMISSION_UNIT_BYTES) return;
    metrics.rejected("prereserve", protocol);
    throw this.#slowDown(false);
  }

  /**
   * Admits an upload of several chunks, before its body is read. The caller calls the returned function once, at the end
   * of the upload. @throws S3Error SlowDown
   */
  enterUpload(protocol: AdmissionProtocol): () => void {
    if (!this.#budget.addUpload(Math.max(UPLOADS_MIN, this.#uploadUnitsMax))) {
      this.#options.metrics.rejected("prereserve", protocol);
      throw this.#slowDown(false);
    }
    let inside = true;
    return () => {
      if (!inside) throw new Error("an upload left admission twice");
      inside = false;
      this.#budget.removeUpload();
      this.#admitWaiters();
    };
  }

  /**
   * Chunks that one upload should hold at most: a quarter of the budget, divided evenly among the running uploads.
   * Deep pipelines help a few uploads. With many uploads, the other uploads keep the pipeline full, and depth only
   * costs memory (decision 020). So it does when memory is short.
   */
  get fairShare(): number {
    if (this.#budget.shortUnits !== undefined) return 1;
    const quarter = this.#options.capacityBytes / ADMISSION_UNIT_BYTES / 4;
    return Math.max(1, Math.floor(quarter / Math.max(1, this.#budget.uploads)));
  }

  /** Returns a permit when space is free and no request waits; never waits itself. */
  tryAcquire(bytes: number): Permit | undefined {
    const wanted = this.#checked(bytes);
    return this.#budget.hasWaiters || !this.#take(wanted) ? undefined : this.#grant(wanted);
  }

  /**
   * Waits for space, at most the configured time. @throws S3Error SlowDown, also when `bytes` exceed the capacity;
   * IncompleteBody when `signal` aborts
   */
  acquire(bytes: number, protocol: AdmissionProtocol, signal?: AbortSignal): Promise<Permit> {
    let wanted: number;
    try {
      wanted = this.#checked(bytes);
    } catch (error) {
      this.#options.metrics.rejected("perbatch", protocol);
      return Promise.reject(error);
    }
    const permit = this.tryAcquire(wanted);
    return permit === undefined ? this.#wait(wanted, protocol, signal) : Promise.resolve(permit);
  }

  #wait(wanted: number, protocol: AdmissionProtocol, signal: AbortSignal | undefined): Promise<Permit> {
    const { clock, metrics, timeoutMs } = this.#options;
    const since = clock.monotonicMs();
    return new Promise<Permit>((resolve, reject) => {
      const settle = (): void => {
        cancel();
        signal?.removeEventListener("abort", onAbort);
        this.#waiters.delete(waiter);
        this.#tellFirst();
        metrics.waited("perbatch", protocol, (clock.monotonicMs() - since) / 1000);
      };
      const refuse = (error: S3Error): void => {
        settle();
        metrics.rejected("perbatch", protocol);
        reject(error);
        // A large request at the head may have blocked smaller requests.
        this.#admitWaiters();
      };
      const waiter: Waiter = {
        bytes: wanted,
        ticket: this.#budget.newTicket(),
        admit: () => {
          settle();
          resolve(this.#grant(wanted));
        },
      };
      const onAbort = (): void => refuse(new S3Error("IncompleteBody", { close: true }));
      const cancel = this.#timers.later(() => refuse(this.#slowDown(true)), timeoutMs);
      this.#waiters.add(waiter);
      this.#tellFirst();
      this.#watch();
      if (signal?.aborted === true) onAbort();
      else signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  #checked(bytes: number): number {
    const wanted = units(bytes);
    if (wanted > this.#options.capacityBytes) {
      throw new S3Error("SlowDown", {
        message: `This request needs ${wanted} bytes of buffer; the server has ${this.#options.capacityBytes}.`,
        close: true,
      });
    }
    return wanted;
  }

  #take(wanted: number): boolean {
    return this.#budget.take(wanted / ADMISSION_UNIT_BYTES, this.#unitsForBodies);
  }

  /** The permit for space that was taken. */
  #grant(wanted: number): Permit {
    this.#hold(wanted);
    let held = true;
    return {
      release: () => {
        if (!held) throw new Error("an admission permit was released twice");
        held = false;
        this.#budget.giveBack(wanted / ADMISSION_UNIT_BYTES);
        this.#hold(-wanted);
        this.#admitWaiters();
      },
    };
  }

  #hold(change: number): void {
    this.#held += change;
    if (this.#held < 0) throw new Error(`the requests of a gateway hold ${this.#held} bytes`);
    this.#options.metrics.inflightBytes(this.#held);
  }

  #admitWaiters(): void {
    for (const waiter of this.#waiters) {
      if (!this.#budget.isFirst(waiter.ticket) || !this.#take(waiter.bytes)) return;
      waiter.admit();
    }
  }

  #tellFirst(): void {
    const [first] = this.#waiters;
    this.#budget.setFirst(first?.ticket);
  }

  /** Releases of other gateways are not reported: looks for them while requests wait. */
  #watch(): void {
    if (this.#watching || !this.#budget.isShared || this.#waiters.size === 0) return;
    this.#watching = true;
    this.#timers.later(() => {
      this.#watching = false;
      this.#admitWaiters();
      this.#watch();
    }, WATCH_MS);
  }

  /** @param bodyRead the client is sending the body and must stop, so the server closes the connection */
  #slowDown(bodyRead: boolean): S3Error {
    return new S3Error("SlowDown", { headers: retryHeaders(this.#options.random), close: bodyRead });
  }
}

/** Rounds up to whole chunks: a partial chunk takes a whole unit. */
function units(bytes: number): number {
  return Math.ceil(bytes / ADMISSION_UNIT_BYTES) * ADMISSION_UNIT_BYTES;
}
