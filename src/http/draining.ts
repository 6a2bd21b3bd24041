/**
 * Closes idle connections (RFC 9112 section 9.6). A client may send a request at the moment in which the server closes;
 * such a request is never started, and the client gets the end of the connection instead of an answer. So only
 * connections that were idle for a while are closed: a client that sends often gets `Connection: close` with an answer.
 */
import type { Connection } from "./connection.ts";
import type { ConnectionTable } from "./connection-table.ts";
import type { Lingering } from "./linger.ts";

/** Milliseconds between two looks for connections to close. */
const SWEEP_MS = 100;
/** Connections closed at a time, at most as many as may linger. */
const SWEEP_MAX = 256;

export class IdleSweeps {
  readonly #table: ConnectionTable;
  readonly #lingering: Lingering;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(table: ConnectionTable, lingering: Lingering) {
    this.#table = table;
    this.#lingering = lingering;
  }

  /**
   * Closes connections without a request for `idleMs`, until `stop`.
   * @param unserved also connections that had no request yet
   */
  start(idleMs: number, unserved: boolean): void {
    this.stop();
    this.#timer = setInterval(() => this.#sweep(idleMs, unserved), SWEEP_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #sweep(idleMs: number, unserved: boolean): void {
    const found = this.#table.idleFor(idleMs, SWEEP_MAX).filter(({ served }) => served || unserved);
    if (found.length === 0) return;
    const since = found.map(({ idleSinceMs }) => idleSinceMs);
    // A request may have arrived while this thread was busy. The event loop reads all sockets before the callback.
    setImmediate(() => {
      for (const [at, connection] of found.entries()) {
        if (connection.inProgress === 0 && connection.idleSinceMs === since[at]) this.#close(connection);
      }
    });
  }

  /** Closes the write side first: a reset would hide the end of the connection from a client that sends just now. */
  #close(connection: Connection): void {
    if (!connection.open || connection.closing) return;
    connection.closing = true;
    connection.socket.end();
    this.#lingering.expect(connection.socket);
  }
}
