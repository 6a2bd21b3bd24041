import { AggregatorRegistry } from "prom-client";
import type { MetricJson } from "./families.ts";
import { ThreadMetrics } from "./thread-metrics.ts";

/** Source of one thread's metrics: this thread, a Worker behind a port, prom-client's default registry. */
export interface MetricsSource {
  readonly thread: string;
  collect(): MetricJson[] | Promise<MetricJson[]>;
}

/**
 * All threads' metrics as one Prometheus page (text format 0.0.4). A thread that fails or does not answer is left
 * out and has `elastickv_thread_up{thread} 0`, so a busy thread does not fail a scrape.
 */
export async function collectMetrics(sources: readonly MetricsSource[]): Promise<string> {
  const scrape = new ThreadMetrics("scrape");
  const up = scrape.gauge("threadUp");
  const answers = await Promise.all(
    sources.map(async (source) => {
      try {
        const metrics = await source.collect();
        up.labels({ thread: source.thread }).set(1);
        return metrics;
      } catch {
        up.labels({ thread: source.thread }).set(0);
        return [];
      }
    }),
  );
  answers.push(scrape.collect());
  // prom-client's typings say `object[]`, as for the result of `getMetricsAsJSON`.
  return AggregatorRegistry.aggregate(answers as object[]).metrics();
}

export const METRICS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";
