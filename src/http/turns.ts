/**
 * Serves the requests of one connection one after the other. node:http emits a pipelined request as soon as its
 * head has arrived, even when earlier requests are not answered. Two writes of one key could then be applied in any
 * order (RFC 9112 section 9.3.2).
 */
import type { ServerResponse } from "node:http";
import type { Arrival, Connection } from "./connection.ts";
import type { ConnectionTable } from "./connection-table.ts";
import type { IdleWatch, Watched } from "./idle-watch.ts";
import type { EdgeMetrics } from "./metrics.ts";
import type { EdgeLimits } from "./options.ts";

/** With this many waiting requests the connection is paused; bytes that Bun has read already are still parsed. */
const PAUSE_AT = 16;

export class Turns {
  readonly #table: ConnectionTable;
  readonly #limits: EdgeLimits;
  readonly #metrics: EdgeMetrics;
  readonly #drainWatch: IdleWatch;
  readonly #serve: (arrival: Arrival, connection: Connection) => void;
  #waiting = 0;

  constructor(
    table: ConnectionTable,
    limits: EdgeLimits,
    metrics: EdgeMetrics,
    drainWatch: IdleWatch,
    serve: (arrival: Arrival, connection: Connection) => void,
  ) {
    this.#table = table;
    this.#limits = limits;
    this.#metrics = metrics;
    this.#drainWatch = drainWatch;
    this.#serve = serve;
  }

  /** Serves the request now or in its turn. A request after an answer that closes the connection is never started. */
  arrived(arrival: Arrival): void {
    const connection = this.#table.of(arrival.request.socket);
    if (connection === undefined) return;
    if (connection.closing) {
      connection.ignored++;
      if (connection.ignored > this.#limits.maxWaitingPerConnection) connection.socket.destroy();
    } else if (connection.inProgress > 0) this.#wait(connection, arrival);
    else {
      this.#table.begin(connection);
      this.#serve(arrival, connection);
    }
  }

  /** The answer was written, completely or not. The next request starts when the kernel has accepted the answer. */
  ended(connection: Connection, response: ServerResponse): void {
    if (connection.waiting.length === 0 && response.writableFinished) this.#table.rest(connection);
    else if (response.closed || response.destroyed) this.#next(connection);
    else new Flush(response, connection, this.#drainWatch, () => this.#next(connection));
  }

  /** The connection has ended: waiting requests are not started. */
  gone(connection: Connection): void {
    this.#waiting -= connection.waiting.length;
    connection.waiting.length = 0;
    this.#table.forget(connection);
  }

  #wait(connection: Connection, arrival: Arrival): void {
    const { waiting, socket } = connection;
    const { maxWaitingPerConnection, maxWaiting } = this.#limits;
    if (waiting.length >= maxWaitingPerConnection || this.#waiting >= maxWaiting) {
      this.#metrics.connectionEvicted("pipeline");
      // Requests of bytes that were received already may still arrive.
      connection.closing = true;
      socket.destroy();
      return;
    }
    waiting.push(arrival);
    this.#waiting++;
    if (waiting.length === PAUSE_AT) socket.pause();
  }

  #next(connection: Connection): void {
    const { waiting, socket } = connection;
    // node:http has handled a client's `Connection: close`, and has ended its own side by now.
    const over = connection.closing || socket.destroyed || socket.writableEnded;
    const arrival = over ? undefined : waiting.shift();
    if (arrival === undefined) {
      this.#waiting -= waiting.length;
      waiting.length = 0;
      if (connection.closing) socket.end();
      this.#table.rest(connection);
      return;
    }
    this.#waiting--;
    if (waiting.length === PAUSE_AT - 1) socket.resume();
    this.#serve(arrival, connection);
  }
}

/** Waits until the kernel has accepted an answer. A client that accepts nothing for too long is disconnected. */
class Flush implements Watched {
  readonly #response: ServerResponse;
  readonly #connection: Connection;
  readonly #watch: IdleWatch;
  #left: number;

  constructor(response: ServerResponse, connection: Connection, watch: IdleWatch, done: () => void) {
    this.#response = response;
    this.#connection = connection;
    this.#watch = watch;
    this.#left = response.writableLength;
    watch.enter(this);
    response.once("close", () => {
      watch.leave(this);
      done();
    });
  }

  onIdle(): void {
    const left = this.#response.writableLength;
    if (left < this.#left) {
      this.#left = left;
      this.#watch.enter(this);
    } else this.#connection.socket.destroy();
  }
}
