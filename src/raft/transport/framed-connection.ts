import type { Connection, ConnectionHandlers, PeerCertificate } from "../../platform/network.ts";
import { decodeHeader, Kind, type WireHeader } from "./codec.ts";
import { FrameSeal, SEAL_BYTES } from "./frame-seal.ts";
import { FrameReader, PREFACE, PRELUDE_BYTES } from "./framing.ts";
import { ALIVE_FRAME } from "./handshake.ts";
import { ALIVE_MS, HANDSHAKE_FRAME_BYTES, HANDSHAKE_MS, PROOF_FRAME_BYTES, SILENCE_MS } from "./limits.ts";
import type { SessionKeys } from "./proof.ts";
import { PeerProtocolError } from "./protocol-error.ts";
import { copied } from "./wire-numbers.ts";

/** What ended a connection: the other end broke the protocol; its handshake took too long; anything else. */
export type EndCause = "nonsense" | "late" | "ended";

export interface FramedEvents {
  onOpen?(certificate: PeerCertificate | undefined): void;
  /** Not for ALIVE. The payload is lent; `bytes` = the whole frame. A PeerProtocolError that it throws ends the connection. */
  onFrame(header: WireHeader, payload: Uint8Array, bytes: number): void;
  onDrain?(): void;
  /** Once, whoever ended it, and from within `end` too. */
  onEnd(reason: string, cause: EndCause): void;
}

/** A connection that carries frames (sealed ones, once both ends have proved themselves), notices silence, and ends on the
 *  first thing that is not right. */
export class FramedConnection {
  /** For the network. */
  readonly handlers: ConnectionHandlers;
  readonly #events: FramedEvents;
  readonly #reader: FrameReader;
  readonly #now: () => number;
  readonly #bornMs: number;
  #connection: Connection | undefined;
  #seal: FrameSeal | undefined;
  #receivedMs: number;
  #sentMs: number;
  #settled = false;
  #held: { readonly frames: (readonly [Uint8Array, Uint8Array])[]; bytesLeft: number } | undefined;
  #ended = false;

  constructor(now: () => number, events: FramedEvents) {
    this.#now = now;
    this.#events = events;
    this.#bornMs = now();
    this.#receivedMs = this.#bornMs;
    this.#sentMs = this.#bornMs;
    this.#reader = new FrameReader(PROOF_FRAME_BYTES, (header, payload) => this.#frame(header, payload));
    this.handlers = {
      onOpen: (certificate) => {
        if (!this.#ended) this.#events.onOpen?.(certificate);
      },
      onData: (bytes) => this.#data(bytes),
      onDrain: () => {
        if (!this.#ended) this.#events.onDrain?.();
      },
      onClose: (reason) => this.end(this.#reader.midFrame ? `${reason} (in the middle of a frame)` : reason),
    };
  }

  /** The connection that the handlers belong to. Writes the preface. */
  attach(connection: Connection): void {
    this.#connection = connection;
    if (this.#ended) connection.destroy("ended before it began");
    else connection.write(PREFACE);
  }

  /** Both ends have proved themselves: what they say from now on may be longer. @param keys seal it, in both directions */
  proven(keys: SessionKeys | undefined): void {
    this.#reader.setLimit(HANDSHAKE_FRAME_BYTES);
    if (keys === undefined) return;
    this.#seal = new FrameSeal(keys.send);
    const received = new FrameSeal(keys.receive);
    this.#reader.expectSeals(SEAL_BYTES, (frame) => received.check(frame));
  }

  /** The handshake is over: frames may be so long, and silence counts. */
  settle(frameLimit: number): void {
    this.#settled = true;
    this.#reader.setLimit(frameLimit);
  }

  get ended(): boolean {
    return this.#ended;
  }

  get ageMs(): number {
    return this.#now() - this.#bornMs;
  }

  get bufferedBytes(): number {
    return this.#connection?.bufferedBytes ?? 0;
  }

  /** Bytes that a frame has to have behind it for its seal. */
  get sealBytes(): number {
    return this.#seal === undefined ? 0 : SEAL_BYTES;
  }

  /** A small frame that has no room for a seal. */
  send(frame: Uint8Array): void {
    if (this.#ended) return;
    if (this.#seal === undefined) {
      this.write(frame);
      return;
    }
    const sealed = new Uint8Array(frame.byteLength + SEAL_BYTES);
    sealed.set(frame);
    this.write(this.seal(sealed));
  }

  /** Fills in the seal of a frame that is written next. Returns the frame. */
  seal(frame: Uint8Array): Uint8Array {
    this.#seal?.fill(frame);
    return frame;
  }

  /** Whole frames with their seals; the bytes are the connection's from now on. */
  write(bytes: Uint8Array): void {
    if (this.#ended) return;
    this.#sentMs = this.#now();
    this.#connection?.write(bytes);
  }

  /** To be called every now and then: says that this end lives, ends the connection when the other does not.
   *  @param paused this process itself stood still: silence proves nothing */
  sweep(paused: boolean): void {
    if (this.#ended) return;
    this.#reader.relax();
    const now = this.#now();
    if (paused) this.#receivedMs = now;
    if (!this.#settled) {
      if (now - this.#bornMs >= HANDSHAKE_MS) this.end(`no handshake within ${HANDSHAKE_MS} ms`, "late");
      return;
    }
    if (now - this.#receivedMs >= SILENCE_MS) {
      this.end(`silent for ${SILENCE_MS} ms`);
    } else if (now - this.#sentMs >= ALIVE_MS && this.bufferedBytes === 0) {
      this.send(ALIVE_FRAME);
    }
  }

  end(reason: string, cause: EndCause = "ended"): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#reader.stop();
    this.#connection?.destroy(reason);
    this.#events.onEnd(reason, cause);
  }

  /** Sets frames aside until `release`; more of them than so many bytes end the connection. */
  hold(maxBytes: number): void {
    this.#held = { frames: [], bytesLeft: maxBytes };
  }

  release(): void {
    const held = this.#held;
    this.#held = undefined;
    for (const [header, payload] of held?.frames ?? []) {
      if (!this.#ended) this.#vet(() => this.#frame(header, payload));
    }
  }

  #data(bytes: Uint8Array): void {
    if (this.#ended) return;
    this.#receivedMs = this.#now();
    this.#vet(() => this.#reader.push(bytes));
  }

  #vet(work: () => void): void {
    try {
      work();
    } catch (error) {
      // Anything else is not the peer's fault and belongs to whoever runs this room.
      if (!(error instanceof PeerProtocolError)) throw error;
      this.end(error.message, "nonsense");
    }
  }

  #frame(bytes: Uint8Array, payload: Uint8Array): void {
    const held = this.#held;
    if (held !== undefined) {
      held.bytesLeft -= bytes.byteLength + payload.byteLength;
      if (held.bytesLeft < 0) this.end("it says too much before it may");
      // Both are only lent.
      else held.frames.push([copied(bytes), copied(payload)]);
      return;
    }
    const header = decodeHeader(bytes);
    if (header.kind === Kind.ALIVE && this.#settled) return;
    this.#events.onFrame(
      header,
      payload,
      PRELUDE_BYTES + bytes.byteLength + payload.byteLength + this.sealBytes,
    );
  }
}
