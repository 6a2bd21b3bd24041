/**
 * The write-ahead log: the promises of a node (term, vote, entries), durable before each promise is made. Format and
 * recovery: docs/format/wal.md. The log is synchronous and belongs to one thread; log-thread.ts gives it a mailbox.
 */
import { type Clock, systemClock } from "../../platform/clock.ts";
import type { Disk } from "../../platform/disk.ts";
import { EMPTY_CONF_STATE } from "../core/index.ts";
import type { Entry, HardState } from "../core/types.ts";
import type { WatermarkFile } from "./ack-watermark.ts";
import { batchBytes, recordCount, stageBatch } from "./batch.ts";
import { EntryReader } from "./entry-reader.ts";
import { WalError } from "./errors.ts";
import { LogRuleError, type LogState } from "./log-state.ts";
import { asWalError, type OpenedLog, openLog } from "./open-log.ts";
import type { Segment } from "./recovery.ts";
import type { SegmentMaker } from "./segment-maker.ts";
import { SegmentWriter } from "./segment-writer.ts";
import {
  DEFAULT_SEGMENT_BYTES,
  MAX_BATCH_BYTES,
  MIN_SEGMENT_BYTES,
  type RecoveredLog,
  type WalBatch,
  type WalEvent,
  type WalIdentity,
  type WalOptions,
  type WalStats,
} from "./types.ts";

/** The next segment is prepared when this part of the present segment is full. */
const PREPARE_AT_FRACTION = 0.5;
const MS_PER_SECOND = 1_000;
/** Time after a failed preparation of a segment: on a nearly full disk the log does not try again for every group. */
const PREPARE_RETRY_MS = 5_000;

type Health =
  | { readonly kind: "open" }
  | { readonly kind: "closed" }
  | { readonly kind: "poisoned"; cause: unknown };

export interface CompactOptions {
  /** With more segments than this, the log also drops entries above `throughIndex`, up to the newest marker. */
  readonly maxSegments?: number;
}

export class Wal {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #identity: WalIdentity;
  readonly #segmentBytes: number;
  readonly #clock: Clock;
  readonly #onEvent: (event: WalEvent) => void;
  readonly #log: OpenedLog;
  readonly #state: LogState;
  readonly #maker: SegmentMaker;
  readonly #watermark: WatermarkFile;
  readonly #reader = new EntryReader();
  readonly #scratch = SegmentWriter.scratch();
  /** Segments, the oldest first; the log writes the last one. */
  #segments: Segment[];
  #writer: SegmentWriter;
  #health: Health = { kind: "open" };
  #prepareAgainAtMs = 0;
  #appendedBytes = 0;
  #appendedBatches = 0;
  #appendedEntries = 0;
  #owesSync = false;
  #fsyncs = 0;
  #lastFsyncSeconds = 0;

  private constructor(options: WalOptions, log: OpenedLog) {
    this.#disk = options.disk;
    this.#directory = options.directory;
    this.#identity = options.identity;
    this.#segmentBytes = options.segmentBytes ?? DEFAULT_SEGMENT_BYTES;
    this.#clock = options.clock ?? systemClock;
    this.#onEvent = options.onEvent ?? (() => {});
    this.#log = log;
    this.#state = log.state;
    this.#maker = log.maker;
    this.#watermark = log.watermark;
    this.#segments = log.segments;
    this.#writer = this.#writerFor(this.#newest, log.end, log.chain);
  }

  /**
   * Opens the log of a directory, and holds the directory's lock until `close`.
   * @throws WalError: LOCKED, NOT_FOUND, or the reason of the refusal (the table in recovery.ts)
   */
  static open(options: WalOptions): { wal: Wal; recovered: RecoveredLog } {
    const segmentBytes = options.segmentBytes ?? DEFAULT_SEGMENT_BYTES;
    if (
      !Number.isSafeInteger(segmentBytes) ||
      segmentBytes < MIN_SEGMENT_BYTES ||
      segmentBytes > MAX_BATCH_BYTES
    ) {
      throw new RangeError(
        `segmentBytes must be ${MIN_SEGMENT_BYTES} to ${MAX_BATCH_BYTES}, not ${segmentBytes}`,
      );
    }
    const log = openLog(options);
    const { state } = log;
    const recovered: RecoveredLog = {
      hardState: state.hardState,
      snapshot: state.snapshot,
      confState: state.snapshot?.confState ?? EMPTY_CONF_STATE,
      firstIndex: state.entries.baseIndex + 1,
      lastIndex: state.entries.lastIndex,
      terms: state.entries.termRuns(),
      segments: log.segments.length,
      tornTail: log.tornTail,
      created: log.created,
    };
    return { wal: new Wal(options, log), recovered };
  }

  /** Index of the first entry that can be read; `lastIndex + 1` when there is none. */
  get firstIndex(): number {
    return this.#state.entries.baseIndex + 1;
  }

  get lastIndex(): number {
    return this.#state.entries.lastIndex;
  }

