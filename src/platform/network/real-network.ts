/**
 * `Network` over Bun's own sockets. They are faster than node:net: by half in bytes, and by more in small messages
 * (docs/design/runtime.md, section 7). They also give the peer's certificate, which the HTTP servers do not, and the
 * number of bytes taken by a write.
 */
import type { Socket, SocketHandler, TLSOptions } from "bun";
import {
  type Connection,
  type ConnectionHandlers,
  type Network,
  type NetworkAddress,
  NetworkError,
  type NetworkListener,
  type PeerCertificate,
} from "../network.ts";
import { Crowd } from "./crowd.ts";
import { hostOf } from "./host-of.ts";
import { RealConnection } from "./real-connection.ts";
import { readTlsFiles, type TlsFiles, type TlsMaterial } from "./tls-files.ts";

export type { TlsFiles } from "./tls-files.ts";

type LiveSocket = Socket<RealConnection | undefined>;
type Accept = (connection: Connection, peer: PeerCertificate | undefined) => ConnectionHandlers;
type AcceptAnonymous = (connection: Connection) => ConnectionHandlers;

export interface RealNetwork extends Network {
  /**
   * Reads the TLS files again: later connections use them, in both directions. Open connections continue with the
   * certificates of their handshake. Nothing happens without TLS.
   * @throws NetworkError naming the invalid file (everything stays as it was), or an address that can no longer be
   * listened on
   */
  reload(): void;
}

/** Deadline of a TLS handshake: a client that connects and does not finish TLS occupies a descriptor. */
const TLS_HANDSHAKE_MS = 5_000;
/** Maximum number of connections with an unfinished TLS handshake, in total and per address. */
const TLS_CROWD_LIMITS = { all: 128, perAddress: 32 };

/**
 * @param tls makes every connection mutual TLS: both ends show a certificate that the CA signed. The names in the
 * certificate are not compared with the address, which says little about a node; `accept` and `onOpen` get the
 * names.
 * @param onTlsFailure called when TLS fails on an incoming connection
 * @throws NetworkError naming the invalid file
 */
export function realNetwork(tls?: TlsFiles, onTlsFailure = (): void => {}): RealNetwork {
  let material = tls === undefined ? undefined : readTlsFiles(tls);
  const listeners = new Set<RestartableListener>();
  return {
    // async turns an exception of listen() into a rejection, as the contract requires.
    listen: async (address, accept, acceptAnonymous) => {
      const listener = new RestartableListener(address, (at) =>
        listen(at, { accept, acceptAnonymous, tls: material, onTlsFailure }),
      );
      listeners.add(listener);
      return {
        address: listener.address,
        close: () => {
          listeners.delete(listener);
          listener.close();
        },
      };
    },
    connect: (address, handlers) => connect(address, handlers, material),
    reload: () => {
      if (tls === undefined) return;
      material = readTlsFiles(tls);
      for (const listener of listeners) listener.restart();
    },
  };
}

/**
 * Bun cannot change the certificate of a listening socket. A new listening socket takes the place of the old one in the
 * same turn of the event loop. Accepted connections are not touched. A connection that the kernel has queued in between
 * is reset, and a peer dials again.
 */
class RestartableListener {
  readonly address: NetworkAddress;
  readonly #listen: (address: NetworkAddress) => NetworkListener;
  #current: NetworkListener;

  constructor(address: NetworkAddress, listenAt: (address: NetworkAddress) => NetworkListener) {
    this.#listen = listenAt;
    this.#current = listenAt(address);
    this.address = this.#current.address;
  }

  restart(): void {
    this.#current.close();
    this.#current = this.#listen(this.address);
  }

  close(): void {
    this.#current.close();
  }
}

interface ListenOptions {
  readonly accept: Accept;
  readonly acceptAnonymous: AcceptAnonymous | undefined;
  readonly tls: TlsMaterial | undefined;
  readonly onTlsFailure: () => void;
}

function listen(
  address: NetworkAddress,
  { accept, acceptAnonymous, tls, onTlsFailure }: ListenOptions,
): NetworkListener {
  const admit = (socket: LiveSocket, peer: PeerCertificate | undefined) => {
    const connection = socket.data;
    if (connection === undefined || connection.ended) return;
    connection.handlers = accept(connection, peer);
    connection.open();
  };
  const admitAnonymous = (socket: LiveSocket, take: AcceptAnonymous) => {
    const connection = socket.data;
    if (connection === undefined || connection.ended) return;
    connection.handlers = take(connection);
    connection.open();
  };
  const overdue = new Map<RealConnection, ReturnType<typeof setTimeout>>();
  const crowd = new Crowd<RealConnection>(TLS_CROWD_LIMITS);
  const settle = (connection: RealConnection | undefined, through: boolean) => {
    if (connection === undefined || !overdue.has(connection)) return;
    clearTimeout(overdue.get(connection));
    overdue.delete(connection);
    crowd.delete(connection);
    if (!through) onTlsFailure();
  };
  const wait = (connection: RealConnection) => {
    const late = () => connection.destroy("no TLS handshake");
    overdue.set(connection, setTimeout(late, TLS_HANDSHAKE_MS));
    crowd.add(connection, hostOf(connection.remote))?.destroy("too many connections without TLS");
  };
  try {
    const listener = Bun.listen<RealConnection | undefined>({
      hostname: address.host,
      port: address.port,
      exclusive: true,
      data: undefined,
      ...(tls === undefined ? {} : { tls: tlsOptions(tls) }),
      socket: {
        ...common,
        open: (socket) => {
          const connection = new RealConnection(
            nameOf({ host: socket.remoteAddress, port: socket.remotePort }),
          );
          socket.data = connection;
          socket.setNoDelay(true);
          connection.bind(socket);
          if (tls === undefined) admit(socket, undefined);
          else wait(connection);
        },
        handshake: (socket, ok, error) => {
          if (acceptAnonymous !== undefined && ok && showsNoCertificate(socket)) {
            settle(socket.data, true);
            admitAnonymous(socket, acceptAnonymous);
            return;
          }
          const problem = tlsProblem(socket, ok, error);
          settle(socket.data, problem === undefined);
          if (problem === undefined) admit(socket, certificateOf(socket));
          else socket.data?.destroy(problem);
        },
        close: (socket, error) => {
          settle(socket.data, false);
          socket.data?.close(reasonOf(error));
        },
      },
    });
    return {
      address: { host: address.host, port: listener.port },
      close: () => listener.stop(false),
    };
  } catch (error) {
    const code = codeOf(error);
    const name = nameOf(address);
    throw new NetworkError(code, name, `cannot listen for peers at ${name}: ${code}`, { cause: error });
  }
}

