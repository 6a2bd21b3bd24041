/**
 * One node: data directory, threads, front, listeners. This file holds only the order of start and stop.
 * More than 400 lines: the whole order stays in one file.
 */
import { existsSync } from "node:fs";
import type { AdminListener } from "../admin/listener.ts";
import type { Readiness } from "../admin/types.ts";
import { type JoinTokenAnswer, JoinTokenRefused, type JoinTokenRequest } from "../api/join.ts";
import { openBlobReader } from "../blob/store/blob-store.ts";
import { BUILD_INFO } from "../cli/version.ts";
import { hostIdOf } from "../cluster/host-id.ts";
import type { Member } from "../cluster/registry/node-registry.ts";
import { clusterIdOf } from "../cluster/registry/node-registry.ts";
import { formatAddress, type ListenAddress } from "../config/address.ts";
import { type Config, ConfigError } from "../config/config.ts";
import type { RootCredentials } from "../config/root-credentials.ts";
import { BlobClient } from "../gateway/blob-client.ts";
import { S3Door } from "../gateway/s3-door.ts";
import { type S3Front, startS3Front } from "../gateway/s3-front.ts";
import { startPendingWriteSweeps } from "../gc/pending-write-sweeper.ts";
import type { Edge } from "../http/options.ts";
import { collectMetrics, type MetricsSource } from "../monitoring/collect.ts";
import { watchEventLoopLag } from "../monitoring/event-loop-lag.ts";
import type { Logger, SharedLogLevel } from "../monitoring/log.ts";
import { processSource } from "../monitoring/process-source.ts";
import type { ThreadMetrics } from "../monitoring/thread-metrics.ts";
import { type Clock, systemClock } from "../platform/clock.ts";
import { descriptorAvailable } from "../platform/descriptors.ts";
import { realDisk } from "../platform/disk/real-disk.ts";
import type { DiskLock } from "../platform/disk.ts";
import { EXIT, type ExitCode } from "../platform/exit-codes.ts";
import { bytesRead } from "../platform/io-accounting.ts";
import { memoryAccount } from "../platform/memory-account.ts";
import { systemRandom } from "../platform/random.ts";
import { type ServiceManagerAddress, serviceManager } from "../platform/service-manager.ts";
import { StartError } from "../platform/start-error.ts";
import { systemTimers, type Timers } from "../platform/timers.ts";
import type { PeerIncarnation } from "../raft/engine/incarnations.ts";
import { raftIdOf } from "../raft/engine/raft-id.ts";
import { AdmissionBudget, type BudgetShare, budgetBytes } from "../s3/content/admission-budget.ts";
import { healthProbe } from "../s3/health.ts";
import { makeNodeKey } from "../secrets/node-key.ts";
import type { KeyAtHand } from "../secrets/stored-credentials.ts";
import { ONLY_GROUP } from "../threads/group.ts";
import { entryBytesMax } from "../txn/entry-size.ts";
import { type AccessLog, accessLog } from "./access-log.ts";
import { listenForAdmin } from "./admin-listener.ts";
import { AloneSealing } from "./alone-sealing.ts";
import { givenSecrets, settledSecrets } from "./cluster-proof.ts";
import { ClusterStatusSource } from "./cluster-status.ts";
import {
  addIncarnation,
  keepIncarnations,
  keepNodeKey,
  keepRolledBack,
  keepRoster,
  loadIdentity,
  markInitialized,
  type NodeIdentity,
  type WantedCluster,
} from "./data-directory.ts";
import { blobDirectory } from "./data-files.ts";
import { DescriptorWatch } from "./descriptor-watch.ts";
import { lockDataDirectory, prepareDataDirectory } from "./directory-access.ts";
import { NodeDrain } from "./drain.ts";
import { Joining } from "./joining/joining.ts";
import { checkListeners } from "./listeners.ts";
import { settleNodeKey } from "./local-keys.ts";
import { type NodeMaintenance, startMaintenance } from "./maintenance.ts";
import { MemoryWatch } from "./memory-watch.ts";
import { NodeKv } from "./node-kv.ts";
import { type Phase, readinessOf } from "./readiness.ts";
import { RootKeys } from "./root-keys.ts";
import { startKeepingRootUser } from "./root-user.ts";
import { listenForS3 } from "./s3-listener.ts";
import { ServerTls } from "./server-tls.ts";
import { ServiceReporter } from "./service-reporter.ts";
import { fencedAdvice, threadFailure } from "./thread-failure.ts";
import { makeThreads, type Threads } from "./threads.ts";
import { type Topology, topologyOf } from "./topology.ts";
import { UpdateLocks } from "./update-lock.ts";

