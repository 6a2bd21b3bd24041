/**
 * The decisions of a start about the files of the log. docs/format/wal.md, "Recovery", has the same table, with the
 * same letters and the reasons.
 *
 * | row | found                                                                   | decision                       |
 * |-----|-------------------------------------------------------------------------|--------------------------------|
 * | D1  | no segment, no watermark                                                 | new log if asked, or NOT_FOUND |
 * | D2  | no segment, but a watermark                                              | MISSING_SEGMENT                |
 * | D3  | a sequence number is absent between two segments                        | MISSING_SEGMENT                |
 * | D4  | two segments of one sequence, or a *.wal with another kind of name      | CORRUPT                        |
 * | D5  | the watermark names a segment newer than the newest                      | MISSING_SEGMENT                |
 * | D6  | a prepared segment without a name                                       | removed                        |
 * | H1  | preamble or header record of a segment does not verify                  | CORRUPT                        |
 * | H2  | another format version                                                  | FORMAT_VERSION                 |
 * | H3  | another cluster or node                                                 | WRONG_CLUSTER, WRONG_NODE      |
 * | H4  | name and header disagree; file longer, or an older one shorter, than made | CORRUPT                      |
 * | H5  | header disagrees with the end of the segment before                     | CORRUPT                        |
 * | O1  | older segment: anything does not verify before its end                  | CORRUPT                        |
 * | N1  | newest: only zeros after the last complete batch                        | clean end                      |
 * | N2  | newest: the watermark lies beyond the last complete batch                | CORRUPT                        |
 * | N3  | newest: a later record was written after that place had been synced     | CORRUPT                        |
 * | N4  | newest: anything else after the last complete batch                     | torn tail: kept aside, zeroed  |
 * | S1  | a record that verifies and contradicts the log (place, chain, gap, duplicate, term or commit that goes
 *         back, committed entry replaced)                                         | CORRUPT                        |
 * | S2  | entries between the newest marker and the first segment are missing     | MISSING_SEGMENT                |
 */

import type { Disk, DiskFile } from "../../platform/disk.ts";
import { PLANTED } from "../../platform/planted.ts";
import type { AckWatermark } from "./ack-watermark.ts";
import { WalError } from "./errors.ts";
import { FileWindow } from "./file-window.ts";
import { LogRuleError, LogState } from "./log-state.ts";
import { PayloadError, type SegmentHeader } from "./payloads.ts";
import {
  decodeSegmentStart,
  FORMAT_VERSION,
  looksLikeSegment,
  MAX_SEGMENT_START_BYTES,
  parseSegmentFileName,
} from "./segment-file.ts";
import { findLaterSync, type LogRecord, type ScanResult, scanBatches } from "./segment-scan.ts";
import type { WalIdentity } from "./types.ts";

/** A segment that is part of the log. */
export interface Segment {
  readonly path: string;
  readonly file: DiskFile;
  readonly sequence: number;
  /** Index that the next entry would have had at the beginning of the segment. */
  readonly firstIndex: number;
  readonly capacity: number;
  readonly salt: bigint;
  /** The highest index of all records in the segment; 0 without entries. */
  highestIndex: number;
}

interface FoundSegment extends Segment {
  readonly header: SegmentHeader;
  readonly size: number;
  readonly start: number;
  readonly previousChain: number;
  readonly chain: number;
}

/** Bytes after the last complete batch that must be removed before the next write to the log. */
export interface TailToCut {
  readonly from: number;
  readonly to: number;
  readonly reason: string;
}

export interface Recovery {
  readonly state: LogState;
  /** Segments, the oldest first. Their files are open: the last one to read and write, the others to read. */
  readonly segments: readonly Segment[];
  /** Offset of the next record in the newest segment. */
  readonly end: number;
  readonly chain: number;
  readonly tail: TailToCut | undefined;
  /** Bytes that are missing from the size of the newest segment. */
  readonly missingBytes: number;
}

/**
 * Reads the whole log and decides, without changing a file. Undefined when there is no log (row D1).
 * @throws WalError for every row that refuses the log
 */
export function recoverLog(
  disk: Disk,
  directory: string,
  identity: WalIdentity,
  watermark: AckWatermark | "none" | "unreadable",
): Recovery | undefined {
  const names = segmentNames(disk, directory);
  if (names.length === 0) {
    if (watermark === "none") return undefined; // D1
    const reason = "there are no log segments, but a record of how far they were acknowledged";
    throw new WalError("MISSING_SEGMENT", { file: directory }, reason); // D2
  }
  const segments: FoundSegment[] = [];
  try {
    for (const [i, name] of names.entries()) {
      segments.push(openSegment(disk, `${directory}/${name}`, identity, i === names.length - 1));
    }
    checkSequences(directory, segments, watermark);
    return replay(segments, typeof watermark === "string" ? undefined : watermark);
  } catch (error) {
    for (const segment of segments) segment.file.close();
    throw error;
  }
}

