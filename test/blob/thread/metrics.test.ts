import { expect, test } from "bun:test";
import type { BlobGauges } from "../../../src/blob/thread/blob-thread.ts";
import { blobThreadMetrics } from "../../../src/blob/thread/metrics.ts";
import { ThreadMetrics } from "../../../src/monitoring/thread-metrics.ts";

test("every event and every gauge has its metric", () => {
  const metrics = new ThreadMetrics("blob");
  let gauges: BlobGauges | undefined;
  const blob = blobThreadMetrics(metrics, () => gauges);
  const value = (name: string, labels: Readonly<Record<string, string>> = {}): number | undefined => {
    const found = metrics.collect().find((metric) => metric.name === `elastickv_s3_${name}`);
    const same = ({ labels: of }: { readonly labels: object }) => Bun.deepEquals({ ...of }, labels);
    return found?.values.find(same)?.value;
  };
  expect(value("chunkblob_blobs")).toBe(0);
  gauges = { blobs: 5, bytes: 500, missing: 4, pins: 3, damaged: 2 };
  const shown = ["blobs", "bytes", "missing", "pins", "damaged"].map((name) => value(`chunkblob_${name}`));
  expect(shown).toEqual([5, 500, 4, 3, 2]);
  blob.deduplicated(70);
  blob.deduplicated(30);
  expect([value("dedup_blobs_total"), value("dedup_bytes_total")]).toEqual([2, 100]);
  blob.fetched("read", "stored");
  expect(value("chunkblob_fetches_total", { reason: "read", result: "stored" })).toBe(1);
  blob.lied();
  blob.unrecoverable();
  blob.deleted("swept", 6);
  blob.scrubbed(9);
  blob.damaged("healed");
  expect(value("chunkblob_fetch_wrong_bytes_total")).toBe(1);
  expect(value("chunkblob_unrecoverable_total")).toBe(1);
  expect(value("chunkblob_deleted_total", { reason: "swept" })).toBe(6);
  expect(value("chunkblob_scrubbed_bytes_total")).toBe(9);
  expect(value("chunkblob_damage_total", { event: "healed" })).toBe(1);
});
