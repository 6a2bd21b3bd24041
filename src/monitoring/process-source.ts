import { collectDefaultMetrics, Registry } from "prom-client";
import type { MetricsSource } from "./collect.ts";
import type { MetricJson } from "./families.ts";

/** prom-client's default metrics (`process_*`, `nodejs_*`): CPU, RSS, descriptors, heap, garbage collection. They are the
 *  process's, so one thread offers them. */
export function processSource(): MetricsSource {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  // V8's heap spaces do not exist in JavaScriptCore: nothing but zeros, for a walk of the heap at each scrape.
  for (const what of ["total", "used", "available"]) {
    registry.removeSingleMetric(`nodejs_heap_space_size_${what}_bytes`);
  }
  return {
    thread: "process",
    collect: async () => {
      const metrics = (await registry.getMetricsAsJSON()) as unknown as MetricJson[];
      // prom-client leaves some out when it merges processes (start time, version); there is one process here.
      return metrics.map((metric) => ({ ...metric, aggregator: "first" }));
    },
  };
}