function segmentNames(disk: Disk, directory: string): string[] {
  const names = disk.readdir(directory).filter(looksLikeSegment);
  for (const name of names) {
    if (parseSegmentFileName(name) !== undefined) continue;
    throw new WalError("CORRUPT", { file: `${directory}/${name}` }, "this is not the name of a log segment"); // D4
  }
  // The sequence begins the name in fixed width, so byte order is log order.
  return names;
}

/** Reads the start of a segment (rows H1 to H4). */
function openSegment(disk: Disk, path: string, identity: WalIdentity, newest: boolean): FoundSegment {
  const file = disk.open(path, newest ? "write" : "read");
  try {
    return readSegmentStart(file, path, identity, newest);
  } catch (error) {
    file.close();
    throw error;
  }
}

function readSegmentStart(
  file: DiskFile,
  path: string,
  identity: WalIdentity,
  newest: boolean,
): FoundSegment {
  const size = file.size();
  const bytes = new Uint8Array(Math.min(size, MAX_SEGMENT_START_BYTES));
  const start = decodeStart(bytes.subarray(0, file.pread(bytes, 0)), path);
  if (start.kind === "other-version") {
    const reason = `log format ${start.version}; this program reads format ${FORMAT_VERSION}`;
    throw new WalError("FORMAT_VERSION", { file: path, offset: 8 }, reason); // H2
  }
  if (start.kind === "damaged")
    throw new WalError("CORRUPT", { file: path, offset: start.offset }, start.reason); // H1
  const { header } = start;
  checkIdentity(header, identity, path);
  const name = parseSegmentFileName(path.slice(path.lastIndexOf("/") + 1));
  if (name?.sequence !== header.sequence || name.firstIndex !== header.firstIndex) {
    throw new WalError(
      "CORRUPT",
      { file: path, offset: 0 },
      "the file was renamed: its header has another name",
    ); // H4
  }
  if (size > header.capacity || (size < header.capacity && !newest)) {
    const reason = `the file has ${size} bytes and was made with ${header.capacity}`;
    throw new WalError("CORRUPT", { file: path, offset: Math.min(size, header.capacity) }, reason); // H4
  }
  return {
    path,
    file,
    sequence: header.sequence,
    firstIndex: header.firstIndex,
    capacity: header.capacity,
    salt: start.salt,
    highestIndex: 0,
    header,
    size,
    start: start.end,
    previousChain: start.previousChain,
    chain: start.chain,
  };
}

function decodeStart(bytes: Uint8Array, path: string) {
  try {
    return decodeSegmentStart(bytes);
  } catch (error) {
    if (error instanceof PayloadError)
      throw new WalError("CORRUPT", { file: path, offset: 0 }, error.message, error);
    throw error;
  }
}

/** Checks the identity (row H3). */
function checkIdentity(header: SegmentHeader, identity: WalIdentity, path: string): void {
  if (header.clusterId !== identity.clusterId) {
    const reason = `the segment belongs to cluster "${header.clusterId}", this is cluster "${identity.clusterId}"`;
    throw new WalError("WRONG_CLUSTER", { file: path, offset: 0 }, reason);
  }
  if (header.nodeId !== identity.nodeId) {
    const reason = `the segment belongs to node "${header.nodeId}", this is node "${identity.nodeId}"`;
    throw new WalError("WRONG_NODE", { file: path, offset: 0 }, reason);
  }
}

/** Checks the sequence numbers (rows D3, D4, D5). */
function checkSequences(
  directory: string,
  segments: readonly FoundSegment[],
  watermark: AckWatermark | "none" | "unreadable",
): void {
  for (const [i, segment] of segments.entries()) {
    const before = segments[i - 1];
    if (before === undefined || segment.sequence === before.sequence + 1) continue;
    if (segment.sequence === before.sequence) {
      throw new WalError("CORRUPT", { file: segment.path }, `a second segment ${segment.sequence}`);
    }
    const reason = `segment ${before.sequence + 1} is missing before this one`;
    throw new WalError("MISSING_SEGMENT", { file: segment.path }, reason);
  }
  const newest = segments.at(-1) as FoundSegment;
  if (typeof watermark !== "string" && watermark.sequence > newest.sequence) {
    const reason = `segment ${watermark.sequence} is missing: it was acknowledged through offset ${watermark.offset}`;
    throw new WalError("MISSING_SEGMENT", { file: directory }, reason);
  }
}

function replay(segments: readonly FoundSegment[], watermark: AckWatermark | undefined): Recovery {
  const oldest = segments[0] as FoundSegment;
  const newest = segments.at(-1) as FoundSegment;
  const state = new LogState();
  state.startFrom(oldest.header);
  let end = oldest.start;
  let chain = oldest.chain;
  let tail: TailToCut | undefined;
  for (const [i, segment] of segments.entries()) {
    if (i > 0) checkContinues(segment, state, { end, chain });
    const window = new FileWindow(segment.file, segment.size);
    const start = { offset: segment.start, chain: segment.chain };
    let limit = segments[i + 1]?.header.previousEnd ?? segment.size;
    if (PLANTED.cutAcknowledgedTail && segment === newest) limit = lastBatchAt(window, segment, start);
    const scan = scanBatches(window, segment, start, limit, (batch) => applyBatch(state, segment, batch));
    tail = segment === newest ? judgeNewest(segment, window, scan, watermark) : judgeOlder(segment, scan);
    ({ end, chain } = scan);
  }
  checkReachesMarker(oldest, state);
  return { state, segments, end, chain, tail, missingBytes: newest.capacity - newest.size };
}

