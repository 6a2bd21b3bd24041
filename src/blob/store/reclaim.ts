/** Frees the space of places that no name leads to. */

import { sameBytes } from "../../platform/bytes.ts";
import { openIfPresent } from "../../platform/disk/atomic-file.ts";
import type { Disk, DiskFile } from "../../platform/disk.ts";
import { payloadFile } from "../../store/payload/files.ts";
import {
  alignBlock,
  BLOCK_BYTES,
  decodeRecord,
  encodeRecord,
  type PlacedBlob,
  RECORD_HEADER_BYTES,
} from "./record.ts";

export interface ReclaimOptions {
  readonly disk: Disk;
  readonly directory: string;
  readonly tag: Uint8Array;
  /** True for a segment that neither has blobs nor grows. */
  readonly isUnused: (segment: number) => boolean;
}

/**
 * Marks records as deleted, durably, and then frees their payloads' blocks: a hole behind a header that is not
 * marked would look like damage. May be repeated for the same places.
 * @returns numbers of the removed files
 * @throws DiskError
 */
export function freePlaces(garbage: readonly PlacedBlob[], options: ReclaimOptions): number[] {
  const { disk, directory, isUnused } = options;
  const removed: number[] = [];
  for (const [segment, places] of Map.groupBy(garbage, ({ place }) => place.segment)) {
    if (isUnused(segment)) {
      removeSegment(disk, directory, segment);
      removed.push(segment);
      continue;
    }
    const file = openIfPresent(disk, payloadFile(directory, segment), "write");
    if (file === undefined) continue;
    try {
      freeIn(file, places, options.tag);
    } finally {
      file.close();
    }
  }
  if (removed.length > 0) disk.syncDirectory(directory);
  return removed;
}

/** Durable after `syncDirectory`. */
export function removeSegment(disk: Disk, directory: string, segment: number): void {
  const path = payloadFile(directory, segment);
  const file = openIfPresent(disk, path, "write");
  if (file === undefined) return;
  try {
    // Readers may still have the file open; the truncation frees its blocks at once.
    file.truncate(0);
  } finally {
    file.close();
  }
  disk.unlink(path);
}

function freeIn(file: DiskFile, places: readonly PlacedBlob[], tag: Uint8Array): void {
  const holes: PlacedBlob[] = [];
  for (const placed of places) if (mark(file, placed, tag)) holes.push(placed);
  if (holes.length === 0) return;
  file.datasync();
  for (const { place } of holes) file.punchHole(place.offset + BLOCK_BYTES, alignBlock(place.size));
  file.datasync();
}

/** False when another blob lies there. */
function mark(file: DiskFile, { sha256, place }: PlacedBlob, tag: Uint8Array): boolean {
  const header = new Uint8Array(RECORD_HEADER_BYTES);
  if (file.pread(header, place.offset) < RECORD_HEADER_BYTES) return false;
  const at = { segment: place.segment, offset: place.offset };
  const record = decodeRecord(header, at, tag);
  if (record !== undefined && (!sameBytes(record.sha256, sha256) || record.place.size !== place.size))
    return false;
  encodeRecord({ sha256, place, deleted: true }, tag, header);
  file.pwrite(header, place.offset);
  return true;
}
