import type { Clock } from "../../platform/clock.ts";
import type { Disk } from "../../platform/disk.ts";
import type { Random } from "../../platform/random.ts";
import type { ConfState, Entry, HardState, SnapshotMetadata } from "../core/types.ts";

/** A segment is this large, unless one batch alone needs more. */
export const DEFAULT_SEGMENT_BYTES = 64 << 20;
/** Small segments are for tests; below this a header would not fit. */
export const MIN_SEGMENT_BYTES = 4 << 10;
/** The data of one entry. */
export const MAX_ENTRY_BYTES = 64 << 20;
/** One batch: offsets are 32 bits wide. */
export const MAX_BATCH_BYTES = 1 << 30;

/** Whose log this is. A segment of anybody else is refused. */
export interface WalIdentity {
  readonly clusterId: string;
  readonly nodeId: string;
}

/** What is written together: after a crash all of it is there, or nothing. */
export interface WalBatch {
  readonly hardState?: HardState;
  /** Consecutive. The first index may be at or below the last one of the log: what follows it is replaced. */
  readonly entries: readonly Entry[];
  /**
   * A snapshot received (the log restarts behind it, unless it already holds that entry) or the position up to which
   * the applied state is durable elsewhere (before `compact`).
   */
  readonly snapshot?: SnapshotMetadata;
}

/** The unsynced end of the log, cut off at the start after a crash. Nothing in it was ever acknowledged. */
export interface TornTail {
  readonly file: string;
  /** Where the last complete batch ends. */
  readonly offset: number;
  readonly bytes: number;
  readonly reason: string;
  /** The copy that was kept; undefined when the disk had no space for it. */
  readonly keptAs: string | undefined;
}

/** Entries from this index on have this term, until the next run. */
export interface TermRun {
  readonly index: number;
  readonly term: number;
}

/** What the log says at the start. */
export interface RecoveredLog {
  readonly hardState: HardState;
  /** The newest marker, if there is one. */
  readonly snapshot: SnapshotMetadata | undefined;
  /** Of the newest marker; empty without one. Configuration entries behind the marker are not applied to it. */
  readonly confState: ConfState;
  /** First entry that can be read; `lastIndex + 1` when there is none. */
  readonly firstIndex: number;
  readonly lastIndex: number;
  /** Where terms begin, from the position before the first entry (`firstIndex - 1`) on: ascending. */
  readonly terms?: readonly TermRun[];
  readonly segments: number;
  readonly tornTail: TornTail | undefined;
  /** The log was made by this call. */
  readonly created: boolean;
}

export type WalEvent =
  | ({ readonly kind: "torn-tail" } & TornTail)
  /** The acknowledged watermark could not be read: damage to the newest batches may pass for a torn tail this once. */
  | { readonly kind: "watermark-lost"; readonly file: string; readonly reason: string }
  /** The newest segment was shorter than it was made; nothing acknowledged is missing. */
  | {
      readonly kind: "segment-extended";
      readonly file: string;
      readonly bytes: number;
      readonly missing: number;
    }
  | {
      readonly kind: "segment-cut";
      readonly file: string;
      readonly sequence: number;
      readonly firstIndex: number;
    }
  | { readonly kind: "segment-removed"; readonly file: string; readonly sequence: number }
  /** The next segment could not be made in advance; tried again when it is needed. */
  | { readonly kind: "prepare-failed"; readonly file: string; readonly reason: string };

export interface WalOptions {
  readonly disk: Disk;
  readonly directory: string;
  readonly identity: WalIdentity;
  /** Make a new log when the directory has none (and is absent or empty). Otherwise that is NOT_FOUND. */
  readonly create?: boolean;
  readonly segmentBytes?: number;
  readonly onEvent?: (event: WalEvent) => void;
  readonly clock?: Clock;
  readonly random?: Random;
}

export interface WalStats {
  readonly segments: number;
  /** Disk space of all segments, the prepared one included. */
  readonly bytes: number;
  /** Written since the start, framing included. */
  readonly appendedBytes: number;
  readonly appendedBatches: number;
  readonly appendedEntries: number;
  /** Successful fdatasyncs of log data since the start. */
  readonly fsyncs: number;
  readonly lastFsyncSeconds: number;
  readonly firstIndex: number;
  readonly lastIndex: number;
}
