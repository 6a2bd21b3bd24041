import type { Digests, HashStream } from "../../hash/types.ts";
import { sameBytes } from "../../platform/bytes.ts";
import { S3Error, toS3Error } from "../protocol/errors.ts";
import type { ChecksumAlgorithm } from "../records/checksum.ts";
import type { DeclaredChecksums } from "./checksum-headers.ts";
import { checksumValue } from "./checksum-headers.ts";
import type { PayloadSource } from "./payload-source.ts";
import type { PayloadReader, PayloadResult } from "./types.ts";

export interface Expectations {
  readonly decodedLength: number;
  readonly chunked: boolean;
  readonly promises: DeclaredChecksums;
  /** Hex hash that was signed. */
  readonly signedSha256: string | undefined;
  /** What the result will carry. */
  readonly checksumAlgorithm: ChecksumAlgorithm | undefined;
}

export class CheckedPayload implements PayloadReader {
  readonly decodedLength: number;
  readonly chunked: boolean;
  readonly checksumAlgorithm: ChecksumAlgorithm | undefined;
  received = 0;
  readonly #expectations: Expectations;
  readonly #source: PayloadSource;
  readonly #hashes: HashStream;
  /** What `readInto` could not place. */
  #rest: Uint8Array | undefined;
  #ended = false;
  #result: Promise<PayloadResult> | undefined;
  /** Bytes of the target that were filled and not yet hashed. */
  #target: Uint8Array | undefined;
  #hashedTo = 0;
  #filledTo = 0;

  constructor(
    expectations: Expectations,
    hashes: HashStream,
    makeSource: (cut: () => Promise<Uint8Array>) => PayloadSource,
  ) {
    this.decodedLength = expectations.decodedLength;
    this.chunked = expectations.chunked;
    this.checksumAlgorithm = expectations.checksumAlgorithm;
    this.#expectations = expectations;
    this.#hashes = hashes;
    this.#source = makeSource(() => {
      // A chunk ends inside the target: its bytes must be in the hash before the cut.
      // Waiting for space is left to the next update; a dead thread fails the cut as well.
      this.#hashFilled()?.catch(() => {});
      return this.#hashes.cut();
    });
  }

  async read(): Promise<Uint8Array | undefined> {
    const next = await this.#next();
    if (next === undefined) return undefined;
    // What the source gave is gone with its next piece (RecycledBody); the caller may keep this.
    const piece = new Uint8Array(next);
    this.received += piece.length;
    await this.#hashes.update(piece);
    return piece;
  }

  async readInto(target: Uint8Array): Promise<number> {
    this.#target = target;
    this.#hashedTo = 0;
    this.#filledTo = 0;
    try {
      while (this.#filledTo < target.length) {
        const piece = await this.#next();
        if (piece === undefined) break;
        const fits = Math.min(piece.length, target.length - this.#filledTo);
        target.set(fits === piece.length ? piece : piece.subarray(0, fits), this.#filledTo);
        this.#filledTo += fits;
        if (fits < piece.length) this.#rest = piece.subarray(fits);
      }
      this.received += this.#filledTo;
      await this.#hashFilled();
      return this.#filledTo;
    } finally {
      this.#target = undefined;
    }
  }

  settled(): Promise<void> {
    return this.#hashes.settled();
  }

  finish(): Promise<PayloadResult> {
    this.#result ??= this.#finish();
    return this.#result;
  }

  async readAll(maxBytes: number): Promise<Uint8Array> {
    if (this.decodedLength > maxBytes) {
      this.abort();
      throw new S3Error("MaxMessageLengthExceeded", { extra: [["MaxMessageLengthBytes", String(maxBytes)]] });
    }
    const whole = new Uint8Array(this.decodedLength);
    await this.readInto(whole);
    await this.finish();
    return whole;
  }

  abort(): void {
    this.#hashes.abort();
  }

  #hashFilled(): Promise<void> | undefined {
    if (this.#target === undefined || this.#hashedTo === this.#filledTo) return undefined;
    const view = this.#target.subarray(this.#hashedTo, this.#filledTo);
    this.#hashedTo = this.#filledTo;
    return this.#hashes.update(view);
  }

  async #next(): Promise<Uint8Array | undefined> {
    const rest = this.#rest;
    if (rest !== undefined) {
      this.#rest = undefined;
      return rest;
    }
    if (this.#ended) return undefined;
    try {
      const piece = await this.#source.next();
      if (piece === undefined) this.#ended = true;
      return piece;
    } catch (error) {
      this.abort();
      throw toS3Error(error);
    }
  }

  async #finish(): Promise<PayloadResult> {
    const surplus = await this.#next();
    if (surplus !== undefined || this.received !== this.decodedLength) {
      this.abort();
      throw new S3Error("IncompleteBody", { close: true });
    }
    try {
      await this.#source.verified();
      const trailer = this.#trailerChecksum();
      const digests = await this.#hashes.digest();
      return this.#check(digests, trailer);
    } catch (error) {
      this.abort();
      throw toS3Error(error);
    }
  }

  #trailerChecksum(): Uint8Array | undefined {
    const { checksumAlgorithm, promises } = this.#expectations;
    if (promises.trailer === undefined || checksumAlgorithm === undefined) return undefined;
    const text = this.#source.trailers.get(promises.trailer);
    if (text !== undefined) return checksumValue(checksumAlgorithm, text, "trailing header");
    throw new S3Error("MalformedTrailerError", {
      message: `The trailer lacks the ${promises.trailer} that x-amz-trailer announces.`,
    });
  }

  #check(digests: Digests, trailer: Uint8Array | undefined): PayloadResult {
    const { promises, signedSha256, checksumAlgorithm } = this.#expectations;
    if (signedSha256 !== undefined) {
      const computed = Buffer.from(computedDigest(digests, "sha256")).toString("hex");
      if (computed !== signedSha256) throw contentSha256Mismatch(signedSha256, computed);
    }
    if (promises.md5 !== undefined && !sameBytes(promises.md5, computedDigest(digests, "md5"))) {
      throw new S3Error("BadDigest", {
        message: "The Content-MD5 you specified did not match what we received.",
        extra: [
          ["ExpectedDigest", base64(promises.md5)],
          ["CalculatedDigest", base64(computedDigest(digests, "md5"))],
        ],
      });
    }
    if (checksumAlgorithm === undefined) return { digests, checksum: undefined };
    const value = computedDigest(digests, checksumAlgorithm);
    const promised = trailer ?? promises.value;
    if (promised !== undefined && !sameBytes(promised, value)) {
      throw new S3Error("BadDigest", {
        message: `The ${checksumAlgorithm.toUpperCase()} you specified did not match the calculated checksum.`,
      });
    }
    return { digests, checksum: { algorithm: checksumAlgorithm, value } };
  }
}

function computedDigest(digests: Digests, algorithm: keyof Digests): Uint8Array {
  const digest = digests[algorithm];
  if (digest === undefined) throw new Error(`${algorithm} was not computed`);
  return digest;
}

function contentSha256Mismatch(signed: string, computed: string): S3Error {
  return new S3Error("XAmzContentSHA256Mismatch", {
    extra: [
      ["ClientComputedContentSHA256", signed],
      ["S3ComputedContentSHA256", computed],
    ],
  });
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
