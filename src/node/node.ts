/**
 * One node, assembled: data directory, rooms, front, listeners. What each part does is said in its own file; here is
 * only the order in which they come up and go down.
 */
import { type AdminListener, startAdmin } from "../admin/listener.ts";
import type { Readiness } from "../admin/types.ts";
import { BUILD_INFO } from "../cli/version.ts";
import { formatAddress, type ListenAddress } from "../config/address.ts";
import { type Config, ConfigError } from "../config/config.ts";
import {
  configuredRootCredentials,
  loadRootCredentials,
  type RootCredentials,
  storedRootCredentials,
} from "../config/root-credentials.ts";
import { startEdge } from "../http/edge.ts";
import { EdgeError } from "../http/errors.ts";
import type { Edge } from "../http/options.ts";
import { hostIdOf } from "../kv/host-id.ts";
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
import { systemTimers, type Timers } from "../platform/timers.ts";
import { clusterIdOf } from "../raft/engine/membership.ts";
import { givenSecrets, settledSecrets } from "./cluster-proof.ts";
import { ClusterStatusSource } from "./cluster-status.ts";
import {
  addBoot,
  keepBoots,
  keepRolledBack,
  keepRoster,
  loadIdentity,
  markInitialized,
  type NodeIdentity,
  prepareDataDirectory,
  type WantedCluster,
} from "./data-directory.ts";
import { entryBytesMax } from "./entry-size.ts";
import { FrontKv } from "./front-kv.ts";
import { type Phase, readinessOf } from "./readiness.ts";
import { makeRooms, type Rooms } from "./rooms.ts";
import { settleRootCredentials } from "./root-agreement.ts";
import { type S3Front, startS3Front } from "./s3-front.ts";
import { type Topology, topologyOf } from "./topology.ts";

export interface NodeOptions {
  readonly config: Config;
  readonly log: Logger;
  /** The node cannot go on; called once, after which the process should end with a code that is not zero. */
  readonly onFatal: (message: string) => void;
  /** It was removed from its cluster (a good end), or its peers refuse it for good; called once. */
  readonly onExpelled: (message: string, removed: boolean) => void;
  readonly metrics: RoomMetrics;
}

interface Parts {
  readonly lock: DiskLock;
  readonly topology: Topology;
  readonly identity: NodeIdentity;
  /** Of the cluster. */
  readonly secrets: readonly Uint8Array[];
}

export class Node {
  readonly #options: NodeOptions;
  readonly #lock: DiskLock;
  readonly #clock: Clock = systemClock;
  readonly #timers: Timers = systemTimers;
  readonly #metrics: RoomMetrics;
  readonly #topology: Topology;
  readonly #secrets: readonly Uint8Array[];
  readonly #status: ClusterStatusSource;
  #identity: NodeIdentity;
  #credentials: RootCredentials | undefined;
  #phase: Phase = "starting";
  #rooms: Rooms | undefined;
  #front: FrontKv | undefined;
  #s3: S3Front | undefined;
  #edge: Edge | undefined;
  #admin: AdminListener | undefined;
  #expelled: string | undefined;
  #fatal = false;
  #stopping: Promise<void> | undefined;
  #cancelObserving = (): void => {};

