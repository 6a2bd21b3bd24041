/**
 * Closes a connection whose client is still sending (RFC 9112 section 9.6). When a socket with unread bytes is
 * closed, the kernel sends a reset, and the client loses an answer that it has not read yet. So only the write side
 * is closed, and further bytes are read and dropped for a limited time.
 */
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { freePiece } from "./body-reader.ts";
import { isTls, letFlow } from "./flow.ts";

export interface LingerLimits {
  /** Bytes dropped per connection. A client that sends more before it reads gets the reset. */
  readonly bytes: number;
  /** Time limit, from the end of the answer. */
  readonly totalMs: number;
  /** Milliseconds without a byte from the client. */
  readonly idleMs: number;
  /** Limit of lingering connections; above the limit the connection that has lingered longest is closed. */
  readonly connections: number;
}

/**
 * Most clients send parts of up to 64 MiB, half a second of a gigabit. A client that takes longer than 10 s for
 * them gets the reset. Dropped bytes are not kept, so 256 such connections use only the memory of their sockets.
 */
export const LINGER_LIMITS: LingerLimits = {
  bytes: 64 * 1024 * 1024,
  totalMs: 10_000,
  idleMs: 2_000,
  connections: 256,
};

/** Limit while the listener closes: a client with an answer must not delay the stop. */
const CLOSING_MS = 500;

export class Lingering {
  readonly #limits: LingerLimits;
  readonly #lingers = new Set<Linger>();
  #closing = false;

  constructor(limits: LingerLimits) {
    this.#limits = limits;
  }

  /** Number of lingering connections. */
  get size(): number {
    return this.#lingers.size;
  }

  /**
   * Called before an answer with `Connection: close` is written while the body of `request` is unread. node:http
   * calls the socket's `destroySoon` after such an answer; this connection lingers instead.
   */
  arm(request: IncomingMessage): void {
    const { socket } = request;
    let left = this.#limits.bytes;
    let linger: Linger | undefined;
    socket.destroySoon = () => {
      if (linger === undefined && !socket.destroyed) linger = this.#begin(socket);
    };
    // The listener is attached now, because node:http hides the body from listeners that are attached after the
    // answer.
    request.on("data", (piece: Uint8Array) => {
      left -= piece.length;
      // Many refused uploads at once would wait for the garbage collector, half a MiB a piece.
      freePiece(piece);
      linger?.heard();
      if (left < 0) socket.destroy();
    });
    letFlow(request);
  }

  /** Called when the write side is closed, or will be, and the parser has stopped: Bun drops further bytes itself. */
  expect(socket: Socket): void {
    if (socket.destroyed) return;
    if (isTls(socket)) {
      socket.on("data", () => {});
      socket.resume();
    }
    if (socket.writableEnded) this.#begin(socket, Number.POSITIVE_INFINITY);
    else socket.once("finish", () => this.#begin(socket, Number.POSITIVE_INFINITY));
  }

  #begin(socket: Socket, idleMs = this.#limits.idleMs): Linger {
    const { totalMs, connections } = this.#limits;
    if (this.#lingers.size >= connections) this.#lingers.values().next().value?.end();
    const linger = new Linger(socket, idleMs, this.#closing ? CLOSING_MS : totalMs);
    this.#lingers.add(linger);
    socket.once("close", () => {
      linger.end();
      this.#lingers.delete(linger);
    });
    socket.end();
    return linger;
  }

  /** The listener closes. */
  close(): void {
    this.#closing = true;
    for (const linger of [...this.#lingers]) linger.end();
  }
}

/** One lingering connection. The linger ends after a time, or after silence. */
class Linger {
  readonly #socket: Socket;
  readonly #total: ReturnType<typeof setTimeout>;
  readonly #silence: ReturnType<typeof setInterval> | undefined;
  #silent = false;

  constructor(socket: Socket, idleMs: number, totalMs: number) {
    this.#socket = socket;
    this.#total = setTimeout(() => this.end(), totalMs);
    if (!Number.isFinite(idleMs)) return;
    this.#silence = setInterval(() => {
      if (this.#silent) this.end();
      this.#silent = true;
    }, idleMs / 2);
  }

  /** The client sent a byte. */
  heard(): void {
    this.#silent = false;
  }

  end(): void {
    clearTimeout(this.#total);
    clearInterval(this.#silence);
    this.#socket.destroy();
  }
}
