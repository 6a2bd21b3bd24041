/**
 * A small HTTP server for the admin API: whole bodies, no streams. The server uses node:http, because Bun.serve
 * gives only the remote address of a connection and refuses a request without Host.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket, Server as TcpServer } from "node:net";
import { systemClock } from "../platform/clock.ts";
import type { Connection } from "./connection.ts";
import { type ConnectionLimits, ConnectionTable } from "./connection-table.ts";
import { noEdgeMetrics } from "./metrics.ts";
import { answerPlainHttp } from "./parse-errors.ts";
import { type TlsAcceptor, tlsAcceptor } from "./tls-acceptor.ts";
import type { Certificates } from "./tls-certificates.ts";
import { IdleDeadlines } from "./tls-idle.ts";

/** Both ends of a connection. Undefined: the connection is gone. */
type ConnectionEnds =
  | { readonly kind: "unix" }
  | {
      readonly kind: "tcp";
      readonly remoteAddress: string | undefined;
      readonly localAddress: string | undefined;
    };

export interface SmallRequest {
  readonly method: string;
  /** The target of the request line: origin form or absolute form (RFC 9112 section 3.2). */
  readonly rawTarget: string;
  readonly headers: Headers;
  readonly httpVersion: string;
  /** Host lines: one, unless the request is invalid or the client speaks HTTP/1.0. */
  readonly hosts: readonly string[];
  readonly ends: ConnectionEnds;
  /** The body; undefined when the body is longer than `maxBodyBytes`, or did not arrive. */
  text(): Promise<string | undefined>;
  /** The same as bytes, with another limit. */
  bytes(maxBytes: number): Promise<Uint8Array | undefined>;
}

export interface SmallServerOptions {
  /** A unix socket is made for the user of this process alone (0600). */
  readonly listen: { readonly host: string; readonly port: number } | { readonly unixPath: string };
  readonly handle: (request: SmallRequest) => Promise<Response>;
  readonly maxBodyBytes: number;
  /** Above the limits, the connection that has had no request in progress for longest is closed (decision 070). */
  readonly limits: ConnectionLimits;
  /** The server speaks TLS. undefined: HTTP in clear text. */
  readonly certificates?: Certificates | undefined;
  /** `handle` threw: the client gets a 500 without details. For the log. */
  readonly onError: (error: unknown) => void;
}

export interface SmallServer {
  /** 0 for a unix socket. */
  readonly port: number;
  /**
   * Cuts every connection, also during a request. Called when descriptors have run out. The server continues to
   * listen.
   */
  dropConnections(): void;
  /**
   * Stops accepting, and lets answers in flight finish within `CLOSE_GRACE_MS`. The file of a unix socket is
   * deleted.
   */
  close(): Promise<void>;
}

/** Longer than a slow scrape, so that only unused connections are closed. */
const IDLE_MS = 60_000;
const HEADERS_MS = 15_000;
/** Time limit for a request with its body. */
const REQUEST_MS = 30_000;
const CLOSE_GRACE_MS = 2_000;
const TLS_DEADLINES = {
  headersTimeoutMs: HEADERS_MS,
  keepAliveTimeoutMs: IDLE_MS,
  onExpired: () => {},
};
/** Time for a client that speaks HTTP in clear text to read its answer. */
const PLAIN_LINGER_MS = 2_000;
const MAX_HEADER_BYTES = 16 * 1024;
/** Umask that leaves only reading and writing for the owner. */
const OWNER_ONLY = 0o177;

