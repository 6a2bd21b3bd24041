/** Counters of the edge. `src/monitoring` supplies the real ones; `noEdgeMetrics` is for tests. */
export interface EdgeMetrics {
  connectionOpened(): void;
  connectionClosed(): void;
  /** A connection was refused because `maxConnections` were open, each with a request in progress. */
  connectionRefused(): void;
  /**
   * A connection was closed without a request in progress to make space, or because too many of its requests
   * waited.
   */
  connectionEvicted(reason: EdgeEviction): void;
  requestStarted(): void;
  /**
   * Called once per request, when the kernel has accepted the reply or the connection is gone. `status` is 499 when
   * the client disconnected before a status was sent. Bytes are body bytes.
   */
  requestEnded(status: number, bytesIn: number, bytesOut: number): void;
  /** A request the parser refused; `reason` is from a small fixed set. */
  parseError(reason: EdgeParseError): void;
  /** A reply was aborted after its head was sent. */
  replyAborted(reason: EdgeReplyAbort): void;
}

type EdgeParseError = "headers-too-large" | "malformed" | "timeout";
/**
 * `full`: `maxConnections`; `address`: too many idle connections of the address; `descriptors`: the process has
 * none left; `pipeline`: too many waiting requests.
 */
type EdgeEviction = "full" | "address" | "descriptors" | "pipeline";
export type EdgeReplyAbort = "client-gone" | "wrong-length" | "producer-failed" | "drain-timeout";

const nothing = (): void => {};

export const noEdgeMetrics: EdgeMetrics = {
  connectionOpened: nothing,
  connectionClosed: nothing,
  connectionRefused: nothing,
  connectionEvicted: nothing,
  requestStarted: nothing,
  requestEnded: nothing,
  parseError: nothing,
  replyAborted: nothing,
};
