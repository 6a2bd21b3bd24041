/**
 * One node, assembled: data directory, rooms, front, listeners. What each part does is said in its own file; here is
 * only the order in which they come up and go down.
 */
import { type AdminListener, startAdmin } from "../admin/listener.ts";
import type { ClusterStatus, NotReadyReason, Readiness } from "../admin/types.ts";
import { BUILD_INFO } from "../cli/version.ts";
import { formatAddress, type ListenAddress } from "../config/address.ts";
import type { Config } from "../config/config.ts";
import { loadRootCredentials, type RootCredentials } from "../config/root-credentials.ts";
import { startEdge } from "../http/edge.ts";
import { EdgeError } from "../http/errors.ts";
import type { Edge } from "../http/options.ts";
import { collectMetrics, type MetricsSource } from "../monitoring/collect.ts";
import { edgeMetrics } from "../monitoring/edge-metrics.ts";
import { watchEventLoopLag } from "../monitoring/event-loop-lag.ts";
import type { Logger } from "../monitoring/log.ts";
import { processSource } from "../monitoring/process-source.ts";
import type { RoomMetrics } from "../monitoring/room-metrics.ts";
import { type Clock, systemClock } from "../platform/clock.ts";
import { lockDirectory } from "../platform/disk/directory-lock.ts";
import { realDisk } from "../platform/disk/real-disk.ts";
import { DiskError, type DiskLock } from "../platform/disk.ts";
import { systemRandom } from "../platform/random.ts";
import { StartError } from "../platform/start-error.ts";
import { loadIdentity, markInitialized, type NodeIdentity, prepareDataDirectory } from "./data-directory.ts";
import { FrontKv } from "./front-kv.ts";
import { type RunningRooms, startRooms } from "./rooms.ts";
import { type S3Front, startS3Front } from "./s3-front.ts";

export interface NodeOptions {
  readonly config: Config;
  readonly log: Logger;
  /** The node cannot go on; called once, after which the process should end with a code that is not zero. */
  readonly onFatal: (message: string) => void;
  readonly metrics: RoomMetrics;
}

type Phase = "starting" | "replaying" | "serving" | "stopping";

export class Node {
  readonly credentials: RootCredentials;
  readonly identity: NodeIdentity;
  readonly #options: NodeOptions;
  readonly #lock: DiskLock;
  readonly #clock: Clock = systemClock;
  readonly #metrics: RoomMetrics;
  #phase: Phase = "starting";
  #rooms: RunningRooms | undefined;
  #front: FrontKv | undefined;
  #s3: S3Front | undefined;
  #edge: Edge | undefined;
  #admin: AdminListener | undefined;
  #fatal = false;
  #stopping: Promise<void> | undefined;

  private constructor(
    options: NodeOptions,
    parts: { lock: DiskLock; identity: NodeIdentity; credentials: RootCredentials; metrics: RoomMetrics },
  ) {
    this.#options = options;
    this.#lock = parts.lock;
    this.identity = parts.identity;
    this.credentials = parts.credentials;
    this.#metrics = parts.metrics;
  }

