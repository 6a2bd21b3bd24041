import type { Connection, ConnectionHandlers } from "../platform/network.ts";
import { HANDSHAKE_MS, JOIN_ANSWER_MS, JOIN_REQUEST_BYTES } from "./limits.ts";
import type { HandshakeFailure } from "./types.ts";

const NEWLINE = 0x0a;

export interface JoinLinkEvents {
  /** The whole request, without its newline. `answer` is called at most once, with one line. */
  onRequest(request: string, answer: (line: string) => void): void;
  /** @param failure undefined when the request was answered */
  onEnd(failure: HandshakeFailure | undefined): void;
}

/**
 * A connection without a client certificate. It carries the join exchange and nothing else: one request of one line and
 * one answer of one line (docs/format/peer.md, "Joining"). The connection has no part in the transport's lanes. The
 * other end closes the connection when it has read the answer.
 */
export class JoinLink {
  readonly handlers: ConnectionHandlers;
  readonly #now: () => number;
  readonly #connection: Connection;
  readonly #events: JoinLinkEvents;
  readonly #parts: Uint8Array[] = [];
  #bytes = 0;
  #state: "request" | "asked" | "answered" = "request";
  #sinceMs: number;
  #ended = false;

  constructor(now: () => number, connection: Connection, events: JoinLinkEvents) {
    this.#now = now;
    this.#connection = connection;
    this.#events = events;
    this.#sinceMs = now();
    this.handlers = {
      onData: (bytes) => this.#data(bytes),
      onClose: () => this.#end(this.#state === "answered" ? undefined : "closed"),
    };
  }

  /** Ends a connection that has waited too long. @param paused the process stood still, so that no time counts */
  sweep(paused: boolean): void {
    if (paused) this.#sinceMs = this.#now();
    const limitMs = this.#state === "asked" ? JOIN_ANSWER_MS : HANDSHAKE_MS;
    if (this.#now() - this.#sinceMs < limitMs) return;
    this.#close("the join exchange took too long", this.#state === "answered" ? undefined : "timeout");
  }

  end(reason: string): void {
    this.#close(reason, this.#state === "answered" ? undefined : "closed");
  }

  evict(): void {
    this.#close("too many connections that want to join", "crowded");
  }

  #data(bytes: Uint8Array): void {
    if (this.#ended) return;
    if (this.#state !== "request") {
      this.#close("it sends more than one request", "protocol");
      return;
    }
    const end = bytes.indexOf(NEWLINE);
    const part = end < 0 ? bytes : bytes.subarray(0, end);
    this.#bytes += part.byteLength;
    if (this.#bytes > JOIN_REQUEST_BYTES || (end >= 0 && end + 1 < bytes.byteLength)) {
      this.#close("the request to join is too long", "protocol");
      return;
    }
    this.#parts.push(part.slice());
    if (end < 0) return;
    this.#move("asked");
    const request = Buffer.concat(this.#parts).toString("utf8");
    this.#parts.length = 0;
    this.#events.onRequest(request, (line) => this.#answer(line));
  }

  #answer(line: string): void {
    if (this.#ended || this.#state !== "asked") return;
    this.#move("answered");
    this.#connection.write(Buffer.from(`${line}\n`));
  }

  #move(state: "asked" | "answered"): void {
    this.#state = state;
    this.#sinceMs = this.#now();
  }

  #close(reason: string, failure: HandshakeFailure | undefined): void {
    if (this.#ended) return;
    this.#end(failure);
    this.#connection.destroy(reason);
  }

  #end(failure: HandshakeFailure | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#events.onEnd(failure);
  }
}
