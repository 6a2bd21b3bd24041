import type { Clock } from "../platform/clock.ts";
import type { Network, PeerCertificate } from "../platform/network.ts";
import type { Random } from "../platform/random.ts";
import type { Timers } from "../platform/timers.ts";
import type { WireHeader } from "./codec.ts";
import { encodeMessage } from "./codec.ts";
import { FramedConnection } from "./framed-connection.ts";
import type { AllocateFrame } from "./framing.ts";
import {
  answerOf,
  challengeOf,
  helloFrame,
  helloOf,
  isUnauthenticated,
  proofFrame,
  verdictFrame,
  verdictOf,
} from "./handshake.ts";
import { LaneQueue } from "./lane-queue.ts";
import { isSnapshotControl, type QueueLimits, type Slot } from "./lanes.ts";
import {
  BACKOFF_MAX_MS,
  BACKOFF_MIN_MS,
  BIG_FRAME_BYTES,
  HANDSHAKE_FRAME_BYTES,
  JOIN_BYTES,
  REFUSED_RETRY_MS,
  SETTLED_MS,
  TURN_BYTES,
} from "./limits.ts";
import { type ClusterProof, NONCE_BYTES } from "./proof.ts";
import { PeerProtocolError } from "./protocol-error.ts";
import type {
  HandshakeResult,
  Hello,
  Lane,
  Peer,
  PeerMessage,
  RefusalCode,
  TransportOptions,
} from "./types.ts";

/** Parts that all connections of a transport share. */
export interface LinkContext {
  readonly options: TransportOptions;
  readonly network: Network;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly frameLimit: number;
  readonly queueLimits: QueueLimits;
  readonly proof: ClusterProof;
  /** Frames have seals after the proof, because there is no TLS. */
  readonly seals: boolean;
  /** True when this node itself sent this challenge to a dialler that has not answered yet. */
  isOwnChallenge(challenge: Uint8Array): boolean;
  judge(
    own: Hello,
    other: Hello,
    certificate: PeerCertificate | undefined,
    expected: Peer | undefined,
  ): HandshakeResult;
}

export interface OutgoingEvents {
  /** The handshake is complete: messages can be sent. */
  onUp(hello: Hello): void;
  /** The connection was up and has ended. */
  onDown(): void;
  onRefused(code: RefusalCode, message: string): void;
  /** Reports an error for operators. Another attempt follows. */
  onError(reason: string, protocolError: boolean): void;
  /** The dialled end did not prove that it belongs to the cluster. */
  onWrongProof(): void;
  onDropped(lane: Lane, messages: number): void;
  onLost(lane: Lane): void;
}

/** This node's answer to a challenge. */
interface Shown {
  readonly challenge: Uint8Array;
  readonly nonce: Uint8Array;
  readonly mac: Uint8Array;
}

const UNAUTHENTICATED =
  "it does not take this node for a member: give every node the same cluster secret (--cluster-secret-file), and either all of them peer certificates or none";

/**
 * One lane (in two-lane mode: several) to one peer. The link dials, proves membership, sends its hello and then
 * messages, and reconnects when the connection breaks. Messages wait only while the connection is up. Otherwise
 * messages are refused, because Raft makes newer messages before the next connection.
 */
export class OutgoingLink {
  readonly slot: Slot;
  readonly #context: LinkContext;
  readonly #peer: Peer;
  readonly #events: OutgoingEvents;
  #queue: LaneQueue;
  #state: "idle" | "waiting" | "proving" | "shaking" | "up" | "closed" = "idle";
  #shown: Shown | undefined;
  #connection: FramedConnection | undefined;
  #certificate: PeerCertificate | undefined;
  #cancelRetry: () => void = () => {};
  #refused = false;
  #attempts = 0;
  #upSinceMs = 0;
  #frameLimit = 0;
  #flushing = false;

  constructor(context: LinkContext, peer: Peer, slot: Slot, events: OutgoingEvents) {
    this.#context = context;
    this.#peer = peer;
    this.slot = slot;
    this.#events = events;
    this.#queue = new LaneQueue(context.queueLimits);
  }

