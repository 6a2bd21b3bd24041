/**
 * The versions of a key, as reads and decisions see them (docs/decisions/170-versions.md). The row "o" is the current
 * object. A delete marker that is current lies in the slot `CURRENT_MARKER`; the key then has no row "o". Every other
 * version lies in the slot of its id. A write of any version replaces one of the two current rows, or finds that there
 * is none, so the guards of `unchanged` order all writes of one key.
 */
import type { VersionedValue } from "../../store/types.ts";
import type { ReadView } from "../../txn/types.ts";
import { S3Error } from "../protocol/errors.ts";
import { type HeaderPair, httpDate } from "../protocol/replies.ts";
import type { Bucket } from "../records/bucket-directory.ts";
import type { Guard } from "../records/guarded.ts";
import { type BucketRef, CURRENT_MARKER, NULL_SLOT, objectKey, versionKey } from "../records/keys.ts";
import { decodeManifest, type Manifest } from "../records/manifest.ts";
import { NULL_VERSION, type VersionId } from "../records/version-id.ts";
import { invalidVersionId } from "./requested.ts";

export type CurrentVersion =
  | {
      readonly kind: "object" | "marker";
      /** Key of the row. */
      readonly at: Uint8Array;
      readonly row: VersionedValue;
      readonly manifest: Manifest;
    }
  /** The key has no version at all. */
  | { readonly kind: "none" };

/** The current version of a key of a bucket with versioning, without payload. */
export async function currentVersion(view: ReadView, ref: BucketRef, key: string): Promise<CurrentVersion> {
  const object = objectKey(ref, key);
  const row = await view.getMeta(object);
  if (row !== undefined) return { kind: "object", at: object, row, manifest: decodeManifest(row.value) };
  const at = versionKey(ref, key, CURRENT_MARKER);
  const marker = await view.getMeta(at);
  if (marker === undefined) return { kind: "none" };
  return { kind: "marker", at, row: marker, manifest: decodeManifest(marker.value) };
}

/** Every later write of any version of the key makes these guards fail. */
export function unchanged(ref: BucketRef, key: string, current: CurrentVersion): Guard[] {
  if (current.kind !== "none") {
    const { at, row } = current;
    return [{ condition: { kind: "version-equals", key: at, commitTs: row.commitTs }, onFail: "retry" }];
  }
  return [objectKey(ref, key), versionKey(ref, key, CURRENT_MARKER)].map((absent) => ({
    condition: { kind: "must-not-exist", key: absent },
    onFail: "retry",
  }));
}

/** Where a version lies while it is not current. */
export function slotOf(versionId: VersionId): string {
  return versionId === NULL_VERSION ? NULL_SLOT : versionId;
}

export interface FoundVersion {
  /** Key of the row. */
  readonly at: Uint8Array;
  readonly manifest: Manifest;
  readonly row: VersionedValue;
}

export type Reading = "with-payload" | "meta";

function read(view: ReadView, key: Uint8Array, reading: Reading): Promise<VersionedValue | undefined> {
  return reading === "meta" ? view.getMeta(key) : view.get(key);
}

/**
 * The object that a read names: the current object, or with an id that version.
 * @throws S3Error NoSuchKey, NoSuchVersion, MethodNotAllowed (the version is a delete marker), InvalidArgument
 */
export async function readVersion(
  view: ReadView,
  bucket: Bucket,
  key: string,
  versionId: VersionId | undefined,
  reading: Reading,
): Promise<FoundVersion> {
  const object = objectKey(bucket, key);
  const row = await read(view, object, reading);
  if (row !== undefined) {
    const manifest = decodeManifest(row.value);
    if (versionId === undefined || manifest.versionId === versionId) return { at: object, manifest, row };
  }
  if (versionId === undefined) throw await noCurrentObject(view, bucket, key);
  if (bucket.versioning === "off") {
    throw versionId === NULL_VERSION ? noSuchKey(key) : invalidVersionId(versionId);
  }
  const at = versionKey(bucket, key, slotOf(versionId));
  const found =
    (await read(view, at, reading)) ??
    (row === undefined ? await view.getMeta(versionKey(bucket, key, CURRENT_MARKER)) : undefined);
  const manifest = found === undefined ? undefined : decodeManifest(found.value);
  if (found === undefined || manifest?.versionId !== versionId) throw noSuchVersion(key, versionId);
  if (manifest.content.kind === "marker") throw notAllowedOfMarker(manifest);
  return { at, manifest, row: found };
}

/** Only a bucket with versioning can have a delete marker: other buckets need no second read. */
async function noCurrentObject(view: ReadView, bucket: Bucket, key: string): Promise<S3Error> {
  const marker =
    bucket.versioning === "off" ? undefined : await view.getMeta(versionKey(bucket, key, CURRENT_MARKER));
  if (marker === undefined) return noSuchKey(key);
  return noSuchKey(key, markerHeaders(decodeManifest(marker.value)));
}

export function noSuchKey(key: string, headers: readonly HeaderPair[] = []): S3Error {
  return new S3Error("NoSuchKey", { extra: [["Key", key]], headers });
}

export function noSuchVersion(key: string, versionId: VersionId): S3Error {
  return new S3Error("NoSuchVersion", {
    extra: [
      ["Key", key],
      ["VersionId", versionId],
    ],
  });
}

function markerHeaders({ versionId }: Manifest): HeaderPair[] {
  return [
    ["x-amz-version-id", versionId],
    ["x-amz-delete-marker", "true"],
  ];
}

/** User guide, "Working with delete markers": a marker can only be deleted. */
function notAllowedOfMarker(manifest: Manifest): S3Error {
  return new S3Error("MethodNotAllowed", {
    extra: [
      ["Method", "GET"],
      ["ResourceType", "DeleteMarker"],
    ],
    headers: [
      ...markerHeaders(manifest),
      ["Allow", "DELETE"],
      ["Last-Modified", httpDate(manifest.modifiedMs)],
    ],
  });
}

/** The header of an answer about one version; a bucket without versioning has no ids. */
export function versionHeaders({ versioning }: Bucket, { versionId }: Manifest): HeaderPair[] {
  return versioning === "off" ? [] : [["x-amz-version-id", versionId]];
}

/** The header of an answer to a write: S3 names the new version only while versioning is enabled. */
export function writtenHeaders(versionId: VersionId): HeaderPair[] {
  return versionId === NULL_VERSION ? [] : [["x-amz-version-id", versionId]];
}
