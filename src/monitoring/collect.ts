import { AggregatorRegistry } from "prom-client";
import type { MetricJson } from "./families.ts";
import { ThreadMetrics } from "./thread-metrics.ts";

/** Where one thread's numbers come from: this thread, a Worker behind a port, prom-client's default registry. */
export interface MetricsSource {
  readonly thread: string;
  collect(): MetricJson[] | Promise<MetricJson[]>;
}

/**
 * All threads' metrics as one Prometheus page (text format 0.0.4). A thread that fails or does not answer is left out and
 * shown by `elastickv_thread_up{thread} 0`: a scrape never fails because one thread is busy.
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
  // The typings say `object[]`, as for what `getMetricsAsJSON` returns.
  return AggregatorRegistry.aggregate(answers as object[]).metrics();
}

export const METRICS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";
