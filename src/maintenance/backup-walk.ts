/**
 * Everything that a backup contains, at one read timestamp: for each bucket its objects and uploads, each after the rows
 * of its content, and the rows of the buckets last. Content that no object, upload or part names (writes under way, and
 * what waits for its collection) is not part of it.
 */

import { crc32 } from "node:zlib";
import type { BackupRecord } from "../api/backup-pages.ts";
import { MaintenanceError } from "../api/maintenance.ts";
import { ROOT_USER_KEY } from "../iam/rows.ts";
import { sameBytes } from "../platform/bytes.ts";
import { layoutOf } from "../s3/content/layout.ts";
import type { Extent } from "../s3/content/types.ts";
import { configurationKeys } from "../s3/records/bucket-configuration.ts";
import { decodeBucket } from "../s3/records/bucket-record.ts";
import { decodeChunk } from "../s3/records/chunk.ts";
import type { ExtentKind } from "../s3/records/extent-kind.ts";
import {
  aliveKey,
  BUCKETS_PREFIX,
  type BucketRef,
  chunkKey,
  objectsPrefix,
  parseBucketKey,
  parseObjectKey,
  parsePartKey,
  parseUploadKey,
  parseVersionKey,
  partChunksPrefix,
  partReferencesPrefix,
  partsPrefix,
  uploadAttempt,
  uploadsPrefix,
  versionsPrefix,
} from "../s3/records/keys.ts";
import { decodeManifest } from "../s3/records/manifest.ts";
import { decodePart, decodeUpload } from "../s3/records/upload.ts";
import { aliveState } from "../s3/records/versioning.ts";
import { keyAfter, prefixEnd } from "../store/key-encoding.ts";
import type { ScanItem, VersionedValue } from "../store/types.ts";
import { decodeReference, REFERENCES_PER_ENTRY, referenceKey } from "../txn/references.ts";
import type { BlobRef, ReadView } from "../txn/types.ts";

/** Rows per read. */
const PAGE = 256;

export interface WalkCounts {
  buckets: number;
  objects: number;
  uploads: number;
  rows: number;
  references: number;
  /** Bytes of the objects. */
  bytes: number;
}

/** @throws MaintenanceError DAMAGED, naming the object; StoreError HISTORY_COMPACTED */
export async function* backupRecords(view: ReadView, counts: WalkCounts): AsyncGenerator<BackupRecord> {
  const buckets: ScanItem[] = [];
  for await (const bucket of rowsUnder(view, BUCKETS_PREFIX)) buckets.push(bucket);
  yield* rowIfThere(view, ROOT_USER_KEY, counts);
  for (const { key, value } of buckets) {
    const record = decodeBucket(value);
    const { generation, versioning } = record;
    const ref: BucketRef = { bucket: parseBucketKey(key), generation };
    yield* objectsOf(view, ref, counts);
    if (versioning !== "off") yield* versionsOf(view, ref, counts);
    yield* uploadsOf(view, ref, counts);
    for (const configuration of configurationKeys(ref)) yield* rowIfThere(view, configuration, counts);
    yield* rowIfThere(view, aliveKey(ref, aliveState(record)), counts);
  }
  for (const { key } of buckets) {
    counts.buckets++;
    yield* rowIfThere(view, key, counts);
  }
}

async function* objectsOf(view: ReadView, ref: BucketRef, counts: WalkCounts): AsyncGenerator<BackupRecord> {
  const prefix = objectsPrefix(ref);
  for await (const { key: rowKey } of rowsUnder(view, prefix)) {
    yield* objectOf(view, ref, parseObjectKey(rowKey, prefix.byteLength), rowKey, counts);
  }
}

/** The versions that are not current, and the delete markers. */
async function* versionsOf(view: ReadView, ref: BucketRef, counts: WalkCounts): AsyncGenerator<BackupRecord> {
  for await (const { key: rowKey } of rowsUnder(view, versionsPrefix(ref))) {
    yield* objectOf(view, ref, parseVersionKey(rowKey).key, rowKey, counts);
  }
}

async function* objectOf(
  view: ReadView,
  ref: BucketRef,
  name: string,
  rowKey: Uint8Array,
  counts: WalkCounts,
): AsyncGenerator<BackupRecord> {
  const row = await named(ref, name, () => view.get(rowKey));
  if (row === undefined) return;
  const manifest = await named(ref, name, () => decodeManifest(row.value));
  const { size } = manifest;
  if (manifest.content.kind !== "marker") {
    const extents = await named(ref, name, () => layoutOf(ref, name, manifest, row).extents(0, size));
    for (const { kind, extent } of extents) yield* contentOf(view, kind, extent, counts);
    counts.objects++;
    counts.bytes += size;
  }
  counts.rows++;
  yield recordOf(rowKey, row);
}

