/**
 * Hash streams over a fixed set of threads. Each stream uses one thread, so that the bytes of the stream stay in
 * order.
 */

import type { HashAnswer } from "./hash-thread.ts";
import { HasherSet } from "./hashers.ts";
import type { HashPort, SpawnHashPort } from "./port.ts";
import { type Digests, type HashAlgorithm, HashError, type HashService, type HashStream } from "./types.ts";

/** Bodies up to this size are hashed in the calling thread: a message costs more than the hash. */
const INLINE_LIMIT_BYTES = 64 * 1024;
/**
 * Bytes of one stream that may wait in the hash thread before `update` returns a promise. One chunk is hashed while
 * the next chunk is filled; a larger window would only use more memory, for 64 uploads at a time.
 * @internal
 */
export const STREAM_WINDOW_BYTES = 1024 * 1024;

export interface HashPoolOptions {
  readonly spawn: SpawnHashPort;
  /** 0: everything is hashed inline. */
  readonly workers: number;
  /** A thread died. The streams of the thread fail with HashError; the process should end. */
  readonly onDeath?: (reason: string) => void;
}

interface Thread {
  readonly port: HashPort;
  readonly streams: Map<number, ThreadStream>;
  md5Streams: number;
  alive: boolean;
}

export class HashPool implements HashService {
  readonly #threads: Thread[] = [];
  readonly #onDeath: ((reason: string) => void) | undefined;
  #nextStream = 1;

  constructor(options: HashPoolOptions) {
    this.#onDeath = options.onDeath;
    for (let i = 0; i < options.workers; i++) this.#threads.push(this.#spawn(options.spawn));
  }

  open(
    algorithms: readonly HashAlgorithm[],
    expectedLength: number | undefined,
    options: { readonly cuts?: boolean } = {},
  ): HashStream {
    const cuts = options.cuts === true;
    const small = expectedLength !== undefined && expectedLength <= INLINE_LIMIT_BYTES;
    if (small || this.#threads.length === 0 || (algorithms.length === 0 && !cuts)) {
      return new InlineStream(new HasherSet(algorithms, cuts));
    }
    const hasMd5 = algorithms.includes("md5");
    const thread = hasMd5 ? this.#leastMd5() : this.#leastBusy();
    const id = this.#nextStream++;
    const stream = new ThreadStream(thread.port, id, () => {
      if (thread.streams.delete(id) && hasMd5) thread.md5Streams--;
    });
    if (hasMd5) thread.md5Streams++;
    thread.streams.set(id, stream);
    thread.port.post({ kind: "open", stream: id, algorithms, cuts });
    return stream;
  }

  /** Open streams fail with HashError. */
  close(): void {
    for (const thread of this.#threads) {
      thread.port.close();
      this.#lose(thread, "the hash pool was closed");
    }
  }

  #spawn(spawn: SpawnHashPort): Thread {
    const streams = new Map<number, ThreadStream>();
    const thread: Thread = {
      streams,
      md5Streams: 0,
      alive: true,
      port: spawn({
        onAnswer: (answer) => streams.get(answer.stream)?.answered(answer),
        onDeath: (reason) => {
          this.#lose(thread, reason);
          this.#onDeath?.(reason);
        },
      }),
    };
    return thread;
  }

  #lose(thread: Thread, reason: string): void {
    thread.alive = false;
    for (const stream of [...thread.streams.values()]) stream.lost(new HashError(reason));
    thread.streams.clear();
  }

  /** Streams with MD5 share half of the threads, because several in one thread cost less than apart (md5-lanes.ts). */
  #leastMd5(): Thread {
    const half = this.#threads.slice(0, Math.ceil(this.#threads.length / 2));
    return this.#least(half, (thread) => thread.md5Streams);
  }

  /** MD5 counts twice: it takes more than twice the time of SHA-256. */
  #leastBusy(): Thread {
    return this.#least(this.#threads, (thread) => thread.streams.size + thread.md5Streams);
  }

  #least(threads: readonly Thread[], count: (thread: Thread) => number): Thread {
    let best: Thread | undefined;
    for (const thread of threads) {
      if (thread.alive && (best === undefined || count(thread) < count(best))) best = thread;
    }
    if (best === undefined) throw new HashError("no hash thread is alive");
    return best;
  }
}

const SETTLED = Promise.resolve();

class InlineStream implements HashStream {
  readonly #hashers: HasherSet;

  constructor(hashers: HasherSet) {
    this.#hashers = hashers;
  }

  update(view: Uint8Array): undefined {
    this.#hashers.update(view);
  }

