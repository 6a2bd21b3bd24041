import type { Connection, ConnectionHandlers, PeerCertificate } from "../platform/network.ts";
import { decodeHeader, Kind, type WireHeader } from "./codec.ts";
import { FrameSeal, SEAL_BYTES } from "./frame-seal.ts";
import { FrameReader, PREFACE, PRELUDE_BYTES } from "./framing.ts";
import { ALIVE_FRAME } from "./handshake.ts";
import { ALIVE_MS, HANDSHAKE_FRAME_BYTES, HANDSHAKE_MS, PROOF_FRAME_BYTES, SILENCE_MS } from "./limits.ts";
import type { SessionKeys } from "./proof.ts";
import { PeerProtocolError } from "./protocol-error.ts";
import { copied } from "./wire-numbers.ts";

/** Why a connection ended: the other end broke the protocol; the handshake took too long; any other reason. */
export type EndCause = "protocol-error" | "late" | "ended";

export interface FramedEvents {
  onOpen?(certificate: PeerCertificate | undefined): void;
  /**
   * Called for every frame except ALIVE. The payload is valid during the call only; `bytes` is the size of the
   * whole frame. A thrown PeerProtocolError ends the connection.
   */
  onFrame(header: WireHeader, payload: Uint8Array, bytes: number): void;
  onDrain?(): void;
  /** Called once, whichever end closed the connection, and also from within `end`. */
  onEnd(reason: string, cause: EndCause): void;
}

/**
 * A connection that carries frames (sealed after both ends have proved membership), detects silence, and ends on
 * the first protocol error.
 */
export class FramedConnection {
  /** Handlers for the network. */
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

  /** Sets the connection of the handlers, and writes the preface. */
  attach(connection: Connection): void {
    this.#connection = connection;
    if (this.#ended) connection.destroy("ended before it began");
    else connection.write(PREFACE);
  }

  /** Both ends have proved membership: later frames may be longer. @param keys seal the frames, in both directions */
  proven(keys: SessionKeys | undefined): void {
    this.#reader.setLimit(HANDSHAKE_FRAME_BYTES);
    if (keys === undefined) return;
    this.#seal = new FrameSeal(keys.send);
    const received = new FrameSeal(keys.receive);
    this.#reader.expectSeals(SEAL_BYTES, (frame) => received.check(frame));
  }

  /** The handshake is over: frames may have `frameLimit` bytes, and silence ends the connection. */
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

  /** Bytes that a frame must reserve at its end for its seal. */
  get sealBytes(): number {
    return this.#seal === undefined ? 0 : SEAL_BYTES;
  }

  /** Sends a small frame that has no space for a seal. */
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

  /** Fills in the seal of the next frame to write. Returns the frame. */
  seal(frame: Uint8Array): Uint8Array {
    this.#seal?.fill(frame);
    return frame;
  }

  /** Writes whole frames with their seals. The caller must not change the bytes afterwards. */
  write(bytes: Uint8Array): void {
    if (this.#ended) return;
    this.#sentMs = this.#now();
    this.#connection?.write(bytes);
  }

  /** Called at intervals: sends ALIVE on an idle connection, and ends a connection whose other end is silent.
   *  @param paused this process itself was paused, so the other end's silence proves nothing */
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

  /** Keeps frames until `release`. More than `maxBytes` of kept frames end the connection. */
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
      // Any other error is not the peer's fault; the thread handles it.
      if (!(error instanceof PeerProtocolError)) throw error;
      this.end(error.message, "protocol-error");
    }
  }

  #frame(bytes: Uint8Array, payload: Uint8Array): void {
    const held = this.#held;
    if (held !== undefined) {
      held.bytesLeft -= bytes.byteLength + payload.byteLength;
      if (held.bytesLeft < 0) this.end("it says too much before it may");
      // Header and payload are valid during the call only, so both are copied.
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
