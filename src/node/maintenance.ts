/** The node's services for work on all objects, and the migration, which runs while the node leads. */
import type { Membership } from "../cluster/registry/membership.ts";
import { HashPool } from "../hash/pool.ts";
import { Migrator } from "../maintenance/migrator.ts";
import { MaintenanceService } from "../maintenance/service.ts";
import type { Holder } from "../maintenance/types.ts";
import type { Logger } from "../monitoring/log.ts";
import type { ThreadMetrics } from "../monitoring/thread-metrics.ts";
import type { Clock } from "../platform/clock.ts";
import type { Random } from "../platform/random.ts";
import type { Timers } from "../platform/timers.ts";
import { PutAdmission } from "../s3/content/admission.ts";
import type { BlobService } from "../s3/content/blobs/types.ts";
import { type BlobSinkDeps, BlobWrite } from "../s3/content/blobs/writer.ts";
import { CHUNK_BYTES } from "../s3/content/chunk-buffers.ts";
import { LogSource } from "../s3/content/log/source.ts";
import type { NodeKv } from "./node-kv.ts";

export interface NodeMaintenanceOptions {
  readonly front: NodeKv;
  readonly blobs: BlobService;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** The node is short of memory: the migration, which holds chunks, waits. */
  readonly memoryShort: () => boolean;
  readonly versionsOpen: () => boolean;
  readonly clusterId: () => string;
  readonly pinMs: number;
  readonly nodeId: string;
  /** 8 bytes that identify this start of this node. */
  readonly startId: Uint8Array;
  readonly metrics: ThreadMetrics;
  readonly log: Logger;
}

/** Interval at which a leader looks for a migration to go on with. */
const MIGRATION_INTERVAL_MS = 2_000;
/** Bytes that the migration holds at once, beside the budget of uploads. */
const MIGRATION_MEMORY_BYTES = 8 << 20;

export interface NodeMaintenance {
  readonly service: MaintenanceService;
  stop(): void;
}

export function startMaintenance(options: NodeMaintenanceOptions): NodeMaintenance {
  const { front, log, timers } = options;
  const migrator = migratorOf(options);
  const goOn = (): void => {
    migrator.run().catch((error: unknown) => {
      log.warn("migration to blobs stopped, it will go on", { error: String(error) });
    });
  };
  const cancel = timers.every(goOn, MIGRATION_INTERVAL_MS);
  const service = new MaintenanceService({
    ...options,
    kv: front.kv,
    migrator,
    // Without a blob thread no member answers, and every voter counts as not reached.
    copies: { check: (blobs, deep) => front.blobs?.check(blobs, deep) ?? Promise.resolve([]) },
    holders: () => holdersOf(front.membership()),
    keepVersions: (keep) => front.keepVersions(keep),
  });
  return {
    service,
    stop: () => {
      cancel();
      migrator.stop();
    },
  };
}

function migratorOf(options: NodeMaintenanceOptions): Migrator {
  const { front, blobs, clock, timers, random, pinMs, metrics, log } = options;
  const { kv } = front;
  const migratedBytes = metrics.counter("migratedBytes").labels();
  const migratedObjects = metrics.counter("migratedObjects").labels();
  const deps: BlobSinkDeps = {
    kv,
    blobs,
    clock,
    timers,
    random,
    pinMs,
    // Inline: at the rate of a migration, threads would cost more than they save.
    hashes: new HashPool({
      workers: 0,
      spawn: () => {
        throw new Error("a pool without threads has started one");
      },
    }),
    admission: new PutAdmission({
      capacityBytes: MIGRATION_MEMORY_BYTES,
      timeoutMs: 60_000,
      chunkedIncremental: true,
      entryBytes: MIGRATION_MEMORY_BYTES,
      clock,
      random,
      metrics: { inflightBytes: () => {}, rejected: () => {}, waited: () => {} },
    }),
    node: options.nodeId,
    origin: options.startId,
    chunkBytes: CHUNK_BYTES,
  };
  return new Migrator({
    kv,
    chunks: new LogSource(kv),
    open: (target) => new BlobWrite(deps, target, "fixed-length", () => undefined),
    clock,
    timers,
    active: () => front.leadership.leading && front.diskSpace === "enough" && !options.memoryShort(),
    gateOpen: () => blobs.open,
    onMigrated: (bytes) => {
      migratedBytes.inc(bytes);
      migratedObjects.inc();
    },
    onSkipped: ({ ref, key }, problem) =>
      log.warn("an object was not moved to blobs", { bucket: ref.bucket, key, problem }),
  });
}

function holdersOf(membership: Membership | undefined): Holder[] {
  if (membership === undefined) return [];
  const { members, confState } = membership;
  const voters = new Set([...confState.voters, ...confState.votersOutgoing]);
  return members.map(({ id, name }) => ({ id, name, voter: voters.has(id) }));
}
