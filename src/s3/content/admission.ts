/**
 * Bounds the body bytes this node has read and not yet committed (docs/design/contract.md, section 8).
 *
 * - `peekHeadroom` at the door checks and holds nothing.
 * - `acquire` before the chunks of a batch are read; waiters are served in order, so none starves. What it returns is
 *   given back exactly once, at the final outcome of the transaction that carries the chunks.
 *
 * An upload asks for a whole batch, and only when everything it holds is on its way to be committed
 * (chunks/writer.ts). So uploads that together fill the budget cannot wait for each other.
 */

import type { Clock } from "../../platform/clock.ts";
import type { Random } from "../../platform/random.ts";
import { systemTimers, type Timers } from "../../platform/timers.ts";
import { retryHeaders, S3Error } from "../protocol/errors.ts";
import { REQUEST_BYTES_MAX } from "../protocol/limits.ts";

/** `prereserve`: at the door. `perbatch`: while the body was being read. */
type AdmissionStage = "prereserve" | "perbatch";
export type AdmissionProtocol = "fixed-length" | "chunked";

export interface AdmissionMetrics {
  /** Body bytes read and not yet committed, now. */
  inflightBytes(bytes: number): void;
  rejected(stage: AdmissionStage, protocol: AdmissionProtocol): void;
  waited(stage: AdmissionStage, protocol: AdmissionProtocol, seconds: number): void;
}

export interface AdmissionOptions {
  /** `ELASTICKV_S3_PUT_ADMISSION_MAX_INFLIGHT_BYTES`. */
  readonly capacityBytes: number;
  /** `ELASTICKV_S3_DISPATCH_ADMISSION_TIMEOUT`. */
  readonly timeoutMs: number;
  /** `ELASTICKV_S3_PUT_ADMISSION_CHUNKED_INCREMENTAL`: false = an aws-chunked body must find space for the largest
   *  object at the door. */
  readonly chunkedIncremental: boolean;
  /** What an aws-chunked body must find space for otherwise, and the most any body must: one entry's budget. */
  readonly entryBytes: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: AdmissionMetrics;
  readonly timers?: Pick<Timers, "later">;
}

/** The unit of the semaphore: one chunk. */
export const ADMISSION_UNIT_BYTES = 1024 * 1024;

/** Space for some chunks. */
export interface Permit {
  /** The first call gives the space back; a further one is a bug and throws. */
  release(): void;
}

interface Waiter {
  readonly bytes: number;
  readonly admit: () => void;
}

export class PutAdmission {
  readonly #options: AdmissionOptions;
  readonly #timers: Pick<Timers, "later">;
  readonly #waiters = new Set<Waiter>();
  #inUse = 0;
  #uploads = 0;

  constructor(options: AdmissionOptions) {
    if (options.capacityBytes < ADMISSION_UNIT_BYTES) {
      throw new RangeError(`admission capacity ${options.capacityBytes} is below one chunk`);
    }
    this.#options = options;
    this.#timers = options.timers ?? systemTimers;
  }

  get capacityBytes(): number {
    return this.#options.capacityBytes;
  }

  get inUseBytes(): number {
    return this.#inUse;
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  /**
   * Is there space to begin with a body of `length` bytes? A body longer than one entry's budget pays as it is read, so
   * no more than that has to be free. @throws S3Error SlowDown
   */
  peekHeadroom(length: number, protocol: AdmissionProtocol): void {
    if (length === 0) return;
    const { entryBytes, chunkedIncremental, capacityBytes, metrics } = this.#options;
    const whole = protocol === "chunked" && !chunkedIncremental;
    const wanted = whole ? REQUEST_BYTES_MAX : Math.min(length, entryBytes, capacityBytes);
    // Those who wait already are owed what is free.
    if (this.#waiters.size === 0 && this.#inUse + units(wanted) <= capacityBytes) return;
    metrics.rejected("prereserve", protocol);
    throw this.#slowDown(false);
  }

  /** An upload of several chunks begins; call what it returns once when it has ended. */
  enterUpload(): () => void {
    this.#uploads++;
    let inside = true;
    return () => {
      if (!inside) throw new Error("an upload left admission twice");
      inside = false;
      this.#uploads--;
    };
  }

  /**
   * Chunks that one upload should hold at most while so many are under way: a quarter of the budget, evenly. Deep
   * pipelines help a few uploads; with many, the others keep the pipeline full, and depth only costs memory
   * (decision 020).
   */
  get fairShare(): number {
    const quarter = this.#options.capacityBytes / ADMISSION_UNIT_BYTES / 4;
    return Math.max(1, Math.floor(quarter / Math.max(1, this.#uploads)));
  }

  /** A permit when one is free and nobody is waiting for it; never waits. */
  tryAcquire(bytes: number): Permit | undefined {
    const wanted = this.#checked(bytes);
    if (this.#waiters.size > 0 || this.#inUse + wanted > this.#options.capacityBytes) return undefined;
    return this.#grant(wanted);
  }

  /** Waits for space, at most the configured time. @throws S3Error SlowDown; RangeError when it can never fit. */
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
        metrics.waited("perbatch", protocol, (clock.monotonicMs() - since) / 1000);
      };
      const refuse = (error: S3Error): void => {
        settle();
        metrics.rejected("perbatch", protocol);
        reject(error);
        // A large request at the head may have stood in the way of smaller ones.
        this.#admitWaiters();
      };
      const waiter: Waiter = {
        bytes: wanted,
        admit: () => {
          settle();
          resolve(this.#grant(wanted));
        },
      };
      const onAbort = (): void => refuse(new S3Error("IncompleteBody", { close: true }));
      const cancel = this.#timers.later(() => refuse(this.#slowDown(true)), timeoutMs);
      this.#waiters.add(waiter);
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

  #grant(wanted: number): Permit {
    this.#use(wanted);
    let held = true;
    return {
      release: () => {
        if (!held) throw new Error("an admission permit was released twice");
        held = false;
        this.#use(-wanted);
        this.#admitWaiters();
      },
    };
  }

  #use(change: number): void {
    this.#inUse += change;
    if (this.#inUse < 0 || this.#inUse > this.#options.capacityBytes) {
      throw new Error(`admission holds ${this.#inUse} of ${this.#options.capacityBytes} bytes`);
    }
    this.#options.metrics.inflightBytes(this.#inUse);
  }

  #admitWaiters(): void {
    for (const waiter of this.#waiters) {
      if (this.#inUse + waiter.bytes > this.#options.capacityBytes) return;
      waiter.admit();
    }
  }

  /** @param bodyRead the client is sending: it must stop, so the connection goes. */
  #slowDown(bodyRead: boolean): S3Error {
    return new S3Error("SlowDown", { headers: retryHeaders(this.#options.random), close: bodyRead });
  }
}

/** Whole chunks: a body that ends in a partial one takes a unit for it. */
function units(bytes: number): number {
  return Math.ceil(bytes / ADMISSION_UNIT_BYTES) * ADMISSION_UNIT_BYTES;
}