  /** Index of the newest snapshot marker; 0 without one. */
  get markerIndex(): number {
    return this.#state.snapshotIndex;
  }

  /**
   * True when the log has taken an entry, a vote, a term or a marker since the last sync: a promise may depend on
   * it. A commit index alone needs no sync: a node that loses the index learns it again, and its applied entries are
   * committed anyway.
   */
  get owesSync(): boolean {
    return this.#owesSync;
  }

  /**
   * Takes a batch. The whole batch is durable when the next `sync` has returned; until then the caller must not
   * change the data of the entries.
   * @throws WalError: DISK_FULL (nothing of the batch was taken, the log continues), INVALID or IO (the log has
   * ended)
   */
  append(batch: WalBatch): void {
    this.#assertOpen();
    if (recordCount(batch) === 0) return;
    const bytes = this.#guarded(() => batchBytes(batch));
    if (this.#writer.end + bytes > this.#writer.capacity) this.#cut(bytes);
    const promised = isPromise(batch, this.#state.hardState);
    this.#guarded(() => stageBatch(batch, this.#state, this.#writer, this.#newest));
    this.#owesSync ||= promised;
    this.#appendedBytes += bytes;
    this.#appendedBatches++;
    this.#appendedEntries += batch.entries.length;
  }

  /**
   * Makes every batch so far durable with one fdatasync, or with none when there is no new batch.
   * @throws WalError FSYNC_FAILED: the state of the disk is unknown. The log has ended, and the process should end.
   */
  sync(): void {
    this.#assertOpen();
    if (!this.#writer.dirty) return;
    this.#guarded(() => {
      this.#writer.flush();
      this.#datasync();
      this.#watermark.write({ sequence: this.#writer.sequence, offset: this.#writer.durable });
    });
    this.#owesSync = false;
  }

  /** Makes the next segment before the log needs it; called when no request waits. */
  maintain(): void {
    this.#assertOpen();
    if (this.#writer.end < this.#writer.capacity * PREPARE_AT_FRACTION) return;
    if (this.#clock.monotonicMs() < this.#prepareAgainAtMs) return;
    try {
      this.#maker.prepare(this.#segmentBytes);
    } catch (error) {
      const failure = asWalError(error);
      if (!(failure instanceof WalError)) throw error;
      if (failure.code !== "DISK_FULL") throw this.#poison(error);
      this.#prepareAgainAtMs = this.#clock.monotonicMs() + PREPARE_RETRY_MS;
      this.#onEvent({ kind: "prepare-failed", file: failure.file, reason: failure.message });
    }
  }

  /**
   * Entries [low, high), as many as fit `maxBytes` of data, at least one. Every record is verified. The data lies in
   * shared memory, so that it can be posted to other threads.
   * @throws WalError: COMPACTED, UNAVAILABLE; CORRUPT when the disk returns other bytes than were written
   */
  readEntries(low: number, high: number, maxBytes: number): Entry[] {
    this.#assertOpen();
    const { entries } = this.#state;
    if (low <= entries.baseIndex) throw this.#outside("COMPACTED", low);
    if (high > entries.lastIndex + 1 || low > high) throw this.#outside("UNAVAILABLE", high - 1);
    return this.#guarded(() => {
      // Staged entries need a flush before they can be read; other staged records (a commit index) can wait.
      if (this.#owesSync) this.#writer.flush();
      return this.#reader.read(entries, this.#segments, low, high, maxBytes);
    });
  }

  /** Term of an entry, or of the position before the first entry. @throws WalError COMPACTED, UNAVAILABLE */
  term(index: number): number {
    const { entries, snapshot } = this.#state;
    if (snapshot?.index === index) return snapshot.term;
    if (index < entries.baseIndex) throw this.#outside("COMPACTED", index);
    if (index > entries.lastIndex) throw this.#outside("UNAVAILABLE", index);
    return entries.term(index);
  }

  /**
   * Removes the oldest segments that have nothing above `throughIndex` and nothing above the newest snapshot marker:
   * append a marker first. Returns the number of removed segments.
   * @throws WalError IO; the log has ended then
   */
  compact(throughIndex: number, options: CompactOptions = {}): number {
    this.sync();
    const marker = this.#state.snapshotIndex;
    const maxSegments = options.maxSegments ?? Number.POSITIVE_INFINITY;
    let removed = 0;
    for (;;) {
      const [oldest, next] = this.#segments;
      if (oldest === undefined || next === undefined) break;
      const through = this.#segments.length > maxSegments ? marker : Math.min(throughIndex, marker);
      if (Math.max(oldest.highestIndex, next.firstIndex - 1) > through) break;
      this.#guarded(() => this.#remove(oldest, next));
      removed++;
    }
    return removed;
  }

  stats(): WalStats {
    let bytes = this.#maker.preparedBytes;
    for (const segment of this.#segments) bytes += segment.capacity;
    return {
      segments: this.#segments.length,
      bytes,
      appendedBytes: this.#appendedBytes,
      appendedBatches: this.#appendedBatches,
      appendedEntries: this.#appendedEntries,
      fsyncs: this.#fsyncs,
      lastFsyncSeconds: this.#lastFsyncSeconds,
      firstIndex: this.firstIndex,
      lastIndex: this.lastIndex,
    };
  }

  /** Syncs the remaining batches and releases the directory. A log that has ended is only released. */
  close(): void {
    if (this.#health.kind === "closed") return;
    try {
      if (this.#health.kind === "open") {
        this.sync();
        this.#guarded(() => this.#watermark.sync());
      }
    } finally {
      this.#health = { kind: "closed" };
      for (const segment of this.#segments) segment.file.close();
      this.#maker.close();
      this.#watermark.close();
      this.#log.lock.release();
    }
  }

  get #newest(): Segment {
    return this.#segments.at(-1) as Segment;
  }

  #writerFor(segment: Segment, end: number, chain: number): SegmentWriter {
    return new SegmentWriter(segment.file, { ...segment, end, chain }, this.#scratch);
  }

  /** Ends the present segment durably, and begins the next one. @throws WalError DISK_FULL: nothing has changed */
  #cut(batchBytes: number): void {
    this.sync();
    const { entries, hardState, snapshot } = this.#state;
    const header = {
      ...this.#identity,
      sequence: this.#writer.sequence + 1,
      firstIndex: entries.lastIndex + 1,
      previousTerm: entries.lastTerm,
      previousEnd: this.#writer.end,
      hardState,
      snapshot,
    };
    let made: ReturnType<SegmentMaker["publish"]>;
    try {
      made = this.#maker.publish(header, this.#writer.chain, this.#segmentBytes, batchBytes);
    } catch (error) {
      const failure = asWalError(error);
      if (failure instanceof WalError && failure.code === "DISK_FULL") throw failure;
      throw this.#poison(error);
    }
    this.#segments.push(made.segment);
    this.#writer = this.#writerFor(made.segment, made.end, made.chain);
    this.#guarded(() => {
      // The watermark is synced, so that the next start notices a missing newest segment in every case.
      this.#watermark.write({ sequence: this.#writer.sequence, offset: this.#writer.durable });
      this.#watermark.sync();
    });
    const { path: file, sequence, firstIndex } = made.segment;
    this.#onEvent({ kind: "segment-cut", file, sequence, firstIndex });
  }

  /** Removes one segment durably: after a crash the remaining segments are still consecutive. */
  #remove(oldest: Segment, next: Segment): void {
    oldest.file.close();
    this.#disk.unlink(oldest.path);
    this.#disk.syncDirectory(this.#directory);
    this.#segments = this.#segments.slice(1);
    this.#state.entries.dropSegmentsBelow(next.sequence);
    this.#onEvent({ kind: "segment-removed", file: oldest.path, sequence: oldest.sequence });
  }

