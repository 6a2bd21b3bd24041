/** The row of an object, of a version or of a delete marker, and the table of parts that a multipart object keeps as its payload. */
import { elastickv as gen } from "../../gen/s3.js";
import { decodeTimestamp, encodeTimestamp } from "../../store/timestamp.ts";
import type { TagSet } from "../protocol/tags.ts";
import { decodeChecksum, encodeChecksum, type StoredChecksum } from "./checksum.ts";
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
import { decodeWith, RecordError, safeCount } from "./record-error.ts";
import { encodeStorageClass, type StorageClass, storageClassOf } from "./storage-class.ts";
import { decodeTags, encodeTags } from "./tags.ts";
import { NULL_VERSION, type VersionId, versionIdOf } from "./version-id.ts";

/** The place of the object's bytes. `payloadCrc32` covers the row's payload. */
export type Content =
  | { readonly kind: "inline"; readonly payloadCrc32: number }
  | { readonly kind: ExtentKind; readonly attempt: Uint8Array; readonly chunkSize: number }
  | {
      readonly kind: "parts";
      /** The upload id, as bytes. */
      readonly attempt: Uint8Array;
      readonly chunkSize: number;
      readonly partCount: number;
      readonly payloadCrc32: number;
    }
  /** A delete marker. */
  | { readonly kind: "marker" }
  /** Content of a newer release: the other fields of the row are valid, but this node cannot read the bytes. */
  | { readonly kind: "unknown"; readonly number: number };

export interface Manifest {
  readonly versionId: VersionId;
  readonly size: number;
  /** Without quotes: MD5 in hex, or MD5 of MD5s in hex, `-`, and the number of parts. */
  readonly etag: string;
  readonly modifiedMs: number;
  readonly headers: ContentHeaders;
  readonly metadata: UserMetadata;
  readonly checksum: StoredChecksum | undefined;
  readonly owner: RowOwner;
  readonly storageClass: StorageClass;
  readonly content: Content;
  readonly lock?: Lock | undefined;
  /** Of a version `null` that was written into a bucket with versioning: its place among the versions. */
  readonly order?: bigint | undefined;
  /** The SDK invocation that wrote the object, for a conditional write (objects/invocation.ts). */
  readonly invocation?: Uint8Array | undefined;
  /** Undefined: none. */
  readonly tags?: TagSet | undefined;
  /** Where a website sends the readers of the object: header text. Undefined: nowhere. */
  readonly redirect?: string | undefined;
}

export interface PartRef {
  readonly number: number;
  readonly kind: ExtentKind | "unknown";
  readonly attempt: Uint8Array;
  readonly size: number;
  /** Checksum of the part in the object's checksum algorithm; empty when there is none. */
  readonly checksum: Uint8Array;
}

const Kind = gen.s3.Manifest.Content;

export function encodeManifest(manifest: Manifest): Uint8Array {
  const { content } = manifest;
  safeCount(manifest.size, "manifest size");
  safeCount(manifest.modifiedMs, "manifest modifiedMs");
  const checksum = encodeChecksum(manifest.checksum);
  return gen.s3.Manifest.encode({
    versionId: manifest.versionId,
    size: manifest.size,
    etag: manifest.etag,
    modifiedMs: manifest.modifiedMs,
    headers: manifest.headers,
    metadata: encodeMetadata(manifest.metadata),
    ...(checksum === undefined ? {} : { checksum }),
    ...encodeOwner(manifest.owner),
    ...encodeStorageClass(manifest.storageClass),
    ...encodeLock(manifest.lock),
    ...(manifest.order === undefined ? {} : { order: encodeTimestamp(manifest.order) }),
    ...(manifest.invocation === undefined ? {} : { invocation: manifest.invocation }),
    ...(manifest.tags === undefined ? {} : { tags: encodeTags(manifest.tags) }),
    ...(manifest.redirect === undefined ? {} : { redirect: manifest.redirect }),
    ...encodeContent(content),
  }).finish();
}

