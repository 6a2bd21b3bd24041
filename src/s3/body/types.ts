/**
 * The payload of a request, checked. `open-body.ts` exports
 *
 *   openBody(request: S3Request, auth: AuthResult, options: OpenBodyOptions): PayloadReader
 *
 * It throws S3Error at once for everything the headers already show to be wrong (MissingContentLength,
 * InvalidDigest, two checksum headers, EntityTooLarge ...), before any body byte is asked for.
 */
import type { Digests, HashAlgorithm, HashService } from "../../hash/types.ts";
import type { ChecksumAlgorithm } from "../records/checksum.ts";

export interface OpenBodyOptions {
  readonly hashes: HashService;
  /** Digests wanted whatever the client asked for, usually `["md5"]` for the ETag. */
  readonly digests?: readonly HashAlgorithm[];
  /** A checksum to compute when the client sent none (upload created with a FULL_OBJECT checksum). */
  readonly defaultChecksum?: ChecksumAlgorithm | undefined;
  /** A larger body is EntityTooLarge before it is read. Default 5 GiB. */
  readonly maxLength?: number;
}

export interface PayloadResult {
  /** Everything that was asked for or had to be checked. */
  readonly digests: Digests;
  /** The client's checksum, verified; or the one computed for `x-amz-sdk-checksum-algorithm` / defaultChecksum. */
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly value: Uint8Array } | undefined;
}

/** Memory stays flat: bytes go from the socket to where the caller wants them. One caller, one call at a time. */
export interface PayloadReader {
  /** Plain payload bytes, aws-chunked framing taken off. */
  readonly decodedLength: number;
  /** True when the wire format is aws-chunked. */
  readonly chunked: boolean;
  /** Plain payload bytes handed out so far. */
  readonly received: number;
  /** The checksum algorithm this body will be given in the result, known before it is read. */
  readonly checksumAlgorithm: ChecksumAlgorithm | undefined;
  /** Fills `target` completely unless the payload ends first; returns how many bytes were written. The bytes in
   *  `target` are hashed where they lie: they must not change before `settled()` or `finish()`. @throws S3Error */
  readInto(target: Uint8Array): Promise<number>;
  /** All bytes handed out so far have been hashed: their buffers may be reused. */
  settled(): Promise<void>;
  /** Reads to the end of the body (it must hold no more payload) and verifies lengths, signatures, hashes and
   *  checksums. Nothing may be made visible before it resolved. @throws S3Error */
  finish(): Promise<PayloadResult>;
  /** Whole payload of a small body (XML documents), verified. @throws S3Error MaxMessageLengthExceeded (before a byte
   *  was read) above `maxBytes`, and all that `readInto` and `finish` throw. */
  readAll(maxBytes: number): Promise<Uint8Array>;
  /** Lets go of hash streams when the body will not be finished. Idempotent, also after finish. */
  abort(): void;
}