  settled(): Promise<void> {
    return SETTLED;
  }

  cut(): Promise<Uint8Array> {
    return Promise.resolve(this.#hashers.cut());
  }

  digest(): Promise<Digests> {
    return Promise.resolve(this.#hashers.digest());
  }

  abort(): void {}
}

interface Waiter<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A stream in another thread. Answers arrive in the order of the orders, so queues are enough to match answers with
 * orders.
 */
class ThreadStream implements HashStream {
  readonly #port: HashPort;
  readonly #id: number;
  readonly #forget: () => void;
  /** Lengths of updates not yet answered. */
  readonly #unhashed: number[] = [];
  #unhashedBytes = 0;
  /** The caller that waits until fewer bytes are unhashed. */
  #drained: Waiter<void> | undefined;
  #drainedPromise: Promise<void> | undefined;
  /** Callers that wait until `after` updates are answered, counted over the life of the stream. */
  readonly #settling: { readonly after: number; readonly waiter: Waiter<void> }[] = [];
  readonly #cuts: Waiter<Uint8Array>[] = [];
  #digest: Waiter<Digests> | undefined;
  #posted = 0;
  #answered = 0;
  #ended = false;
  #error: HashError | undefined;

  constructor(port: HashPort, id: number, forget: () => void) {
    this.#port = port;
    this.#id = id;
    this.#forget = forget;
  }

  update(view: Uint8Array): Promise<void> | undefined {
    this.#checkOpen();
    if (view.length === 0) return undefined;
    this.#port.post({ kind: "update", stream: this.#id, view });
    this.#posted++;
    this.#unhashed.push(view.length);
    this.#unhashedBytes += view.length;
    if (this.#unhashedBytes <= STREAM_WINDOW_BYTES) return undefined;
    if (this.#drainedPromise === undefined) {
      this.#drainedPromise = new Promise((resolve, reject) => {
        this.#drained = { resolve, reject };
      });
      // A caller that waits gets the rejection. A caller that does not wait gets the error at the next call.
      this.#drainedPromise.catch(() => {});
    }
    return this.#drainedPromise;
  }

  settled(): Promise<void> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#answered === this.#posted) return SETTLED;
    return new Promise((resolve, reject) => {
      this.#settling.push({ after: this.#posted, waiter: { resolve, reject } });
    });
  }

  cut(): Promise<Uint8Array> {
    this.#checkOpen();
    this.#port.post({ kind: "cut", stream: this.#id });
    return new Promise((resolve, reject) => {
      this.#cuts.push({ resolve, reject });
    });
  }

  digest(): Promise<Digests> {
    this.#checkOpen();
    this.#ended = true;
    this.#port.post({ kind: "digest", stream: this.#id });
    return new Promise((resolve, reject) => {
      this.#digest = { resolve, reject };
    });
  }

  abort(): void {
    if (this.#ended || this.#error !== undefined) return;
    this.#ended = true;
    // The stream stays in the list until the thread has answered every posted update: callers of `settled` may still
    // wait to reuse their buffers.
    this.#port.post({ kind: "abort", stream: this.#id });
    if (this.#answered === this.#posted) this.#forget();
  }

  answered(answer: HashAnswer): void {
    switch (answer.kind) {
      case "hashed":
        this.#hashed();
        return;
      case "cut":
        this.#cuts.shift()?.resolve(answer.sha256);
        return;
      case "digests":
        this.#forget();
        this.#digest?.resolve(answer.digests);
    }
  }

  lost(error: HashError): void {
    this.#error = error;
    this.#drained?.reject(error);
    for (const { waiter } of this.#settling.splice(0)) waiter.reject(error);
    for (const waiter of this.#cuts.splice(0)) waiter.reject(error);
    this.#digest?.reject(error);
  }

  #hashed(): void {
    this.#answered++;
    this.#unhashedBytes -= this.#unhashed.shift() ?? 0;
    if (this.#drained !== undefined && this.#unhashedBytes <= STREAM_WINDOW_BYTES) {
      const { resolve } = this.#drained;
      this.#drained = undefined;
      this.#drainedPromise = undefined;
      resolve();
    }
    while (this.#settling.length > 0 && (this.#settling[0]?.after ?? 0) <= this.#answered) {
      this.#settling.shift()?.waiter.resolve();
    }
    if (this.#ended && this.#digest === undefined && this.#answered === this.#posted) this.#forget();
  }

  #checkOpen(): void {
    if (this.#error !== undefined) throw this.#error;
    if (this.#ended) throw new Error(`hash stream ${this.#id} has ended`);
  }
}
