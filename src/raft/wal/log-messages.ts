/** The mail of the log room. */
import type { LogFormat, LogLevel } from "../../monitoring/log.ts";
import type { MetricsPort } from "../../monitoring/port-source.ts";
import type { PortLike } from "../../rooms/channel.ts";
import type { Entry, SnapshotMetadata } from "../core/types.ts";
import type { WalErrorCode } from "./errors.ts";
import type { RecoveredLog, WalBatch, WalIdentity } from "./types.ts";

export type LogRequest =
  /** Answered by `appended`. Ids ascend. The entries' data must stay as it is until then; views of shared memory
   *  arrive shared. */
  | { readonly kind: "append"; readonly id: number; readonly batch: WalBatch }
  /**
   * What lies at or below the marker is durable elsewhere. Writes the marker, then removes whole segments through
   * `throughIndex` (at most the marker's), and with more than `maxSegments` of them through the marker. No answer.
   */
  | {
      readonly kind: "compact";
      readonly marker: SnapshotMetadata;
      readonly throughIndex: number;
      readonly maxSegments?: number;
    }
  /** Entries [low, high): at least one, as many as fit `maxBytes` of data. Answered by `entries` or `read-failed`. */
  | {
      readonly kind: "read";
      readonly id: number;
      readonly low: number;
      readonly high: number;
      readonly maxBytes: number;
    }
  /** Syncs and lets go of the directory. Answered by `closed`. */
  | { readonly kind: "close" };

export type LogReply =
  /** The first message. */
  | { readonly kind: "opened"; readonly recovered: RecoveredLog }
  /** Every append up to and including `id` is durable. */
  | { readonly kind: "appended"; readonly id: number }
  | { readonly kind: "entries"; readonly id: number; readonly entries: readonly Entry[] }
  | {
      readonly kind: "read-failed";
      readonly id: number;
      readonly code: WalErrorCode;
      readonly message: string;
    }
  /** There is no room for the next segment: appends wait (true), or go on again (false). */
  | { readonly kind: "disk-full"; readonly full: boolean }
  /** The log could not be opened, or has ended. Nothing more is accepted; the process must end. */
  | {
      readonly kind: "failed";
      readonly code: WalErrorCode | "INTERNAL";
      /** As in `codesOf`: `code`, and what caused it. */
      readonly codes?: readonly string[];
      readonly message: string;
    }
  | { readonly kind: "closed" };

/** What main posts to the log Worker, once. */
export interface LogWorkerInit {
  readonly kind: "init";
  /** To the consensus room. */
  readonly port: PortLike;
  readonly metricsPort: MetricsPort;
  readonly directory: string;
  readonly identity: WalIdentity;
  /** The node is new: make the log when there is none. */
  readonly create: boolean;
  readonly segmentBytes?: number;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
}