export interface NodeOptions {
  readonly config: Config;
  readonly log: Logger;
  /** The node cannot continue; called once. The process should then end with a code that is not zero. */
  readonly onFatal: (message: string, exitCode: ExitCode) => void;
  /**
   * The cluster has removed the node (an orderly end, if the node served until then), or its peers refuse it
   * permanently; called once.
   */
  readonly onFenced: (message: string, exitCode: ExitCode) => void;
  /** Memory runs out; called once. The node should stop, and the process end with a code that it is started again after. */
  readonly onExhausted: (message: string) => void;
  /** Memory runs out before the stop that `onExhausted` began has ended: the process should end at once. */
  readonly onOverdue: () => void;
  readonly metrics: ThreadMetrics;
  /** The service manager that started the node and receives its state. */
  readonly serviceManager?: ServiceManagerAddress | undefined;
  /** The level that all threads share, so that a reload can change it. */
  readonly logLevel?: SharedLogLevel;
}

interface Parts {
  readonly lock: DiskLock;
  readonly topology: Topology;
  readonly identity: NodeIdentity;
  readonly atHand: KeyAtHand | undefined;
  /** Secrets of the cluster. */
  readonly secrets: readonly Uint8Array[];
}

export class Node {
  readonly #options: NodeOptions;
  readonly #lock: DiskLock;
  readonly #clock: Clock = systemClock;
  readonly #timers: Timers = systemTimers;
  readonly #metrics: ThreadMetrics;
  readonly #topology: Topology;
  readonly #secrets: readonly Uint8Array[];
  readonly #status: ClusterStatusSource;
  readonly #descriptors: DescriptorWatch;
  readonly #memory: MemoryWatch;
  /** The part of the only gateway in the node's budget of body bytes. */
  readonly #admissionShare: BudgetShare = { memory: new SharedArrayBuffer(budgetBytes(1)), gateway: 0 };
  readonly #door: S3Door;
  readonly #access: AccessLog;
  readonly #drain: NodeDrain;
  readonly #updateLocks: UpdateLocks;
  readonly #s3Tls: ServerTls | undefined;
  readonly #adminTls: ServerTls | undefined;
  #identity: NodeIdentity;
  readonly #rootKeys: RootKeys;
  /** undefined: the certificates between the nodes, if any, are the operator's. */
  readonly #joining: Joining | undefined;
  readonly #atHand: KeyAtHand | undefined;
  /** Only of a node that runs alone. */
  #alone: AloneSealing | undefined;
  #phase: Phase = "starting";
  #threads: Threads | undefined;
  #front: NodeKv | undefined;
  #s3: S3Front | undefined;
  #blobs: BlobClient | undefined;
  #maintenance: NodeMaintenance | undefined;
  #edge: Edge | undefined;
  #admin: AdminListener | undefined;
  readonly #service: ServiceReporter | undefined;
  #fenced: string | undefined;
  #fatal = false;
  #stopping: Promise<void> | undefined;
  #endSweeps = (): void => {};
  #endRootUser = (): void => {};
  #cancelObserving = (): void => {};
  #cancelLooking = (): void => {};

