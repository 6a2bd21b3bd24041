/** Additional checksums: names, encoding, headers and elements. */

import { CHECKSUM_ALGORITHMS, checksumAlgorithm } from "../body/checksum-headers.ts";
import { S3Error } from "../protocol/errors.ts";
import type { HeaderPair } from "../protocol/replies.ts";
import type { S3Request } from "../protocol/request.ts";
import type { ChecksumAlgorithm, ChecksumType, StoredChecksum } from "../records/checksum.ts";
import { tag } from "../xml/builder.ts";

/** `CRC32C` as in `x-amz-checksum-algorithm`. */
export const wireName = (algorithm: ChecksumAlgorithm): string => algorithm.toUpperCase();
export const headerName = (algorithm: ChecksumAlgorithm): string => `x-amz-checksum-${algorithm}`;
export const elementName = (algorithm: ChecksumAlgorithm): string => `Checksum${algorithm.toUpperCase()}`;

/** Base64, with `-N` after a COMPOSITE checksum of N parts; GetObjectAttributes omits `-N`, as S3 does. */
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
  const found = checksumAlgorithm(text);
  if (found !== undefined) return found;
  const names = CHECKSUM_ALGORITHMS.map(wireName).sort().join(", ");
  throw new S3Error("InvalidRequest", {
    message: `Checksum algorithm provided is unsupported. Please try again with any of the valid types: [${names}]`,
    extra: [[header, text]],
  });
}

/** `x-amz-checksum-type`. @throws S3Error InvalidRequest for another value, as S3 */
export function checksumTypeOf(request: S3Request): ChecksumType | undefined {
  const type = request.header("x-amz-checksum-type")?.trim().toUpperCase();
  if (type === undefined || type === "COMPOSITE" || type === "FULL_OBJECT") return type;
  throw new S3Error("InvalidRequest", { message: "Value for x-amz-checksum-type header is invalid." });
}

/** Checksum types of a multipart object. Only CRCs can be combined from the checksums of the parts. */
const UPLOAD_TYPES: Readonly<Partial<Record<ChecksumAlgorithm, readonly ChecksumType[]>>> = {
  crc64nvme: ["FULL_OBJECT"],
  crc32: ["COMPOSITE", "FULL_OBJECT"],
  crc32c: ["COMPOSITE", "FULL_OBJECT"],
};
const COMPOSED: readonly ChecksumType[] = ["COMPOSITE"];

/**
 * Algorithm and type of a multipart upload. The default type is COMPOSITE, for CRC-64/NVME FULL_OBJECT.
 * @throws S3Error InvalidRequest
 */
export function uploadChecksum(
  request: S3Request,
): { algorithm: ChecksumAlgorithm; type: ChecksumType } | undefined {
  const name = request.header("x-amz-checksum-algorithm");
  const type = checksumTypeOf(request);
  if (name === undefined) {
    if (type === undefined) return undefined;
    throw new S3Error("InvalidRequest", {
      message: "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.",
    });
  }
  const algorithm = parseAlgorithm(name, "x-amz-checksum-algorithm");
  const types = UPLOAD_TYPES[algorithm] ?? COMPOSED;
  if (type !== undefined && !types.includes(type)) {
    throw new S3Error("InvalidRequest", {
      message: `The ${type} checksum type cannot be used with the ${algorithm} checksum algorithm.`,
    });
  }
  return { algorithm, type: type ?? (types[0] as ChecksumType) };
}

/** Does the client want checksums in the answer? @throws S3Error InvalidRequest for an unknown mode, as S3 */
export function wantsChecksums(request: S3Request): boolean {
  const mode = request.header("x-amz-checksum-mode")?.trim().toUpperCase();
  if (mode === undefined || mode === "ENABLED") return mode !== undefined;
  throw new S3Error("InvalidRequest", { message: "Value for x-amz-checksum-mode header is invalid." });
}
