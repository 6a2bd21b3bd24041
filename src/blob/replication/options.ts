import type { BlobFailure } from "../../messages/blobs.ts";
import type { Logger } from "../../monitoring/log.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Timers } from "../../platform/timers.ts";
import type { BlobPeers, PushResult } from "./types.ts";

export interface ReplicationMetrics {
  /** A push to a peer has ended. */
  pushed(result: PushResult, bytes: number): void;
  /** A blob was stored with fewer copies than required. */
  degraded(): void;
  /** A store has ended, with or without success. */
  stored(seconds: number): void;
}

export interface BlobReplicatorOptions {
  readonly ownId: number;
  readonly peers: Pick<BlobPeers, "reachable" | "hasRoom" | "push">;
  /**
   * Makes a blob durable here, and pins it; on a later turn, because pushes go to their sockets at the end of this one
   * and a disk that blocks would hold them back. Rejects when that failed; `failureOf` says what the gateway is told
   * then. `bytes` must not be read after the promise has settled.
   */
  readonly writeLocal: (sha256: Uint8Array, bytes: Uint8Array, pinUntilMs: number) => Promise<void>;
  readonly failureOf: (error: unknown) => BlobFailure;
  /** Voters that must hold a blob; undefined = a majority of them. */
  readonly minReplicas: number | undefined;
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly timers: Pick<Timers, "later">;
  readonly metrics: ReplicationMetrics;
  readonly logger: Logger;
}