  private constructor(options: NodeOptions, parts: Parts) {
    this.#options = options;
    this.#lock = parts.lock;
    this.#topology = parts.topology;
    this.#identity = parts.identity;
    this.#secrets = parts.secrets;
    this.#metrics = options.metrics;
    this.#status = new ClusterStatusSource({
      identity: () => this.#identity,
      topology: parts.topology,
      front: () => this.#front,
      published: () => this.#rooms?.published,
      monotonicMs: () => this.#clock.monotonicMs(),
    });
  }

  /** Brings a node up until it serves. @throws StartError | ConfigError naming what the operator can do about. */
  static async start(options: NodeOptions): Promise<Node> {
    const { config } = options;
    const topology = topologyOf(config);
    const given = givenSecrets(config, topology);
    prepareDataDirectory(config.dataDir);
    const lock = lockDataDirectory(config.dataDir);
    try {
      const { initialCluster, join } = topology;
      const wanted: WantedCluster = {
        nodeId: config.nodeId,
        initialClusterId: initialCluster.length === 0 ? undefined : clusterIdOf(initialCluster),
        joins: join.length > 0,
      };
      let identity = loadIdentity(config.dataDir, wanted, systemRandom);
      if (identity.origin !== "alone" && topology.peer === undefined) {
        throw new ConfigError(`--peer-address is missing: ${config.nodeId} is a member of a cluster`);
      }
      const secrets = settledSecrets(given, config, topology, identity, systemRandom, options.log);
      // Without a peer address nobody can ever know of it.
      if (topology.peer !== undefined) identity = addBoot(config.dataDir, identity, systemRandom);
      const node = new Node(options, { lock, topology, identity, secrets });
      await node.#start();
      return node;
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  get identity(): NodeIdentity {
    return this.#identity;
  }

  /** Of a node that has started. */
  get credentials(): RootCredentials {
    if (this.#credentials === undefined) throw new Error("the node has not started");
    return this.#credentials;
  }

  get s3Address(): ListenAddress {
    return { host: this.#options.config.s3Address.host, port: this.#edge?.port ?? 0 };
  }

  get adminAddress(): ListenAddress {
    return this.#admin?.address ?? this.#options.config.adminAddress;
  }

  async #start(): Promise<void> {
    const { config, log } = this.#options;
    // Bad keys are found before anything else is begun.
    const member = this.#topology.peer !== undefined;
    this.#credentials = member
      ? (configuredRootCredentials(config) ?? storedRootCredentials(config))
      : loadRootCredentials(config);
    // The admin listener first, although nobody is served yet: whoever watches /readyz sees the replay.
    this.#admin = startAdmin({
      address: config.adminAddress,
      hosts: config.adminHosts,
      deps: {
        readiness: () => this.#readiness(),
        metrics: () => this.#collect(),
        cluster: () => this.#status.status(),
        changeCluster: (change, guard) => this.#status.change(change, guard),
        version: BUILD_INFO,
      },
      onError: (error) => log.error("admin request failed", { error }),
    });
    this.#phase = "replaying";
    const rooms = makeRooms({
      config,
      identity: this.#identity,
      topology: this.#topology,
      secrets: this.#secrets,
      onDeath: (message) => this.#die(message),
    });
    this.#rooms = rooms;
    const front = this.#makeFront(rooms);
    this.#front = front;
    front.start();
    await rooms.start();
    this.#identity = markInitialized(config.dataDir, this.#identity);
    await front.cluster.whenFormed();
    front.keyspaceOpen();
    this.#phase = "serving";
    const readable = front.whenReadable();
    if (member) {
      const observe = (): void => void this.#status.observe();
      this.#cancelObserving = this.#timers.every(observe, OBSERVE_INTERVAL_MS);
      await this.#agreeOrGoOn(front, readable);
    } else await readable;
    this.#s3 = await startS3Front({
      config,
      kv: front.kv,
      credentials: this.credentials,
      clock: this.#clock,
      random: systemRandom,
      bootId: rooms.origin,
      hostId: hostIdOf(this.#identity.instance),
      metrics: this.#metrics,
      log,
      onDeath: (message) => this.#die(message),
    });
    this.#edge = await this.#listen(this.#s3);
    watchEventLoopLag(this.#metrics, this.#clock);
    log.info("serving", {
      s3: formatAddress(this.s3Address),
      admin: formatAddress(this.adminAddress),
      cluster: this.#identity.clusterId,
      node: this.#identity.nodeId,
      hostId: hostIdOf(this.#identity.instance),
    });
  }

  #makeFront(rooms: Rooms): FrontKv {
    const { config, log } = this.#options;
    const { origin, roster } = this.#identity;
    return new FrontKv({
      consensus: rooms.consensus,
      store: rooms.store,
      openReader: rooms.openReader,
      published: rooms.published,
      clock: this.#clock,
      timers: this.#timers,
      origin: rooms.origin,
      maxTxnBytes: entryBytesMax(config.raftMaxSizePerMsg),
      gracePeriodMs: config.gcGracePeriodMs,
      diskReserveBytes: config.diskReserveBytes,
      freeDiskBytes: () => realDisk.space(config.dataDir).freeBytes,
      metrics: this.#metrics,
      log,
      // One initial member has nobody to meet.
      formed: origin === "alone" || roster !== undefined || this.#topology.initialCluster.length === 1,
      keepRoster: (clusterId, met) => {
        this.#identity = keepRoster(config.dataDir, this.#identity, clusterId, met);
      },
      keepBoots: (peers, since) => {
        this.#identity = keepBoots(config.dataDir, this.#identity, peers, since);
      },
      keepRolledBack: (message) => {
        this.#identity = keepRolledBack(config.dataDir, this.#identity, message);
      },
      onExpelled: (message, removed) => this.#expel(message, removed),
      onFatal: (message) => this.#die(message),
    });
  }

  /**
   * The keys of the whole cluster, once it can be read. A node that has keys already waits for that only so long: then
   * clients get their 503 in time, instead of a refused connection.
   */
  async #agreeOrGoOn(front: FrontKv, readable: Promise<void>): Promise<void> {
    const { config, log } = this.#options;
    const agreed = readable
      .then(() => settleRootCredentials(front.kv, config, this.#credentials))
      .then((credentials) => {
        if (this.#s3 === undefined) this.#credentials = credentials;
        else if (credentials.accessKey !== this.#credentials?.accessKey) {
          log.warn(
            "the root keys in the data directory were not the cluster's: the next start uses the cluster's",
          );
        }
      });
    if (this.#credentials === undefined) return agreed;
    let cancel = (): void => {};
    const late = new Promise<void>((resolve) => {
      cancel = this.#timers.later(resolve, FIRST_READ_MS);
    });
    await Promise.race([agreed, late]);
    cancel();
    // Given up waiting, and then stopped: the rejection has nobody else.
    agreed.catch((error: unknown) => {
      if (this.#phase !== "stopping") this.#die(error instanceof Error ? error.message : String(error));
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
    this.#cancelObserving();
    // First: while requests in flight end, the others elect nobody and wait for nobody.
    if (this.#topology.peer !== undefined && this.#front?.leadership.leading === true) {
      const done = await this.#front.cluster.stepDown(STEP_DOWN_MS);
      log.info("leadership handed over", { done });
    }
    await this.#edge?.close(this.#expelled === undefined ? config.shutdownGraceMs : 0);
    await this.#s3?.stop();
    await this.#front?.stop(ROOM_STOP_MS);
    await this.#admin?.close();
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

  #expel(message: string, removed: boolean): void {
    if (this.#expelled !== undefined) return;
    this.#expelled = message;
    this.#options.onExpelled(message, removed);
  }

  #readiness(): Readiness {
    const front = this.#front;
    return readinessOf({
      phase: this.#phase,
      expelled: this.#expelled,
      joins: this.#identity.origin === "join",
      waiting: front?.cluster.waiting,
      leaderKnown: front !== undefined && front.leadership.leaderId !== 0,
      readable: front?.readable === true,
      diskFull: front !== undefined && front.diskRoom !== "enough",
      listening: this.#edge !== undefined,
    });
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
/** A member of a cluster opens its S3 listener this long after it has formed at the latest. */
const FIRST_READ_MS = 10_000;
/** A transfer takes a round trip or two; without a successor the others elect one. */
const STEP_DOWN_MS = 3_000;
/** Between two looks at who can be reached. */
const OBSERVE_INTERVAL_MS = 5_000;
/** How long consensus and store may take to end once the front has. */
const ROOM_STOP_MS = 5_000;

function lockDataDirectory(dataDir: string): DiskLock {
  try {
    return lockDirectory(realDisk, dataDir);
  } catch (error) {
    if (error instanceof DiskError && error.code === "LOCKED") {
      throw new StartError(`data directory ${dataDir} is in use by another process`, { cause: error });
    }
    if (error instanceof DiskError) {
      throw new StartError(`data directory ${dataDir} cannot be used: ${error.message}`, { cause: error });
    }
    throw error;
  }
}