async function* uploadsOf(view: ReadView, ref: BucketRef, counts: WalkCounts): AsyncGenerator<BackupRecord> {
  for await (const { key: rowKey, value } of rowsUnder(view, uploadsPrefix(ref))) {
    const { key, uploadId } = parseUploadKey(rowKey);
    const { chunkSize } = await named(ref, key, () => decodeUpload(value));
    for await (const part of rowsUnder(view, partsPrefix(ref, key, uploadId))) {
      const { kind, attempt, size } = await named(ref, key, () => decodePart(part.value));
      const extent: Extent = {
        ref,
        key,
        attempt: uploadAttempt(uploadId),
        partNumber: parsePartKey(part.key),
        partAttempt: attempt,
        size,
        chunkSize,
      };
      yield* contentOf(view, kind, extent, counts);
      yield* rowIfThere(view, part.key, counts);
    }
    counts.uploads++;
    yield* rowIfThere(view, rowKey, counts);
  }
}

async function* contentOf(
  view: ReadView,
  kind: ExtentKind | "unknown",
  extent: Extent,
  counts: WalkCounts,
): AsyncGenerator<BackupRecord> {
  const { ref, key, attempt, partNumber, partAttempt } = extent;
  const chunks = Math.ceil(extent.size / extent.chunkSize);
  if (kind === "unknown") throw damaged(ref, key, "was stored by a newer release");
  if (kind === "chunks") {
    const prefix = partChunksPrefix(ref, key, attempt, partNumber, partAttempt);
    for (let chunk = 0; chunk < chunks; chunk++) {
      const rowKey = chunkKey(prefix, chunk);
      const row = await named(ref, key, () => view.get(rowKey));
      if (row?.payload === undefined) throw damaged(ref, key, `chunk ${chunk} is missing`);
      const { payload, value } = row;
      const written = await named(ref, key, () => decodeChunk(value).crc32);
      if (crc32(payload) !== written)
        throw damaged(ref, key, `chunk ${chunk} has other bytes than were written`);
      counts.rows++;
      yield recordOf(rowKey, row);
    }
    return;
  }
  const prefix = partReferencesPrefix(ref, key, attempt, partNumber, partAttempt);
  for (let first = 0; first < chunks; first += REFERENCES_PER_ENTRY) {
    const limit = Math.min(REFERENCES_PER_ENTRY, chunks - first);
    const rows = await view.scan(referenceKey(prefix, first), prefixEnd(prefix), { limit });
    const blobs = await named(ref, key, () => rows.map((row, i) => referenceAt(prefix, first + i, row)));
    if (blobs.length < limit)
      throw damaged(ref, key, `the reference to chunk ${first + blobs.length} is missing`);
    counts.references += blobs.length;
    yield { kind: "references", prefix, first, blobs };
  }
}

function referenceAt(prefix: Uint8Array, number: number, row: ScanItem): BlobRef {
  if (!sameBytes(row.key, referenceKey(prefix, number))) {
    throw new RangeError(`the reference to chunk ${number} is missing`);
  }
  const { sha256, size } = decodeReference(row.value);
  return { sha256, size };
}

async function* rowIfThere(
  view: ReadView,
  key: Uint8Array,
  counts: WalkCounts,
): AsyncGenerator<BackupRecord> {
  const row = await view.get(key);
  if (row === undefined) return;
  counts.rows++;
  yield recordOf(key, row);
}

function recordOf(key: Uint8Array, { value, garbage, payload }: VersionedValue): BackupRecord {
  return { kind: "row", key, value, garbage, payload };
}

async function* rowsUnder(view: ReadView, prefix: Uint8Array): AsyncGenerator<ScanItem> {
  for (let from = prefix; ; ) {
    const page = await view.scan(from, prefixEnd(prefix), { limit: PAGE });
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    from = keyAfter(last.key);
  }
}

/** Runs `read`; an error about the content of rows names the object. */
async function named<T>(ref: BucketRef, key: string, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const isContent = error instanceof Error && ["RecordError", "RangeError", "S3Error"].includes(error.name);
    const isStore = error instanceof Error && "code" in error && error.code === "CORRUPT";
    if (isContent || isStore) throw damaged(ref, key, error.message, error);
    throw error;
  }
}

function damaged({ bucket }: BucketRef, key: string, problem: string, cause?: unknown): MaintenanceError {
  return new MaintenanceError(
    "DAMAGED",
    `${JSON.stringify(`${bucket}/${key}`)}: ${problem}; elastickv verify lists everything that is damaged`,
    { cause },
  );
}
