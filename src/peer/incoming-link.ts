import type { Connection, ConnectionHandlers, PeerCertificate } from "../platform/network.ts";
import { Kind, type WireHeader } from "./codec.ts";
import { type EndCause, FramedConnection } from "./framed-connection.ts";
import {
  type ConnectionHello,
  challengeFrame,
  helloOf,
  proofFrame,
  proofOf,
  UNAUTHENTICATED_FRAME,
  verdictFrame,
  verdictOf,
} from "./handshake.ts";
import { isBlobSlot } from "./lanes.ts";
import { HANDSHAKE_MS } from "./limits.ts";
import type { LinkContext } from "./outgoing-link.ts";
import { NONCE_BYTES } from "./proof.ts";
import { PeerProtocolError } from "./protocol-error.ts";
import type { HandshakeFailure, HandshakeResult, Hello } from "./types.ts";

/**
 * Limit for frames that arrive before the peer's start is recorded: more than a few heartbeats, less than a lane's
 * queue.
 */
const HELD_BYTES = 1 << 20;

export interface IncomingEvents {
  /** The dialler has proved that it belongs to the cluster. The dialler's hello follows. */
  onProven(): void;
  /** Both ends have accepted the other's hello. */
  onUp(hello: ConnectionHello): void;
  /** One end refused the other. @param byThem the dialler refused this node */
  onRefused(hello: ConnectionHello, verdict: HandshakeResult & { readonly ok: false }, byThem: boolean): void;
  onFrame(hello: ConnectionHello, header: WireHeader, payload: Uint8Array, bytes: number): void;
  /** @param hello undefined when the dialler sent no hello; @param failure undefined when the connection was up */
  onEnd(
    hello: ConnectionHello | undefined,
    failure: HandshakeFailure | undefined,
    reason: string,
    protocolError: boolean,
  ): void;
}

/** The consensus thread and the blob thread listen at addresses of their own; each refuses the other's lanes. */
function refusedLane({ slot }: ConnectionHello, blob: boolean): HandshakeResult | undefined {
  if (isBlobSlot(slot) === blob) return undefined;
  const here = blob ? "its address for blobs" : "an address for Raft, not for blobs";
  return { ok: false, code: "PROTOCOL", message: `lane ${slot.name} was dialled at ${here}` };
}

/**
 * A connection that a peer dialled: the peer proves membership, sends its hello and then messages; this node
 * receives.
 */
export class IncomingLink {
  readonly handlers: ConnectionHandlers;
  /** "host:port" of the other end. */
  readonly remote: string;
  readonly #context: LinkContext;
  readonly #events: IncomingEvents;
  readonly #certificate: PeerCertificate | undefined;
  readonly #connection: FramedConnection;
  readonly #challenge: Uint8Array;
  #state: "proof" | "unproven" | "hello" | "verdict" | "refused" | "keeping" | "up" = "proof";
  #hello: ConnectionHello | undefined;
  /** The hello that this node sent. */
  #own: Hello | undefined;
  #evicted = false;

  constructor(
    context: LinkContext,
    connection: Connection,
    certificate: PeerCertificate | undefined,
    events: IncomingEvents,
  ) {
    this.#context = context;
    this.#certificate = certificate;
    this.#events = events;
    this.remote = connection.remote;
    this.#challenge = context.random.bytes(NONCE_BYTES);
    this.#connection = new FramedConnection(() => context.clock.monotonicMs(), {
      onFrame: (header, payload, bytes) => this.#frame(header, payload, bytes),
      onEnd: (reason, cause) => {
        const failure = this.#state === "up" ? undefined : this.#failure(cause);
        events.onEnd(this.#hello, failure, reason, cause === "protocol-error");
      },
    });
    this.handlers = this.#connection.handlers;
    this.#connection.attach(connection);
    this.#connection.send(challengeFrame(this.#challenge));
  }

  get hello(): ConnectionHello | undefined {
    return this.#hello;
  }

  get up(): boolean {
    return this.#state === "up" && !this.#connection.ended;
  }

  /** True when the dialler was sent this challenge and has not answered. */
  waitsFor(challenge: Uint8Array): boolean {
    return this.#state === "proof" && Buffer.compare(this.#challenge, challenge) === 0;
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

  evict(): void {
    this.#evicted = true;
    this.#connection.end("too many connections that have not come through the handshake");
  }

  #frame(header: WireHeader, payload: Uint8Array, bytes: number): void {
    switch (this.#state) {
      case "proof":
        this.#proved(proofOf(header));
        return;
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
      case "unproven":
      case "refused":
        throw new PeerProtocolError("it goes on although it was refused");
    }
  }

  #proved({ nonce, mac }: { readonly nonce: Uint8Array; readonly mac: Uint8Array }): void {
    const { proof, seals } = this.#context;
    const accepted = proof.accept(this.#challenge, nonce, mac);
    if (accepted === undefined) {
      // The dialler closes after it has read the answer; a close from this end could destroy the unread answer.
      this.#state = "unproven";
      this.#connection.send(UNAUTHENTICATED_FRAME);
      return;
    }
    this.#state = "hello";
    this.#connection.send(proofFrame(accepted.answer));
    this.#connection.proven(seals ? accepted.keys : undefined);
    this.#events.onProven();
  }

  #greeted(greeting: ConnectionHello): void {
    this.#hello = greeting;
    const { options, frameLimit } = this.#context;
    const hello = options.hello(greeting.hello.id);
    this.#own = hello;
    const verdict =
      refusedLane(greeting, options.lanes === "blob") ??
      this.#context.judge(hello, greeting.hello, this.#certificate, undefined);
    if (verdict.ok) {
      this.#state = "verdict";
      this.#connection.send(verdictFrame(verdict, { hello, slot: greeting.slot, maxFrameBytes: frameLimit }));
      return;
    }
    // The dialler closes after it has read the reason, as in `#proved`.
    this.#state = "refused";
    this.#connection.send(verdictFrame(verdict));
    this.#events.onRefused(greeting, verdict, false);
  }

  #answered(verdict: HandshakeResult): void {
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
    // The dialler does not know about this wait, which takes as long as the write of a small file.
    this.#state = "keeping";
    this.#connection.hold(HELD_BYTES);
    const gate = { accept: () => this.#accepted(hello), reject: (reason: string) => this.end(reason) };
    if (options.keep === undefined) gate.accept();
    else options.keep(hello.hello, own, gate);
  }

  #accepted(hello: ConnectionHello): void {
    if (this.#state !== "keeping" || this.#connection.ended) return;
    this.#state = "up";
    this.#events.onUp(hello);
    this.#connection.release();
  }

  #failure(cause: EndCause): HandshakeFailure {
    if (this.#evicted) return "crowded";
    if (this.#state === "unproven") return "secret";
    if (this.#state === "refused") return "refused";
    if (cause === "protocol-error") return "protocol";
    return cause === "late" ? "timeout" : "closed";
  }
}
