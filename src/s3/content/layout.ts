/** Where the bytes of an object lie: segments of equally sized chunks, one after the other. */
import { crc32 } from "node:zlib";
import type { VersionedValue } from "../../store/types.ts";
import { type BucketRef, chunkKey, partChunksPrefix } from "../records/keys.ts";
import { decodePartTable, type Manifest, type PartRef } from "../records/manifest.ts";
import { RecordError } from "../records/record-error.ts";

/** The chunks of one attempt at one part (or of a whole plain object). */
interface Segment {
  readonly start: number;
  readonly size: number;
  readonly prefix: Uint8Array;
}

export interface Piece {
  readonly key: Uint8Array;
  /** Bytes of the whole chunk. */
  readonly size: number;
  /** The bytes of it that are wanted. */
  readonly from: number;
  readonly to: number;
}

export interface Layout {
  readonly size: number;
  /** The whole object, verified, when it rode in the manifest's row. */
  readonly inline: Uint8Array | undefined;
  /** Of a multipart object, in order. */
  readonly parts: readonly PartRef[] | undefined;
  /** The chunks that hold [start, end), in order. */
  pieces(start: number, end: number): Iterable<Piece>;
}

/** @param row the manifest's row with its payload. @throws RecordError when the payload is not what was written */
export function layoutOf(ref: BucketRef, key: string, manifest: Manifest, row: VersionedValue): Layout {
  const { content, size } = manifest;
  switch (content.kind) {
    case "inline": {
      const inline = verifiedPayload(row, content.payloadCrc32);
      if (inline.byteLength !== size) {
        throw new RecordError(`an inline object of ${size} bytes has ${inline.byteLength}`);
      }
      return { size, inline, parts: undefined, pieces: () => [] };
    }
    case "chunks":
      return chunked(
        size,
        content.chunkSize,
        [{ start: 0, size, prefix: partChunksPrefix(ref, key, content.attempt) }],
        undefined,
      );
    case "parts": {
      const parts = decodePartTable(verifiedPayload(row, content.payloadCrc32));
      const segments: Segment[] = [];
      let start = 0;
      for (const part of parts) {
        const prefix = partChunksPrefix(ref, key, content.attempt, part.number, part.attempt);
        segments.push({ start, size: part.size, prefix });
        start += part.size;
      }
      if (start !== size || parts.length !== content.partCount) {
        throw new RecordError(
          `${content.partCount} parts of ${size} bytes: found ${parts.length} of ${start}`,
        );
      }
      return chunked(size, content.chunkSize, segments, parts);
    }
  }
}

function verifiedPayload(row: VersionedValue, expected: number): Uint8Array {
  const payload = row.payload ?? new Uint8Array(0);
  const found = crc32(payload);
  if (found !== expected) throw new RecordError(`a manifest's payload has CRC ${found}, not ${expected}`);
  return payload;
}

function chunked(
  size: number,
  chunkSize: number,
  segments: readonly Segment[],
  parts: readonly PartRef[] | undefined,
): Layout {
  return {
    size,
    inline: undefined,
    parts,
    pieces: (start, end) => piecesOf(segments, chunkSize, start, end),
  };
}

function* piecesOf(
  segments: readonly Segment[],
  chunkSize: number,
  start: number,
  end: number,
): Generator<Piece> {
  for (let s = segmentAt(segments, start); s < segments.length; s++) {
    const segment = segments[s] as Segment;
    if (segment.start >= end) return;
    const from = Math.max(start - segment.start, 0);
    const to = Math.min(end - segment.start, segment.size);
    for (let chunk = Math.floor(from / chunkSize); chunk * chunkSize < to; chunk++) {
      const at = chunk * chunkSize;
      const size = Math.min(chunkSize, segment.size - at);
      yield {
        key: chunkKey(segment.prefix, chunk),
        size,
        from: Math.max(from - at, 0),
        to: Math.min(to - at, size),
      };
    }
  }
}

/** Index of the last segment that begins at or before `offset`. */
function segmentAt(segments: readonly Segment[], offset: number): number {
  let low = 0;
  let high = segments.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((segments[middle] as Segment).start <= offset) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}
