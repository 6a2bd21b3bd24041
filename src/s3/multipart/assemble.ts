/**
 * Makes one object from listed and stored parts: checks the parts, and computes ETag and checksum of the whole
 * object.
 */

import { createHash } from "node:crypto";
import { crcCombine } from "../../hash/combine.ts";
import { createHasher } from "../../hash/hashers.ts";
import { hexOf } from "../../platform/bytes.ts";
import { wireName } from "../objects/checksums.ts";
import { S3Error } from "../protocol/errors.ts";
import { OBJECT_BYTES_MAX, PART_BYTES_MIN } from "../protocol/limits.ts";
import type { StoredChecksum } from "../records/checksum.ts";
import type { PartRef } from "../records/manifest.ts";
import type { UploadRecord } from "../records/upload.ts";
import type { ListedPart } from "./complete-request.ts";
import type { NumberedPart } from "./parts.ts";

export interface Assembly {
  readonly parts: readonly PartRef[];
  readonly size: number;
  readonly etag: string;
  readonly checksum: StoredChecksum | undefined;
  /** Parts that are stored but not listed: their content becomes garbage. */
  readonly unlisted: readonly NumberedPart[];
}

/** @throws S3Error InvalidPart, EntityTooSmall, EntityTooLarge, InvalidRequest */
export function assemble(
  uploadId: string,
  upload: UploadRecord,
  listed: readonly ListedPart[],
  stored: readonly NumberedPart[],
): Assembly {
  const byNumber = new Map(stored.map((part) => [part.number, part]));
  const chosen: NumberedPart[] = [];
  let size = 0;
  listed.forEach((part, i) => {
    const found = byNumber.get(part.number);
    if (found === undefined || hexOf(found.md5) !== part.etag) throw invalidPart(uploadId, part);
    checkPartChecksum(uploadId, upload, part, found);
    if (i < listed.length - 1 && found.size < PART_BYTES_MIN) throw tooSmall(part, found.size);
    chosen.push(found);
    byNumber.delete(part.number);
    size += found.size;
  });
  if (size > OBJECT_BYTES_MAX) {
    throw new S3Error("EntityTooLarge", {
      extra: [
        ["ProposedSize", String(size)],
        ["MaxSizeAllowed", String(OBJECT_BYTES_MAX)],
      ],
    });
  }
  const checksum = wholeChecksum(upload, chosen);
  const keeps = checksum !== undefined;
  return {
    parts: chosen.map((part) => ({
      number: part.number,
      kind: part.kind,
      attempt: part.attempt,
      size: part.size,
      checksum: keeps && part.checksum !== undefined ? part.checksum.value : new Uint8Array(0),
    })),
    size,
    etag: multipartEtag(chosen.map((part) => part.md5)),
    checksum,
    unlisted: [...byNumber.values()],
  };
}

/** MD5 of the parts' MD5s, and their number. */
export function multipartEtag(md5s: readonly Uint8Array[]): string {
  const hash = createHash("md5");
  for (const md5 of md5s) hash.update(md5);
  return `${hash.digest("hex")}-${md5s.length}`;
}

function checkPartChecksum(
  uploadId: string,
  upload: UploadRecord,
  listed: ListedPart,
  found: NumberedPart,
): void {
  for (const [algorithm, text] of listed.checksums) {
    const stored = found.checksum;
    if (stored === undefined || stored.algorithm !== algorithm) {
      // S3 keeps no checksum that the upload did not ask for, so S3 cannot compare such a checksum.
      if (upload.checksumAlgorithm === undefined && stored === undefined) continue;
      throw invalidPart(uploadId, listed);
    }
    if (Buffer.from(stored.value).toString("base64") !== text) throw invalidPart(uploadId, listed);
  }
  const { checksumAlgorithm: algorithm, checksumType } = upload;
  if (algorithm === undefined || checksumType !== "COMPOSITE" || listed.checksums.has(algorithm)) return;
  throw new S3Error("InvalidRequest", {
    message: `The upload was created using a ${wireName(algorithm).toLowerCase()} checksum. The complete request must include the checksum for each part. It was missing for part ${listed.number} in the request.`,
  });
}

function wholeChecksum(upload: UploadRecord, parts: readonly NumberedPart[]): StoredChecksum | undefined {
  const { checksumAlgorithm: algorithm, checksumType: type } = upload;
  if (algorithm === undefined || type === undefined) return undefined;
  const values = parts.map((part) => {
    if (part.checksum?.algorithm !== algorithm) {
      throw new Error(`part ${part.number} was stored without the ${algorithm} of its upload`);
    }
    return part.checksum.value;
  });
  if (type === "COMPOSITE") {
    const hasher = createHasher(algorithm);
    for (const value of values) hasher.update(value);
    return { algorithm, type, value: hasher.digest() };
  }
  if (algorithm !== "crc32" && algorithm !== "crc32c" && algorithm !== "crc64nvme") {
    throw new Error(`${algorithm} cannot be combined`);
  }
  let whole = values[0] as Uint8Array;
  for (let i = 1; i < parts.length; i++) {
    whole = crcCombine(algorithm, whole, values[i] as Uint8Array, (parts[i] as NumberedPart).size);
  }
  return { algorithm, type, value: whole };
}

function invalidPart(uploadId: string, part: ListedPart): S3Error {
  return new S3Error("InvalidPart", {
    extra: [
      ["UploadId", uploadId],
      ["PartNumber", String(part.number)],
      ["ETag", part.etag],
    ],
  });
}

function tooSmall(part: ListedPart, size: number): S3Error {
  return new S3Error("EntityTooSmall", {
    extra: [
      ["ProposedSize", String(size)],
      ["MinSizeAllowed", String(PART_BYTES_MIN)],
      ["PartNumber", String(part.number)],
      ["ETag", part.etag],
    ],
  });
}
