/** The S3 application of the front room, with everything it needs around it. */
import { availableParallelism } from "node:os";
import { hashersReady } from "../blob/hash/hashers.ts";
import { HashPool } from "../blob/hash/pool.ts";
import { spawnHashWorker } from "../blob/hash/port.ts";
import type { Config } from "../config/config.ts";
import type { RootCredentials } from "../config/root-credentials.ts";
import type { EdgeApplication } from "../http/types.ts";
import type { KvClient } from "../kv/types.ts";
import type { MetricsSource } from "../monitoring/collect.ts";
import type { Logger } from "../monitoring/log.ts";
import type { RoomMetrics } from "../monitoring/room-metrics.ts";
import type { Clock } from "../platform/clock.ts";
import type { Random } from "../platform/random.ts";
import { workerUrl } from "../rooms/worker-entrypoints.ts";
import { PutAdmission, systemTimer } from "../s3/admission.ts";
import { createS3Application } from "../s3/app.ts";
import { AttemptSweeper } from "../s3/attempts.ts";
import { Authenticator } from "../s3/auth/authenticator.ts";
import { keyHoldersOnly } from "../s3/authorizer.ts";
import { DEFAULT_KEEP_ALIVE_AFTER_MS } from "../s3/deps.ts";

import type { RequestHold } from "../s3/request-hold.ts";
import { entryBytesMax } from "./entry-size.ts";
import { s3Metrics } from "./s3-metrics.ts";

/** Between two looks for abandoned uploads. */
const SWEEP_INTERVAL_MS = 60_000;

export interface S3FrontOptions {
  readonly config: Config;
  readonly kv: KvClient;
  readonly credentials: RootCredentials;
  readonly clock: Clock;
  readonly random: Random;
  /** 8 bytes: this boot of this node. */
  readonly bootId: Uint8Array;
  readonly hold: RequestHold;
  /** What its answers call this node (kv/host-id.ts). */
  readonly hostId: string;
  readonly metrics: RoomMetrics;
  readonly log: Logger;
  /** A room that the front cannot do without has died. */
  readonly onDeath: (message: string) => void;
}

export interface S3Front {
  readonly application: EdgeApplication;
  readonly metricsSources: readonly MetricsSource[];
  stop(): Promise<void>;
}

export async function startS3Front(options: S3FrontOptions): Promise<S3Front> {
  const { config, kv, credentials, clock, random, bootId, metrics, log } = options;
  await hashersReady;
  const hashes = new HashPool({
    workers: availableParallelism(),
    spawn: spawnHashWorker(workerUrl("hash")),
    onDeath: (reason) => options.onDeath(`room hash: ${reason}`),
  });
  const counted = s3Metrics(metrics);
  const root = { accessKey: credentials.accessKey, secretKey: credentials.secretKey.reveal() };
  const admission = new PutAdmission({
    capacityBytes: config.s3PutAdmissionMaxInflightBytes,
    timeoutMs: config.s3DispatchAdmissionTimeoutMs,
    chunkedIncremental: config.s3PutAdmissionChunkedIncremental,
    entryBytes: entryBytesMax(config.raftMaxSizePerMsg),
    clock,
    random,
    metrics: counted,
  });
  const application = createS3Application({
    kv,
    clock,
    random,
    timer: systemTimer,
    hashes,
    authenticator: new Authenticator({
      credentials: { find: (accessKey) => (accessKey === root.accessKey ? root : undefined) },
      clock,
      region: config.region,
    }),
    authorizer: keyHoldersOnly,
    admission,
    hold: options.hold,
    metrics: counted,
    owner: { id: ownerId(root.accessKey), displayName: root.accessKey },
    region: config.region,
    domains: config.s3Domains,
    node: config.nodeId,
    origin: bootId,
    hostId: options.hostId,
    inlineBytesMax: config.s3InlineLimit,
    keepAliveAfterMs: DEFAULT_KEEP_ALIVE_AFTER_MS,
    onInternalError: (error, requestId) => log.error("request failed", { requestId, error }),
  });
  const sweeper = new AttemptSweeper({
    kv,
    clock,
    node: config.nodeId,
    origin: bootId,
    ttlMs: config.s3AttemptTtlMs,
  });
  const report = (removed: number): void => {
    if (removed > 0) log.info("abandoned uploads removed", { attempts: removed });
  };
  const failed = (error: unknown): void =>
    log.warn("sweep of abandoned uploads stopped", { error: String(error) });
  sweeper.sweepEarlierBoots().then(report, failed);
  const timer = setInterval(() => void sweeper.sweepInactive().then(report, failed), SWEEP_INTERVAL_MS);
  return {
    application,
    metricsSources: [],
    stop: async () => {
      clearInterval(timer);
      hashes.close();
    },
  };
}

/** A canonical user id as S3 shows it: 64 hex digits, the same for the same access key. */
function ownerId(accessKey: string): string {
  return new Bun.CryptoHasher("sha256").update(`elastickv owner ${accessKey}`).digest("hex");
}
