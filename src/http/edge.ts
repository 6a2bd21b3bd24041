/**
 * The HTTP edge: node:http below, EdgeApplication above. It keeps the raw target, asks the application before
 * `100 Continue`, polices lengths, applies backpressure both ways, and closes after early replies. See types.ts.
 * More than 400 lines: one class, because each step changes the state of the same connections.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket, Server as TcpServer } from "node:net";
import { type Clock, systemClock } from "../platform/clock.ts";
import { listenProblem } from "../platform/listen-error.ts";
import { discardRest, ReadAhead, type SocketBody } from "./body-reader.ts";
import type { Arrival, Connection, Expectation } from "./connection.ts";
import { ConnectionTable } from "./connection-table.ts";
import { IdleSweeps } from "./draining.ts";
import { edgeAnswer } from "./edge-answer.ts";
import { EdgeError } from "./errors.ts";
import { Exchange } from "./exchange.ts";
import { IdleWatch } from "./idle-watch.ts";
import { LINGER_LIMITS, Lingering } from "./linger.ts";
import { type EdgeMetrics, noEdgeMetrics } from "./metrics.ts";
import { DEFAULT_EDGE_LIMITS, type Edge, type EdgeLimits, type EdgeOptions } from "./options.ts";
import { answerParseError, answerPlainHttp, refuseTunnel } from "./parse-errors.ts";
import { ReplyAborted, writeReply } from "./reply-writer.ts";
import { refusal } from "./request-checks.ts";
import { requestIds } from "./request-id.ts";
import { type TlsAcceptor, tlsAcceptor } from "./tls-acceptor.ts";
import type { Certificates } from "./tls-certificates.ts";
import { IdleDeadlines } from "./tls-idle.ts";
import { Turns } from "./turns.ts";
import type { EdgeReply, RefusedRequest } from "./types.ts";

/** Rest of an unread body that is read and dropped, so that the connection can be used again. */
const DISCARD_BYTES = 256 * 1024;
/** Time for a client to send the rest. A slower client gets its answer at once, and the connection is closed. */
const DISCARD_PATIENCE_MS = 1000;
/**
 * Milliseconds between the first `Connection: close` and the end of the listener, and the time without a request after
 * which a closing listener closes a connection.
 */
const LINGER_MS = 500;
/** The same time for a listener that drains: it goes on, so there is no hurry. @internal */
export const DRAIN_IDLE_MS = 2_000;
/** Status in the metrics when the client disconnected before a status was sent. */
const CLIENT_CLOSED_REQUEST = 499;

/** Starts listening. @throws EdgeError naming host:port. */
export async function startEdge(options: EdgeOptions): Promise<Edge> {
  const edge = new HttpEdge(options);
  await edge.listen();
  return edge;
}

class HttpEdge implements Edge {
  readonly host: string;
  readonly #options: EdgeOptions;
  readonly #limits: EdgeLimits;
  readonly #metrics: EdgeMetrics;
  readonly #server: Server;
  readonly #tls: TlsAcceptor | undefined;
  /** The server that listens. */
  readonly #listener: TcpServer;
  /** undefined: node:http has these deadlines. */
  readonly #deadlines: IdleDeadlines | undefined;
  readonly #requestId: () => string;
  readonly #bodyWatch: IdleWatch;
  readonly #readAhead = new ReadAhead();
  readonly #drainWatch: IdleWatch;
  /** Bodies that are being read, so that a parse error finds its reader. */
  readonly #bodies = new WeakMap<Socket, SocketBody>();
  readonly #onBodyStart: (body: SocketBody, socket: Socket) => void;
  readonly #connections: ConnectionTable;
  readonly #turns: Turns;
  readonly #lingering: Lingering;
  readonly #sweeps: IdleSweeps;
  readonly #clock: Clock;
  /** Requests whose reply has not ended, and the time when each began. The oldest one is the first. */
  readonly #inFlight = new Map<Exchange, number>();
  #port = 0;
  #draining = false;
  #closing: Promise<void> | undefined;
  #whenQuiet: (() => void) | undefined;
  #whenNoneLeft: (() => void) | undefined;

