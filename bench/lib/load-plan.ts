/** What a load generator process is told to do, and what it says afterwards. Shared by every bench. */

export interface LoadPlan {
  readonly host: string;
  readonly port: number;
  readonly connections: number;
  /** Stop after this long (measured after the warm-up). Exactly one of durationMs and count. */
  readonly durationMs?: number;
  /** Stop after so many requests in all. */
  readonly count?: number;
  /** Requests that end before this are not counted. Default 0. */
  readonly warmupMs?: number;
  /** A raw request to repeat on every connection (path of a file), or ... */
  readonly requestFile?: string;
  /** ... a module whose default export is a RequestFactory (absolute path), called with `options`. */
  readonly requestModule?: string;
  readonly options?: unknown;
}

/** One request, ready for the wire. `body` is sent `repeat` times (default 1), so a large body costs no memory. */
export interface WireRequest {
  readonly head: Uint8Array;
  readonly body?: Uint8Array;
  readonly repeat?: number;
  /** No two pieces that are sent have the same bytes: a store that keeps equal content once would have nothing to do. */
  readonly fresh?: boolean;
  /** The answer has no body whatever it says. */
  readonly isHead?: boolean;
}

/** Called once per connection; the returned function is asked before every request; undefined = no more. */
export type RequestFactory = (connection: number, plan: LoadPlan) => () => WireRequest | undefined;

export interface LoadReport {
  readonly requests: number;
  readonly seconds: number;
  readonly requestsPerSecond: number;
  readonly bytesSent: number;
  /** Response body bytes. */
  readonly bytesReceived: number;
  readonly megabytesPerSecond: number;
  readonly statuses: Readonly<Record<string, number>>;
  /** Connections lost or answers that could not be parsed. */
  readonly errors: number;
  readonly firstError: string | undefined;
  readonly latencyMs: {
    readonly p50: number;
    readonly p90: number;
    readonly p99: number;
    readonly max: number;
  };
}
