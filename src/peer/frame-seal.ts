import { createCipheriv, timingSafeEqual } from "node:crypto";
import { PeerProtocolError } from "./protocol-error.ts";

/** Bytes of the seal after every frame of a connection without TLS, once both ends have proved membership. */
export const SEAL_BYTES = 16;
const NONCE_BYTES = 12;
const NOTHING = new Uint8Array(0);

/**
 * The seals of one direction of a connection: AES-256-GMAC (NIST SP 800-38D: GCM with nothing to encrypt) over the
 * frame, with the frame's number in the stream as nonce. Each connection and direction has its own key, so no nonce
 * repeats under a key. A frame that was left out, repeated, moved or altered is detected. A seal costs 0.7 us, and
 * 35 us a MiB.
 */
export class FrameSeal {
  readonly #key: Uint8Array;
  readonly #nonce = Buffer.alloc(NONCE_BYTES);
  #number = 0;

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /**
   * Writes the seal into the last SEAL_BYTES of a frame. Frames must be filled in the order in which they are
   * written.
   */
  fill(frame: Uint8Array): void {
    const at = frame.byteLength - SEAL_BYTES;
    frame.set(this.#next(frame.subarray(0, at)), at);
  }

  /**
   * @param frame a frame with its seal, in the order of arrival. @throws PeerProtocolError when the seal does not
   * match
   */
  check(frame: Uint8Array): void {
    const at = frame.byteLength - SEAL_BYTES;
    if (!timingSafeEqual(this.#next(frame.subarray(0, at)), frame.subarray(at))) {
      throw new PeerProtocolError(
        "the seal of a frame does not match: it was altered on its way, or is not of the peer",
      );
    }
  }

  #next(bytes: Uint8Array): Uint8Array {
    // Exact up to 2^53 frames; the upper 4 bytes stay 0.
    this.#nonce.writeUIntLE(this.#number % 2 ** 32, 0, 4);
    this.#nonce.writeUIntLE(Math.floor(this.#number / 2 ** 32), 4, 4);
    this.#number++;
    const gmac = createCipheriv("aes-256-gcm", this.#key, this.#nonce);
    gmac.setAAD(bytes);
    gmac.update(NOTHING);
    gmac.final();
    return gmac.getAuthTag();
  }
}