function encodeContent(content: Content): gen.s3.Manifest.$Properties {
  switch (content.kind) {
    case "inline":
      return { content: Kind.INLINE, payloadCrc32: content.payloadCrc32 };
    case "chunks":
      return { content: Kind.CHUNKS, attempt: content.attempt, chunkSize: content.chunkSize };
    case "blobs":
      return { content: Kind.BLOBS, attempt: content.attempt, chunkSize: content.chunkSize };
    case "parts":
      return {
        content: Kind.PARTS,
        attempt: content.attempt,
        chunkSize: content.chunkSize,
        partCount: content.partCount,
        payloadCrc32: content.payloadCrc32,
      };
    case "marker":
      return { content: Kind.MARKER };
    case "unknown":
      throw new Error(`a manifest with content of kind ${content.number} cannot be written anew`);
  }
}

/** @throws RecordError */
export function decodeManifest(value: Uint8Array): Manifest {
  return decodeWith("manifest", () => {
    const row = gen.s3.Manifest.decode(value);
    const manifest: { -readonly [Field in keyof Manifest]: Manifest[Field] } = {
      versionId: row.versionId === NULL_VERSION ? NULL_VERSION : versionIdOf(row.versionId),
      size: safeCount(row.size, "manifest size"),
      etag: row.etag,
      modifiedMs: safeCount(row.modifiedMs, "manifest modifiedMs"),
      headers: decodeContentHeaders(row.headers),
      metadata: decodeMetadata(row.metadata),
      checksum: decodeChecksum(row.checksum),
      owner: decodeOwner(row),
      storageClass: storageClassOf(row.storageClass),
      content: decodeContent(row),
    };
    // Every read decodes a row, and few rows have these fields.
    if (row.lock) manifest.lock = decodeLock(row.lock).lock;
    if (row.order.byteLength > 0) manifest.order = decodeTimestamp(row.order);
    if (row.invocation.byteLength > 0) manifest.invocation = row.invocation;
    if (row.tags.length > 0) manifest.tags = decodeTags(row.tags);
    if (row.redirect !== "") manifest.redirect = row.redirect;
    return manifest;
  });
}

function decodeContent(row: gen.s3.Manifest): Content {
  switch (row.content) {
    case Kind.INLINE:
      return { kind: "inline", payloadCrc32: row.payloadCrc32 };
    case Kind.CHUNKS:
      return { kind: "chunks", attempt: row.attempt, chunkSize: positive(row.chunkSize) };
    case Kind.BLOBS:
      return { kind: "blobs", attempt: row.attempt, chunkSize: positive(row.chunkSize) };
    case Kind.PARTS:
      return {
        kind: "parts",
        attempt: row.attempt,
        chunkSize: positive(row.chunkSize),
        partCount: positive(row.partCount),
        payloadCrc32: row.payloadCrc32,
      };
    case Kind.MARKER:
      return { kind: "marker" };
    case Kind.UNKNOWN:
      throw new RecordError("a manifest that does not say where its content is");
    default:
      return { kind: "unknown", number: row.content };
  }
}

function positive(value: number): number {
  if (value < 1) throw new RecordError(`manifest with chunk size or part count ${value}`);
  return value;
}

export function encodePartTable(parts: readonly PartRef[]): Uint8Array {
  for (const part of parts) safeCount(part.size, "part size");
  return gen.s3.PartTable.encode({
    parts: parts.map(({ kind, ...part }) => ({ ...part, ...encodeExtentKind(kind) })),
  }).finish();
}

/** @throws RecordError */
export function decodePartTable(payload: Uint8Array): PartRef[] {
  return decodeWith("part table", () =>
    gen.s3.PartTable.decode(payload).parts.map((part) => ({
      number: part.number ?? 0,
      kind: extentKindOf(part.content ?? 0),
      attempt: part.attempt ?? new Uint8Array(0),
      size: safeCount(part.size ?? 0, "part size"),
      checksum: part.checksum ?? new Uint8Array(0),
    })),
  );
}