  /** Brings a node up until it serves. @throws StartError | ConfigError naming what the operator can do about. */
  static async start(options: NodeOptions): Promise<Node> {
    const { config } = options;
    prepareDataDirectory(config.dataDir);
    const lock = lockDataDirectory(config.dataDir);
    try {
      const identity = loadIdentity(config.dataDir, config.nodeId, systemRandom);
      const credentials = loadRootCredentials(config);
      const { metrics } = options;
      const node = new Node(options, { lock, identity, credentials, metrics });
      await node.#start();
      return node;
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  get s3Address(): ListenAddress {
    return { host: this.#options.config.s3Address.host, port: this.#edge?.port ?? 0 };
  }

  get adminAddress(): ListenAddress {
    return this.#admin?.address ?? this.#options.config.adminAddress;
  }

  async #start(): Promise<void> {
    const { config, log } = this.#options;
    // The admin listener first, although nobody is served yet: whoever watches /readyz sees the replay.
    this.#admin = startAdmin({
      address: config.adminAddress,
      hosts: config.adminHosts,
      deps: {
        readiness: () => this.#readiness(),
        metrics: () => this.#collect(),
        cluster: () => this.#cluster(),
        version: BUILD_INFO,
      },
      onError: (error) => log.error("admin request failed", { error }),
    });
    this.#phase = "replaying";
    const rooms = await startRooms({
      config,
      identity: this.identity,
      onDeath: (message) => this.#die(message),
    });
    this.#rooms = rooms;
    const front = new FrontKv({
      consensus: rooms.consensus,
      store: rooms.store,
      reader: rooms.reader,
      published: rooms.published,
      clock: this.#clock,
      origin: rooms.origin,
      maxTxnBytes: config.raftMaxSizePerMsg,
      gracePeriodMs: config.gcGracePeriodMs,
      diskReserveBytes: config.diskReserveBytes,
      freeDiskBytes: () => realDisk.space(config.dataDir).freeBytes,
      metrics: this.#metrics,
      log,
      onFatal: (message) => this.#die(message),
    });
    this.#front = front;
    front.start();
    markInitialized(config.dataDir, this.identity);
    await front.whenLeading();
    this.#s3 = await startS3Front({
      config,
      kv: front.kv,
      credentials: this.credentials,
      clock: this.#clock,
      random: systemRandom,
      bootId: rooms.origin,
      metrics: this.#metrics,
      log,
      onDeath: (message) => this.#die(message),
    });
    this.#edge = await this.#listen(this.#s3);
    watchEventLoopLag(this.#metrics, this.#clock);
    this.#phase = "serving";
    log.info("serving", {
      s3: formatAddress(this.s3Address),
      admin: formatAddress(this.adminAddress),
      cluster: this.identity.clusterId,
      node: this.identity.nodeId,
    });
  }

  async #listen(s3: S3Front): Promise<Edge> {
    const { config, log } = this.#options;
    try {
      return await startEdge({
        host: config.s3Address.host,
        port: config.s3Address.port,
        application: s3.application,
        metrics: edgeMetrics(this.#metrics),
        limits: {
          maxConnections: config.s3MaxConnections,
          bodyIdleTimeoutMs: config.s3BodyIdleTimeoutMs,
          drainTimeoutMs: config.s3DrainTimeoutMs,
          headersTimeoutMs: config.s3HeadersTimeoutMs,
          keepAliveTimeoutMs: config.s3KeepAliveTimeoutMs,
        },
        onError: (error, requestId) => log.error("request failed", { requestId, error }),
      });
    } catch (error) {
      if (error instanceof EdgeError) {
        throw new StartError(`S3 address: ${error.message} (--s3-address chooses another)`, { cause: error });
      }
      throw error;
    }
  }

  /** Stops taking requests, lets those in flight end, then stops the rooms. A second call (a terminal and `make` both
   *  pass a Ctrl-C on) waits for the same end: it must not cut short what the first one lets finish. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#phase = "stopping";
    const { config, log } = this.#options;
    log.info("stopping", { inFlight: this.#edge?.inFlight ?? 0 });
    await this.#edge?.close(config.shutdownGraceMs);
    await this.#s3?.stop();
    await this.#front?.stop(ROOM_STOP_MS);
    await this.#admin?.close();
    this.#rooms?.reader.close();
    this.#lock.release();
    log.info("stopped");
  }

  #die(message: string): void {
    // Also while stopping: requests that still run would wait for a dead room, and the end would look like a good one.
    if (this.#fatal) return;
    this.#fatal = true;
    this.#options.log.error("this node cannot go on", { reason: message });
    this.#options.onFatal(message);
  }

  #readiness(): Readiness {
    const reasons: NotReadyReason[] = [];
    switch (this.#phase) {
      case "starting":
        reasons.push({ code: "starting", message: "the node is starting" });
        break;
      case "replaying":
        reasons.push({
          code: "replaying-log",
          message: "the node opens its log and applies what was not applied yet",
        });
        break;
      case "stopping":
        reasons.push({ code: "stopping", message: "the node was told to stop" });
        break;
      case "serving":
        if (this.#front?.leadership.leading !== true) {
          reasons.push({ code: "no-leader", message: "no leader is known: reads and writes wait" });
        }
        if (this.#front !== undefined && this.#front.diskRoom !== "enough") {
          reasons.push({
            code: "disk-full",
            message: "the disk is full: reads are served, writes are refused",
          });
        }
        break;
    }
    return reasons.length === 0 ? { ready: true } : { ready: false, reasons };
  }

  #cluster(): ClusterStatus {
    const { config } = this.#options;
    const leadership = this.#front?.leadership;
    const leading = leadership?.leading === true;
    const applied = this.#rooms?.published.appliedIndex ?? 0;
    const commit = this.#rooms?.published.commitIndex ?? 0;
    return {
      clusterId: this.identity.clusterId,
      nodeId: config.nodeId,
      leaderId: leading ? config.nodeId : null,
      term: leadership?.term ?? 0,
      members: [
        {
          id: config.nodeId,
          peerAddress: null,
          role: leading ? "leader" : "candidate",
          match: commit,
          applied,
          lag: Math.max(0, commit - applied),
          reachable: true,
        },
      ],
    };
  }

  #collect(): Promise<string> {
    this.#metrics
      .gauge("ready")
      .labels()
      .set(this.#readiness().ready ? 1 : 0);
    this.#metrics.gauge("buildInfo").labels(BUILD_INFO).set(1);
    const front: MetricsSource = { room: "front", collect: () => this.#metrics.collect() };
    return collectMetrics([
      front,
      PROCESS,
      ...(this.#rooms?.metricsSources ?? []),
      ...(this.#s3?.metricsSources ?? []),
    ]);
  }
}

const PROCESS = processSource();
/** How long consensus and store may take to end once the front has. */
const ROOM_STOP_MS = 5_000;

function lockDataDirectory(dataDir: string): DiskLock {
  try {
    return lockDirectory(realDisk, dataDir);
  } catch (error) {
    if (error instanceof DiskError && error.code === "LOCKED") {
      throw new StartError(`data directory ${dataDir} is in use by another process`, { cause: error });
    }
    throw error;
  }
}
