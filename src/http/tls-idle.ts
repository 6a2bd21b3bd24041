/**
 * Deadlines of connections without a request in progress, as node:http has them for connections that it accepted
 * itself. It has none for connections that are given to it (measured with Bun 1.4.5), so a TLS listener needs these.
 */
import type { Connection } from "./connection.ts";
import { IdleWatch, type Watched } from "./idle-watch.ts";

export interface IdleDeadlinesOptions {
  /** Time for the handshake and the first head, and for each later head from its first byte. */
  readonly headersTimeoutMs: number;
  /** Time between two requests. */
  readonly keepAliveTimeoutMs: number;
  readonly onExpired: () => void;
}

export class IdleDeadlines {
  readonly #headers: IdleWatch;
  readonly #keepAlive: IdleWatch;
  readonly #onExpired: () => void;
  readonly #waits = new WeakMap<Connection, Wait>();

  constructor({ headersTimeoutMs, keepAliveTimeoutMs, onExpired }: IdleDeadlinesOptions) {
    this.#headers = new IdleWatch(headersTimeoutMs);
    this.#keepAlive = new IdleWatch(keepAliveTimeoutMs);
    this.#onExpired = onExpired;
  }

  /** The connection waits for a head. */
  enter(connection: Connection): void {
    const known = this.#waits.get(connection);
    if (known === undefined) {
      const wait = new Wait(connection, this.#headers, this.#onExpired);
      this.#waits.set(connection, wait);
      this.#headers.enter(wait);
      return;
    }
    known.rests();
    this.#keepAlive.enter(known);
  }

  /** A request has begun, or the connection has ended. */
  leave(connection: Connection): void {
    const wait = this.#waits.get(connection);
    if (wait === undefined) return;
    this.#headers.leave(wait);
    this.#keepAlive.leave(wait);
  }

  close(): void {
    this.#headers.close();
    this.#keepAlive.close();
  }
}

class Wait implements Watched {
  readonly #connection: Connection;
  readonly #headers: IdleWatch;
  readonly #onExpired: () => void;
  /** Bytes that had arrived when the connection came to rest; undefined: it waits for the rest of a head. */
  #bytesAtRest: number | undefined;

  constructor(connection: Connection, headers: IdleWatch, onExpired: () => void) {
    this.#connection = connection;
    this.#headers = headers;
    this.#onExpired = onExpired;
  }

  rests(): void {
    this.#bytesAtRest = this.#connection.socket.bytesRead;
  }

  onIdle(): void {
    const { socket } = this.#connection;
    if (this.#bytesAtRest !== undefined && socket.bytesRead !== this.#bytesAtRest) {
      // The next head has begun: it has the time of a head.
      this.#bytesAtRest = undefined;
      this.#headers.enter(this);
      return;
    }
    this.#onExpired();
    socket.destroy();
  }
}
