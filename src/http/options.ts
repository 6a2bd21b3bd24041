import type { Clock } from "../platform/clock.ts";
import type { LingerLimits } from "./linger.ts";
import type { EdgeMetrics } from "./metrics.ts";
import type { Certificates } from "./tls-certificates.ts";
import type { EdgeApplication, EdgeReply, EdgeRequest, RefusedRequest, RequestOutcome } from "./types.ts";

/**
 * `edge.ts` exports `startEdge(options: EdgeOptions): Promise<Edge>`.
 * @throws EdgeError ADDRESS_IN_USE ... naming host:port.
 */
export interface EdgeOptions {
  readonly host: string;
  /** 0 = any free port; read it back from `Edge.port`. */
  readonly port: number;
  readonly application: EdgeApplication;
  /**
   * Called before the application, also for a request without Host (HTTP/1.0 health checks). undefined: the
   * application answers.
   */
  readonly probe?: (request: EdgeRequest) => EdgeReply | undefined;
  /** A new request id: 16 upper-case hex digits by default. */
  readonly requestId?: () => string;
  readonly metrics?: EdgeMetrics;
  readonly limits?: Partial<EdgeLimits>;
  readonly linger?: LingerLimits;
  /** The listener speaks TLS. undefined: HTTP in clear text. */
  readonly certificates?: Certificates | undefined;
  /** The application threw an error: the client got a 500 (or a closed connection). For the log. */
  readonly onError?: (error: unknown, requestId: string) => void;
  /** Called once for every request, when its answer has ended. Default: none, and no times are taken. */
  readonly onEnded?: (request: EdgeRequest, outcome: RequestOutcome) => void;
  /** Called for every answer to bytes that were no request. */
  readonly onRefused?: (refused: RefusedRequest) => void;
  readonly clock?: Clock;
}

export interface EdgeLimits {
  /** Request line and headers together. Larger: 400 RequestHeaderSectionTooLarge, as S3. */
  readonly maxHeaderBytes: number;
  /** Limit of header lines. More: the same answer (Bun itself refuses 200 and more). */
  readonly maxHeaderCount: number;
  /**
   * Above the limit, the oldest connection without a request in progress is closed; without such a connection, the
   * new one is closed.
   */
  readonly maxConnections: number;
  /**
   * Connections of one address (IPv6: of one /64) without a request in progress; above the limit the oldest of them
   * is closed.
   */
  readonly maxIdlePerAddress: number;
  /** Waiting requests of one connection; above the limit the connection is destroyed. */
  readonly maxWaitingPerConnection: number;
  /** Waiting requests of all connections. */
  readonly maxWaiting: number;
  /** Time without a body byte while the application waits for one: BodyError TIMEOUT. */
  readonly bodyIdleTimeoutMs: number;
  /** Time in which the client accepts no byte of a reply: the connection is destroyed. */
  readonly drainTimeoutMs: number;
  /** Time from the first byte of a request to the end of its headers. */
  readonly headersTimeoutMs: number;
  /** Time until an idle kept-alive connection is closed. */
  readonly keepAliveTimeoutMs: number;
}

export const DEFAULT_EDGE_LIMITS: EdgeLimits = {
  maxHeaderBytes: 64 * 1024,
  maxHeaderCount: 190,
  maxConnections: 10_000,
  maxIdlePerAddress: 2_500,
  // Bun reads 512 KiB at a time, and no signed request is shorter than 400 bytes, so no S3 client has more requests
  // in one read. Each waiting request uses about 5 KB.
  maxWaitingPerConnection: 1_500,
  maxWaiting: 10_000,
  bodyIdleTimeoutMs: 60_000,
  drainTimeoutMs: 60_000,
  headersTimeoutMs: 30_000,
  keepAliveTimeoutMs: 75_000,
};

export interface Edge {
  readonly host: string;
  readonly port: number;
  /** Number of open connections. */
  readonly connections: number;
  /** Number of requests whose reply has not ended. */
  readonly inFlight: number;
  /** Requests that receive a body which has not ended. */
  readonly uploads: number;
  /** Age of the oldest request in flight; undefined: there is none. */
  readonly oldestMs: number | undefined;
  /**
   * True: the listener goes on, every answer closes its connection, and a connection is closed when it had no request
   * for DRAIN_IDLE_MS.
   */
  drain(draining: boolean): void;
  /** Closes up to `count` connections without a request in progress, oldest first. Returns the number. */
  shed(count: number): number;
  /** Stops accepting, lets requests in flight finish for up to `graceMs`, then destroys the rest. Idempotent. */
  close(graceMs: number): Promise<void>;
}