  #datasync(): void {
    const started = this.#clock.monotonicMs();
    try {
      this.#writer.file.datasync();
    } catch (error) {
      const place = { file: this.#newest.path };
      throw new WalError("FSYNC_FAILED", place, "fdatasync failed; what is on disk is unknown", error);
    }
    this.#writer.markDurable();
    this.#fsyncs++;
    this.#lastFsyncSeconds = (this.#clock.monotonicMs() - started) / MS_PER_SECOND;
  }

  #assertOpen(): void {
    const health = this.#health;
    if (health.kind === "open") return;
    const place = { file: this.#directory };
    if (health.kind === "closed") throw new WalError("CLOSED", place, "the log is closed");
    throw new WalError("POISONED", place, "the log has failed before", health.cause);
  }

  /** Runs `work`; any error ends the log. */
  #guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw this.#poison(error);
    }
  }

  #poison(error: unknown): WalError {
    const failure = this.#failure(error);
    if (this.#health.kind === "open") this.#health = { kind: "poisoned", cause: failure };
    return failure;
  }

  #failure(error: unknown): WalError {
    if (error instanceof WalError) return error;
    if (error instanceof LogRuleError || error instanceof RangeError) {
      return new WalError(
        "INVALID",
        { file: this.#newest.path, offset: this.#writer.end },
        error.message,
        error,
      );
    }
    const failure = asWalError(error);
    if (failure instanceof WalError) {
      // A full disk in the middle of a write ends the log: an unknown part was written.
      return failure.code === "DISK_FULL"
        ? new WalError("IO", { file: failure.file }, failure.message, error)
        : failure;
    }
    return new WalError("IO", { file: this.#newest.path }, String(error), error);
  }

  #outside(code: "COMPACTED" | "UNAVAILABLE", index: number): WalError {
    const reason = `index ${index} is outside of ${this.firstIndex}..${this.lastIndex}`;
    return new WalError(code, { file: this.#directory }, reason);
  }
}

function isPromise({ entries, snapshot, hardState }: WalBatch, before: HardState): boolean {
  if (entries.length > 0 || snapshot !== undefined) return true;
  return hardState !== undefined && (hardState.term !== before.term || hardState.vote !== before.vote);
}
