/** What the S3 application counts, as metrics of the front thread. */
import type { Counter, Histogram } from "../monitoring/families.ts";
import type { ThreadMetrics } from "../monitoring/thread-metrics.ts";
import type { S3Metrics } from "../s3/context/metrics.ts";

interface PerOperation {
  readonly seconds: Histogram;
  readonly received: Counter;
  readonly sent: Counter;
  readonly byStatus: Map<number, Counter>;
}

export function s3Metrics(metrics: ThreadMetrics): S3Metrics {
  const requests = metrics.counter("s3Requests");
  const seconds = metrics.histogram("s3RequestSeconds");
  const received = metrics.counter("s3ReceivedBytes");
  const sent = metrics.counter("s3SentBytes");
  const errors = metrics.counter("s3Errors");
  const inflight = metrics.gauge("s3AdmissionInflightBytes").labels();
  const rejections = metrics.counter("s3AdmissionRejections");
  const waits = metrics.histogram("s3AdmissionWaitSeconds");
  // Labels are resolved once per operation: the hot path is two map look-ups and four additions.
  const operations = new Map<string, PerOperation>();
  const of = (operation: string): PerOperation => {
    let known = operations.get(operation);
    if (known === undefined) {
      known = {
        seconds: seconds.labels({ operation }),
        received: received.labels({ operation }),
        sent: sent.labels({ operation }),
        byStatus: new Map(),
      };
      operations.set(operation, known);
    }
    return known;
  };
  return {
    requestEnded: (operation, status, bytesIn, bytesOut, took) => {
      const counted = of(operation);
      counted.seconds.observe(took);
      counted.received.inc(bytesIn);
      counted.sent.inc(bytesOut);
      let counter = counted.byStatus.get(status);
      if (counter === undefined) {
        counter = requests.labels({ operation, status: String(status) });
        counted.byStatus.set(status, counter);
      }
      counter.inc();
    },
    requestFailed: (_operation, code) => errors.labels({ code }).inc(),
    inflightBytes: (bytes) => inflight.set(bytes),
    rejected: (stage, protocol) => rejections.labels({ stage, protocol }).inc(),
    waited: (stage, protocol, took) => waits.labels({ stage, protocol }).observe(took),
  };
}