  private constructor(options: NodeOptions, parts: Parts) {
    this.#options = options;
    this.#lock = parts.lock;
    this.#topology = parts.topology;
    this.#identity = parts.identity;
    this.#secrets = parts.secrets;
    this.#atHand = parts.atHand;
    this.#metrics = options.metrics;
    this.#rootKeys = new RootKeys({
      config: options.config,
      atHand: parts.atHand,
      identity: () => this.#identity,
      clock: this.#clock,
      timers: this.#timers,
      random: systemRandom,
      log: options.log,
    });
    this.#door = new S3Door({ timers: this.#timers, random: systemRandom, metrics: options.metrics });
    this.#status = new ClusterStatusSource({
      identity: () => this.#identity,
      topology: parts.topology,
      front: () => this.#front,
      published: () => this.#threads?.published.group(ONLY_GROUP),
      monotonicMs: () => this.#clock.monotonicMs(),
      draining: () => this.#drain.draining,
    });
    this.#drain = new NodeDrain({
      nodeId: options.config.nodeId,
      edge: () => this.#edge,
      cluster: () => (parts.topology.peer === undefined ? undefined : this.#front?.cluster),
      leadership: () => this.#front?.leadership,
      membership: () => (this.#phase === "serving" ? this.#front?.membership() : undefined),
      timers: this.#timers,
      clock: this.#clock,
      log: options.log,
    });
    this.#updateLocks = new UpdateLocks({
      kv: () => (this.#phase === "serving" ? this.#front?.kv.system : undefined),
      clock: this.#clock,
    });
    this.#memory = this.#makeMemoryWatch();
    this.#joining = this.#makeJoining(parts.atHand);
    this.#service = this.#makeReporter(options.serviceManager);
    const tls = { timers: this.#timers, metrics: options.metrics, log: options.log };
    this.#s3Tls = ServerTls.of(options.config, "s3", tls);
    this.#adminTls = ServerTls.of(options.config, "admin", tls);
    const dropped = this.#metrics.counter("accessLogDropped").labels();
    this.#access = accessLog({
      mode: options.config.s3AccessLog,
      format: options.config.logFormat,
      clock: this.#clock,
      timers: this.#timers,
      onDropped: (lines) => dropped.inc(lines),
    });
    const exhausted = this.#metrics.counter("descriptorsExhausted").labels();
    this.#descriptors = new DescriptorWatch({
      available: descriptorAvailable,
      shed: (count) => this.#edge?.shed(count) ?? 0,
      dropAdmin: () => this.#admin?.dropConnections(),
      onExhausted: () => exhausted.inc(),
      clock: this.#clock,
      log: options.log,
    });
  }

  /**
   * Starts a node and resolves when it serves. @throws StartError | ConfigError naming what the operator can
   * change.
   */
  static async start(options: NodeOptions): Promise<Node> {
    const { config } = options;
    const topology = topologyOf(config);
    checkListeners(config, topology);
    const prepare = (): void =>
      prepareDataDirectory(config.dataDir, { warn: (message, fields) => options.log.warn(message, fields) });
    // An existing directory is checked first. A new directory is made only after the check for a proof of
    // membership.
    const isThere = existsSync(config.dataDir);
    if (isThere) prepare();
    const given = givenSecrets(config, topology);
    if (!isThere) prepare();
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
      const local = settleNodeKey({
        config,
        identity,
        member: topology.peer !== undefined,
        random: systemRandom,
        environment: process.env,
        warn: (message, fields) => options.log.warn(message, fields),
      });
      identity = local.identity;
      const secrets = settledSecrets(given, config, topology, identity, systemRandom, options.log);
      // A node without a peer address has no peer that could learn of its start.
      if (topology.peer !== undefined) identity = addIncarnation(config.dataDir, identity, systemRandom);
      const node = new Node(options, { lock, topology, identity, atHand: local.atHand, secrets });
      try {
        await node.#start();
      } catch (error) {
        node.#service?.ended(error instanceof Error ? error.message : String(error));
        node.#memory.stop();
        await node.#edge?.close(0);
        throw error;
      }
      return node;
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  get identity(): NodeIdentity {
    return this.#identity;
  }

  /** The root keys. @throws Error before the node has started. */
  get credentials(): RootCredentials {
    const { credentials } = this.#rootKeys;
    if (credentials === undefined) throw new Error("the node has not started");
    return credentials;
  }

  get s3Address(): ListenAddress {
    return { host: this.#options.config.s3Address.host, port: this.#edge?.port ?? 0 };
  }

  get adminAddress(): ListenAddress {
    return this.#admin?.address ?? this.#options.config.adminAddress;
  }

  async #start(): Promise<void> {
    const { config, log } = this.#options;
    const member = this.#topology.peer !== undefined;
    if (!member) this.#rootKeys.orMake();
    this.#memory.start();
    // The admin listener starts first, so that /readyz shows the replay.
    this.#admin = await listenForAdmin(
      config,
      {
        readiness: () => this.#readiness(),
        metrics: () => this.#collect(),
        cluster: () => this.#status.status(),
        changeCluster: (change, guard) => this.#status.change(change, guard),
        joinToken: (request) => this.#makeToken(request),
        version: BUILD_INFO,
        maintenance: () => this.#maintenance?.service,
        drain: this.#drain,
        updateLocks: this.#updateLocks,
      },
      {
        front: () => this.#front,
        timers: this.#timers,
        metrics: this.#metrics,
        log,
        certificates: this.#adminTls?.certificates,
        sealing: async () => (member ? this.#rootKeys.sealing : this.#alone?.orMake()),
        rootAccessKey: () => this.#rootKeys.credentials?.accessKey,
      },
    );
    this.#cancelLooking = this.#timers.every(() => this.#descriptors.check(), DESCRIPTOR_INTERVAL_MS);
    this.#phase = "replaying";
    this.#service?.start();
    // Clients may connect and wait from now on, unless an operator may have to act before this node can serve.
    if (this.#formed && this.#rootKeys.credentials !== undefined) this.#edge = await this.#listen();
    await this.#joining?.renewBeforeStart();
    const threads = makeThreads({
      config,
      identity: this.#identity,
      topology: this.#topology,
      secrets: this.#secrets,
      serviceManager: this.#options.serviceManager,
      logLevel: this.#options.logLevel,
      onDeath: (message, codes) => this.#die(message, codes),
    });
    this.#threads = threads;
    const front = this.#makeFront(threads);
    this.#front = front;
    front.start();
    await threads.start();
    this.#identity = markInitialized(config.dataDir, this.#identity);
    await front.cluster.whenFormed();
    front.keyspaceOpen();
    this.#blobs = this.#openBlobs(threads);
    this.#phase = "serving";
    const readable = front.whenReadable();
    readable.then(
      () => front.blobs?.serving(),
      // Whoever waits for it below reports the failure.
      () => {},
    );
    if (member) {
      const observe = (): void => void this.#status.observe();
      this.#cancelObserving = this.#timers.every(observe, OBSERVE_INTERVAL_MS);
      this.#joining?.start(this.#rootKeys.sealingKey);
      await this.#rootKeys.agree(front, readable, (error) => this.#fail(error));
    } else {
      await readable;
      this.#alone = this.#makeAlone(front);
      await this.#alone.open();
    }
    const { credentials } = this;
    this.#maintenance = startMaintenance({
      front,
      blobs: this.#blobs,
      clock: this.#clock,
      timers: this.#timers,
      random: systemRandom,
      memoryShort: () => this.#memory.short,
      versionsOpen: () => threads.published.versionsOpen,
      clusterId: () => this.#identity.clusterId,
      pinMs: config.blobPinMs,
      nodeId: config.nodeId,
      startId: threads.startId,
      metrics: this.#metrics,
      log,
    });
    const certain = member ? this.#rootKeys.settled : Promise.resolve(credentials);
    this.#endRootUser = startKeepingRootUser({
      kv: front.kv.system,
      accessKey: certain.then(({ accessKey }) => accessKey),
      timers: this.#timers,
      log,
    });
    this.#s3 = await startS3Front({
      config,
      kv: front.kv,
      users: front.users,
      sealing: () => this.#rootKeys.sealing ?? this.#alone?.sealing,
      blobs: this.#blobs,
      credentials,
      clock: this.#clock,
      random: systemRandom,
      startId: threads.startId,
      hold: this.#door.leader,
      published: threads.published,
      hostId: hostIdOf(this.#identity.instance),
      metrics: this.#metrics,
      log,
      admissionShare: this.#admissionShare,
      admissionBytes: this.#memory.bodyBytes(
        config.s3PutAdmissionMaxInflightBytes,
        entryBytesMax(config.raftMaxSizePerMsg),
      ),
      onDeath: (message) => this.#die(message),
    });
    this.#endSweeps = startPendingWriteSweeps({
      kv: front.kv,
      clock: this.#clock,
      timers: systemTimers,
      node: config.nodeId,
      origin: threads.startId,
      ttlMs: config.s3PendingWriteTtlMs,
      log,
    });
    this.#door.serve(this.#s3.application);
    this.#edge ??= await this.#listen();
    this.#drain.refresh();
    watchEventLoopLag(this.#metrics, this.#clock);
    log.info("serving", {
      s3: formatAddress(this.s3Address),
      admin: formatAddress(this.adminAddress),
      cluster: this.#identity.clusterId,
      node: this.#identity.nodeId,
      hostId: hostIdOf(this.#identity.instance),
    });
  }

  #makeFront(threads: Threads): NodeKv {
    const { config, log } = this.#options;
    const { clientId, consensus, store } = threads.gateways[0];
    const shared = {
      published: threads.published,
      clock: this.#clock,
      timers: this.#timers,
      metrics: this.#metrics,
      log,
    };
    const gateway = {
      ...shared,
      clientId,
      consensus,
      store,
      openReader: threads.openReader,
      maxTxnBytes: entryBytesMax(config.raftMaxSizePerMsg),
      onServeable: (serveable: boolean) => this.#door.leader.setOpen(serveable),
    };
    const control = {
      ...shared,
      consensus: threads.consensus,
      store: threads.store,
      blob: threads.blob,
      gracePeriodMs: config.gcGracePeriodMs,
      blobSweepIntervalMs: config.blobGcIntervalMs,
      diskReserveBytes: config.diskReserveBytes,
      freeDiskBytes: () => realDisk.space(config.dataDir).freeBytes,
      formed: this.#formed,
      keepRoster: (clusterId: string, met: readonly Member[]) => {
        this.#identity = keepRoster(config.dataDir, this.#identity, clusterId, met);
      },
      keepIncarnations: (peers: readonly PeerIncarnation[], since: string) => {
        this.#identity = keepIncarnations(config.dataDir, this.#identity, peers, since);
      },
      keepRolledBack: (message: string) => {
        this.#identity = keepRolledBack(config.dataDir, this.#identity, message);
      },
      onFenced: (message: string, removed: boolean) => this.#fence(message, removed),
      onFatal: (message: string) => this.#die(message),
      ...(this.#joining && { onJoin: this.#joining.answer.bind(this.#joining) }),
    };
    return new NodeKv({ control, gateways: [gateway] });
  }

  /** The blobs of this node, for its gateway. */
  #openBlobs(threads: Threads): BlobClient {
    const { instance, nodeId } = this.#identity;
    const identity = { clusterId: instance, nodeId };
    const directory = blobDirectory(this.#options.config.dataDir);
    return new BlobClient({
      channel: threads.gateways[0].blob,
      reader: openBlobReader({ disk: realDisk, directory, identity }),
      clock: this.#clock,
      applied: threads.published.group(ONLY_GROUP),
      published: threads.published,
      node: raftIdOf(nodeId),
      pinMs: this.#options.config.blobPinMs,
      timers: this.#timers,
      tick: async () => void (await this.#front?.kv.system.transact({ conditions: [], mutations: [] })),
    });
  }

  /** This node knows its cluster. A sole initial member has no other member to meet. */
  get #formed(): boolean {
    const { origin, roster } = this.#identity;
    return origin === "alone" || roster !== undefined || this.#topology.initialCluster.length === 1;
  }

  #makeJoining(atHand: KeyAtHand | undefined): Joining | undefined {
    const { config, log } = this.#options;
    if (this.#topology.peer?.tls?.joins !== true || atHand === undefined) return undefined;
    return new Joining({
      dataDir: config.dataDir,
      nodeId: config.nodeId,
      key: atHand.key,
      secrets: this.#secrets,
      front: () => this.#front,
      status: this.#status,
      clock: this.#clock,
      timers: this.#timers,
      random: systemRandom,
      log,
      onFailure: (error) => this.#fail(error),
    });
  }

  #makeAlone(front: NodeKv): AloneSealing {
    const { config, log } = this.#options;
    return new AloneSealing({
      kv: front.kv.system,
      key: this.#atHand?.key,
      makeKey: () => {
        const key = makeNodeKey(config.dataDir, systemRandom);
        this.#identity = keepNodeKey(config.dataDir, this.#identity, key.fingerprint);
        return key;
      },
      self: () => {
        const { clusterId, nodeId, instance } = this.#identity;
        return { clusterId, name: nodeId, instance };
      },
      timers: this.#timers,
      random: systemRandom,
      log,
    });
  }

  async #makeToken(request: JoinTokenRequest): Promise<JoinTokenAnswer> {
    if (this.#joining !== undefined) return this.#joining.makeToken(request);
    throw new JoinTokenRefused(
      "NO_AUTHORITY",
      "this cluster has no CA of its own: elastickv setup was not used; nodes join as docs/operations/cluster.md says under Grow",
    );
  }

  #makeMemoryWatch(): MemoryWatch {
    const { config, metrics, log, onExhausted, onOverdue } = this.#options;
    const budget = new AdmissionBudget(this.#admissionShare);
    return new MemoryWatch({
      lower: config.memoryWatermark,
      upper: config.memoryExitWatermark,
      account: memoryAccount,
      collect: () => {
        Bun.gc(true);
        Bun.shrink();
      },
      onShort: (short) => budget.setShort(short),
      serving: () => this.#phase === "serving" && this.#door.isServing,
      onExhausted,
      onOverdue,
      clock: this.#clock,
      timers: this.#timers,
      metrics,
      log,
    });
  }

  #makeReporter(manager: ServiceManagerAddress | undefined): ServiceReporter | undefined {
    if (manager === undefined) return undefined;
    return new ServiceReporter({
      manager: serviceManager(manager, (message) => this.#options.log.warn(message)),
      readiness: () => this.#readiness(),
      position: () => {
        const group = this.#threads?.published.group(ONLY_GROUP);
        return { applied: group?.appliedIndex ?? 0, committed: group?.commitIndex ?? 0 };
      },
      bytesRead,
      serving: () => `serves S3 on ${formatAddress(this.s3Address)}`,
      note: () => this.#memory.status,
      monotonicMs: () => this.#clock.monotonicMs(),
      systemMonotonicMs: () => Number(process.hrtime.bigint() / 1000n) / 1000,
      timers: this.#timers,
    });
  }

  #listen(): Promise<Edge> {
    const { config, log } = this.#options;
    const probe = healthProbe({
      domains: config.s3Domains,
      readiness: () => this.#readiness(),
      hasLocally: (key) => this.#front?.hasLocally(key) ?? false,
    });
    return listenForS3(
      config,
      { application: this.#door.application, probe },
      this.#metrics,
      log,
      this.#access,
      this.#s3Tls?.certificates,
    );
  }

  /** Reads the certificate files again, then calls `more`. Open connections stay. */
  reload(more: () => void): void {
    this.#service?.reloading();
    this.#s3Tls?.reload();
    this.#adminTls?.reload();
    more();
    this.#service?.reloaded();
  }

  /**
   * Stops accepting requests, lets requests in flight finish, then stops the threads. A second call (a terminal and
   * `make` both forward Ctrl-C) waits for the same stop and does not shorten it.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#phase = "stopping";
    const { config, log } = this.#options;
    const graceMs = this.#fenced === undefined ? config.shutdownGraceMs : 0;
    const inFlight = this.#edge?.inFlight ?? 0;
    log.info("stopping", { inFlight });
    this.#service?.stopping(graceMs, inFlight);
    this.#cancelObserving();
    this.#s3Tls?.stop();
    this.#adminTls?.stop();
    this.#rootKeys.stop();
    this.#joining?.stop();
    this.#drain.stop();
    this.#edge?.drain(true);
    // Leadership is transferred first: otherwise the others elect no leader while requests in flight finish.
    if (this.#topology.peer !== undefined) {
      this.#front?.cluster.setDraining(true);
      if (this.#front?.leadership.leading === true) await this.#drain.handOver();
    }
    // Requests that still wait for a leader get an answer while there is time, and the client can retry at another
    // node.
    const cancel = this.#timers.later(() => this.#door.giveUp(), Math.max(0, graceMs - GIVE_UP_BEFORE_MS));
    await this.#edge?.close(graceMs);
    cancel();
    this.#access.close();
    this.#endSweeps();
    this.#maintenance?.stop();
    this.#endRootUser();
    await this.#s3?.stop();
    this.#blobs?.close();
    await this.#front?.stop(THREAD_STOP_MS);
    this.#cancelLooking();
    this.#memory.stop();
    await this.#admin?.close();
    this.#lock.release();
    log.info("stopped");
  }

  #die(message: string, codes: readonly string[] = []): void {
    this.#fail(threadFailure(message, codes, this.#options.config.dataDir));
  }

  #fail(error: unknown): void {
    // Called while stopping too: running requests would wait for a dead thread, and the exit code would be 0.
    if (this.#fatal) return;
    this.#fatal = true;
    const message = error instanceof Error ? error.message : String(error);
    this.#options.log.error("this node cannot go on", { reason: message });
    this.#service?.ended(message);
    this.#options.onFatal(message, error instanceof StartError ? error.exitCode : EXIT.MAY_MEND);
  }

  #fence(message: string, removed: boolean): void {
    if (this.#fenced !== undefined) return;
    this.#fenced = message;
    // A removal that is reported at the start makes the start fail; a removal while the node serves was just
    // requested.
    const good = removed && this.#front?.readable === true;
    const advice = message.includes("elastickv cluster replace")
      ? ""
      : fencedAdvice(this.#identity.nodeId, removed);
    this.#options.onFenced(`${message}${advice}`, good ? EXIT.DONE : EXIT.LASTING);
  }

  #readiness(): Readiness {
    const front = this.#front;
    front?.checkDisk();
    return readinessOf({
      phase: this.#phase,
      fenced: this.#fenced,
      joins: this.#identity.origin === "join",
      waiting: front?.cluster.waiting,
      leaderKnown: front !== undefined && front.leadership.leaderId !== 0,
      readable: front?.readable === true,
      waitsForKey: this.#rootKeys.waitsForKey,
      diskFull: front !== undefined && front.diskSpace !== "enough",
      draining: this.#drain.draining,
      descriptorsExhausted: this.#descriptors.exhausted,
      listening: this.#edge !== undefined && this.#door.isServing,
    });
  }

  #collect(): Promise<string> {
    this.#metrics
      .gauge("ready")
      .labels()
      .set(this.#readiness().ready ? 1 : 0);
    this.#metrics
      .gauge("draining")
      .labels()
      .set(this.#drain.draining ? 1 : 0);
    this.#metrics.gauge("buildInfo").labels(BUILD_INFO).set(1);
    if (this.#joining !== undefined) {
      this.#metrics.gauge("peerCertificateEnd").labels().set(this.#joining.certificateEndSeconds);
    }
    const front: MetricsSource = { thread: "front", collect: () => this.#metrics.collect() };
    return collectMetrics([
      front,
      PROCESS,
      ...(this.#threads?.metricsSources ?? []),
      ...(this.#s3?.metricsSources ?? []),
    ]);
  }
}

const PROCESS = processSource();
/** Time before connections with a request are cut. */
const GIVE_UP_BEFORE_MS = 1_000;
/** Interval of the checks which members are reachable. */
const OBSERVE_INTERVAL_MS = 5_000;
/** Interval of the checks for a free file descriptor. */
const DESCRIPTOR_INTERVAL_MS = 1_000;
/** Time for consensus and store to end after the front has ended. */
const THREAD_STOP_MS = 5_000;
