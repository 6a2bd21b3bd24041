/** Where the bytes of an object are: in the row of the object, or in consecutive extents. */
import { crc32 } from "node:zlib";
import type { VersionedValue } from "../../store/types.ts";
import type { ExtentKind } from "../records/extent-kind.ts";
import type { BucketRef } from "../records/keys.ts";
import { decodePartTable, type Manifest, type PartRef } from "../records/manifest.ts";
import { RecordError } from "../records/record-error.ts";
import type { Extent, ExtentRange } from "./types.ts";
import { unreadableContent } from "./unreadable.ts";

interface PlacedExtent {
  /** Offset in the object. */
  readonly start: number;
  readonly kind: ExtentKind | "unknown";
  readonly extent: Extent;
}

export interface Layout {
  readonly size: number;
  /** The whole object, verified, when the manifest's row carries the bytes. */
  readonly inline: Uint8Array | undefined;
  /** The parts of a multipart object, in order. */
  readonly parts: readonly PartRef[] | undefined;
  /** The extent ranges that hold bytes [start, end), in order. */
  extents(start: number, end: number): ExtentRange[];
}

const WHOLE = new Uint8Array(0);

/**
 * @param row the manifest's row with its payload. @throws RecordError when the payload differs from the written
 *   payload; S3Error NotImplemented for a kind of a newer release
 */
export function layoutOf(ref: BucketRef, key: string, manifest: Manifest, row: VersionedValue): Layout {
  const { content, size } = manifest;
  switch (content.kind) {
    case "inline": {
      const inline = verifiedPayload(row, content.payloadCrc32);
      if (inline.byteLength !== size) {
        throw new RecordError(`an inline object of ${size} bytes has ${inline.byteLength}`);
      }
      return { size, inline, parts: undefined, extents: () => [] };
    }
    case "chunks":
    case "blobs": {
      const { kind, attempt, chunkSize } = content;
      const extent = { ref, key, attempt, partNumber: 0, partAttempt: WHOLE, size, chunkSize };
      return placed(size, [{ start: 0, kind, extent }], undefined);
    }
    case "parts": {
      const { attempt, chunkSize } = content;
      const parts = decodePartTable(verifiedPayload(row, content.payloadCrc32));
      const extents: PlacedExtent[] = [];
      let start = 0;
      for (const part of parts) {
        const { number: partNumber, attempt: partAttempt, size } = part;
        extents.push({
          start,
          kind: part.kind,
          extent: { ref, key, attempt, partNumber, partAttempt, size, chunkSize },
        });
        start += size;
      }
      if (start !== size || parts.length !== content.partCount) {
        throw new RecordError(
          `${content.partCount} parts of ${size} bytes: found ${parts.length} of ${start}`,
        );
      }
      return placed(size, extents, parts);
    }
    case "marker":
      throw new RecordError("a delete marker has no content");
    case "unknown":
      throw unreadableContent(String(content.number));
  }
}

function verifiedPayload(row: VersionedValue, expected: number): Uint8Array {
  const payload = row.payload ?? new Uint8Array(0);
  const found = crc32(payload);
  if (found !== expected) throw new RecordError(`a manifest's payload has CRC ${found}, not ${expected}`);
  return payload;
}

function placed(
  size: number,
  extents: readonly PlacedExtent[],
  parts: readonly PartRef[] | undefined,
): Layout {
  return { size, inline: undefined, parts, extents: (start, end) => rangesOf(extents, start, end) };
}

function rangesOf(extents: readonly PlacedExtent[], start: number, end: number): ExtentRange[] {
  const ranges: ExtentRange[] = [];
  for (let i = indexAt(extents, start); i < extents.length; i++) {
    const { start: at, kind, extent } = extents[i] as PlacedExtent;
    if (at >= end) break;
    const from = Math.max(start - at, 0);
    const to = Math.min(end - at, extent.size);
    if (from < to) ranges.push({ kind, extent, from, to });
  }
  return ranges;
}

/** Index of the last extent that begins at or before `offset`. */
function indexAt(extents: readonly PlacedExtent[], offset: number): number {
  let low = 0;
  let high = extents.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((extents[middle] as PlacedExtent).start <= offset) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}
