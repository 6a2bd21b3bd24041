import type { HashAlgorithm } from "../../hash/types.ts";
import type { AuthResult } from "../auth/types.ts";
import { invalidArgument, S3Error } from "../protocol/errors.ts";
import { REQUEST_BYTES_MAX } from "../protocol/limits.ts";
import type { S3Request } from "../protocol/request.ts";
import { declaredChecksums } from "./checksum-headers.ts";
import { ChunkedFraming } from "./chunked-framing.ts";
import { CheckedPayload, type Expectations } from "./payload-reader.ts";
import type { OpenBodyOptions, PayloadReader } from "./types.ts";

const DECODED_LENGTH = "x-amz-decoded-content-length";
const DIGITS = /^\d{1,15}$/;

/**
 * Opens the payload of a request for reading and verification. Reads no byte yet.
 * @throws S3Error MissingContentLength, NotImplemented (a transfer coding instead of a length), EntityTooLarge,
 *   InvalidArgument, InvalidDigest, InvalidRequest.
 */
export function openBody(request: S3Request, auth: AuthResult, options: OpenBodyOptions): PayloadReader {
  const { payload } = auth;
  const chunked = payload.kind === "chunked";
  const decodedLength = chunked ? announcedLength(request) : wireLength(request);
  checkSize(decodedLength, options.maxLength ?? REQUEST_BYTES_MAX);
  const declared = declaredChecksums(request, chunked && payload.trailer);
  const checksumAlgorithm = declared.algorithm ?? options.defaultChecksum;
  const expectations: Expectations = {
    decodedLength,
    mayEndEarly: options.mayEndEarly === true,
    chunked,
    declared,
    signedSha256: payload.kind === "signed" ? payload.sha256 : undefined,
    checksumAlgorithm,
  };
  const signing = chunked ? payload.signing : undefined;
  const algorithms = new Set<HashAlgorithm>(options.digests);
  if (declared.md5 !== undefined) algorithms.add("md5");
  if (expectations.signedSha256 !== undefined) algorithms.add("sha256");
  if (checksumAlgorithm !== undefined) algorithms.add(checksumAlgorithm);
  const hashes = options.hashes.open([...algorithms], decodedLength, { cuts: signing !== undefined });
  const { body } = request.edge;
  if (!chunked) return new CheckedPayload(expectations, hashes, body);
  const { trailer } = payload;
  const expectedTrailer = declared.trailer;
  return new CheckedPayload(expectations, hashes, body, (wire, cut) => {
    return new ChunkedFraming(wire, { decodedLength, trailer, expectedTrailer, signing, cut });
  });
}

/**
 * The value of Content-Length. HTTP treats a request without Content-Length as empty; S3 requires the header on a PUT
 * of an object. A transfer coding is no length: S3 answers 501 and names the header (answers of S3 in
 * Automattic/knox#43 and chilts/awssum#30).
 */
function wireLength(request: S3Request): number {
  const length = request.edge.body.declaredLength;
  const silent =
    request.method === "PUT" && request.key !== undefined && request.header("content-length") === undefined;
  if (length === undefined && request.header("transfer-encoding") !== undefined) {
    throw new S3Error("NotImplemented", {
      message: "A header you provided implies functionality that is not implemented",
      extra: [["Header", "Transfer-Encoding"]],
    });
  }
  if (length === undefined || silent) throw new S3Error("MissingContentLength");
  return length;
}

function announcedLength(request: S3Request): number {
  const text = request.header(DECODED_LENGTH);
  if (text === undefined) {
    throw new S3Error("MissingContentLength", {
      message: `You must provide the ${DECODED_LENGTH} HTTP header.`,
    });
  }
  if (!DIGITS.test(text))
    throw invalidArgument(DECODED_LENGTH, text, `${DECODED_LENGTH} is not a number of bytes.`);
  return Number(text);
}

function checkSize(length: number, max: number): void {
  if (length <= max) return;
  throw new S3Error("EntityTooLarge", {
    extra: [
      ["ProposedSize", String(length)],
      ["MaxSizeAllowed", String(max)],
    ],
  });
}
