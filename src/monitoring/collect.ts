import { AggregatorRegistry } from "prom-client";
import type { MetricJson } from "./families.ts";
import { RoomMetrics } from "./room-metrics.ts";

/** Where one room's numbers come from: this thread, a Worker behind a port, prom-client's default registry. */
export interface MetricsSource {
  readonly room: string;
  collect(): MetricJson[] | Promise<MetricJson[]>;
}

/**
 * All rooms' metrics as one Prometheus page (text format 0.0.4). A room that fails or does not answer is left out and
 * shown by `elastickv_room_up{room} 0`: a scrape never fails because one room is busy.
 */
export async function collectMetrics(sources: readonly MetricsSource[]): Promise<string> {
  const scrape = new RoomMetrics("scrape");
  const up = scrape.gauge("roomUp");
  const answers = await Promise.all(
    sources.map(async (source) => {
      try {
        const metrics = await source.collect();
        up.labels({ room: source.room }).set(1);
        return metrics;
      } catch {
        up.labels({ room: source.room }).set(0);
        return [];
      }
    }),
  );
  answers.push(scrape.collect());
  // The typings say `object[]`, as for what `getMetricsAsJSON` returns.
  return AggregatorRegistry.aggregate(answers as object[]).metrics();
}

export const METRICS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";
