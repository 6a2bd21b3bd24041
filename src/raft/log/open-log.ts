/** Opens a directory as a log that can be written: lock, recovery and repair, or a new log. */

import { lockDirectory } from "../../platform/disk/directory-lock.ts";
import { type Disk, DiskError, type DiskFile, type DiskLock, parentDirectory } from "../../platform/disk.ts";
import { systemRandom } from "../../platform/random.ts";
import {
  type AckWatermark,
  readWatermark,
  WATERMARK_FILE,
  WATERMARK_FILE_BYTES,
  WatermarkFile,
} from "./ack-watermark.ts";
import { WalError } from "./errors.ts";
import { LogState } from "./log-state.ts";
import { type Recovery, recoverLog, type Segment } from "./recovery.ts";
import { SegmentMaker } from "./segment-maker.ts";
import { cutTail } from "./torn-tail.ts";
import { DEFAULT_SEGMENT_BYTES, type TornTail, type WalOptions } from "./types.ts";

const REWRITE_BYTES = 1 << 20;

/** All parts of a Wal. */
export interface OpenedLog {
  readonly lock: DiskLock;
  readonly maker: SegmentMaker;
  readonly watermark: WatermarkFile;
  readonly state: LogState;
  readonly segments: Segment[];
  readonly end: number;
  readonly chain: number;
  readonly tornTail: TornTail | undefined;
  readonly created: boolean;
}

/** @throws WalError; nothing stays open or locked then */
export function openLog(options: WalOptions): OpenedLog {
  const { disk, directory } = options;
  prepareDirectory(options);
  const lock = takeLock(disk, directory);
  try {
    return openLocked(options, lock);
  } catch (error) {
    lock.release();
    throw asWalError(error);
  }
}

/** Translates disk errors outside of a running log: the disk is full, or the disk failed. */
export function asWalError(error: unknown): unknown {
  if (!(error instanceof DiskError)) return error;
  const code = error.isFull ? "DISK_FULL" : "IO";
  return new WalError(code, { file: error.path }, `${error.operation} failed: ${error.code}`, error);
}

function prepareDirectory(options: WalOptions): void {
  const { disk, directory } = options;
  try {
    if (disk.stat(directory)?.kind === "directory") return;
    if (options.create !== true) throw notFound(directory);
    disk.mkdir(directory);
    disk.syncDirectory(parentDirectory(directory));
  } catch (error) {
    throw asWalError(error);
  }
}

function notFound(directory: string): WalError {
  return new WalError("NOT_FOUND", { file: directory }, "there is no write-ahead log here");
}

function takeLock(disk: Disk, directory: string): DiskLock {
  try {
    return lockDirectory(disk, directory);
  } catch (error) {
    if (error instanceof DiskError && error.code === "LOCKED") {
      throw new WalError("LOCKED", { file: directory }, "another process is using this directory", error);
    }
    throw asWalError(error);
  }
}

function openLocked(options: WalOptions, lock: DiskLock): OpenedLog {
  const { disk, directory } = options;
  const maker = new SegmentMaker(disk, directory, options.random ?? systemRandom);
  const old = loadWatermark(options);
  const recovery = recoverLog(disk, directory, options.identity, old.watermark);
  if (recovery === undefined && options.create !== true) throw notFound(directory);
  maker.clear(); // D6
  const log = recovery === undefined ? createLog(options, maker) : repair(options, recovery);
  const watermark = openWatermark(disk, directory, old.turn);
  const newest = log.segments.at(-1) as Segment;
  makeDurable(newest, log.end, old.watermark);
  disk.syncDirectory(directory);
  watermark.write({ sequence: newest.sequence, offset: log.end });
  watermark.sync();
  return { ...log, lock, maker, watermark };
}

/**
 * The bytes after the watermark are about to be used, and may be only in the page cache: after a failed sync the
 * kernel treats the pages as clean, and no later sync writes them. So the bytes are written again and synced.
 */
function makeDurable(newest: Segment, end: number, watermark: AckWatermark | "none" | "unreadable"): void {
  const known =
    typeof watermark !== "string" && watermark.sequence === newest.sequence ? watermark.offset : 0;
  const buffer = new Uint8Array(Math.max(0, Math.min(REWRITE_BYTES, end - known)));
  for (let at = known; at < end; at += buffer.byteLength) {
    const piece = buffer.subarray(0, Math.min(buffer.byteLength, end - at));
    newest.file.pwrite(piece.subarray(0, newest.file.pread(piece, at)), at);
  }
  newest.file.datasync();
}

interface LoadedWatermark {
  readonly watermark: AckWatermark | "none" | "unreadable";
  readonly turn: number;
}

function loadWatermark(options: WalOptions): LoadedWatermark {
  const path = `${options.directory}/${WATERMARK_FILE}`;
  if (options.disk.stat(path) === undefined) return { watermark: "none", turn: 0 };
  const file = options.disk.open(path, "read");
  try {
    const { watermark, turn, damaged } = readWatermark(file);
    if (damaged > 0) {
      const reason = damaged === 1 ? "one of the two slots does not verify" : "no slot verifies";
      options.onEvent?.({ kind: "watermark-lost", file: path, reason });
    }
    return { watermark: watermark ?? "unreadable", turn };
  } finally {
    file.close();
  }
}

function openWatermark(disk: Disk, directory: string, turn: number): WatermarkFile {
  const path = `${directory}/${WATERMARK_FILE}`;
  const file: DiskFile = disk.open(path, "create-or-open");
  if (file.size() < WATERMARK_FILE_BYTES) file.preallocate(WATERMARK_FILE_BYTES);
  return new WatermarkFile(file, turn);
}

type LogParts = Omit<OpenedLog, "lock" | "maker" | "watermark">;

/** Makes a new log (row D1). */
function createLog(options: WalOptions, maker: SegmentMaker): LogParts {
  const state = new LogState();
  const header = {
    ...options.identity,
    sequence: 1,
    firstIndex: 1,
    previousTerm: 0,
    previousEnd: 0,
    hardState: state.hardState,
    snapshot: undefined,
  };
  const made = maker.publish(header, 0, options.segmentBytes ?? DEFAULT_SEGMENT_BYTES, 0);
  const { end, chain } = made;
  return { state, segments: [made.segment], end, chain, tornTail: undefined, created: true };
}

function repair(options: WalOptions, recovery: Recovery): LogParts {
  const { disk, directory, onEvent } = options;
  const { state, end, chain } = recovery;
  const segments = [...recovery.segments];
  const newest = segments.at(-1) as Segment;
  let tornTail: TornTail | undefined;
  if (recovery.tail !== undefined) {
    tornTail = cutTail(disk, directory, newest, recovery.tail);
    onEvent?.({ kind: "torn-tail", ...tornTail });
  }
  if (recovery.missingBytes > 0) {
    newest.file.preallocate(newest.capacity);
    newest.file.datasync();
    const missing = recovery.missingBytes;
    onEvent?.({ kind: "segment-extended", file: newest.path, bytes: newest.capacity, missing });
  }
  return { state, segments, end, chain, tornTail, created: false };
}
