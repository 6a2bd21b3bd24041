/** Somebody who connects to a node and speaks the protocol by hand: a stranger, a liar, or a peer that talks nonsense. */
import type {
  Connection,
  ConnectionHandlers,
  Network,
  NetworkAddress,
} from "../../../src/platform/network.ts";
import { decodeHeader, type WireHeader } from "../../../src/raft/transport/codec.ts";
import { FrameSeal, SEAL_BYTES } from "../../../src/raft/transport/frame-seal.ts";
import { FrameReader, PREFACE } from "../../../src/raft/transport/framing.ts";
import {
  answerOf,
  type ConnectionHello,
  challengeOf,
  helloFrame,
  isUnauthenticated,
  proofFrame,
  verdictFrame,
} from "../../../src/raft/transport/handshake.ts";
import { frameLimit } from "../../../src/raft/transport/limits.ts";
import { ClusterProof, NONCE_BYTES } from "../../../src/raft/transport/proof.ts";

export const OWN_NONCE = new Uint8Array(NONCE_BYTES).fill(0x5a);

export class Speaker {
  readonly #connection: Connection;
  readonly #reader: FrameReader;
  readonly #readers: ((header: WireHeader) => void)[] = [];
  #seal: FrameSeal | undefined;
  /** What came, decoded, and as it came. */
  readonly heard: WireHeader[] = [];
  readonly raw: Uint8Array[] = [];
  /** Why it ended. */
  ended: string | undefined;

  constructor(network: Network, address: NetworkAddress, preface: Uint8Array = PREFACE) {
    this.#reader = new FrameReader(frameLimit(4 << 20), (bytes) => {
      const header = decodeHeader(new Uint8Array(bytes));
      this.heard.push(header);
      this.#readers.shift()?.(header);
    });
    const handlers: ConnectionHandlers = {
      onData: (bytes) => {
        this.raw.push(new Uint8Array(bytes));
        this.#reader.push(bytes);
      },
      onClose: (reason) => {
        this.ended = reason;
      },
    };
    this.#connection = network.connect(address, handlers);
    this.#connection.write(preface);
  }

  /** Bytes as they are. */
  write(bytes: Uint8Array): void {
    this.#connection.write(bytes);
  }

  /** A frame, with its seal once there is one. */
  send(frame: Uint8Array): void {
    if (this.#seal === undefined) {
      this.write(frame);
      return;
    }
    const sealed = new Uint8Array(frame.byteLength + SEAL_BYTES);
    sealed.set(frame);
    this.#seal.fill(sealed);
    this.write(sealed);
  }

  /** Runs at the next frame that comes. */
  next(run: (header: WireHeader) => void): void {
    this.#readers.push(run);
  }

  /** Answers the challenge that comes next as one who knows this secret, and says hello when the other end has answered.
   *  @param seals not over TLS */
  prove(secret: Uint8Array, hello?: ConnectionHello, seals = true): void {
    const proof = new ClusterProof([secret]);
    this.next((asked) => {
      const challenge = challengeOf(asked);
      const mac = proof.prove(challenge, OWN_NONCE);
      this.write(proofFrame(mac, OWN_NONCE));
      this.next((answered) => {
        if (isUnauthenticated(answered)) return;
        const keys = proof.confirm(challenge, OWN_NONCE, mac, answerOf(answered));
        if (keys === undefined) throw new Error("the node did not prove itself");
        if (seals) {
          this.#seal = new FrameSeal(keys.send);
          const received = new FrameSeal(keys.receive);
          this.#reader.expectSeals(SEAL_BYTES, (frame) => received.check(frame));
        }
        if (hello === undefined) return;
        this.send(helloFrame(hello));
        this.next(() => this.send(verdictFrame({ ok: true })));
      });
    });
  }

  close(): void {
    this.#connection.destroy("enough");
  }
}