  constructor(options: EdgeOptions) {
    this.#options = options;
    this.host = options.host;
    this.#limits = { ...DEFAULT_EDGE_LIMITS, ...options.limits };
    this.#metrics = options.metrics ?? noEdgeMetrics;
    this.#clock = options.clock ?? systemClock;
    this.#requestId = options.requestId ?? requestIds();
    this.#bodyWatch = new IdleWatch(this.#limits.bodyIdleTimeoutMs);
    this.#drainWatch = new IdleWatch(this.#limits.drainTimeoutMs);
    this.#onBodyStart = (body, socket) => this.#bodyStarts(body, socket);
    const { certificates } = options;
    if (certificates !== undefined) {
      const onExpired = (): void => this.#metrics.parseError("timeout");
      this.#deadlines = new IdleDeadlines({ ...this.#limits, onExpired });
    }
    this.#connections = new ConnectionTable(
      this.#limits,
      this.#metrics,
      () => this.#clock.monotonicMs(),
      this.#deadlines,
    );
    this.#lingering = new Lingering(options.linger ?? LINGER_LIMITS);
    this.#sweeps = new IdleSweeps(this.#connections, this.#lingering);
    this.#turns = new Turns(
      this.#connections,
      this.#limits,
      this.#metrics,
      this.#drainWatch,
      (arrival, connection) => void this.#serve(arrival, connection),
    );
    this.#server = this.#createServer();
    if (certificates !== undefined) this.#tls = this.#createAcceptor(certificates);
    this.#listener = this.#tls?.server ?? this.#server;
  }

  get port(): number {
    return this.#port;
  }

  get connections(): number {
    return this.#connections.size;
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  get uploads(): number {
    let uploads = 0;
    for (const { socketBody } of this.#inFlight.keys()) if (socketBody?.finished === false) uploads++;
    return uploads;
  }

  get oldestMs(): number | undefined {
    const began = this.#inFlight.values().next().value;
    return began === undefined ? undefined : this.#clock.monotonicMs() - began;
  }

  drain(draining: boolean): void {
    if (this.#closing !== undefined || this.#draining === draining) return;
    this.#draining = draining;
    if (draining) this.#sweeps.start(DRAIN_IDLE_MS, false);
    else this.#sweeps.stop();
  }

  shed(count: number): number {
    return this.#connections.shed(count);
  }

  async listen(): Promise<void> {
    const { host, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      const failed = (cause: Error): void => {
        this.#stopWatches();
        reject(listenError(cause, host, port));
      };
      this.#listener.once("error", failed);
      this.#listener.listen({ host, port, exclusive: true }, () => {
        this.#listener.off("error", failed);
        this.#listener.on("error", (error) => this.#options.onError?.(error, ""));
        resolve();
      });
    });
    this.#port = (this.#listener.address() as AddressInfo).port;
  }

  close(graceMs: number): Promise<void> {
    this.#closing ??= this.#close(graceMs);
    return this.#closing;
  }

  /**
   * Busy clients receive `Connection: close` with their next reply and then use another connection. Closing a
   * connection while a request is in transit would be an error for the client. Connections without a request for
   * LINGER_MS are closed, also those that were accepted last.
   */
  async #close(graceMs: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const graceOver = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, graceMs);
    });
    await this.#linger(Math.min(graceMs, LINGER_MS));
    this.#lingering.close();
    const closed = new Promise<void>((resolve) => this.#listener.close(() => resolve()));
    this.#sweeps.start(LINGER_MS, true);
    const quiet = new Promise<void>((resolve) => {
      this.#whenQuiet = resolve;
      this.#checkQuiet();
    });
    await Promise.race([quiet, graceOver]);
    this.#sweeps.stop();
    this.#server.closeAllConnections();
    this.#tls?.destroyConnections();
    clearTimeout(timer);
    await closed;
    this.#stopWatches();
  }

  #linger(ms: number): Promise<void> {
    if (this.connections === 0 || ms === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#whenNoneLeft = undefined;
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#whenNoneLeft = done;
    });
  }

  /** While closing, every reply contains `Connection: close`; the close ends with the last connection. */
  #checkQuiet(): void {
    if (this.#inFlight.size === 0 && this.connections === 0) this.#whenQuiet?.();
  }

  #stopWatches(): void {
    this.#bodyWatch.close();
    this.#drainWatch.close();
    this.#deadlines?.close();
  }

  /** Connections become this server's after their handshake. */
  #createAcceptor(certificates: Certificates): TlsAcceptor {
    return tlsAcceptor({
      certificates,
      table: this.#connections,
      accepted: (socket) => this.#accepted(socket),
      secured: (socket) => this.#server.emit("connection", socket),
      plain: (connection) => {
        this.#refused(answerPlainHttp(connection, this.#requestId()));
        this.#metrics.parseError("malformed");
        this.#lingering.expect(connection.socket);
      },
      failed: () => this.#metrics.parseError("malformed"),
    });
  }

  #createServer(): Server {
    const limits = this.#limits;
    const server = createServer({
      maxHeaderSize: limits.maxHeaderBytes,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      headersTimeout: limits.headersTimeoutMs,
      // There is no limit for the whole request: a 5 GiB upload may take an hour. bodyIdleTimeoutMs ends a silent
      // client.
      requestTimeout: 0,
      connectionsCheckingInterval: Math.min(5000, limits.headersTimeoutMs / 4),
      // `refusal` checks Host itself, to answer with a body that describes the error.
      requireHostHeader: false,
      noDelay: true,
    });
    if (this.#options.certificates === undefined) {
      server.on("connection", (socket: Socket) => void this.#accepted(socket));
    }
    const arrives = (expectation: Expectation) => (request: IncomingMessage, response: ServerResponse) =>
      this.#turns.arrived({ request, response, expectation });
    server.on("request", arrives("none"));
    server.on("checkContinue", arrives("continue"));
    server.on("checkExpectation", arrives("unknown"));
    server.on("connect", (_request: IncomingMessage, socket) => {
      const connection = this.#connections.of(socket as Socket);
      if (connection === undefined) return;
      this.#refused(refuseTunnel(connection, this.#requestId));
      this.#lingering.expect(connection.socket);
    });
    server.on("clientError", (error: Error, socket) => this.#parseFailed(error, socket as Socket));
    return server;
  }

  #accepted(socket: Socket): Connection | undefined {
    const connection = this.#connections.accept(socket);
    if (connection === undefined) return undefined;
    socket.once("close", () => {
      this.#turns.gone(connection);
      if (this.connections === 0) this.#whenNoneLeft?.();
      this.#checkQuiet();
    });
    return connection;
  }

  #parseFailed(error: Error, socket: Socket): void {
    const connection = this.#connections.of(socket);
    if (connection === undefined || connection.closing) return;
    // A connection that was cut here shows as a head without an end.
    if (this.#tls !== undefined && !connection.open) return;
    const body = this.#bodies.get(socket);
    this.#refused(answerParseError(error, connection, body, this.#requestId, this.#metrics));
    this.#lingering.expect(socket);
  }

  #refused(refused: RefusedRequest | undefined): void {
    if (refused !== undefined) this.#options.onRefused?.(refused);
  }

  #bodyStarts(body: SocketBody, socket: Socket): void {
    this.#bodies.set(socket, body);
    const broken = this.#connections.of(socket)?.broken;
    if (broken !== undefined && !body.arrived) body.fail(broken.code, broken.message);
  }

  #exchange({ request, response, expectation }: Arrival): Exchange {
    this.#metrics.requestStarted();
    const owesContinue = expectation !== "none";
    const exchange = new Exchange(
      request,
      response,
      owesContinue,
      this.#requestId(),
      this.#bodyWatch,
      this.#readAhead,
      this.#onBodyStart,
    );
    this.#inFlight.set(exchange, this.#clock.monotonicMs());
    exchange.socketBody?.holdUnread();
    return exchange;
  }

  async #serve(arrival: Arrival, connection: Connection): Promise<void> {
    const exchange = this.#exchange(arrival);
    const { requestId } = exchange;
    const startedMs = this.#nowMs();
    let reply: EdgeReply;
    if (arrival.expectation === "unknown") {
      // The body may or may not follow, so the connection ends here.
      reply = edgeAnswer(417, "ExpectationFailed", "Only 100-continue can be expected.", requestId);
    } else {
      // botocore expects 100 for an empty body too. If botocore gets a final answer at once, it misreads the *next*
      // answer on the connection and hangs.
      if (arrival.expectation === "continue" && exchange.socketBody === undefined) {
        exchange.response.writeContinue();
      }
      try {
        const probed = this.#options.probe?.(exchange);
        const refused = refusal(exchange, this.#limits, probed !== undefined);
        reply = refused ?? probed ?? (await this.#options.application(exchange));
      } catch (error) {
        this.#options.onError?.(error, requestId);
        reply = internalError(requestId);
      }
    }
    await this.#answer(exchange, reply, connection, startedMs);
    this.#turns.ended(connection, exchange.response);
  }

  /** The time for the access log; 0 when no log needs times. */
  #nowMs(): number {
    return this.#options.onEnded === undefined ? 0 : this.#clock.monotonicMs();
  }

  async #answer(
    exchange: Exchange,
    reply: EdgeReply,
    connection: Connection,
    startedMs: number,
  ): Promise<void> {
    const body = exchange.socketBody;
    let close = reply.close === true || this.#draining || this.#closing !== undefined;
    if (body !== undefined && !body.finished) {
      const cleared = reply.close !== true && (await discardRest(body, DISCARD_BYTES, DISCARD_PATIENCE_MS));
      if (!cleared) {
        close = true;
        this.#lingering.arm(exchange.request);
      }
    }
    if (close) connection.closing = true;
    let status = reply.status;
    let sent = 0;
    let aborted: string | undefined;
    const begunMs = this.#nowMs();
    try {
      const written = writeReply(exchange, reply, close, this.#drainWatch);
      sent = typeof written === "number" ? written : await written;
    } catch (error) {
      if (error instanceof ReplyAborted) {
        sent = error.sent;
        aborted = error.reason;
      }
      connection.closing = true;
      status = this.#replyFailed(exchange, error) ?? status;
    }
    body?.detach();
    body?.letGo();
    this.#inFlight.delete(exchange);
    const received = exchange.body.received;
    this.#metrics.requestEnded(status, received, sent);
    this.#options.onEnded?.(exchange, {
      remoteAddress: connection.remoteAddress,
      status,
      bytesIn: received,
      bytesOut: sent,
      totalMs: this.#nowMs() - startedMs,
      firstByteMs: begunMs - startedMs,
      aborted,
      facts: reply.facts,
    });
    if (this.#closing !== undefined) this.#checkQuiet();
  }

  /** Returns the status for the metrics. Never throws, because no other error handling follows. */
  #replyFailed(exchange: Exchange, error: unknown): number | undefined {
    if (error instanceof ReplyAborted) {
      this.#metrics.replyAborted(error.reason);
      if (error.reason === "client-gone") return CLIENT_CLOSED_REQUEST;
      if (error.reason !== "drain-timeout") this.#options.onError?.(error, exchange.requestId);
      return undefined;
    }
    this.#options.onError?.(error, exchange.requestId);
    if (exchange.response.headersSent) {
      exchange.response.destroy();
      return undefined;
    }
    try {
      writeReply(exchange, internalError(exchange.requestId), true, this.#drainWatch);
    } catch {
      exchange.response.destroy();
    }
    return 500;
  }
}

function internalError(requestId: string): EdgeReply {
  return edgeAnswer(500, "InternalError", "We encountered an internal error. Please try again.", requestId);
}

function listenError(cause: Error, host: string, port: number): EdgeError {
  const where = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  switch (listenProblem(cause)) {
    case "in-use":
      return new EdgeError("ADDRESS_IN_USE", `${where} is in use by another process`, { cause });
    case "not-here":
      return new EdgeError("ADDRESS_UNAVAILABLE", `${where} is not an address of this machine`, { cause });
    case "not-allowed":
      return new EdgeError("PERMISSION_DENIED", `no permission to listen on ${where}`, { cause });
    case "other":
      return new EdgeError("LISTEN_FAILED", `cannot listen on ${where}: ${cause.message}`, { cause });
  }
}
