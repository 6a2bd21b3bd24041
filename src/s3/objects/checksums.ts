/** Additional checksums: names, encoding, and what is said about them. */

import type { ChecksumAlgorithm } from "../body/types.ts";
import { invalidArgument, S3Error } from "../errors.ts";
import type { ChecksumType, StoredChecksum } from "../records/checksum.ts";
import type { HeaderPair } from "../replies.ts";
import type { S3Request } from "../request.ts";
import { tag } from "../xml/builder.ts";

export const CHECKSUM_ALGORITHMS: readonly ChecksumAlgorithm[] = [
  "crc32",
  "crc32c",
  "crc64nvme",
  "sha1",
  "sha256",
];

/** `CRC32C` as in `x-amz-checksum-algorithm`. */
export const wireName = (algorithm: ChecksumAlgorithm): string => algorithm.toUpperCase();
export const headerName = (algorithm: ChecksumAlgorithm): string => `x-amz-checksum-${algorithm}`;
export const elementName = (algorithm: ChecksumAlgorithm): string => `Checksum${algorithm.toUpperCase()}`;

/** Base64, with `-N` behind the checksum of checksums of N parts. */
export function checksumText(checksum: StoredChecksum, partCount: number | undefined): string {
  const text = Buffer.from(checksum.value).toString("base64");
  return checksum.type === "COMPOSITE" && partCount !== undefined ? `${text}-${partCount}` : text;
}

export function checksumHeaders(checksum: StoredChecksum, partCount: number | undefined): HeaderPair[] {
  return [
    [headerName(checksum.algorithm), checksumText(checksum, partCount)],
    ["x-amz-checksum-type", checksum.type],
  ];
}

export function checksumElements(
  checksum: StoredChecksum | undefined,
  partCount: number | undefined,
): string {
  if (checksum === undefined) return "";
  return (
    tag(elementName(checksum.algorithm), checksumText(checksum, partCount)) +
    tag("ChecksumType", checksum.type)
  );
}

/** @throws S3Error InvalidRequest for an unknown algorithm */
export function parseAlgorithm(text: string, header: string): ChecksumAlgorithm {
  const found = CHECKSUM_ALGORITHMS.find((algorithm) => wireName(algorithm) === text.toUpperCase());
  if (found !== undefined) return found;
  throw new S3Error("InvalidRequest", {
    message: `Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]`,
    extra: [[header, text]],
  });
}

/**
 * Algorithm and type of a multipart upload. SHA checksums can only be composed, CRC-64/NVME only be computed over the
 * whole; the CRCs can do both and are composed unless told otherwise. @throws S3Error InvalidRequest, InvalidArgument
 */
export function uploadChecksum(
  request: S3Request,
): { algorithm: ChecksumAlgorithm; type: ChecksumType } | undefined {
  const name = request.header("x-amz-checksum-algorithm");
  const type = request.header("x-amz-checksum-type")?.toUpperCase();
  if (type !== undefined && type !== "COMPOSITE" && type !== "FULL_OBJECT") {
    throw invalidArgument("x-amz-checksum-type", type);
  }
  if (name === undefined) {
    if (type === undefined) return undefined;
    throw new S3Error("InvalidRequest", {
      message: "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.",
    });
  }
  const algorithm = parseAlgorithm(name, "x-amz-checksum-algorithm");
  const only: ChecksumType | undefined =
    algorithm === "crc64nvme" ? "FULL_OBJECT" : algorithm.startsWith("sha") ? "COMPOSITE" : undefined;
  if (only !== undefined && type !== undefined && type !== only) {
    throw new S3Error("InvalidRequest", {
      message: `The ${type} checksum type cannot be used with the ${algorithm} checksum algorithm.`,
    });
  }
  return { algorithm, type: only ?? type ?? "COMPOSITE" };
}

/** Does the client want checksums in the answer? */
export function wantsChecksums(request: S3Request): boolean {
  return request.header("x-amz-checksum-mode")?.toUpperCase() === "ENABLED";
}
