/** The S3 application of the front thread, with the services that the application needs. */

import { availableParallelism } from "node:os";
import type { Config } from "../config/config.ts";
import type { RootCredentials } from "../config/root-credentials.ts";
import { hashersReady } from "../hash/hashers.ts";
import { HashPool } from "../hash/pool.ts";
import { spawnHashWorker } from "../hash/port.ts";
import type { EdgeApplication } from "../http/types.ts";
import type { ReplicatedRows } from "../iam/replicated-rows.ts";
import { Sessions } from "../iam/sessions.ts";
import { UserView } from "../iam/user-view.ts";
import type { MetricsSource } from "../monitoring/collect.ts";
import type { Logger } from "../monitoring/log.ts";
import type { ThreadMetrics } from "../monitoring/thread-metrics.ts";
import type { Clock } from "../platform/clock.ts";
import type { Random } from "../platform/random.ts";
import { systemTimers } from "../platform/timers.ts";
import { createS3Application } from "../s3/app.ts";
import { Authenticator } from "../s3/auth/authenticator.ts";
import { policyAuthorizer } from "../s3/auth/policy-authorizer.ts";
import { PutAdmission } from "../s3/content/admission.ts";
import type { BudgetShare } from "../s3/content/admission-budget.ts";
import { blobContents } from "../s3/content/blobs/blob-contents.ts";
import type { BlobService } from "../s3/content/blobs/types.ts";
import { logContents } from "../s3/content/log/log-contents.ts";
import { DEFAULT_KEEP_ALIVE_AFTER_MS } from "../s3/context/deps.ts";
import type { RequestHold } from "../s3/context/request-hold.ts";
import type { SealingKey } from "../secrets/sealing-key.ts";
import type { PublishedState } from "../threads/shared-state.ts";
import { workerUrl } from "../threads/worker-entrypoints.ts";
import { entryBytesMax } from "../txn/entry-size.ts";
import type { KvClient } from "../txn/types.ts";
import { s3Metrics } from "./s3-metrics.ts";

export interface S3FrontOptions {
  readonly config: Config;
  readonly kv: KvClient;
  readonly credentials: RootCredentials;
  readonly users: Pick<ReplicatedRows, "rootId" | "table">;
  /** The cluster's sealing key; undefined: this node does not have it yet. `lost`: it never will. */
  readonly sealing: () => SealingKey | "lost" | undefined;
  readonly clock: Clock;
  readonly random: Random;
  /** 8 bytes that identify this start of this node; all gateways of the node share the id. */
  readonly startId: Uint8Array;
  readonly hold: RequestHold;
  readonly published: Pick<PublishedState, "versionsOpen">;
  /** Name of this node in the answers (cluster/host-id.ts). */
  readonly hostId: string;
  readonly metrics: ThreadMetrics;
  readonly log: Logger;
  /** Blobs of the node; undefined: all content goes through the log. */
  readonly blobs?: BlobService | undefined;
  /** The part of this gateway in the node's budget of body bytes; undefined: the node has one gateway. */
  readonly admissionShare?: BudgetShare | undefined;
  /** Body bytes that all gateways may hold together. */
  readonly admissionBytes: number;
  /** A thread that the front needs has died. */
  readonly onDeath: (message: string) => void;
}

export interface S3Front {
  readonly application: EdgeApplication;
  readonly metricsSources: readonly MetricsSource[];
  stop(): Promise<void>;
}

export async function startS3Front(options: S3FrontOptions): Promise<S3Front> {
  const { config, kv, credentials, clock, random, startId, metrics } = options;
  await hashersReady;
  const hashes = new HashPool({
    workers: availableParallelism(),
    spawn: spawnHashWorker(workerUrl("hash")),
    onDeath: (reason) => options.onDeath(`thread hash: ${reason}`),
  });
  const counted = s3Metrics(metrics);
  const iam = new UserView({
    rows: options.users,
    root: credentials,
    sealing: options.sealing,
    clock,
    onUnreadable: (error) => options.log.error("the secret of an access key does not open", { error }),
  });
  const admission = new PutAdmission({
    capacityBytes: options.admissionBytes,
    timeoutMs: config.s3DispatchAdmissionTimeoutMs,
    chunkedIncremental: config.s3PutAdmissionChunkedIncremental,
    entryBytes: entryBytesMax(config.raftMaxSizePerMsg),
    clock,
    random,
    metrics: counted,
    share: options.admissionShare,
  });
  const log = {
    kv,
    clock,
    random,
    admission,
    node: config.nodeId,
    origin: startId,
    inlineBytesMax: config.s3InlineLimit,
  };
  const { blobs } = options;
  const content =
    blobs === undefined
      ? logContents(log)
      : blobContents({
          ...log,
          blobs,
          hashes,
          timers: systemTimers,
          pinMs: config.blobPinMs,
          // The blob thread counts, because it knows whether the blob is still reachable.
          onUnrecoverable: () => {},
        });
  const sessions = new Sessions({ view: iam, sealing: options.sealing, clock, random });
  const authenticator = new Authenticator({
    credentials: { find: (key) => iam.find(key), session: (token) => sessions.find(token) },
    clock,
    region: config.region,
  });
  const application = createS3Application({
    kv,
    clock,
    random,
    timers: systemTimers,
    hashes,
    authenticator,
    iam,
    sts: {
      authenticate: (request, body) => authenticator.authenticateSts(request, body),
      issue: (parent, wanted) => sessions.issue(parent, wanted),
    },
    authorizer: policyAuthorizer({
      iam,
      onUnreadable: ({ name }, error) => options.log.error("policy cannot be read", { policy: name, error }),
    }),
    admission,
    content,
    hold: options.hold,
    versioningOpen: () => options.published.versionsOpen,
    metrics: counted,
    region: config.region,
    domains: config.s3Domains,
    hostId: options.hostId,
    keepAliveAfterMs: DEFAULT_KEEP_ALIVE_AFTER_MS,
    onInternalError: (error, requestId) => options.log.error("request failed", { requestId, error }),
  });
  return {
    application,
    metricsSources: [],
    stop: async () => {
      hashes.close();
    },
  };
}
