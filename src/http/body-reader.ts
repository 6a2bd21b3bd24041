import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { systemTimers, within } from "../platform/timers.ts";
import type { IdleWatch, Watched } from "./idle-watch.ts";
import { BodyError, type BodyErrorCode, type BodyReader } from "./types.ts";

/** Bytes kept while nobody asks; above it the socket is paused, so TCP holds the client back. */
const READ_AHEAD_BYTES = 256 * 1024;

/** The body of a request without one. */
export const EMPTY_BODY: BodyReader & { readonly finished: true } = {
  declaredLength: 0,
  received: 0,
  finished: true,
  read: () => Promise.resolve(undefined),
};

/**
 * Reads a request body from node:http. Listeners are attached at the first read and removed at the end. `data` with
 * pause and resume is about twice as fast as the async iterator of the stream.
 */
export class SocketBody implements BodyReader, Watched {
  readonly declaredLength: number | undefined;
  received = 0;
  /** Called once when the connection ends inside the body, before a waiting read is rejected. */
  onClientGone: (() => void) | undefined;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #watch: IdleWatch;
  readonly #onStart: (body: SocketBody, socket: Socket) => void;
  #owesContinue: boolean;
  #started = false;
  #paused = false;
  #ended = false;
  #error: BodyError | undefined;
  #arrived = 0;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #resolve: ((piece: Uint8Array | undefined) => void) | undefined;
  #reject: ((error: BodyError) => void) | undefined;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    declaredLength: number | undefined,
    owesContinue: boolean,
    watch: IdleWatch,
    onStart: (body: SocketBody, socket: Socket) => void,
  ) {
    this.#request = request;
    this.#response = response;
    this.declaredLength = declaredLength;
    this.#owesContinue = owesContinue;
    this.#watch = watch;
    this.#onStart = onStart;
  }

  /** Read to its end: the connection can carry another request. */
  get finished(): boolean {
    return this.#ended && this.#queue.length === 0;
  }

  /** The parser has seen the last byte, read or not. */
  get arrived(): boolean {
    return this.#ended || this.#request.complete;
  }

  /** The connection ended inside the body. */
  get clientGone(): boolean {
    return this.#error?.code === "TRUNCATED";
  }

  /** A read is waiting. */
  get reading(): boolean {
    return this.#resolve !== undefined;
  }

  /** The client still waits for `100 Continue` and has sent nothing. */
  get owesContinue(): boolean {
    return this.#owesContinue;
  }

  read(): Promise<Uint8Array | undefined> {
    if (this.#resolve !== undefined) throw new Error("read() while another read() is waiting");
    if (!this.#started && this.#error === undefined) this.#start();
    if (this.#error !== undefined) return Promise.reject(this.#error);
    const piece = this.#queue.shift();
    if (piece !== undefined) {
      this.#queuedBytes -= piece.length;
      this.received += piece.length;
      if (this.#paused && this.#queuedBytes < READ_AHEAD_BYTES) this.#resume();
      return Promise.resolve(piece);
    }
    if (this.#ended) return Promise.resolve(undefined);
    this.#watch.enter(this);
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** The parser found the transfer coding broken, or the connection broke. Ends a waiting read. */
  fail(code: BodyErrorCode, message: string): void {
    if (this.#error !== undefined || this.#ended) return;
    this.#error = new BodyError(code, message);
    this.#queue = [];
    this.#queuedBytes = 0;
    this.detach();
    if (code === "TRUNCATED") this.onClientGone?.();
    const reject = this.#reject;
    this.#settle();
    reject?.(this.#error);
  }

  onIdle(): void {
    this.fail("TIMEOUT", `no body byte for too long after ${this.received} bytes`);
  }

  /** The exchange is over: what still arrives is dropped. The other listeners die with the request. */
  detach(): void {
    if (!this.#started || this.#ended) return;
    this.#watch.leave(this);
    this.#request.off("data", this.#onData);
  }

  #start(): void {
    this.#started = true;
    this.#onStart(this, this.#request.socket);
    if (this.#error !== undefined) return;
    if (this.#owesContinue) {
      this.#owesContinue = false;
      this.#response.writeContinue();
    }
    // Three listeners and no more, because every PUT pays for each: "close" of the response also comes when the
    // client goes away, and without a listener node:http keeps "error" of an aborted request to itself.
    this.#request.on("end", this.#onEnd);
    this.#response.on("close", this.#onAborted);
    this.#request.on("data", this.#onData);
  }

  #resume(): void {
    this.#paused = false;
    this.#request.resume();
  }

  #settle(): void {
    this.#resolve = undefined;
    this.#reject = undefined;
  }

  readonly #onData = (piece: Uint8Array): void => {
    this.#arrived += piece.length;
    if (this.declaredLength !== undefined && this.#arrived > this.declaredLength) {
      this.fail("TOO_LONG", `${this.#arrived} body bytes after Content-Length ${this.declaredLength}`);
      return;
    }
    const resolve = this.#resolve;
    if (resolve !== undefined) {
      this.#watch.leave(this);
      this.#settle();
      this.received += piece.length;
      resolve(piece);
      return;
    }
    this.#queue.push(piece);
    this.#queuedBytes += piece.length;
    if (this.#queuedBytes >= READ_AHEAD_BYTES && !this.#paused) {
      this.#paused = true;
      this.#request.pause();
    }
  };

  readonly #onEnd = (): void => {
    if (this.#error !== undefined) return;
    if (this.declaredLength !== undefined && this.#arrived !== this.declaredLength) {
      this.fail("TRUNCATED", `body ended after ${this.#arrived} of ${this.declaredLength} bytes`);
      return;
    }
    this.#ended = true;
    const resolve = this.#resolve;
    if (resolve === undefined) return;
    this.#watch.leave(this);
    this.#settle();
    resolve(undefined);
  };

  readonly #onAborted = (): void => {
    const of = this.declaredLength === undefined ? "" : ` of ${this.declaredLength}`;
    this.fail("TRUNCATED", `client gone after ${this.#arrived}${of} body bytes`);
  };
}

/**
 * Throws away what is left of a body when that is at most `limit` bytes, so that a client that is still sending it
 * reads its answer instead of a reset connection. Returns whether the end was reached within `patienceMs`.
 */
export async function discardRest(body: SocketBody, limit: number, patienceMs: number): Promise<boolean> {
  // An application that gave up while it was still reading has left its read behind.
  if (body.owesContinue || body.reading) return false;
  if (body.declaredLength !== undefined && body.declaredLength - body.received > limit) return false;
  return (await within(readAway(body, body.received + limit), systemTimers, patienceMs)) ?? false;
}

async function readAway(body: SocketBody, stopAt: number): Promise<boolean> {
  try {
    while ((await body.read()) !== undefined) if (body.received > stopAt) return false;
    return true;
  } catch (error) {
    if (error instanceof BodyError) return false;
    throw error;
  }
}
