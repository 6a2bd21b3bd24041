/**
 * Accepts TLS connections and gives them to an HTTP server, which serves them as it serves plain ones. The first byte
 * of a connection tells TLS (22, a handshake record; RFC 8446 section 5.1) from HTTP in clear text, whose client gets
 * an answer that it can read.
 */
import { createServer, type Server, type Socket } from "node:net";
import { type SecureContext, TLSSocket } from "node:tls";
import type { Connection } from "./connection.ts";
import type { ConnectionTable } from "./connection-table.ts";
import type { Certificates } from "./tls-certificates.ts";

const HANDSHAKE = 0x16;
/** HTTP/1.1 only: a client that offers ALPN without it gets an alert (RFC 7301 section 3.2). */
const ALPN = ["http/1.1"];

export interface TlsAcceptorOptions {
  readonly certificates: Certificates;
  readonly table: ConnectionTable;
  /** A connection was made: registers it. undefined: refused and destroyed. */
  readonly accepted: (socket: Socket) => Connection | undefined;
  /** The handshake is complete. */
  readonly secured: (socket: TLSSocket) => void;
  /** The client speaks HTTP in clear text: answers it and ends the connection. */
  readonly plain: (connection: Connection) => void;
  /** The handshake failed, or the connection ended in it. */
  readonly failed: () => void;
}

export interface TlsAcceptor {
  /** The server that listens; its connections reach the HTTP server only through `secured`. */
  readonly server: Server;
  /** Destroys all connections, also during their handshake. */
  destroyConnections(): void;
}

export function tlsAcceptor(options: TlsAcceptorOptions): TlsAcceptor {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    accept(socket, options);
  });
  return {
    server,
    destroyConnections: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}

function accept(socket: Socket, options: TlsAcceptorOptions): void {
  const connection = options.accepted(socket);
  if (connection === undefined) return;
  // A reset before the handshake is the client's affair.
  socket.on("error", () => socket.destroy());
  socket.once("data", (first: Buffer) => {
    if (first[0] !== HANDSHAKE) {
      if (isText(first[0])) options.plain(connection);
      else socket.destroy();
      return;
    }
    socket.pause();
    socket.unshift(first);
    handshake(connection, socket, options);
  });
}

function handshake(connection: Connection, socket: Socket, options: TlsAcceptorOptions): void {
  const { certificates, table, secured, failed } = options;
  const tls = new TLSSocket(socket, {
    isServer: true,
    secureContext: certificates.byDefault,
    ALPNProtocols: ALPN,
    SNICallback: (name: string, done: (error: Error | null, context?: SecureContext) => void) =>
      done(null, certificates.named(name)),
  });
  // node:http writes heads as strings. Bun sends them as UTF-8 on a socket that was given to it, and would encode
  // header bytes above 127 twice.
  tls.setDefaultEncoding("latin1");
  let isSecure = false;
  tls.on("error", () => {
    if (!isSecure && connection.open) failed();
    tls.destroy();
    socket.destroy();
  });
  tls.once("close", () => socket.destroy());
  socket.once("close", () => tls.destroy());
  tls.once("secure", () => {
    isSecure = true;
    table.secure(connection, tls);
    secured(tls);
  });
}

/** Methods of HTTP begin with a letter (RFC 9110 section 9.1 in practice). */
function isText(byte: number | undefined): boolean {
  return byte !== undefined && ((byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a));
}
