/** What the edge counts. `src/monitoring` supplies the real one; `noEdgeMetrics` is for tests. */
export interface EdgeMetrics {
  connectionOpened(): void;
  connectionClosed(): void;
  /** Refused because `maxConnections` were open and each had a request in progress. */
  connectionRefused(): void;
  /** Closed without a request in progress to make space, or because too many of its requests waited. */
  connectionEvicted(reason: EdgeEviction): void;
  requestStarted(): void;
  /** Once per request, when the reply has been handed to the kernel or the connection is gone. `status` is 499 when
   *  the client went away before a status was sent; bytes are body bytes. */
  requestEnded(status: number, bytesIn: number, bytesOut: number): void;
  /** A request the parser refused; `reason` is from a small fixed set. */
  parseError(reason: EdgeParseError): void;
  /** A reply broken off after its head was sent. */
  replyAborted(reason: EdgeReplyAbort): void;
}

type EdgeParseError = "headers-too-large" | "malformed" | "timeout";
/** `full`: `maxConnections`; `address`: too many idle ones of its address; `descriptors`: the process has none left;
 *  `pipeline`: too many requests waited for their turn. */
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
