import type { Clock } from "../../platform/clock.ts";
import type { Disk } from "../../platform/disk.ts";
import type { Random } from "../../platform/random.ts";
import type { ConfState, Entry, HardState, SnapshotMetadata } from "../core/types.ts";

/** Size of a segment, unless one batch alone needs more. */
export const DEFAULT_SEGMENT_BYTES = 64 << 20;
/** Minimum size of a segment: a smaller one has no space for its header. Small segments are for tests. */
export const MIN_SEGMENT_BYTES = 4 << 10;
/** Maximum data bytes of one entry. */
export const MAX_ENTRY_BYTES = 64 << 20;
/** Maximum bytes of one batch: offsets are 32 bits wide. */
export const MAX_BATCH_BYTES = 1 << 30;

/** The owner of the log. A segment with another identity is refused. */
export interface WalIdentity {
  readonly clusterId: string;
  readonly nodeId: string;
}

/** Records that are written together: after a crash the log has the whole batch or nothing of the batch. */
export interface WalBatch {
  readonly hardState?: HardState;
  /**
   * Consecutive entries. The first index may be at or below the last index of the log: the entries replace the later
   * ones.
   */
  readonly entries: readonly Entry[];
  /**
   * The marker of a received snapshot (the log restarts after the marker, unless the log already has that entry), or
   * the position up to which the applied state is durable elsewhere (before `compact`).
   */
  readonly snapshot?: SnapshotMetadata;
}

/** The unsynced end of the log, which the start after a crash cuts off. Nothing in the tail was ever acknowledged. */
export interface TornTail {
  readonly file: string;
  /** End of the last complete batch. */
  readonly offset: number;
  readonly bytes: number;
  readonly reason: string;
  /** Path of the kept copy; undefined when the disk had no space for the copy. */
  readonly keptAs: string | undefined;
}

/** Entries from `index` on have this term, until the next run. */
export interface TermRun {
  readonly index: number;
  readonly term: number;
}

/** The content of the log at the start. */
export interface RecoveredLog {
  readonly hardState: HardState;
  /** The newest marker, if there is one. */
  readonly snapshot: SnapshotMetadata | undefined;
  /**
   * Configuration of the newest marker; empty without one. Configuration entries after the marker are not included.
   */
  readonly confState: ConfState;
  /** First entry that can be read; `lastIndex + 1` when there is none. */
  readonly firstIndex: number;
  readonly lastIndex: number;
  /** The first index of each term, ascending, from the position before the first entry (`firstIndex - 1`) on. */
  readonly terms?: readonly TermRun[];
  readonly segments: number;
  readonly tornTail: TornTail | undefined;
  /** True when this call made the log. */
  readonly created: boolean;
}

export type WalEvent =
  | ({ readonly kind: "torn-tail" } & TornTail)
  /**
   * The acknowledged watermark was unreadable: at this start, damage to the newest batches may look like a torn
   * tail.
   */
  | { readonly kind: "watermark-lost"; readonly file: string; readonly reason: string }
  /** The newest segment was shorter than its original size; no acknowledged data is missing. */
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
  /** The next segment could not be made in advance; the log tries again when it needs the segment. */
  | { readonly kind: "prepare-failed"; readonly file: string; readonly reason: string };

export interface WalOptions {
  readonly disk: Disk;
  readonly directory: string;
  readonly identity: WalIdentity;
  /**
   * Makes a new log when the directory has none (and is absent or empty). Without `create`, open fails with
   * NOT_FOUND.
   */
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
  /** Bytes written since the start, framing included. */
  readonly appendedBytes: number;
  readonly appendedBatches: number;
  readonly appendedEntries: number;
  /** Successful fdatasyncs of log data since the start. */
  readonly fsyncs: number;
  readonly lastFsyncSeconds: number;
  readonly firstIndex: number;
  readonly lastIndex: number;
}