  get up(): boolean {
    return this.#state === "up";
  }

  /** The peer can probably be reached: dials at once, unless the peer refused this node. */
  dial(): void {
    if (this.#state === "idle" || (this.#state === "waiting" && !this.#refused)) this.#dial();
  }

  /** Returns false when the message was dropped. @throws UnsendableError for a message that never leaves its node */
  send(lane: Lane, message: PeerMessage, allocate?: AllocateFrame): boolean {
    if (this.#state !== "up") return false;
    const queue = isSnapshotControl(message) ? "snapshot-control" : lane;
    // Space is checked before the frame is encoded, because encoding a message without space is wasted work.
    if (!this.#queue.hasSpace(queue, 0)) return false;
    const frame = encodeMessage(message, this.#frameLimit, this.#connection?.sealBytes, allocate);
    if (!this.#queue.hasSpace(queue, frame.byteLength)) return false;
    this.#queue.push(queue, lane, frame);
    this.#flushSoon();
    return true;
  }

  sweep(paused: boolean): void {
    this.#connection?.sweep(paused);
  }

  close(reason: string): void {
    if (this.#state === "closed") return;
    this.#cancelRetry();
    this.#state = "closed";
    this.#queue = new LaneQueue(this.#context.queueLimits);
    this.#connection?.end(reason);
    this.#connection = undefined;
  }

  #dial(): void {
    this.#cancelRetry();
    // This node refused the earlier connection, and the other end has not closed it yet.
    const before = this.#connection;
    this.#connection = undefined;
    before?.end("dialled again");
    this.#refused = false;
    this.#certificate = undefined;
    this.#state = "proving";
    this.#shown = undefined;
    const { clock, network, options } = this.#context;
    const own = options.hello(this.#peer.id);
    const connection = new FramedConnection(() => clock.monotonicMs(), {
      onOpen: (certificate) => {
        this.#certificate = certificate;
      },
      onFrame: (header) => this.#frame(connection, own, header),
      onDrain: () => this.#flush(),
      onEnd: (reason, cause) => this.#ended(connection, reason, cause === "protocol-error"),
    });
    this.#connection = connection;
    connection.attach(network.connect(this.#peer.address, connection.handlers));
  }

  #frame(connection: FramedConnection, own: Hello, header: WireHeader): void {
    if (this.#state === "proving") this.#prove(connection, own, header);
    else if (this.#state === "shaking") this.#judge(connection, own, header);
    else {
      throw new PeerProtocolError(
        `a frame of kind ${header.kind} on a connection that only this node sends on`,
      );
    }
  }

  /** This node sends nothing about itself before the other end has proved membership too. */
  #prove(connection: FramedConnection, own: Hello, header: WireHeader): void {
    const { proof, seals, random, frameLimit } = this.#context;
    const shown = this.#shown;
    if (shown === undefined) {
      const challenge = challengeOf(header);
      if (this.#context.isOwnChallenge(challenge)) {
        connection.end(
          "what answers there asks what this node itself asks: the address leads back to this node",
        );
        return;
      }
      const nonce = random.bytes(NONCE_BYTES);
      const mac = proof.prove(challenge, nonce);
      this.#shown = { challenge, nonce, mac };
      connection.send(proofFrame(mac, nonce));
      return;
    }
    if (isUnauthenticated(header)) {
      this.#refused = true;
      this.#events.onRefused("UNAUTHENTICATED", UNAUTHENTICATED);
      connection.end("refused (UNAUTHENTICATED)");
      return;
    }
    const keys = proof.confirm(shown.challenge, shown.nonce, shown.mac, answerOf(header));
    if (keys === undefined) {
      this.#events.onWrongProof();
      throw new PeerProtocolError("it has not proved that it knows the cluster secret");
    }
    connection.proven(seals ? keys : undefined);
    this.#state = "shaking";
    connection.send(helloFrame({ hello: own, slot: this.slot, maxFrameBytes: frameLimit }));
  }

  #judge(connection: FramedConnection, own: Hello, header: WireHeader): void {
    const theirs = verdictOf(header);
    if (!theirs.ok) {
      this.#refused = theirs.code !== "NOT_READY";
      this.#events.onRefused(theirs.code, theirs.message);
      connection.end(`refused (${theirs.code}): ${theirs.message}`);
      return;
    }
    const { hello, slot, maxFrameBytes } = helloOf(header);
    if (slot !== this.slot)
      throw new PeerProtocolError(`answered for lane ${slot.name}, not ${this.slot.name}`);
    const verdict = this.#context.judge(own, hello, this.#certificate, this.#peer);
    connection.send(verdictFrame(verdict));
    if (!verdict.ok) {
      // The other end closes after it has read the reason. Otherwise the handshake's time limit ends the
      // connection.
      this.#refused = verdict.code !== "NOT_READY";
      this.#state = "waiting";
      this.#events.onError(`${verdict.code}: ${verdict.message}`, false);
      return;
    }
    connection.settle(HANDSHAKE_FRAME_BYTES);
    this.#frameLimit = Math.min(this.#context.frameLimit, maxFrameBytes);
    this.#state = "up";
    this.#upSinceMs = this.#context.clock.monotonicMs();
    this.#events.onUp(hello);
  }

  #ended(connection: FramedConnection, reason: string, protocolError: boolean): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    const wasUp = this.#state === "up";
    if (this.#state === "closed") return;
    if (wasUp && this.#context.clock.monotonicMs() - this.#upSinceMs >= SETTLED_MS) this.#attempts = 0;
    this.#retryLater();
    if (wasUp) this.#loseAll();
    // The refusal was reported already when the other end's verdict arrived.
    if (!this.#refused) this.#events.onError(reason, protocolError);
    if (wasUp) this.#events.onDown();
  }

  #retryLater(): void {
    const { random, timers } = this.#context;
    const longest = this.#refused
      ? REFUSED_RETRY_MS
      : Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** this.#attempts);
    this.#attempts = Math.min(this.#attempts + 1, 16);
    // The delay is random between one half and the whole, so that disconnected nodes do not reconnect at the same
    // time.
    const delay = Math.ceil(longest / 2) + random.nextInt(Math.floor(longest / 2) + 1);
    this.#state = "waiting";
    this.#cancelRetry = timers.later(() => this.#dial(), delay);
  }

  #loseAll(): void {
    const queue = this.#queue;
    this.#queue = new LaneQueue(this.#context.queueLimits);
    for (let next = queue.shift(); next !== undefined; next = queue.shift())
      this.#events.onDropped(next.lane, 1);
    for (const lane of this.slot.lanes) this.#events.onLost(lane);
  }

  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    this.#context.timers.soon(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  /** Writes only what the kernel accepts; further frames stay in the bounded queue. */
  #flush(): void {
    const connection = this.#connection;
    if (connection === undefined || this.#state !== "up") return;
    let budget = TURN_BYTES;
    while (this.#queue.length > 0 && connection.bufferedBytes === 0 && this.#state === "up") {
      if (budget <= 0) {
        this.#flushSoon();
        return;
      }
      budget -= this.#writeSome(connection);
    }
  }

  /** Writes one big frame, or the next small frames joined. Returns the written bytes. */
  #writeSome(connection: FramedConnection): number {
    const first = this.#take(connection);
    if (first === undefined) return 0;
    let bytes = first.byteLength;
    const frames = [first];
    if (bytes < BIG_FRAME_BYTES) {
      for (;;) {
        const next = this.#queue.nextBytes;
        if (next === undefined || next >= BIG_FRAME_BYTES || bytes + next > JOIN_BYTES) break;
        const frame = this.#take(connection);
        if (frame === undefined) break;
        frames.push(frame);
        bytes += frame.byteLength;
      }
    }
    connection.write(frames.length === 1 ? first : Buffer.concat(frames, bytes));
    return bytes;
  }

  /** Takes the next frame from the queue, with its seal. */
  #take(connection: FramedConnection): Uint8Array | undefined {
    const next = this.#queue.shift();
    if (next === undefined) return undefined;
    this.#context.options.metrics.sent(next.lane, 1, next.frame.byteLength);
    return connection.seal(next.frame);
  }
}
