/** Builds the parts of the blob thread, and runs what repeats. */
import type { BlobServer } from "../replication/types.ts";
import { AppliedChanges } from "./applied-changes.ts";
import { Backfill } from "./backfill.ts";
import { CopyBuffers } from "./copy-buffers.ts";
import { BlobCounts } from "./counts.ts";
import { Damaged } from "./damaged.ts";
import { FetchQueue } from "./fetch-queue.ts";
import { LocalWrites } from "./local-writes.ts";
import type { BlobConnections, BlobThreadOptions, Replicator } from "./options.ts";
import { OrphanScan } from "./orphan-scan.ts";
import { OwnCopies } from "./own-copies.ts";
import { Pins } from "./pins.ts";
import { Removal } from "./removal.ts";
import { Scrub } from "./scrub.ts";
import { Sources } from "./sources.ts";

/** Fetches for clients at the same time; each holds a blob (1 MiB). */
const READS_MAX = 64;
/** About 100 MB of memory; more pins keep every blob (see `Pins`). */
const PINS_MAX = 1 << 20;
const PUSH_BYTES_MAX = 64 << 20;
const IDLE_BUFFER_BYTES_MAX = 32 << 20;
/** Interval at which ended pins are forgotten and postponed deletions are tried again. */
const HOUSEKEEPING_MS = 1_000;
/** Interval at which other threads learn how many blobs this node lacks. */
const PUBLISH_MS = 200;

export interface BlobParts {
  readonly pins: Pins;
  readonly counts: BlobCounts;
  readonly damaged: Damaged;
  readonly writes: LocalWrites;
  readonly changes: AppliedChanges;
  readonly queue: FetchQueue;
  readonly sources: Sources;
  readonly backfill: Backfill;
  readonly own: OwnCopies;
  readonly peers: BlobConnections;
  readonly replicator: Replicator;
  /** Reachable blobs that are not here, as far as this node knows; undefined before the first walk has ended. */
  missing(): number | undefined;
  /** Begins scans and scrub. */
  start(): void;
  /** Ends everything; what waits for the disk is written. Closes the connections, and the store last. */
  stop(): void;
}

export function blobParts(options: BlobThreadOptions): BlobParts {
  const { store, settings, clock, timers, random, log, metrics, fatal } = options;
  const pins = new Pins({
    clock,
    appliedMs: options.appliedMs,
    pinMaxMs: settings.pinMaxMs,
    maxPins: PINS_MAX,
    mark: options.pinMark,
  });
  const counts = new BlobCounts(options.openReader);
  const damaged = new Damaged(metrics, log);
  const writes = new LocalWrites({
    store,
    pins,
    damaged,
    buffers: new CopyBuffers(IDLE_BUFFER_BYTES_MAX),
    timers,
    freeBytes: options.freeBytes,
    reserveBytes: settings.reserveBytes,
    maxPushBytes: PUSH_BYTES_MAX,
    metrics,
    onWritten: (sha256) => queue.written(sha256),
    fatal,
  });
  const removal = new Removal({ store, counts, pins, damaged, metrics });
  const server: BlobServer = {
    onPush: (_from, sha256, bytes, pinUntilMs) => writes.push(sha256, bytes, pinUntilMs),
    onFetch: (sha256) => own.readOnce(sha256),
    onAsk: (blobs, deep) => blobs.map((sha256) => own.state(sha256, deep)),
  };
  const peers = options.connect(server);
  const limit = { rate: settings.fetchRatePerPeer, burst: settings.fetchBurstPerPeer };
  const sources = new Sources({ peers, clock, timers, random, limit, metrics });
  const queue = new FetchQueue({
    store,
    counts,
    damaged,
    writes,
    sources,
    clock,
    timers,
    workers: settings.fetchWorkers,
    queueSize: settings.fetchQueueSize,
    readsMax: READS_MAX,
    metrics,
    onEnd: (end) => backfill.onFetchEnd(end),
    fatal,
  });
  const backfill = new Backfill({
    store,
    counts,
    queue,
    timers,
    intervalMs: settings.backfillIntervalMs,
    refillBelow: Math.ceil(settings.fetchQueueSize / 2),
    fatal,
  });
  const changes = new AppliedChanges({ store, backfill, removal, timers, fatal });
  // A damaged copy is a missing one, whether its repair is queued or has failed.
  const missing = (): number | undefined =>
    backfill.missing === undefined ? undefined : backfill.missing + changes.waiting + damaged.size;
  const own = new OwnCopies({ store, counts, damaged, queue });
  const { orphanScanIntervalMs: scanMs, graceMs, scrubRate, scrubIntervalMs } = settings;
  const scan = new OrphanScan({
    store,
    counts,
    pins,
    removal,
    appliedMs: options.appliedMs,
    timers,
    intervalMs: scanMs,
    graceMs,
    fatal,
  });
  const scrub = new Scrub({
    store,
    own,
    random,
    timers,
    rate: scrubRate,
    intervalMs: scrubIntervalMs,
    metrics,
    fatal,
  });
  let cancels: (() => void)[] = [];
  const guarded = (what: string, action: () => void) => (): void => {
    try {
      action();
    } catch (error) {
      fatal(`${what}: ${String(error)}`, error);
    }
  };
  return {
    pins,
    counts,
    damaged,
    writes,
    changes,
    queue,
    sources,
    backfill,
    own,
    missing,
    peers,
    replicator: options.replicate(peers, (...blob) => writes.store(...blob)),
    start: () => {
      scan.start();
      if (scrubRate > 0) scrub.start();
      const tidy = guarded("ended pins", () => {
        pins.expire();
        removal.retry();
      });
      const repair = guarded("damaged copies", () => own.repairAll());
      cancels = [
        timers.every(tidy, HOUSEKEEPING_MS),
        timers.every(() => options.publishMissing(missing()), PUBLISH_MS),
        timers.every(repair, settings.backfillIntervalMs),
      ];
    },
    stop: () => {
      for (const cancel of cancels) cancel();
      changes.stop();
      backfill.stop();
      scan.stop();
      scrub.stop();
      queue.stop();
      writes.stop();
      peers.close();
      counts.close();
      store.close();
    },
  };
}
