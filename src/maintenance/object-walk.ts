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
  CURRENT_MARKER,
  objectsPrefix,
  parseBucketKey,
  parseObjectKey,
  parseVersionKey,
  versionKey,
  versionsPrefix,
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
  /** Undefined: the current object. Else the slot of another version (s3/records/keys.ts). */
  readonly slot: string | undefined;
  /** Key of the row. */
  readonly at: Uint8Array;
  /** Version of the object's row. */
  readonly commitTs: Timestamp;
  readonly value: Uint8Array;
}

type Place = Pick<WalkCursor, "after" | "slot">;

const FIRST: Place = { after: undefined, slot: undefined };
const FIRST_VERSION: Place = { after: undefined, slot: "" };

/** The cursor of a walk that has this object behind it. */
export function cursorAfter({ ref, key, slot }: WalkedObject): WalkCursor {
  return { bucket: ref.bucket, after: key, slot, inside: undefined };
}

/**
 * The objects after the cursor, at most `limit`: of each bucket the current objects, then the other versions; `next` is
 * undefined when the last object was among them.
 */
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
    let place: Place | undefined = ref.bucket === at?.bucket ? at : FIRST;
    while (place !== undefined) {
      if (objects.length >= limit) {
        const { after, slot } = place;
        return { objects, next: { bucket: ref.bucket, after, slot, inside: undefined } };
      }
      const wanted = Math.min(PAGE, limit - objects.length);
      const page: Page = await objectsAfter(kv, ref, place, wanted);
      objects.push(...page.objects);
      place = page.next;
    }
    const following = await bucketAt(kv, ref.bucket, true);
    if (following === undefined) return { objects, next: undefined };
    at = { bucket: following.bucket, ...FIRST, inside: undefined };
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

interface Page {
  readonly objects: readonly WalkedObject[];
  /** Undefined: the bucket has no more. */
  readonly next: Place | undefined;
}

async function objectsAfter(kv: KvClient, ref: BucketRef, place: Place, limit: number): Promise<Page> {
  const { after, slot } = place;
  const view = await kv.group(ref.bucket).snapshot();
  if (slot === undefined) {
    const prefix = objectsPrefix(ref);
    const start = after === undefined ? prefix : afterName("o", ref, after);
    const rows = await view.scan(start, prefixEnd(prefix), { limit });
    const objects = rows.map(({ key, value, commitTs }) => {
      const name = parseObjectKey(key, prefix.byteLength);
      return { ref, key: name, slot: undefined, at: key, commitTs, value };
    });
    const next = rows.length < limit ? FIRST_VERSION : { after: objects.at(-1)?.key, slot: undefined };
    return { objects, next };
  }
  const prefix = versionsPrefix(ref);
  const start = after === undefined ? prefix : keyAfter(versionKey(ref, after, slot));
  const rows = await view.scan(start, prefixEnd(prefix), { limit });
  const versions = rows.map(({ key, value, commitTs }) => {
    const { key: name, slot: of } = parseVersionKey(key);
    return { ref, key: name, slot: of, at: key, commitTs, value };
  });
  const last = versions.at(-1);
  return {
    objects: versions.filter(({ slot: of }) => of !== CURRENT_MARKER),
    next: last === undefined || rows.length < limit ? undefined : { after: last.key, slot: last.slot },
  };
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
  { ref, key, at, commitTs }: WalkedObject,
): Promise<OpenedObject | undefined> {
  const view = await kv.group(ref.bucket).snapshot();
  const row = await view.get(at);
  if (row === undefined || row.commitTs !== commitTs) return undefined;
  const manifest = decodeManifest(row.value);
  // An older delete marker has a row as other versions do.
  if (manifest.content.kind === "marker") return { row, manifest, extents: [] };
  return { row, manifest, extents: layoutOf(ref, key, manifest, row).extents(0, manifest.size) };
}
