/**
 * The chain of signatures of STREAMING-AWS4-HMAC-SHA256-PAYLOAD: each chunk signs the hash of its bytes and the
 * signature before it. The hash may be still under way in a Worker when the next chunk arrives, so each check uses
 * the previous *claimed* signature; a false link fails its own check, and `settled` says whether all held.
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

  /** The first link found false so far. */
  get failure(): unknown {
    return this.#failure;
  }

  /** A chunk ended. @param sha256 of its bytes, perhaps later. @param claimed the signature its header carried. */
  chunk(claimed: string, sha256: Promise<Uint8Array>): void {
    const previous = this.#previous;
    const number = ++this.#chunks;
    this.#previous = claimed;
    // Answers come in order, so the last check to be made is also the last to end.
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
