/** The checksums of the content that the headers promise: Content-MD5 and the x-amz-checksum family. */
import { S3Error } from "../protocol/errors.ts";
import { listElements } from "../protocol/header-values.ts";
import type { S3Request } from "../protocol/request.ts";
import type { ChecksumAlgorithm } from "../records/checksum.ts";

const CHECKSUM_BYTES: Readonly<Record<ChecksumAlgorithm, number>> = {
  crc32: 4,
  crc32c: 4,
  crc64nvme: 8,
  sha1: 20,
  sha256: 32,
  sha512: 64,
  md5: 16,
  xxhash64: 8,
  xxhash3: 8,
  xxhash128: 16,
};

export const CHECKSUM_ALGORITHMS = Object.keys(CHECKSUM_BYTES) as readonly ChecksumAlgorithm[];

/** `crc32` for `CRC32` or `crc32`; undefined for an unknown name. */
export function checksumAlgorithm(name: string): ChecksumAlgorithm | undefined {
  const lower = name.toLowerCase();
  return Object.hasOwn(CHECKSUM_BYTES, lower) ? (lower as ChecksumAlgorithm) : undefined;
}

export interface DeclaredChecksums {
  readonly md5: Uint8Array | undefined;
  readonly algorithm: ChecksumAlgorithm | undefined;
  /** The promised checksum; undefined when there is none, or when the trailer will carry the checksum. */
  readonly value: Uint8Array | undefined;
  /** Name of the trailing header that will carry the checksum. */
  readonly trailer: string | undefined;
}

const PREFIX = "x-amz-checksum-";
/** Headers with the same prefix that are no checksums. */
const NOT_CHECKSUMS = new Set(["algorithm", "type", "mode"]);

/**
 * Where the algorithm is MD5, the JavaScript SDK (3.1175) sends Content-MD5, as header or trailer, and names the algorithm
 * in `x-amz-sdk-checksum-algorithm`; that means the same as `x-amz-checksum-md5`.
 * @param trailer the wire format carries a trailer.
 * @throws S3Error InvalidDigest, InvalidRequest
 */
export function declaredChecksums(request: S3Request, trailer: boolean): DeclaredChecksums {
  const md5 = contentMd5(request.header("content-md5"));
  const inHeader = checksumHeader(request);
  const inTrailer = checksumTrailer(request, trailer);
  if (inHeader !== undefined && inTrailer !== undefined) throw severalChecksums();
  const asked = request.header("x-amz-sdk-checksum-algorithm")?.trim();
  const found = inHeader ?? inTrailer ?? (asked?.toLowerCase() === "md5" ? md5AsChecksum(md5) : undefined);
  checkSdkAlgorithm(asked, found?.algorithm);
  return { md5, algorithm: found?.algorithm, value: found?.value, trailer: inTrailer?.trailer };
}

interface FoundChecksum {
  readonly algorithm: ChecksumAlgorithm;
  readonly value: Uint8Array | undefined;
}

function md5AsChecksum(md5: Uint8Array | undefined): FoundChecksum | undefined {
  return md5 === undefined ? undefined : { algorithm: "md5", value: md5 };
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

function checksumHeader(request: S3Request): FoundChecksum | undefined {
  const found = checksumLine(request);
  return found === undefined
    ? undefined
    : { algorithm: found.algorithm, value: checksumValue(found.algorithm, found.text, "header") };
}

/** The only `x-amz-checksum-*` header of a request, with its value as sent. @throws S3Error InvalidRequest */
export function checksumLine(
  request: S3Request,
): { readonly algorithm: ChecksumAlgorithm; readonly text: string } | undefined {
  let suffix: string | undefined;
  let text = "";
  const raw = request.edge.rawHeaders;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string;
    if (name.length <= PREFIX.length || !name.toLowerCase().startsWith(PREFIX)) continue;
    const lower = name.slice(PREFIX.length).toLowerCase();
    if (NOT_CHECKSUMS.has(lower)) continue;
    if (suffix !== undefined) throw severalChecksums();
    suffix = lower;
    text = raw[i + 1] as string;
  }
  if (suffix === undefined) return undefined;
  const algorithm = checksumAlgorithm(suffix);
  if (algorithm === undefined) {
    throw invalidRequest("The algorithm type you specified in x-amz-checksum- header is invalid.");
  }
  return { algorithm, text: text.trim() };
}

/** @throws S3Error InvalidRequest when the text is not a checksum of that algorithm in base64. */
export function checksumValue(
  algorithm: ChecksumAlgorithm,
  text: string,
  where: "header" | "trailing header",
): Uint8Array {
  const value = decodeBase64(text.trim(), CHECKSUM_BYTES[algorithm]);
  if (value === undefined) throw invalidRequest(`Value for ${PREFIX}${algorithm} ${where} is invalid.`);
  return value;
}

/** The checksum that `x-amz-trailer` announces. */
function checksumTrailer(
  request: S3Request,
  trailer: boolean,
): (FoundChecksum & { readonly trailer: string }) | undefined {
  if (request.header("x-amz-trailer") === undefined) return undefined;
  if (!trailer) throw invalidRequest("x-amz-trailer needs a STREAMING-...-TRAILER payload.");
  const names = listElements(request, "x-amz-trailer");
  if (names.length === 0) throw unsupportedTrailer();
  let found: (FoundChecksum & { readonly trailer: string }) | undefined;
  for (const element of names) {
    const name = element.toLowerCase();
    const algorithm = trailerAlgorithm(name);
    if (algorithm === undefined) throw unsupportedTrailer();
    if (found !== undefined) throw severalChecksums();
    found = { algorithm, value: undefined, trailer: name };
  }
  return found;
}

function trailerAlgorithm(lowerName: string): ChecksumAlgorithm | undefined {
  if (lowerName === "content-md5") return "md5";
  return lowerName.startsWith(PREFIX) ? checksumAlgorithm(lowerName.slice(PREFIX.length)) : undefined;
}

function checkSdkAlgorithm(name: string | undefined, algorithm: ChecksumAlgorithm | undefined): void {
  if (name === undefined) return;
  if (algorithm === undefined) {
    throw invalidRequest(
      "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.",
    );
  }
  if (checksumAlgorithm(name) !== algorithm)
    throw invalidRequest("Value for x-amz-sdk-checksum-algorithm header is invalid.");
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

function unsupportedTrailer(): S3Error {
  return invalidRequest("The value specified in the x-amz-trailer header is not supported");
}

function severalChecksums(): S3Error {
  return invalidRequest(
    "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
  );
}