function connect(
  address: NetworkAddress,
  handlers: ConnectionHandlers,
  tls: TlsMaterial | undefined,
): Connection {
  const connection = new RealConnection(nameOf(address));
  connection.handlers = handlers;
  const opened = (socket: LiveSocket, peer: PeerCertificate | undefined) => {
    if (connection.ended) return;
    handlers.onOpen?.(peer);
    connection.open();
    void socket;
  };
  // async: an immediate exception of connect() (an invalid port) ends the connection like any other failure.
  const dial = async () =>
    Bun.connect<RealConnection | undefined>({
      hostname: address.host,
      port: address.port,
      data: connection,
      ...(tls === undefined ? {} : { tls: tlsOptions(tls) }),
      socket: {
        ...common,
        open: (socket) => {
          socket.setNoDelay(true);
          connection.bind(socket);
          if (tls === undefined) opened(socket, undefined);
        },
        handshake: (socket, ok, error) => {
          const problem = tlsProblem(socket, ok, error);
          if (problem === undefined) opened(socket, certificateOf(socket));
          else connection.destroy(problem);
        },
        close: (_socket, error) => connection.close(reasonOf(error)),
        connectError: (_socket, error) => connection.close(reasonOf(error)),
      },
    });
  dial().catch((error: unknown) => connection.close(reasonOf(error)));
  return connection;
}

const common = {
  data: (socket, bytes) => socket.data?.data(bytes),
  drain: (socket) => socket.data?.drain(),
  // The other end will send no more bytes; a half-open connection has no use here.
  end: (socket) => socket.data?.destroy("closed by the other end"),
  error: (socket, error) => socket.data?.destroy(reasonOf(error)),
} satisfies Partial<SocketHandler<RealConnection | undefined>>;

function tlsOptions({ cert, key, ca }: TlsMaterial): TLSOptions {
  // `tlsProblem` checks the certificate: a rejection by the runtime would give no reason.
  return { cert, key, ca, requestCert: true, rejectUnauthorized: false };
}

/** The fault of the other end's TLS identity; undefined when the CA has signed the certificate. */
function tlsProblem(socket: LiveSocket, ok: boolean, error: Error | null): string | undefined {
  const code = error ? codeOf(error) : "";
  // The chain is checked before the names: this code says that the CA signed the certificate.
  if (error && code !== "ERR_TLS_CERT_ALTNAME_INVALID") return `TLS: ${explain(code, error.message)}`;
  if (!error && !ok) return "TLS: the handshake failed";
  if (showsNoCertificate(socket)) return "TLS: the other end shows no certificate";
  return undefined;
}

/** An end with a certificate of another CA shows a certificate, so it is never taken for an end without one. */
function showsNoCertificate(socket: LiveSocket): boolean {
  const certificate = socket.getPeerCertificate();
  return !certificate || Object.keys(certificate).length === 0;
}

function explain(code: string, message: string): string {
  if (message.includes("WRONG_VERSION_NUMBER") || message.includes("HTTP_REQUEST")) {
    return "the other end does not speak TLS: give every node its peer certificate, or none";
  }
  if (code === "ECONNRESET")
    return "the other end hung up in the handshake (no TLS there, or it does not like the certificate)";
  return `${code}: ${message}`;
}

function certificateOf(socket: LiveSocket): PeerCertificate {
  const { subject, subjectaltname } = socket.getPeerCertificate();
  const names: string[] = [];
  for (const entry of (subjectaltname ?? "").split(", ")) {
    const match = /^(?:DNS|IP Address):(.+)$/.exec(entry);
    if (match?.[1] !== undefined) names.push(match[1]);
  }
  const parts = Object.entries(subject ?? {}).map(([key, value]) => `${key}=${String(value)}`);
  return { subject: parts.join(","), names };
}

function nameOf({ host, port }: NetworkAddress): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : "EIO";
}

function reasonOf(error: unknown): string {
  if (!error) return "closed by the other end";
  const message = error instanceof Error ? error.message : String(error);
  const code = codeOf(error);
  return message.includes(code) ? message : `${code}: ${message}`;
}
