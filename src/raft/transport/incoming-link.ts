import type { Connection, ConnectionHandlers, PeerCertificate } from "../../platform/network.ts";
import { Kind, type WireHeader } from "./codec.ts";
import { FramedConnection } from "./framed-connection.ts";
import { type ConnectionHello, helloOf, verdictFrame, verdictOf } from "./handshake.ts";
import { HANDSHAKE_MS } from "./limits.ts";
import type { LinkContext } from "./outgoing-link.ts";
import { PeerProtocolError } from "./protocol-error.ts";
import type { Hello, Verdict } from "./types.ts";

/** Of frames that came before the peer's start was written down: more than a few heartbeats, less than a lane's queue. */
const HELD_BYTES = 1 << 20;

export interface IncomingEvents {
  /** Both ends took the other's hello. */
  onUp(hello: ConnectionHello): void;
  /** Either end refused the other. @param byThem the dialler refused this node */
  onRefused(hello: ConnectionHello, verdict: Verdict & { readonly ok: false }, byThem: boolean): void;
  onFrame(hello: ConnectionHello, header: WireHeader, payload: Uint8Array, bytes: number): void;
  /** @param hello undefined when it never said who it is */
  onEnd(hello: ConnectionHello | undefined, wasUp: boolean, reason: string, nonsense: boolean): void;
}

/** A connection that a peer dialled: it sends, this node listens. */
export class IncomingLink {
  readonly handlers: ConnectionHandlers;
  readonly #context: LinkContext;
  readonly #events: IncomingEvents;
  readonly #certificate: PeerCertificate | undefined;
  readonly #connection: FramedConnection;
  #state: "hello" | "verdict" | "refused" | "keeping" | "up" = "hello";
  #hello: ConnectionHello | undefined;
  /** What this node said of itself. */
  #own: Hello | undefined;

  constructor(
    context: LinkContext,
    connection: Connection,
    certificate: PeerCertificate | undefined,
    events: IncomingEvents,
  ) {
    this.#context = context;
    this.#certificate = certificate;
    this.#events = events;
    this.#connection = new FramedConnection(() => context.clock.monotonicMs(), {
      onFrame: (header, payload, bytes) => this.#frame(header, payload, bytes),
      onEnd: (reason, nonsense) => {
        events.onEnd(this.#hello, this.#state === "up", reason, nonsense);
      },
    });
    this.handlers = this.#connection.handlers;
    this.#connection.attach(connection);
  }

  get hello(): ConnectionHello | undefined {
    return this.#hello;
  }

  get up(): boolean {
    return this.#state === "up" && !this.#connection.ended;
  }

  sweep(paused: boolean): void {
    if (this.#state === "keeping" && !paused && this.#connection.ageMs >= 2 * HANDSHAKE_MS) {
      this.end("its start was not written down here in time");
    }
    this.#connection.sweep(paused);
  }

  end(reason: string): void {
    this.#connection.end(reason);
  }

  #frame(header: WireHeader, payload: Uint8Array, bytes: number): void {
    switch (this.#state) {
      case "hello":
        if (header.kind !== Kind.HELLO)
          throw new PeerProtocolError(`a frame of kind ${header.kind} before the hello`);
        this.#greeted(helloOf(header));
        return;
      case "verdict":
        this.#answered(verdictOf(header));
        return;
      case "up":
        if (this.#hello !== undefined) this.#events.onFrame(this.#hello, header, payload, bytes);
        return;
      case "keeping":
        throw new Error("a frame was not held");
      case "refused":
        throw new PeerProtocolError("it goes on although it was refused");
    }
  }

  #greeted(greeting: ConnectionHello): void {
    this.#hello = greeting;
    const { options, frameLimit } = this.#context;
    const hello = options.hello(greeting.hello.id);
    this.#own = hello;
    const verdict = this.#context.judge(hello, greeting.hello, this.#certificate, undefined);
    if (verdict.ok) {
      this.#state = "verdict";
      this.#connection.write(
        verdictFrame(verdict, { hello, slot: greeting.slot, maxFrameBytes: frameLimit }),
      );
      return;
    }
    // The dialler hangs up when it has read why. Hanging up here could tear the reason out of its hands.
    this.#state = "refused";
    this.#connection.write(verdictFrame(verdict));
    this.#events.onRefused(greeting, verdict, false);
  }

  #answered(verdict: Verdict): void {
    const hello = this.#hello;
    const own = this.#own;
    if (hello === undefined || own === undefined) return;
    if (!verdict.ok) {
      this.#state = "refused";
      this.#events.onRefused(hello, verdict, true);
      this.#connection.end(`refused by it (${verdict.code})`);
      return;
    }
    const { options, frameLimit } = this.#context;
    this.#connection.settle(frameLimit);
    // The dialler does not know that it is waited for; it takes as long as a small file takes to be written.
    this.#state = "keeping";
    this.#connection.hold(HELD_BYTES);
    const standing = { stands: () => this.#stands(hello), fails: (reason: string) => this.end(reason) };
    if (options.keep === undefined) standing.stands();
    else options.keep(hello.hello, own, standing);
  }

  #stands(hello: ConnectionHello): void {
    if (this.#state !== "keeping" || this.#connection.ended) return;
    this.#state = "up";
    this.#events.onUp(hello);
    this.#connection.release();
  }
}
