import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { BodyErrorCode } from "./types.ts";

/** The `Expect` of a request: none, `100-continue`, or an unknown expectation. */
export type Expectation = "none" | "continue" | "unknown";

/** A request whose head has arrived. */
export interface Arrival {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly expectation: Expectation;
}

/** Why the parser stopped reading a connection. */
export interface Break {
  readonly code: BodyErrorCode;
  readonly message: string;
}

/**
 * One client connection. Its requests are served one after the other (RFC 9112 section 9.3.2 allows an overlap of
 * safe methods only, which would gain nothing). Requests that arrive early wait here.
 */
export class Connection {
  /** On a TLS listener the TLS socket, once its handshake is complete. */
  socket: Socket;
  /** Stored here, because the socket loses the address when it closes. */
  readonly remoteAddress: string;
  /** Address group for the limits: see `addressGroup`. */
  readonly group: string;
  /** Number of requests being answered: at most one on the S3 listener. */
  inProgress = 0;
  /** The last answer contains `Connection: close`: no later request of this connection is started. */
  closing = false;
  /** Monotonic time since which no request is in progress. */
  idleSinceMs = 0;
  /** At least one request has ended. Before that, an idle connection has sent nothing, or a part of a head. */
  served = false;
  /** The connection counts as open in the table. */
  open = true;
  /** Heads that arrived after the last answer. */
  ignored = 0;
  broken: Break | undefined;
  readonly waiting: Arrival[] = [];

  constructor(socket: Socket, remoteAddress: string) {
    this.socket = socket;
    this.remoteAddress = remoteAddress;
    this.group = addressGroup(remoteAddress);
  }
}

/**
 * The address group of a connection: an IPv4 address (also when mapped into IPv6), or the /64 of an IPv6 address,
 * because a site gets at least a /64 (RFC 6177).
 */
export function addressGroup(remoteAddress: string): string {
  if (!remoteAddress.includes(":")) return remoteAddress;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(remoteAddress);
  if (mapped?.[1] !== undefined) return mapped[1];
  const bare = remoteAddress.split("%", 1)[0] ?? "";
  const gap = bare.indexOf("::");
  const left = (gap < 0 ? bare : bare.slice(0, gap)).split(":").filter((part) => part !== "");
  const right =
    gap < 0
      ? []
      : bare
          .slice(gap + 2)
          .split(":")
          .filter((part) => part !== "");
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => "0");
  const parts = [...left, ...zeros, ...right].slice(0, 4);
  return `${parts.map((part) => Number.parseInt(part, 16).toString(16)).join(":")}::/64`;
}
