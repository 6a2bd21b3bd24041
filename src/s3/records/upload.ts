/** Rows of multipart uploads and their parts. */
import { elastickv as gen } from "../../gen/s3.js";
import type { TagSet } from "../protocol/tags.ts";
import type { ChecksumAlgorithm } from "./checksum.ts";
import {
  algorithmNumber,
  algorithmOf,
  type ChecksumType,
  decodeChecksum,
  encodeChecksum,
  type StoredChecksum,
  typeNumber,
  typeOf,
} from "./checksum.ts";
import {
  type ContentHeaders,
  decodeContentHeaders,
  decodeMetadata,
  encodeMetadata,
  type UserMetadata,
} from "./content-headers.ts";
import { type ExtentKind, encodeExtentKind, extentKindOf } from "./extent-kind.ts";
import { decodeLock, encodeLock, type Lock } from "./lock.ts";
import { decodeOwner, encodeOwner, type RowOwner } from "./owner.ts";
import { decodeWith, safeCount } from "./record-error.ts";
import { encodeStorageClass, type StorageClass, storageClassOf } from "./storage-class.ts";
import { decodeTags, encodeTags } from "./tags.ts";

export interface UploadRecord {
  readonly initiatedMs: number;
  readonly headers: ContentHeaders;
  readonly metadata: UserMetadata;
  readonly checksumAlgorithm: ChecksumAlgorithm | undefined;
  readonly checksumType: ChecksumType | undefined;
  /** Who began the upload; the owner of its object is the owner of the bucket. */
  readonly initiator: RowOwner;
  /** Bytes of every chunk but the last of a part. */
  readonly chunkSize: number;
  readonly storageClass: StorageClass;
  /** Of the object that the upload becomes. */
  readonly lock?: Lock | undefined;
  /** Undefined: none. */
  readonly tags?: TagSet | undefined;
  /** Where a website sends the readers of the object: header text. Undefined: nowhere. */
  readonly redirect?: string | undefined;
}

export interface PartRecord {
  readonly kind: ExtentKind | "unknown";
  readonly attempt: Uint8Array;
  readonly size: number;
  readonly md5: Uint8Array;
  readonly checksum: StoredChecksum | undefined;
  readonly modifiedMs: number;
}

export function encodeUpload(upload: UploadRecord): Uint8Array {
  safeCount(upload.initiatedMs, "upload initiatedMs");
  return gen.s3.Upload.encode({
    initiatedMs: upload.initiatedMs,
    headers: upload.headers,
    metadata: encodeMetadata(upload.metadata),
    checksumAlgorithm: algorithmNumber(upload.checksumAlgorithm),
    checksumType: typeNumber(upload.checksumType),
    ...encodeOwner(upload.initiator),
    chunkSize: upload.chunkSize,
    ...encodeStorageClass(upload.storageClass),
    ...encodeLock(upload.lock),
    ...(upload.tags === undefined ? {} : { tags: encodeTags(upload.tags) }),
    ...(upload.redirect === undefined ? {} : { redirect: upload.redirect }),
  }).finish();
}

/** @throws RecordError */
export function decodeUpload(value: Uint8Array): UploadRecord {
  return decodeWith("upload", () => {
    const row = gen.s3.Upload.decode(value);
    return {
      initiatedMs: safeCount(row.initiatedMs, "upload initiatedMs"),
      headers: decodeContentHeaders(row.headers),
      metadata: decodeMetadata(row.metadata),
      checksumAlgorithm: algorithmOf(row.checksumAlgorithm),
      checksumType: typeOf(row.checksumType),
      initiator: decodeOwner(row),
      chunkSize: safeCount(row.chunkSize, "upload chunkSize"),
      storageClass: storageClassOf(row.storageClass),
      ...decodeLock(row.lock),
      ...(row.tags.length === 0 ? {} : { tags: decodeTags(row.tags) }),
      ...(row.redirect === "" ? {} : { redirect: row.redirect }),
    };
  });
}

export function encodePart(part: PartRecord): Uint8Array {
  safeCount(part.size, "part size");
  const checksum = encodeChecksum(part.checksum);
  return gen.s3.Part.encode({
    attempt: part.attempt,
    size: part.size,
    md5: part.md5,
    ...(checksum === undefined ? {} : { checksum }),
    modifiedMs: safeCount(part.modifiedMs, "part modifiedMs"),
    ...encodeExtentKind(part.kind),
  }).finish();
}

/** @throws RecordError */
export function decodePart(value: Uint8Array): PartRecord {
  return decodeWith("part", () => {
    const row = gen.s3.Part.decode(value);
    return {
      kind: extentKindOf(row.content),
      attempt: row.attempt,
      size: safeCount(row.size, "part size"),
      md5: row.md5,
      checksum: decodeChecksum(row.checksum),
      modifiedMs: safeCount(row.modifiedMs, "part modifiedMs"),
    };
  });
}
