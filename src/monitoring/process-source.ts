import { collectDefaultMetrics, Registry } from "prom-client";
import type { MetricsSource } from "./collect.ts";
import type { MetricJson } from "./families.ts";

/**
 * prom-client's default metrics (`process_*`, `nodejs_*`): CPU, RSS, descriptors, heap, garbage collection. The
 * metrics belong to the process, so only one thread provides them.
 */
export function processSource(): MetricsSource {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  // JavaScriptCore has no V8 heap spaces: the metrics would be zeros and cost a walk of the heap at each scrape.
  for (const what of ["total", "used", "available"]) {
    registry.removeSingleMetric(`nodejs_heap_space_size_${what}_bytes`);
  }
  return {
    thread: "process",
    collect: async () => {
      const metrics = (await registry.getMetricsAsJSON()) as unknown as MetricJson[];
      // prom-client drops some metrics when it merges processes (start time, version); here there is only one
      // process.
      return metrics.map((metric) => ({ ...metric, aggregator: "first" }));
    },
  };
}
