/**
 * Read-index rounds: reads that come during a round share the next round. A round without an answer is repeated
 * under a new number. The answer to any of its numbers is valid: each answer covers everything that was committed
 * before its question.
 */
import type { KvError } from "../txn/types.ts";

/** A round without an answer is repeated after this time. @internal */
export const READ_INDEX_RETRY_MS = 500;

interface Waiter {
  /** True when the read has its index, or was rejected. */
  over: boolean;
  readonly deadlineAtMs: number;
  readonly resolve: (index: number) => void;
  readonly reject: (error: KvError) => void;
}

export interface ReadRoundsOptions {
  readonly nowMs: () => number;
  readonly deadlineMs: number;
  readonly send: (id: number) => void;
  /** Makes the error of a read that is rejected. */
  readonly unavailable: () => KvError;
}

export class ReadRounds {
  readonly #options: ReadRoundsOptions;
  /** Rounds without an answer, by number, in the order of asking. The last round may be the current one. */
  readonly #asked = new Map<number, readonly Waiter[]>();
  #current: { readonly id: number; readonly sentAtMs: number } | undefined;
  /** These reads came after the current round was asked: the current round cannot serve them. */
  #waiting: Waiter[] = [];
  #nextId = 1;

  constructor(options: ReadRoundsOptions) {
    this.#options = options;
  }

  /** Number of rounds so far, repeated rounds included. */
  get count(): number {
    return this.#nextId - 1;
  }

  /** Resolves with an index that covers everything committed before this call. @throws KvError past the deadline */
  ask(): Promise<number> {
    return new Promise((resolve, reject) => {
      const deadlineAtMs = this.#options.nowMs() + this.#options.deadlineMs;
      this.#waiting.push({ over: false, deadlineAtMs, resolve, reject });
      this.#askNext();
    });
  }

  onAnswer(id: number, index: number): void {
    const waiters = this.#asked.get(id);
    if (waiters === undefined) return;
    // Earlier numbers of the same reads need no answer.
    for (const other of this.#asked.keys()) if (other <= id) this.#asked.delete(other);
    for (const waiter of waiters) {
      if (waiter.over) continue;
      waiter.over = true;
      waiter.resolve(index);
    }
    if (this.#current?.id === id) this.#current = undefined;
    this.#askNext();
  }

  /** Repeats rounds, and rejects reads past their deadline; call it a few times per second. */
  expire(): void {
    const now = this.#options.nowMs();
    for (const waiters of [...this.#asked.values(), this.#waiting]) {
      for (const waiter of waiters) {
        if (waiter.over || waiter.deadlineAtMs > now) continue;
        waiter.over = true;
        waiter.reject(this.#options.unavailable());
      }
    }
    if (this.#current !== undefined && now - this.#current.sentAtMs >= READ_INDEX_RETRY_MS) {
      this.#waiting = [...(this.#asked.get(this.#current.id) ?? []), ...this.#waiting];
      this.#current = undefined;
    }
    this.#waiting = this.#waiting.filter(({ over }) => !over);
    for (const [id, waiters] of this.#asked) {
      if (id !== this.#current?.id && waiters.every(({ over }) => over)) this.#asked.delete(id);
    }
    this.#askNext();
  }

  close(error: KvError): void {
    for (const waiters of [...this.#asked.values(), this.#waiting]) {
      for (const waiter of waiters) if (!waiter.over) waiter.reject(error);
    }
    this.#asked.clear();
    this.#waiting = [];
  }

  #askNext(): void {
    if (this.#waiting.length === 0 || this.#current !== undefined) return;
    const id = this.#nextId++;
    this.#asked.set(id, this.#waiting);
    this.#waiting = [];
    this.#current = { id, sentAtMs: this.#options.nowMs() };
    this.#options.send(id);
  }
}
