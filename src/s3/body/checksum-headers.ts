/** What the headers promise about the content: Content-MD5 and the x-amz-checksum family. */
import { S3Error } from "../errors.ts";
import type { S3Request } from "../request.ts";
import type { ChecksumAlgorithm } from "./types.ts";

export const CHECKSUM_BYTES: Readonly<Record<ChecksumAlgorithm, number>> = {
  crc32: 4,
  crc32c: 4,
  crc64nvme: 8,
  sha1: 20,
  sha256: 32,
};

/** `crc32` of `CRC32` or `crc32`; undefined for what is none. */
export function checksumAlgorithm(name: string): ChecksumAlgorithm | undefined {
  const lower = name.toLowerCase();
  return Object.hasOwn(CHECKSUM_BYTES, lower) ? (lower as ChecksumAlgorithm) : undefined;
}

export interface ContentPromises {
  readonly md5: Uint8Array | undefined;
  readonly algorithm: ChecksumAlgorithm | undefined;
  /** The promised checksum; undefined while it is still to come in the trailer. */
  readonly value: Uint8Array | undefined;
}

const PREFIX = "x-amz-checksum-";
/** Of the same prefix, but not checksums. */
const NOT_CHECKSUMS = new Set(["algorithm", "type", "mode"]);

/**
 * @param trailer the wire format carries a trailer.
 * @throws S3Error InvalidDigest, InvalidRequest
 */
export function contentPromises(request: S3Request, trailer: boolean): ContentPromises {
  const md5 = contentMd5(request.header("content-md5"));
  const inHeader = checksumHeader(request);
  const inTrailer = checksumTrailer(request.header("x-amz-trailer"), trailer);
  if (inHeader !== undefined && inTrailer !== undefined) throw severalChecksums();
  const algorithm = inHeader?.algorithm ?? inTrailer;
  checkSdkAlgorithm(request.header("x-amz-sdk-checksum-algorithm"), algorithm);
  return { md5, algorithm, value: inHeader?.value };
}

function contentMd5(text: string | undefined): Uint8Array | undefined {
  if (text === undefined) return undefined;
  const md5 = decodeBase64(text, 16);
  if (md5 === undefined) {
    throw new S3Error("InvalidDigest", {
      message: "The Content-MD5 you specified was invalid.",
      extra: [["Content-MD5", text.slice(0, 200)]],
    });
  }
  return md5;
}

function checksumHeader(
  request: S3Request,
): { readonly algorithm: ChecksumAlgorithm; readonly value: Uint8Array } | undefined {
  let found: { readonly algorithm: ChecksumAlgorithm; readonly value: Uint8Array } | undefined;
  const raw = request.edge.rawHeaders;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string;
    if (name.length <= PREFIX.length || !name.toLowerCase().startsWith(PREFIX)) continue;
    const suffix = name.slice(PREFIX.length).toLowerCase();
    if (NOT_CHECKSUMS.has(suffix)) continue;
    const algorithm = checksumAlgorithm(suffix);
    if (algorithm === undefined) {
      throw invalidRequest(
        `The algorithm type you specified in the ${PREFIX}${suffix} header is not supported.`,
      );
    }
    if (found !== undefined) throw severalChecksums();
    found = { algorithm, value: checksumValue(algorithm, raw[i + 1] as string) };
  }
  return found;
}

/** @throws S3Error InvalidRequest when the text is not a checksum of that algorithm in base64. */
export function checksumValue(algorithm: ChecksumAlgorithm, text: string): Uint8Array {
  const value = decodeBase64(text.trim(), CHECKSUM_BYTES[algorithm]);
  if (value === undefined) throw invalidRequest(`Value for ${PREFIX}${algorithm} header is invalid.`);
  return value;
}

/** The checksum that `x-amz-trailer` announces. */
function checksumTrailer(names: string | undefined, trailer: boolean): ChecksumAlgorithm | undefined {
  if (names === undefined) return undefined;
  if (!trailer) throw invalidRequest("x-amz-trailer needs a STREAMING-...-TRAILER payload.");
  let found: ChecksumAlgorithm | undefined;
  for (const part of names.split(",")) {
    const name = part.trim().toLowerCase();
    const algorithm = name.startsWith(PREFIX) ? checksumAlgorithm(name.slice(PREFIX.length)) : undefined;
    if (algorithm === undefined)
      throw invalidRequest("The value specified in the x-amz-trailer header is not supported.");
    if (found !== undefined) throw severalChecksums();
    found = algorithm;
  }
  return found;
}

function checkSdkAlgorithm(name: string | undefined, algorithm: ChecksumAlgorithm | undefined): void {
  if (name === undefined) return;
  const asked = checksumAlgorithm(name);
  if (asked === undefined) throw invalidRequest("Value for x-amz-sdk-checksum-algorithm header is invalid.");
  if (algorithm === undefined) {
    throw invalidRequest(
      "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.",
    );
  }
  if (asked !== algorithm) throw invalidRequest("Value for x-amz-sdk-checksum-algorithm header is invalid.");
}

/** Strict: the canonical base64 of exactly `length` bytes. */
function decodeBase64(text: string, length: number): Uint8Array | undefined {
  const bytes = Buffer.from(text, "base64");
  if (bytes.length !== length || bytes.toString("base64") !== text) return undefined;
  return new Uint8Array(bytes);
}

function invalidRequest(message: string): S3Error {
  return new S3Error("InvalidRequest", { message });
}

function severalChecksums(): S3Error {
  return invalidRequest(
    "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
  );
}
