import type { BlobResult } from "../../peer/types.ts";
import type { Timers } from "../../platform/timers.ts";

export interface BlobAnswer {
  readonly result: BlobResult;
  /** Valid during the call only. */
  readonly payload: Uint8Array;
}

export interface WindowRequest {
  /** What the request takes of the window. */
  readonly bytes: number;
  /** Writes the request to the connection, which copies it. False: the connection did not take it. */
  write(id: number): boolean;
  /** The peer has answered, however late: nothing of the request is under way any more. */
  answered?(): void;
  /** Called once. undefined: no answer came in time, the connection ended, or the request was given up. */
  end(answer: BlobAnswer | undefined): void;
}

interface Pending {
  readonly request: WindowRequest;
  cancelTimer: () => void;
  ended: boolean;
}

/**
 * Requests of one kind to one peer: so many may be under way, the others wait in order. A request that has timed out
 * keeps its place until its answer comes or the connection breaks, because the peer may still work on it: so a peer
 * that answers nothing gets no more than one window.
 */
export class RequestWindow {
  readonly #limits: { readonly requests: number; readonly bytes: number };
  readonly #timers: Pick<Timers, "later">;
  readonly #nextId: () => number;
  #waiting: Pending[] = [];
  readonly #sent = new Map<number, Pending>();
  #bytes = 0;

  constructor(
    limits: { readonly requests: number; readonly bytes: number },
    timers: Pick<Timers, "later">,
    nextId: () => number,
  ) {
    this.#limits = limits;
    this.#timers = timers;
    this.#nextId = nextId;
  }

  /** True when a request of so many bytes would be written at once. */
  hasRoom(bytes: number): boolean {
    return this.#waiting.length === 0 && this.#fits(bytes);
  }

  /** Returns a function that gives the request up when it has not been written yet. */
  add(request: WindowRequest, timeoutMs: number): () => void {
    const pending: Pending = { request, ended: false, cancelTimer: () => {} };
    const giveUp = (): void => this.#giveUp(pending);
    pending.cancelTimer = this.#timers.later(() => {
      giveUp();
      end(pending, undefined);
    }, timeoutMs);
    this.#waiting.push(pending);
    this.#pump();
    return giveUp;
  }

  /** Returns false when no request with this id is under way. */
  answered(id: number, answer: BlobAnswer): boolean {
    const pending = this.#sent.get(id);
    if (pending === undefined) return false;
    this.#sent.delete(id);
    this.#bytes -= pending.request.bytes;
    pending.request.answered?.();
    end(pending, answer);
    this.#pump();
    return true;
  }

  /** The connection is gone: ends every request, and the window is empty. */
  loseAll(): void {
    const all = [...this.#sent.values(), ...this.#waiting];
    this.#sent.clear();
    this.#waiting = [];
    this.#bytes = 0;
    for (const pending of all) end(pending, undefined);
  }

  #giveUp(pending: Pending): void {
    const at = this.#waiting.indexOf(pending);
    if (at < 0) return;
    this.#waiting.splice(at, 1);
    end(pending, undefined);
    this.#pump();
  }

  #fits(bytes: number): boolean {
    if (this.#sent.size === 0) return true;
    return this.#sent.size < this.#limits.requests && this.#bytes + bytes <= this.#limits.bytes;
  }

  #pump(): void {
    for (;;) {
      const next = this.#waiting[0];
      if (next === undefined || !this.#fits(next.request.bytes)) return;
      this.#waiting.shift();
      const id = this.#nextId();
      if (next.request.write(id)) {
        this.#sent.set(id, next);
        this.#bytes += next.request.bytes;
      } else {
        end(next, undefined);
      }
    }
  }
}

function end(pending: Pending, answer: BlobAnswer | undefined): void {
  if (pending.ended) return;
  pending.ended = true;
  pending.cancelTimer();
  pending.request.end(answer);
}
