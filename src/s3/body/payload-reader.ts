import type { Digests, HashStream } from "../../hash/types.ts";
import type { BodyReader } from "../../http/types.ts";
import { sameBytes } from "../../platform/bytes.ts";
import { S3Error, toS3Error } from "../protocol/errors.ts";
import type { ChecksumAlgorithm } from "../records/checksum.ts";
import type { DeclaredChecksums } from "./checksum-headers.ts";
import { checksumValue } from "./checksum-headers.ts";
import type { ChunkCut, ChunkedFraming } from "./chunked-framing.ts";
import type { PayloadReader, PayloadResult } from "./types.ts";

export interface Expectations {
  readonly decodedLength: number;
  readonly mayEndEarly: boolean;
  readonly chunked: boolean;
  readonly declared: DeclaredChecksums;
  /** Hex hash that was signed. */
  readonly signedSha256: string | undefined;
  /** Algorithm of the checksum in the result. */
  readonly checksumAlgorithm: ChecksumAlgorithm | undefined;
}

const NOTHING = new Uint8Array(0);
/** Target for a surplus byte, which no code reads. */
const SURPLUS = new Uint8Array(1);

export class CheckedPayload implements PayloadReader {
  readonly decodedLength: number;
  readonly mayEndEarly: boolean;
  readonly chunked: boolean;
  readonly checksumAlgorithm: ChecksumAlgorithm | undefined;
  received = 0;
  readonly #expectations: Expectations;
  readonly #body: Pick<BodyReader, "readInto">;
  /** The same object as `#body`, when the payload arrives in chunks. */
  readonly #framing: ChunkedFraming | undefined;
  readonly #hashes: HashStream;
  #result: Promise<PayloadResult> | undefined;
  /** The target of the running `readInto`. */
  #target: Uint8Array = NOTHING;
  /** Bytes of `#target` that were passed to the hash. */
  #hashedTo = 0;

  constructor(
    expectations: Expectations,
    hashes: HashStream,
    body: BodyReader,
    makeFraming?: (body: BodyReader, cut: ChunkCut) => ChunkedFraming,
  ) {
    this.decodedLength = expectations.decodedLength;
    this.mayEndEarly = expectations.mayEndEarly;
    this.chunked = expectations.chunked;
    this.checksumAlgorithm = expectations.checksumAlgorithm;
    this.#expectations = expectations;
    this.#hashes = hashes;
    this.#framing = makeFraming?.(body, (filled) => {
      // A chunk ends inside the target: the hash must have the chunk's bytes before the cut.
      // The next update waits for space; a dead thread fails the cut as well.
      this.#hashTo(filled)?.catch(() => {});
      return this.#hashes.cut();
    });
    this.#body = this.#framing ?? body;
  }

  async readInto(target: Uint8Array): Promise<number> {
    this.#target = target;
    try {
      const filled = await this.#body.readInto(target);
      this.received += filled;
      const hashed = this.#hashTo(filled);
      if (hashed !== undefined) await hashed;
      return filled;
    } catch (error) {
      this.abort();
      throw toS3Error(error);
    } finally {
      this.#target = NOTHING;
      this.#hashedTo = 0;
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

  #hashTo(filled: number): Promise<void> | undefined {
    if (this.#hashedTo === filled) return undefined;
    const view = this.#target.subarray(this.#hashedTo, filled);
    this.#hashedTo = filled;
    return this.#hashes.update(view);
  }

  async #finish(): Promise<PayloadResult> {
    try {
      const surplus = await this.#body.readInto(SURPLUS);
      const isShort = this.received !== this.decodedLength && !this.mayEndEarly;
      if (surplus > 0 || isShort) {
        throw new S3Error("IncompleteBody", { close: true });
      }
      if (this.#framing !== undefined) await this.#framing.verified();
      const trailer = this.#trailerChecksum();
      const digests = await this.#hashes.digest();
      return this.#check(digests, trailer);
    } catch (error) {
      this.abort();
      throw toS3Error(error);
    }
  }

  #trailerChecksum(): Uint8Array | undefined {
    const { checksumAlgorithm, declared } = this.#expectations;
    if (declared.trailer === undefined || checksumAlgorithm === undefined) return undefined;
    const text = this.#framing?.trailers.get(declared.trailer);
    if (text !== undefined) return checksumValue(checksumAlgorithm, text, "trailing header");
    throw new S3Error("MalformedTrailerError", {
      message: `The trailer lacks the ${declared.trailer} that x-amz-trailer announces.`,
    });
  }

  #check(digests: Digests, trailer: Uint8Array | undefined): PayloadResult {
    const { declared, signedSha256, checksumAlgorithm } = this.#expectations;
    if (signedSha256 !== undefined) {
      const computed = Buffer.from(computedDigest(digests, "sha256")).toString("hex");
      if (computed !== signedSha256) throw contentSha256Mismatch(signedSha256, computed);
    }
    if (declared.md5 !== undefined && !sameBytes(declared.md5, computedDigest(digests, "md5"))) {
      throw new S3Error("BadDigest", {
        message: "The Content-MD5 you specified did not match what we received.",
        extra: [
          ["ExpectedDigest", base64(declared.md5)],
          ["CalculatedDigest", base64(computedDigest(digests, "md5"))],
        ],
      });
    }
    if (checksumAlgorithm === undefined) return { digests, checksum: undefined };
    const value = computedDigest(digests, checksumAlgorithm);
    const declaredValue = trailer ?? declared.value;
    if (declaredValue !== undefined && !sameBytes(declaredValue, value)) {
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
