/** Bytes of a segment file (docs/format/blobs.md): a head block, then records. All numbers are little-endian. */

import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { sameBytes } from "../../platform/bytes.ts";
import { BlobError } from "../types.ts";

/** Records, and their payloads, begin on file system blocks, so that the blocks of a payload can be freed. */
export const BLOCK_BYTES = 4096;
/** Smaller than a sector of 512 bytes: a power cut leaves an old or a new header, never a mixture. */
export const RECORD_HEADER_BYTES = 80;

const FORMAT_VERSION = 1;
const SEGMENT_MAGIC = "EKVBLOBS";
/** "EKVB". */
const RECORD_MAGIC = 0x42_56_4b_45;
const TAG_BYTES = 8;
const HEAD_NAMES_AT = 32;

/** The node that the directory belongs to. */
export interface BlobIdentity {
  readonly clusterId: string;
  readonly nodeId: string;
}

/** Where a blob lies. */
export interface BlobPlace {
  /** Number of the segment file. */
  readonly segment: number;
  /** Position of the record's header; the payload begins BLOCK_BYTES later. */
  readonly offset: number;
  /** Bytes of the payload. */
  readonly size: number;
  /** CRC-32 (IEEE) of the payload. */
  readonly crc: number;
  /** Time of the log at the write, in physical HLC milliseconds. */
  readonly writtenMs: number;
}

export interface PlacedBlob {
  readonly sha256: Uint8Array;
  readonly place: BlobPlace;
}

export interface BlobRecord extends PlacedBlob {
  readonly deleted: boolean;
}

/** Where the next record begins. */
export interface Position {
  readonly segment: number;
  readonly offset: number;
}

/** Bytes that a payload takes in its file. */
export function alignBlock(bytes: number): number {
  return Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES;
}

export function recordBytes(size: number): number {
  return BLOCK_BYTES + alignBlock(size);
}

export function samePlace(a: BlobPlace, b: BlobPlace): boolean {
  return a.segment === b.segment && a.offset === b.offset;
}

/** Part of each record: the record of another node never verifies. */
export function identityTag(identity: BlobIdentity): Uint8Array {
  const hash = createHash("sha256").update(`${identity.clusterId}\n${identity.nodeId}`).digest();
  return new Uint8Array(hash.subarray(0, TAG_BYTES));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Writes the header into the first RECORD_HEADER_BYTES of `target`. */
export function encodeRecord(record: BlobRecord, tag: Uint8Array, target: Uint8Array): void {
  const { place, sha256 } = record;
  const view = viewOf(target);
  view.setUint32(4, RECORD_MAGIC, true);
  view.setUint16(8, FORMAT_VERSION, true);
  view.setUint16(10, record.deleted ? 1 : 0, true);
  view.setUint32(12, place.segment, true);
  view.setBigUint64(16, BigInt(place.offset), true);
  view.setUint32(24, place.size, true);
  view.setUint32(28, place.crc, true);
  view.setBigUint64(32, BigInt(place.writtenMs), true);
  target.set(tag, 40);
  target.set(sha256, 48);
  view.setUint32(0, crc32(target.subarray(4, RECORD_HEADER_BYTES)), true);
}

/** The header at that place; undefined when the bytes are no header of this node for exactly that place. */
export function decodeRecord(bytes: Uint8Array, at: Position, tag: Uint8Array): BlobRecord | undefined {
  const view = viewOf(bytes);
  if (view.getUint32(4, true) !== RECORD_MAGIC || view.getUint16(8, true) !== FORMAT_VERSION)
    return undefined;
  if (view.getUint32(12, true) !== at.segment || Number(view.getBigUint64(16, true)) !== at.offset)
    return undefined;
  if (!sameBytes(bytes.subarray(40, 40 + TAG_BYTES), tag)) return undefined;
  if (view.getUint32(0, true) !== crc32(bytes.subarray(4, RECORD_HEADER_BYTES))) return undefined;
  return {
    sha256: bytes.slice(48, RECORD_HEADER_BYTES),
    place: {
      ...at,
      size: view.getUint32(24, true),
      crc: view.getUint32(28, true),
      writtenMs: Number(view.getBigUint64(32, true)),
    },
    deleted: view.getUint16(10, true) !== 0,
  };
}

/** Covers everything but itself. */
function headCrc(block: Uint8Array): number {
  return crc32(block.subarray(16), crc32(block.subarray(0, 12)));
}

/** The head block of a segment file. */
export function encodeHead(segment: number, identity: BlobIdentity): Uint8Array {
  const block = new Uint8Array(BLOCK_BYTES);
  const view = viewOf(block);
  const cluster = Buffer.from(identity.clusterId);
  const node = Buffer.from(identity.nodeId);
  block.set(Buffer.from(SEGMENT_MAGIC), 0);
  view.setUint32(8, FORMAT_VERSION, true);
  view.setUint32(16, segment, true);
  view.setUint16(20, cluster.length, true);
  view.setUint16(22, node.length, true);
  block.set(cluster, HEAD_NAMES_AT);
  block.set(node, HEAD_NAMES_AT + cluster.length);
  view.setUint32(12, headCrc(block), true);
  return block;
}

/**
 * Whether `block` is the head of that segment; false when the block is damaged or was never complete.
 * @throws BlobError WRONG_FORMAT for an intact head of another node, segment or version
 */
export function checkHead(block: Uint8Array, path: string, segment: number, identity: BlobIdentity): boolean {
  const view = viewOf(block);
  if (Buffer.from(block.subarray(0, 8)).toString("latin1") !== SEGMENT_MAGIC) return false;
  if (view.getUint32(12, true) !== headCrc(block)) return false;
  const wrong = (what: string): BlobError => new BlobError("WRONG_FORMAT", `${path}: ${what}`);
  const version = view.getUint32(8, true);
  if (version !== FORMAT_VERSION)
    throw wrong(`format ${version} of blobs, this program knows ${FORMAT_VERSION}`);
  const found = view.getUint32(16, true);
  if (found !== segment) throw wrong(`the file says that it is segment ${found}`);
  const middle = HEAD_NAMES_AT + view.getUint16(20, true);
  const clusterId = Buffer.from(block.subarray(HEAD_NAMES_AT, middle)).toString();
  const nodeId = Buffer.from(block.subarray(middle, middle + view.getUint16(22, true))).toString();
  if (clusterId !== identity.clusterId || nodeId !== identity.nodeId)
    throw wrong(
      `blobs of node ${nodeId} in cluster ${clusterId}, this is node ${identity.nodeId} in cluster ${identity.clusterId}`,
    );
  return true;
}