/** @throws the system's error (EADDRINUSE, EACCES, ...), as node:http gives it. */
export async function startSmallServer(options: SmallServerOptions): Promise<SmallServer> {
  const server = createServer({
    maxHeaderSize: MAX_HEADER_BYTES,
    keepAliveTimeout: IDLE_MS,
    headersTimeout: HEADERS_MS,
    requestTimeout: REQUEST_MS,
    requireHostHeader: false,
  });
  const state = { closing: false };
  const { certificates } = options;
  const deadlines = certificates === undefined ? undefined : new IdleDeadlines(TLS_DEADLINES);
  const nowMs = (): number => systemClock.monotonicMs();
  const table = new ConnectionTable(options.limits, noEdgeMetrics, nowMs, deadlines);
  const sockets = new Set<Socket>();
  const accepted = (socket: Socket): Connection | undefined => {
    const connection = table.accept(socket);
    if (connection === undefined) return undefined;
    sockets.add(socket);
    socket.once("close", () => {
      sockets.delete(socket);
      table.forget(connection);
    });
    return connection;
  };
  let tls: TlsAcceptor | undefined;
  if (certificates === undefined) server.on("connection", (socket: Socket) => void accepted(socket));
  else {
    const secured = (socket: Socket): void => void server.emit("connection", socket);
    const plain = (connection: Connection): void => {
      answerPlainHttp(connection, "");
      setTimeout(() => connection.socket.destroy(), PLAIN_LINGER_MS);
    };
    tls = tlsAcceptor({ certificates, table, accepted, secured, plain, failed: () => {} });
  }
  const listener: TcpServer = tls?.server ?? server;
  server.on("request", (request, response) => {
    const connection = table.of(request.socket);
    if (connection === undefined) return;
    table.begin(connection);
    response.once("close", () => table.rest(connection));
    void serve(options, state, request, response);
  });
  // Neither CONNECT nor an upgrade is supported; without an answer the client would wait.
  for (const event of ["connect", "upgrade"] as const) {
    server.on(event, (_: IncomingMessage, socket: Socket) => {
      socket.end("HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    });
  }
  await listen(listener, options.listen);
  const address = listener.address() as AddressInfo | string | null;
  return {
    port: address !== null && typeof address === "object" ? address.port : 0,
    dropConnections: () => {
      for (const socket of sockets) socket.destroy();
    },
    close: () => {
      state.closing = true;
      deadlines?.close();
      return tls === undefined ? close(server) : closeTls(tls, table);
    },
  };
}

function listen(server: TcpServer, where: SmallServerOptions["listen"]): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    const listening = (): void => {
      server.off("error", reject);
      resolve();
    };
    if (!("unixPath" in where)) {
      server.listen({ host: where.host, port: where.port, exclusive: true }, listening);
      return;
    }
    // `listen` makes the file within the call, so the file has its mode from the start.
    const before = process.umask(OWNER_ONLY);
    try {
      server.listen({ path: where.unixPath }, listening);
    } finally {
      process.umask(before);
    }
  });
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const late = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
  await closed;
  clearTimeout(late);
}

async function closeTls(tls: TlsAcceptor, table: ConnectionTable): Promise<void> {
  const closed = new Promise<void>((resolve) => tls.server.close(() => resolve()));
  table.closeIdle();
  const late = setTimeout(() => tls.destroyConnections(), CLOSE_GRACE_MS);
  await closed;
  clearTimeout(late);
}

async function serve(
  options: SmallServerOptions,
  state: { readonly closing: boolean },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = new WholeBody(request, options.maxBodyBytes);
  let answer: Response;
  try {
    answer = await options.handle(smallRequest(options, request, body));
  } catch (error) {
    options.onError(error);
    answer = Response.json({ error: "internal error; the log of this node says more" }, { status: 500 });
  }
  try {
    const bytes = new Uint8Array(await answer.arrayBuffer());
    for (const [name, value] of answer.headers) response.setHeader(name, value);
    response.setHeader("Content-Length", bytes.byteLength);
    // The parser would take unread body bytes for the next request.
    if (state.closing || !body.finished) response.setHeader("Connection", "close");
    response.writeHead(answer.status);
    response.end(request.method === "HEAD" ? undefined : bytes);
  } catch (error) {
    options.onError(error);
    response.destroy();
  }
}

function smallRequest(options: SmallServerOptions, request: IncomingMessage, body: WholeBody): SmallRequest {
  const headers = new Headers();
  const hosts: string[] = [];
  const { rawHeaders, socket } = request;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? "";
    const value = rawHeaders[index + 1] ?? "";
    headers.append(name, value);
    if (name.toLowerCase() === "host") hosts.push(value);
  }
  return {
    method: request.method ?? "",
    rawTarget: request.url ?? "",
    httpVersion: request.httpVersion,
    headers,
    hosts,
    ends:
      "unixPath" in options.listen
        ? { kind: "unix" }
        : { kind: "tcp", remoteAddress: socket.remoteAddress, localAddress: socket.localAddress },
    text: () => body.text(),
    bytes: (maxBytes) => body.bytes(maxBytes),
  };
}

class WholeBody {
  readonly #request: IncomingMessage;
  readonly #maxBytes: number;
  finished: boolean;

  constructor(request: IncomingMessage, maxBytes: number) {
    this.#request = request;
    this.#maxBytes = maxBytes;
    const { headers } = request;
    this.finished =
      headers["transfer-encoding"] === undefined && Number(headers["content-length"] ?? 0) === 0;
  }

  async text(): Promise<string | undefined> {
    const bytes = await this.bytes(this.#maxBytes);
    return bytes === undefined
      ? undefined
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  }

  async bytes(maxBytes: number): Promise<Uint8Array | undefined> {
    if (this.finished) return new Uint8Array(0);
    if (Number(this.#request.headers["content-length"] ?? 0) > maxBytes) return undefined;
    const pieces: Buffer[] = [];
    let length = 0;
    // node:http has this limit only for connections that it accepted itself.
    const late = setTimeout(() => this.#request.destroy(), REQUEST_MS);
    try {
      for await (const piece of this.#request as AsyncIterable<Buffer>) {
        length += piece.length;
        if (length > maxBytes) return undefined;
        pieces.push(piece);
      }
    } catch {
      return undefined; // The client has gone, so no answer is needed.
    } finally {
      clearTimeout(late);
    }
    this.finished = true;
    return Buffer.concat(pieces);
  }
}
