/** All objects of all buckets, in order, from a cursor on: the part that every walk shares. */
import { layoutOf } from "../s3/content/layout.ts";
import type { Extent } from "../s3/content/types.ts";
import { decodeBucket } from "../s3/records/bucket-record.ts";
import type { ExtentKind } from "../s3/records/extent-kind.ts";
import {
  afterName,
  BUCKETS_PREFIX,
  type BucketRef,
  bucketKey,
  objectKey,
  objectsPrefix,
  parseBucketKey,
  parseObjectKey,
} from "../s3/records/keys.ts";
import { decodeManifest, type Manifest } from "../s3/records/manifest.ts";
import { keyAfter, prefixEnd } from "../store/key-encoding.ts";
import type { Timestamp, VersionedValue } from "../store/types.ts";
import type { KvClient } from "../txn/types.ts";
import type { WalkCursor } from "./cursor.ts";

/** Objects per read. */
const PAGE = 256;

export interface WalkedObject {
  readonly ref: BucketRef;
  readonly key: string;
  /** Version of the object's row. */
  readonly commitTs: Timestamp;
  readonly value: Uint8Array;
}

/** The objects after the cursor, at most `limit`; `next` is undefined when the last object was among them. */
export async function nextObjects(
  kv: KvClient,
  cursor: WalkCursor | undefined,
  limit: number,
): Promise<{ readonly objects: readonly WalkedObject[]; readonly next: WalkCursor | undefined }> {
  const objects: WalkedObject[] = [];
  let at = cursor;
  for (;;) {
    const ref = await bucketAt(kv, at?.bucket);
    if (ref === undefined) return { objects, next: undefined };
    // Another bucket than the cursor's: the cursor's bucket was deleted meanwhile.
    let after = ref.bucket === at?.bucket ? at.after : undefined;
    for (;;) {
      const page = await objectsAfter(kv, ref, after, Math.min(PAGE, limit - objects.length));
      objects.push(...page);
      after = page.at(-1)?.key ?? after;
      if (objects.length >= limit) {
        return { objects, next: { bucket: ref.bucket, after, inside: undefined } };
      }
      if (page.length === 0) break;
    }
    const following = await bucketAt(kv, ref.bucket, true);
    if (following === undefined) return { objects, next: undefined };
    at = { bucket: following.bucket, after: undefined, inside: undefined };
  }
}

/** The first bucket at or behind this name. */
async function bucketAt(
  kv: KvClient,
  name: string | undefined,
  behind = false,
): Promise<BucketRef | undefined> {
  const start = name === undefined ? BUCKETS_PREFIX : bucketKey(name);
  const view = await kv.system.snapshot();
  const [row] = await view.scan(behind ? keyAfter(start) : start, prefixEnd(BUCKETS_PREFIX), { limit: 1 });
  if (row === undefined) return undefined;
  return { bucket: parseBucketKey(row.key), generation: decodeBucket(row.value).generation };
}

async function objectsAfter(
  kv: KvClient,
  ref: BucketRef,
  after: string | undefined,
  limit: number,
): Promise<WalkedObject[]> {
  const prefix = objectsPrefix(ref);
  const view = await kv.group(ref.bucket).snapshot();
  const start = after === undefined ? prefix : afterName("o", ref, after);
  const rows = await view.scan(start, prefixEnd(prefix), { limit });
  return rows.map(({ key, value, commitTs }) => ({
    ref,
    key: parseObjectKey(key, prefix.byteLength),
    commitTs,
    value,
  }));
}

export interface OpenedObject {
  readonly row: VersionedValue;
  readonly manifest: Manifest;
  /** Empty for an inline object. */
  readonly extents: readonly { readonly kind: ExtentKind | "unknown"; readonly extent: Extent }[];
}

/**
 * The object's row and the places of its bytes; undefined when the object has changed since it was listed.
 * @throws RecordError when the row or its payload is damaged; S3Error NotImplemented for content of a newer release
 */
export async function openObject(
  kv: KvClient,
  { ref, key, commitTs }: WalkedObject,
): Promise<OpenedObject | undefined> {
  const view = await kv.group(ref.bucket).snapshot();
  const row = await view.get(objectKey(ref, key));
  if (row === undefined || row.commitTs !== commitTs) return undefined;
  const manifest = decodeManifest(row.value);
  return { row, manifest, extents: layoutOf(ref, key, manifest, row).extents(0, manifest.size) };
}
