/**
 * The chain of signatures of STREAMING-AWS4-HMAC-SHA256-PAYLOAD: each chunk signature covers the hash of the chunk
 * and the previous signature. A Worker may still compute the hash when the next chunk arrives, so each check uses the
 * previous *claimed* signature. A false signature fails its own check, and `settled` throws when a check has failed.
 */
import { equalConstantTime, hmacHex, sha256Hex } from "../auth/hmac.ts";
import type { ChunkSigning } from "../auth/types.ts";
import { S3Error } from "../protocol/errors.ts";

const EMPTY_SHA256 = sha256Hex("");
const SIGNATURE = /^[0-9a-f]{64}$/;

export class SignatureChain {
  readonly #signing: ChunkSigning;
  #previous: string;
  #chunks = 0;
  #last: Promise<void> = Promise.resolve();
  #failure: unknown;

  constructor(signing: ChunkSigning) {
    this.#signing = signing;
    this.#previous = signing.seedSignature;
  }

  /** The error of the first check that failed so far. */
  get failure(): unknown {
    return this.#failure;
  }

  /**
   * Call at the end of a chunk. @param sha256 hash of the chunk, perhaps still pending. @param claimed the signature
   * in the chunk's header.
   */
  chunk(claimed: string, sha256: Promise<Uint8Array>): void {
    const previous = this.#previous;
    const number = ++this.#chunks;
    this.#previous = claimed;
    // Hashes arrive in order, so the last check also ends last.
    this.#last = sha256.then(
      (hash) => {
        const hex = Buffer.from(hash.buffer, hash.byteOffset, hash.length).toString("hex");
        const toSign = this.#toSign("AWS4-HMAC-SHA256-PAYLOAD", previous, `${EMPTY_SHA256}\n${hex}`);
        this.#check(toSign, claimed, `chunk ${number}`);
      },
      (error: unknown) => {
        this.#failure ??= error;
      },
    );
  }

  /** @param canonical `name:value\n` for each trailer. */
  trailer(claimed: string, canonical: string): void {
    this.#check(
      this.#toSign("AWS4-HMAC-SHA256-TRAILER", this.#previous, sha256Hex(canonical)),
      claimed,
      "the trailer",
    );
  }

  /** @throws S3Error SignatureDoesNotMatch, HashError */
  async settled(): Promise<void> {
    await this.#last;
    if (this.#failure !== undefined) throw this.#failure;
  }

  #toSign(algorithm: string, previous: string, hashes: string): string {
    return `${algorithm}\n${this.#signing.timestamp}\n${this.#signing.scope}\n${previous}\n${hashes}`;
  }

  #check(toSign: string, claimed: string, what: string): void {
    if (SIGNATURE.test(claimed) && equalConstantTime(hmacHex(this.#signing.key, toSign), claimed)) return;
    this.#failure ??= new S3Error("SignatureDoesNotMatch", {
      message: `The signature of ${what} of the request body does not match.`,
      extra: [
        ["StringToSign", toSign],
        ["SignatureProvided", claimed],
      ],
      close: true,
    });
  }
}
