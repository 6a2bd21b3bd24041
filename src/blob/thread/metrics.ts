/** The metrics of the blob thread, with the names of the metrics table. */
import type { ThreadMetrics } from "../../monitoring/thread-metrics.ts";
import type { ReplicationMetrics } from "../replication/options.ts";
import type { BlobGauges } from "./blob-thread.ts";
import type { BlobMetrics } from "./types.ts";

/** @param gauges undefined before the thread exists */
export function blobThreadMetrics(metrics: ThreadMetrics, gauges: () => BlobGauges | undefined): BlobMetrics {
  const dedupBlobs = metrics.counter("blobDedupBlobs").labels();
  const dedupBytes = metrics.counter("blobDedupBytes").labels();
  const fetches = metrics.counter("blobFetches");
  const lied = metrics.counter("blobFetchWrongBytes").labels();
  const unrecoverable = metrics.counter("blobUnrecoverable").labels();
  const deleted = metrics.counter("blobsDeleted");
  const scrubbed = metrics.counter("blobScrubbedBytes").labels();
  const damage = metrics.counter("blobDamage");
  const held = metrics.gauge("blobsHeld").labels();
  const heldBytes = metrics.gauge("blobBytesHeld").labels();
  const missing = metrics.gauge("blobsMissing").labels();
  const pins = metrics.gauge("blobPins").labels();
  const damaged = metrics.gauge("blobsDamaged").labels();
  metrics.onCollect(() => {
    const now = gauges();
    if (now === undefined) return;
    held.set(now.blobs);
    heldBytes.set(now.bytes);
    missing.set(now.missing);
    pins.set(now.pins);
    damaged.set(now.damaged);
  });
  return {
    deduplicated: (bytes) => {
      dedupBlobs.inc();
      dedupBytes.inc(bytes);
    },
    fetched: (reason, result) => fetches.labels({ reason, result }).inc(),
    lied: () => lied.inc(),
    unrecoverable: () => unrecoverable.inc(),
    deleted: (reason, blobs) => deleted.labels({ reason }).inc(blobs),
    scrubbed: (bytes) => scrubbed.inc(bytes),
    damaged: (event) => damage.labels({ event }).inc(),
  };
}

export function replicationMetrics(metrics: ThreadMetrics): ReplicationMetrics {
  const pushes = metrics.counter("blobPushes");
  const pushedBytes = metrics.counter("blobPushedBytes").labels();
  const degraded = metrics.counter("blobReplicationDegraded").labels();
  const seconds = metrics.histogram("blobStoreSeconds").labels();
  return {
    pushed: (result, bytes) => {
      pushes.labels({ result }).inc();
      if (result === "stored") pushedBytes.inc(bytes);
    },
    degraded: () => degraded.inc(),
    stored: (took) => seconds.observe(took),
  };
}
