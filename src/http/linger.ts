/**
 * Closing a connection whose client is still sending (RFC 9112 section 9.6). A socket that is closed with unread bytes
 * in it makes the kernel send a reset, and a reset takes from the client the answer that it has not read yet. So the
 * write side is closed alone; what still arrives is read and thrown away for a while.
 */
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";

export interface LingerLimits {
  /** Thrown away per connection; a client that sends more than this before it reads gets the reset after all. */
  readonly bytes: number;
  /** From the end of the answer. */
  readonly totalMs: number;
  /** Milliseconds without a byte from the client. */
  readonly idleMs: number;
  /** At the same time; above it the one that has lingered for longest is closed. */
  readonly connections: number;
}

/**
 * 64 MiB are the parts that most clients send, and half a second of a gigabit. A client that takes longer than 10 s for
 * them is not helped. Nothing is kept of what is thrown away, so 256 such connections hold no memory but their sockets'.
 */
export const LINGER_LIMITS: LingerLimits = {
  bytes: 64 * 1024 * 1024,
  totalMs: 10_000,
  idleMs: 2_000,
  connections: 256,
};

/** While the listener closes: a client that has its answer should not hold up the stop. */
const CLOSING_MS = 500;

export class Lingering {
  readonly #limits: LingerLimits;
  readonly #lingers = new Set<Linger>();
  #closing = false;

  constructor(limits: LingerLimits) {
    this.#limits = limits;
  }

  /** Connections that linger now. */
  get size(): number {
    return this.#lingers.size;
  }

  /**
   * For an answer that says `Connection: close` before the body of `request` was read, and is about to be written.
   * node:http calls the socket's `destroySoon` once such an answer is out; this connection lingers instead.
   */
  arm(request: IncomingMessage): void {
    const { socket } = request;
    let left = this.#limits.bytes;
    let linger: Linger | undefined;
    socket.destroySoon = () => {
      if (linger === undefined && !socket.destroyed) linger = this.#begin(socket);
    };
    // From now on, because node:http hides a body from those who ask for it after the answer.
    request.on("data", (piece: Uint8Array) => {
      left -= piece.length;
      linger?.heard();
      if (left < 0) socket.destroy();
    });
    request.resume();
  }

  /** For a connection whose write side is closed, or will be, and whose parser has given up: Bun throws away what comes. */
  expect(socket: Socket): void {
    if (socket.destroyed) return;
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

/** One connection that lingers: ends after a time, or after silence. */
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

  /** A byte came. */
  heard(): void {
    this.#silent = false;
  }

  end(): void {
    clearTimeout(this.#total);
    clearInterval(this.#silence);
    this.#socket.destroy();
  }
}