/** Only for PLANTED.cutAcknowledgedTail: the offset of the last complete batch. */
function lastBatchAt(
  window: FileWindow,
  segment: FoundSegment,
  start: { readonly offset: number; readonly chain: number },
): number {
  let at = start.offset;
  scanBatches(window, segment, start, segment.size, ([first]) => {
    at = first?.offset ?? at;
  });
  return at;
}

/** Row H5: the header's state of everything before the segment must equal the state that was found there. */
function checkContinues(
  segment: FoundSegment,
  state: LogState,
  before: { end: number; chain: number },
): void {
  const { header } = segment;
  const { entries, hardState, snapshot } = state;
  const agrees =
    header.previousEnd === before.end &&
    segment.previousChain === before.chain &&
    header.firstIndex === entries.lastIndex + 1 &&
    header.previousTerm === entries.lastTerm &&
    header.hardState.term === hardState.term &&
    header.hardState.vote === hardState.vote &&
    header.hardState.commit === hardState.commit &&
    header.snapshot?.index === snapshot?.index &&
    header.snapshot?.term === snapshot?.term;
  if (agrees) return;
  const reason = `the segment does not continue segment ${segment.sequence - 1}`;
  throw new WalError("CORRUPT", { file: segment.path, offset: 0 }, reason);
}

/** Applies one batch (row S1). */
function applyBatch(state: LogState, segment: FoundSegment, batch: readonly LogRecord[]): void {
  for (const record of batch) {
    try {
      applyRecord(state, segment, record);
    } catch (error) {
      if (!(error instanceof LogRuleError)) throw error;
      throw new WalError("CORRUPT", { file: segment.path, offset: record.offset }, error.message, error);
    }
  }
}

function applyRecord(state: LogState, segment: FoundSegment, record: LogRecord): void {
  switch (record.kind) {
    case "hard-state":
      state.applyHardState(record.hardState);
      break;
    case "snapshot":
      state.applySnapshot(record.snapshot);
      break;
    case "entry": {
      const { sequence } = segment;
      state.applyEntry(record.entry, { sequence, offset: record.offset, dataBytes: record.dataBytes });
      segment.highestIndex = Math.max(segment.highestIndex, record.entry.index);
      break;
    }
  }
}

/** Checks the end of an older segment (row O1). */
function judgeOlder(segment: FoundSegment, scan: ScanResult): undefined {
  const { stopped } = scan;
  if (stopped.kind === "limit") return undefined;
  const reason = `${stopped.reason}, before the end of a segment that others follow`;
  throw new WalError("CORRUPT", { file: segment.path, offset: stopped.offset }, reason);
}

/** Checks the end of the newest segment (rows N1 to N4, and S1 for a record in the wrong place). */
function judgeNewest(
  segment: FoundSegment,
  window: FileWindow,
  scan: ScanResult,
  watermark: AckWatermark | undefined,
): TailToCut | undefined {
  const { stopped, end } = scan;
  const at = stopped.kind === "limit" ? end : stopped.offset;
  const corrupt = (reason: string) => new WalError("CORRUPT", { file: segment.path, offset: at }, reason);
  if (stopped.kind === "contradiction") throw corrupt(stopped.reason); // S1
  const why = stopped.kind === "limit" ? "the file ends" : stopped.reason;
  const contentEnd = window.endOfContent(end);
  if (PLANTED.cutAcknowledgedTail && contentEnd > end) return { from: end, to: contentEnd, reason: why };
  if (watermark !== undefined && watermark.sequence === segment.sequence && watermark.offset > end) {
    throw corrupt(`${why}, in what was acknowledged (through offset ${watermark.offset})`); // N2
  }
  const later = findLaterSync(window, segment, end);
  if (later !== undefined) {
    throw corrupt(`${why}, in what was acknowledged (the record at offset ${later} was written after that)`); // N3
  }
  return contentEnd === end ? undefined : { from: end, to: contentEnd, reason: why }; // N1, N4
}

/** Row S2: the log must begin at or before the newest marker, because the applied state needs all later entries. */
function checkReachesMarker(oldest: FoundSegment, state: LogState): void {
  const { entries, snapshotIndex } = state;
  if (entries.baseIndex <= snapshotIndex) return;
  const reason = `entries ${snapshotIndex + 1} to ${entries.baseIndex}, which should come before this segment, are missing`;
  throw new WalError("MISSING_SEGMENT", { file: oldest.path }, reason);
}
