import type { ThreadMetrics } from "./thread-metrics.ts";

/**
 * Metrics of the HTTP edge, in the shape of `EdgeMetrics` (src/http/metrics.ts). The type is not named here,
 * because monitoring lies below http.
 */
export function edgeMetrics(metrics: ThreadMetrics) {
  const connections = metrics.gauge("httpConnections").labels();
  const opened = metrics.counter("httpConnectionsOpened").labels();
  const refused = metrics.counter("httpConnectionsRefused").labels();
  const evicted = metrics.counter("httpConnectionsEvicted");
  const inFlight = metrics.gauge("httpRequestsInFlight").labels();
  const received = metrics.counter("httpReceivedBytes").labels();
  const sent = metrics.counter("httpSentBytes").labels();
  const requests = metrics.counter("httpRequests");
  const parseErrors = metrics.counter("httpParseErrors");
  const aborted = metrics.counter("httpRepliesAborted");
  return {
    connectionOpened: () => {
      opened.inc();
      connections.inc();
    },
    connectionClosed: () => connections.dec(),
    connectionRefused: () => refused.inc(),
    connectionEvicted: (reason: string) => evicted.labels({ reason }).inc(),
    requestStarted: () => inFlight.inc(),
    requestEnded: (status: number, bytesIn: number, bytesOut: number) => {
      inFlight.dec();
      requests.labels({ status: String(status) }).inc();
      received.inc(bytesIn);
      sent.inc(bytesOut);
    },
    parseError: (reason: string) => parseErrors.labels({ reason }).inc(),
    replyAborted: (reason: string) => aborted.labels({ reason }).inc(),
  };
}
