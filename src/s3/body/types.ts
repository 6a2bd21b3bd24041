/**
 * The payload of a request, checked. `open-body.ts` exports
 *
 *   openBody(request: S3Request, auth: AuthResult, options: OpenBodyOptions): PayloadReader
 *
 * `openBody` throws S3Error at once for every fault that the headers show (MissingContentLength, InvalidDigest,
 * two checksum headers, EntityTooLarge ...), before the server asks for a body byte.
 */
import type { Digests, HashAlgorithm, HashService } from "../../hash/types.ts";
import type { ChecksumAlgorithm } from "../records/checksum.ts";

export interface OpenBodyOptions {
  readonly hashes: HashService;
  /** Digests to compute in every case, usually `["md5"]` for the ETag. */
  readonly digests?: readonly HashAlgorithm[];
  /** A checksum to compute when the client sent none (upload created with a FULL_OBJECT checksum). */
  readonly defaultChecksum?: ChecksumAlgorithm | undefined;
  /** A larger body is EntityTooLarge before the body is read. Default 5 GiB. */
  readonly maxLength?: number;
  /** The body may end before its declared length (the file of a form). */
  readonly mayEndEarly?: boolean;
}

export interface PayloadResult {
  /** All digests that the caller requested or that a check needed. */
  readonly digests: Digests;
  /** The client's checksum, verified; or the checksum computed for `defaultChecksum`. */
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly value: Uint8Array } | undefined;
}

/**
 * Memory use stays constant: bytes go from the socket to the caller's target. One caller makes one call at a time.
 */
export interface PayloadReader {
  /** The payload may be shorter than `decodedLength`. */
  readonly mayEndEarly: boolean;
  /** Length of the payload in bytes, without the aws-chunked framing. */
  readonly decodedLength: number;
  /** True when the wire format is aws-chunked. */
  readonly chunked: boolean;
  /** Payload bytes returned so far. */
  readonly received: number;
  /** Algorithm of the checksum in the result, known before the body is read. */
  readonly checksumAlgorithm: ChecksumAlgorithm | undefined;
  /**
   * Fills `target` completely unless the payload ends first; returns how many bytes were written. The bytes are
   * hashed inside `target`, so `target` must not change before `settled()` or `finish()`. @throws S3Error
   */
  readInto(target: Uint8Array): Promise<number>;
  /** Resolves when all bytes returned so far are hashed: the caller may reuse the buffers. */
  settled(): Promise<void>;
  /**
   * Reads to the end of the body (which must hold no more payload) and verifies lengths, signatures, hashes and
   * checksums. The caller may make data visible only after `finish` has resolved. @throws S3Error
   */
  finish(): Promise<PayloadResult>;
  /** Whole payload of a small body (XML documents), verified. @throws S3Error MaxMessageLengthExceeded (before a byte
   *  was read) above `maxBytes`, and all that `readInto` and `finish` throw. */
  readAll(maxBytes: number): Promise<Uint8Array>;
  /** Releases the hash stream when the body will not be finished. Idempotent, also after finish. */
  abort(): void;
}
