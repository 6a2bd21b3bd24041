/** The payloads of the records: docs/format/wal.md, "Payloads". Little-endian, fixed layout, no optional fields. */
import { type ConfState, EntryType, type HardState, type SnapshotMetadata } from "../core/types.ts";
import { getUint64, putUint64 } from "./record.ts";

/** Term, index, term of the entry before, type, and zeros up to 32 bytes; the entry's data follows. */
export const ENTRY_PREFIX_BYTES = 32;
export const HARD_STATE_BYTES = 24;
const SNAPSHOT_FIXED_BYTES = 40;
const HEADER_FIXED_BYTES = 48;
const MAX_ID_BYTES = 256;
/** Far more members than any cluster has, and few enough that the header of a segment stays small. */
const MAX_MEMBERS = 1_024;

const NO_BYTES = new Uint8Array(0);

/** The checksum of a payload is right, but its content is invalid: the writer wrote the invalid content. */
export class PayloadError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = "PayloadError";
  }
}

/** The part of an entry that the log reads. */
export interface EntryPrefix {
  readonly term: number;
  readonly index: number;
  readonly previousTerm: number;
  readonly type: EntryType;
}

/** The state of the log at the beginning of a segment: enough to start from this segment alone. */
export interface SegmentHeader {
  readonly clusterId: string;
  readonly nodeId: string;
  readonly sequence: number;
  /** Index that the next appended entry would have had. */
  readonly firstIndex: number;
  /** Term of the entry before `firstIndex`. */
  readonly previousTerm: number;
  /** End of the records in the segment before; 0 for the first segment. */
  readonly previousEnd: number;
  /** Size of this segment's file. */
  readonly capacity: number;
  readonly hardState: HardState;
  readonly snapshot: SnapshotMetadata | undefined;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function count(view: DataView, at: number, what: string): number {
  const value = getUint64(view, at);
  if (Number.isNaN(value)) throw new PayloadError(`${what} does not fit 53 bits`);
  return value;
}

export function putEntryPrefix(view: DataView, at: number, entry: EntryPrefix): void {
  putUint64(view, at, entry.term);
  putUint64(view, at + 8, entry.index);
  putUint64(view, at + 16, entry.previousTerm);
  view.setUint32(at + 24, entry.type, true);
  view.setUint32(at + 28, 0, true);
}

export function getEntryPrefix(bytes: Uint8Array): EntryPrefix {
  if (bytes.byteLength < ENTRY_PREFIX_BYTES) throw new PayloadError("entry is too short");
  const view = viewOf(bytes);
  return {
    term: count(view, 0, "term"),
    index: count(view, 8, "index"),
    previousTerm: count(view, 16, "previous term"),
    type: entryType(view.getUint32(24, true)),
  };
}

function entryType(value: number): EntryType {
  for (const type of Object.values(EntryType)) if (type === value) return type;
  throw new PayloadError(`unknown entry type ${value}`);
}

export function encodeHardState(state: HardState): Uint8Array {
  const bytes = new Uint8Array(HARD_STATE_BYTES);
  putHardState(viewOf(bytes), 0, state);
  return bytes;
}

function putHardState(view: DataView, at: number, state: HardState): void {
  putUint64(view, at, state.term);
  putUint64(view, at + 8, state.vote);
  putUint64(view, at + 16, state.commit);
}

export function decodeHardState(bytes: Uint8Array): HardState {
  if (bytes.byteLength !== HARD_STATE_BYTES) throw new PayloadError("hard state has the wrong length");
  const view = viewOf(bytes);
  return { term: count(view, 0, "term"), vote: count(view, 8, "vote"), commit: count(view, 16, "commit") };
}

const ID_LISTS = ["voters", "votersOutgoing", "learners", "learnersNext"] as const;

export function encodeSnapshot(snapshot: SnapshotMetadata): Uint8Array {
  const { confState } = snapshot;
  let ids = 0;
  for (const list of ID_LISTS) ids += confState[list].length;
  if (ids > MAX_MEMBERS)
    throw new RangeError(`a configuration of ${ids} members is more than ${MAX_MEMBERS}`);
  const bytes = new Uint8Array(SNAPSHOT_FIXED_BYTES + ids * 8);
  const view = viewOf(bytes);
  putUint64(view, 0, snapshot.index);
  putUint64(view, 8, snapshot.term);
  view.setUint32(16, confState.autoLeave ? 1 : 0, true);
  let at = SNAPSHOT_FIXED_BYTES;
  ID_LISTS.forEach((list, i) => {
    view.setUint32(20 + i * 4, confState[list].length, true);
    for (const id of confState[list]) {
      putUint64(view, at, id);
      at += 8;
    }
  });
  return bytes;
}

export function decodeSnapshot(bytes: Uint8Array): SnapshotMetadata {
  if (bytes.byteLength < SNAPSHOT_FIXED_BYTES) throw new PayloadError("snapshot marker is too short");
  const view = viewOf(bytes);
  let at = SNAPSHOT_FIXED_BYTES;
  const lists = ID_LISTS.map((name, i) => {
    const length = view.getUint32(20 + i * 4, true);
    if (length > (bytes.byteLength - at) / 8) throw new PayloadError(`${name} is longer than the marker`);
    return Array.from({ length }, () => {
      at += 8;
      return count(view, at - 8, "node id");
    });
  });
  if (at !== bytes.byteLength) throw new PayloadError("snapshot marker is too long");
  const [voters = [], votersOutgoing = [], learners = [], learnersNext = []] = lists;
  const autoLeave = view.getUint32(16, true) !== 0;
  const confState: ConfState = { voters, votersOutgoing, learners, learnersNext, autoLeave };
  return { index: count(view, 0, "index"), term: count(view, 8, "term"), confState };
}

/** Fixed part, hard state, then length-prefixed: cluster id, node id, snapshot marker (empty = none). */
export function encodeSegmentHeader(header: SegmentHeader): Uint8Array {
  const cluster = identifier(header.clusterId, "cluster id");
  const node = identifier(header.nodeId, "node id");
  const snapshot = header.snapshot === undefined ? NO_BYTES : encodeSnapshot(header.snapshot);
  const parts = [cluster, node, snapshot];
  let length = HEADER_FIXED_BYTES + HARD_STATE_BYTES;
  for (const part of parts) length += 4 + part.byteLength;
  const bytes = new Uint8Array(length);
  const view = viewOf(bytes);
  putUint64(view, 0, header.sequence);
  putUint64(view, 8, header.firstIndex);
  putUint64(view, 16, header.previousTerm);
  putUint64(view, 24, header.previousEnd);
  putUint64(view, 32, header.capacity);
  putHardState(view, HEADER_FIXED_BYTES, header.hardState);
  let at = HEADER_FIXED_BYTES + HARD_STATE_BYTES;
  for (const part of parts) {
    view.setUint32(at, part.byteLength, true);
    bytes.set(part, at + 4);
    at += 4 + part.byteLength;
  }
  return bytes;
}

export function decodeSegmentHeader(bytes: Uint8Array): SegmentHeader {
  const start = HEADER_FIXED_BYTES + HARD_STATE_BYTES;
  if (bytes.byteLength < start) throw new PayloadError("segment header is too short");
  const view = viewOf(bytes);
  let at = start;
  const part = (): Uint8Array => {
    if (at + 4 > bytes.byteLength) throw new PayloadError("segment header is too short");
    const length = view.getUint32(at, true);
    at += 4 + length;
    if (at > bytes.byteLength) throw new PayloadError("segment header is too short");
    return bytes.subarray(at - length, at);
  };
  const clusterId = new TextDecoder().decode(part());
  const nodeId = new TextDecoder().decode(part());
  const snapshot = part();
  return {
    clusterId,
    nodeId,
    sequence: count(view, 0, "sequence"),
    firstIndex: count(view, 8, "first index"),
    previousTerm: count(view, 16, "previous term"),
    previousEnd: count(view, 24, "previous end"),
    capacity: count(view, 32, "capacity"),
    hardState: decodeHardState(bytes.subarray(HEADER_FIXED_BYTES, start)),
    snapshot: snapshot.byteLength === 0 ? undefined : decodeSnapshot(snapshot),
  };
}

function identifier(text: string, what: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  if (bytes.byteLength === 0 || bytes.byteLength > MAX_ID_BYTES) {
    throw new RangeError(`${what} must have 1 to ${MAX_ID_BYTES} bytes: "${text}"`);
  }
  return bytes;
}
