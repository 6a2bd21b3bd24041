import type { Clock } from "../platform/clock.ts";
import type { LingerLimits } from "./linger.ts";
import type { EdgeMetrics } from "./metrics.ts";
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
  /** Asked first, at once, and also about a request without Host (HTTP/1.0 health checks). undefined: the application's. */
  readonly probe?: (request: EdgeRequest) => EdgeReply | undefined;
  /** A new request id: 16 upper-case hex digits by default. */
  readonly requestId?: () => string;
  readonly metrics?: EdgeMetrics;
  readonly limits?: Partial<EdgeLimits>;
  readonly linger?: LingerLimits;
  /** The application threw something: the client got a 500 (or a cut connection). For the log. */
  readonly onError?: (error: unknown, requestId: string) => void;
  /** Every request once, when its answer has ended. Default: none, and nothing is timed. */
  readonly onEnded?: (request: EdgeRequest, outcome: RequestOutcome) => void;
  /** Every answer to what was no request. */
  readonly onRefused?: (refused: RefusedRequest) => void;
  readonly clock?: Clock;
}

export interface EdgeLimits {
  /** Request line and headers together. Larger: 400 RequestHeaderSectionTooLarge, as S3. */
  readonly maxHeaderBytes: number;
  /** Header lines. More: the same (Bun itself refuses 200 and more). */
  readonly maxHeaderCount: number;
  /** When they are reached the oldest connection without a request in progress makes room; without one, the newcomer is closed. */
  readonly maxConnections: number;
  /** Connections of one address (IPv6: of one /64) without a request in progress; above it its oldest is closed. */
  readonly maxIdlePerAddress: number;
  /** Requests of one connection that wait for their turn; above it the connection is destroyed. */
  readonly maxWaitingPerConnection: number;
  /** The same over all connections. */
  readonly maxWaiting: number;
  /** No body byte for this long while the application waits for one: BodyError TIMEOUT. */
  readonly bodyIdleTimeoutMs: number;
  /** The client takes no byte of a reply for this long: the connection is destroyed. */
  readonly drainTimeoutMs: number;
  /** From the first byte of a request to the end of its headers. */
  readonly headersTimeoutMs: number;
  /** An idle kept-alive connection. */
  readonly keepAliveTimeoutMs: number;
}

export const DEFAULT_EDGE_LIMITS: EdgeLimits = {
  maxHeaderBytes: 64 * 1024,
  maxHeaderCount: 190,
  maxConnections: 10_000,
  maxIdlePerAddress: 2_500,
  // Bun reads 512 KiB at a time, and no signed request is shorter than 400 bytes: who sends more than this at once is
  // no S3 client. Each costs about 5 KB while it waits.
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
  /** Open connections. */
  readonly connections: number;
  /** Requests whose reply has not ended. */
  readonly inFlight: number;
  /** Closes up to `count` connections without a request in progress, oldest first. Returns how many. */
  shed(count: number): number;
  /** Accepts no more, lets requests in flight end for up to `graceMs`, then destroys what is left. Idempotent. */
  close(graceMs: number): Promise<void>;
}
