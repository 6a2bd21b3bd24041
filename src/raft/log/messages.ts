/** The messages of the log thread. */
import type { LogFormat, LogLevel, SharedLogLevel } from "../../monitoring/log.ts";
import type { MetricsPort } from "../../monitoring/port-source.ts";
import type { PortLike } from "../../threads/channel.ts";
import type { Entry, SnapshotMetadata } from "../core/types.ts";
import type { WalErrorCode } from "./errors.ts";
import type { RecoveredLog, WalBatch, WalIdentity } from "./types.ts";

export type LogRequest =
  /**
   * Answered by `appended`. Ids ascend. The sender must not change the data of the entries until the answer; views
   * of shared memory stay shared.
   */
  | { readonly kind: "append"; readonly id: number; readonly batch: WalBatch }
  /**
   * Everything at or below the marker is durable elsewhere. The log writes the marker, then removes whole segments
   * through `throughIndex` (at most the marker's index); with more than `maxSegments` segments, it removes segments
   * through the marker. There is no answer.
   */
  | {
      readonly kind: "compact";
      readonly marker: SnapshotMetadata;
      readonly throughIndex: number;
      readonly maxSegments?: number;
    }
  /**
   * Reads the entries [low, high): at least one, as many as fit `maxBytes` of data. Answered by `entries` or
   * `read-failed`.
   */
  | {
      readonly kind: "read";
      readonly id: number;
      readonly low: number;
      readonly high: number;
      readonly maxBytes: number;
    }
  /** Syncs the log and releases the directory. Answered by `closed`. */
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
  /** The disk has no space for the next segment: appends wait (true), or continue (false). */
  | { readonly kind: "disk-full"; readonly full: boolean }
  /** The log could not be opened, or has ended. It accepts no more requests; the process must end. */
  | {
      readonly kind: "failed";
      readonly code: WalErrorCode | "INTERNAL";
      /** As in `codesOf`: `code`, and the codes of its causes. */
      readonly codes?: readonly string[];
      readonly message: string;
    }
  | { readonly kind: "closed" };

/** The message that main posts to the log Worker once. */
export interface LogWorkerInit {
  readonly kind: "init";
  /** The port to the consensus thread. */
  readonly port: PortLike;
  readonly metricsPort: MetricsPort;
  readonly directory: string;
  readonly identity: WalIdentity;
  /** True for a new node: the log is made when there is none. */
  readonly create: boolean;
  readonly segmentBytes?: number;
  readonly logLevel: LogLevel | SharedLogLevel;
  readonly logFormat: LogFormat;
}
