/**
 * One life of a node: every thread of the real code, each in a simulated thread, from the start of the process to its end.
 *
 * More than 400 lines: the wiring of all threads is read as a whole.
 */

import type { TransportCallbacks } from "../../../src/cluster/types.ts";
import { ConsensusThread } from "../../../src/consensus/consensus-thread.ts";
import { LogClient } from "../../../src/consensus/log-client.ts";
import type { BlobClient } from "../../../src/gateway/blob-client.ts";
import type {
  ConsensusToControl,
  ConsensusToGateway,
  ConsensusToSnapshot,
  ConsensusToStore,
  ControlToConsensus,
  ControlToStore,
  GatewayToConsensus,
  GatewayToStore,
  SnapshotToConsensus,
  StoreToConsensus,
  StoreToControl,
  StoreToGateway,
} from "../../../src/messages/messages.ts";
import { ThreadMetrics } from "../../../src/monitoring/thread-metrics.ts";
import { NodeKv } from "../../../src/node/node-kv.ts";
import { PeerTransport, type Transport, type TransportMetrics } from "../../../src/peer/index.ts";
import type { NetworkAddress } from "../../../src/platform/network.ts";
import type { Message } from "../../../src/raft/core/index.ts";
import { WalError } from "../../../src/raft/log/errors.ts";
import { LogThread } from "../../../src/raft/log/log-thread.ts";
import type { LogReply, LogRequest } from "../../../src/raft/log/messages.ts";
import { Wal } from "../../../src/raft/log/wal.ts";
import { SnapshotThread } from "../../../src/snapshots/snapshot-thread.ts";
import { StoreThread } from "../../../src/state/store-thread.ts";
import { PublishedState } from "../../../src/threads/shared-state.ts";
import type { KvGroup } from "../../../src/txn/types.ts";
import { NO_CONSENSUS_METRICS } from "../../support/local-cluster/no-metrics.ts";
import { noLog } from "../../support/no-log.ts";
import { BlobLife, blobAddressOf, SIM_BLOB_TIMES } from "./blob-life.ts";
import { LogAudit } from "./log-audit.ts";
import type { Machine } from "./machine.ts";
import { simTimers } from "./node-clock.ts";
import type { Life as WatchedLife } from "./safety.ts";
import { type Process, SimThread } from "./scheduler.ts";
import { simChannel } from "./sim-channel.ts";
import type { SimRandom } from "./sim-random.ts";
import { Violation } from "./violation.ts";

const nothing = (): void => {};
const NO_TRANSPORT_METRICS: TransportMetrics = {
  dropped: nothing,
  sent: nothing,
  received: nothing,
  protocolError: nothing,
  handshakeFailed: nothing,
  connected: nothing,
};
/** Of every simulated node. */
const CLUSTER_SECRET = Uint8Array.from({ length: 32 }, (_, i) => 7 * i);
/** How late a message comes that comes twice, or out of order: mostly soon, and now and then from another age. */
const DISORDER_MEANS_MS = [10, 300, 300, 10_000];

const THREADS = ["front", "consensus", "log", "store", "snapshot", "gateway", "blob"] as const;
export type ThreadName = (typeof THREADS)[number];

export interface GatewayEntry {
  readonly thread: SimThread;
  readonly kv: KvGroup;
  /** undefined: a run without blobs. */
  readonly blobs: BlobClient | undefined;
}

export class Life implements Process, WatchedLife {
  readonly name: string;
  alive = true;
  held: (() => void)[] | undefined;
  isDying = false;
  applied = 0;
  commit = 0;
  readonly threads: Readonly<Record<ThreadName, SimThread>>;
  readonly published = new PublishedState();
  readonly machine: Machine;
  front: NodeKv | undefined;
  blobs: BlobLife | undefined;
  readonly clusterSecret = CLUSTER_SECRET;
  readonly transportMetrics = NO_TRANSPORT_METRICS;
  /** Where clients come in: each gateway with the thread that it runs in. */
  entries: readonly GatewayEntry[] = [];
  /** Log and keyspace are open: it takes part. */
  opened = false;
  readonly #random: SimRandom;
  readonly #deathWatch: (() => void)[] = [];
  #logAudit: LogAudit | undefined;

  constructor(machine: Machine, random: SimRandom) {
    this.machine = machine;
    this.name = machine.name;
    this.#random = random;
    const { scheduler } = machine.world;
    const thread = (thread: ThreadName): SimThread =>
      new SimThread(scheduler, this, `${this.name}.${thread}`);
    this.threads = {
      // Control and the first gateway, as in a real node.
      front: thread("front"),
      gateway: thread("gateway"),
      consensus: thread("consensus"),
      log: thread("log"),
      store: thread("store"),
      snapshot: thread("snapshot"),
      blob: thread("blob"),
    };
    this.threads.consensus.afterTurn = () =>
      machine.world.guard(() => {
        const { safety } = machine.world;
        safety.knowsCommitted(this, this.published.group(0).commitIndex);
        safety.checkElection(this.name, machine.shadow.memory);
      });
    this.threads.log.afterTurn = () =>
      machine.world.guard(() => {
        // Reading rot would end the log before its time.
        if (this.alive && !machine.damaged) this.#logAudit?.afterTurn(machine.shadow);
      });
  }

  get term(): number {
    return this.machine.shadow.memory.hardState.term;
  }

  /** In a turn of the front thread. */
  start(): void {
    const { machine, threads, published } = this;
    const { world, clock, identity } = machine;
    const { profile, safety } = world;
    const latency = (): number => this.#random.exponential(profile.messagesMs);
    const { front, consensus, log, store, snapshot } = threads;
    const [controlC, consensusF] = simChannel<ConsensusToControl, ControlToConsensus>(
      front,
      consensus,
      latency,
    );
    const [controlS, storeF] = simChannel<StoreToControl, ControlToStore>(front, store, latency);
    const gateways = [threads.front, threads.gateway].map((thread) => ({
      thread,
      clientId: this.#random.bytes(8),
      consensus: simChannel<ConsensusToGateway, GatewayToConsensus>(thread, consensus, latency),
      store: simChannel<StoreToGateway, GatewayToStore>(thread, store, latency),
    }));
    const blobs = profile.blobs
      ? new BlobLife(
          this,
          gateways.map(({ thread }) => thread),
          latency,
          (gateway) => (this.entries[gateway] as GatewayEntry).kv,
        )
      : undefined;
    this.blobs = blobs;
    const [consensusS, storeC] = simChannel<StoreToConsensus, ConsensusToStore>(consensus, store, latency);
    const [consensusL, logC] = simChannel<LogReply, LogRequest>(consensus, log, latency);
    const [consensusN, snapshotC] = simChannel<SnapshotToConsensus, ConsensusToSnapshot>(
      consensus,
      snapshot,
      latency,
    );
    const tap =
      <T>(watch: (message: T) => void) =>
      (message: T) =>
        world.guard(() => watch(message));
    storeC.tap = tap((message) => {
      if (message.kind === "apply") safety.applied(this, message.entries);
      if (message.kind === "install") safety.restored(this, message.snapshot);
    });
    consensusS.tap = tap((message) => {
      if (message.kind === "opened") this.applied = message.applied.index;
    });
    // As it is sent: what the consensus thread has taken into its log is on its way to the disk, however slow that is.
    consensusL.sendTap = tap((message) => {
      if (message.kind === "append") machine.shadow.asked(message.id, message.batch);
      if (message.kind === "compact") {
        machine.shadow.markerAsked(message.marker.index);
        checkDurable(machine, message.marker.index);
      }
    });
    consensusL.tap = tap((message) => {
      if (message.kind === "opened") {
        machine.shadow.recovered(message.recovered, machine.damaged ? undefined : this.#logAudit?.read());
      }
      if (message.kind === "appended") machine.shadow.acknowledged(message.id);
      if (message.kind === "entries") machine.shadow.read(message.entries);
    });
    const fatal = (message: string): void => machine.fatal(message);
    const shared = { published, clock, metrics: new ThreadMetrics("front"), log: noLog };
    const [first, ...others] = gateways.map(({ thread, clientId, consensus, store }) => ({
      ...shared,
      clientId,
      consensus: consensus[0],
      store: store[0],
      timers: simTimers(thread, clock),
      openReader: () => machine.keyspace.generations.openReader(),
      maxTxnBytes: profile.raft.maxSizePerMsgBytes,
    }));
    if (first === undefined) throw new Error("a life needs a gateway");
    this.front = new NodeKv({
      control: {
        ...shared,
        consensus: controlC,
        store: controlS,
        timers: simTimers(front, clock),
        gracePeriodMs: profile.blobs ? SIM_BLOB_TIMES.graceMs : 0,
        blob: blobs?.control,
        blobSweepIntervalMs: SIM_BLOB_TIMES.sweepMs,
        diskReserveBytes: 0,
        freeDiskBytes: () => 0,
        formed: identity.roster !== undefined,
        keepRoster: (clusterId, roster) => machine.keepRoster(clusterId, roster),
        keepIncarnations: (peers, since) => machine.keepIncarnations(peers, since),
        onFenced: (message, removed) => machine.fenced(message, removed),
        onFatal: fatal,
      },
      gateways: [first, ...others],
    });
    this.entries = this.front.gateways.map(({ kv }, index) => ({
      kv: kv.system,
      thread: (gateways[index] as { thread: SimThread }).thread,
      blobs: blobs?.clients[index],
    }));
    this.front.start();
    if (blobs !== undefined) threads.blob.post(latency(), "open blobs", () => blobs.open());
    consensus.post(latency(), "start", () => {
      const thread = new ConsensusThread({
        identity: { ...machine.identity, name: machine.name },
        initialCluster: machine.initialCluster,
        join: machine.join,
        peer: {
          advertise: machine.address,
          tls: false,
          transport: (callbacks) => this.#transport(callbacks),
        },
        raft: profile.raft,
        clock,
        timers: simTimers(consensus, clock),
        random: this.#random.fork("consensus"),
        published,
        control: consensusF,
        gateways: gateways.map((gateway) => gateway.consensus[1]),
        store: consensusS,
        snapshots: consensusN,
        ...(blobs === undefined
          ? {}
          : { blob: blobs.consensus, blobs: { address: blobAddressOf(machine.name), offload: true } }),
        log: new LogClient({
          channel: consensusL,
          maxSegments: profile.maxWalFiles,
          fatal,
          onDiskFull: (full) => consensusF.send({ kind: "disk-full", full }),
        }),
        metrics: NO_CONSENSUS_METRICS,
        logger: noLog,
        version: "sim",
        fatal,
      });
      thread.opened.then(
        () => {
          this.opened = true;
          front.post(0, "opened", () => {
            machine.markInitialized();
            void this.front?.cluster.whenFormed().then(() => {
              this.front?.keyspaceOpen();
              if (blobs !== undefined) this.#serveBlobs();
            });
          });
        },
        (error: unknown) => machine.refused(error),
      );
      thread.start();
    });
    const startData = (): void => {
      log.post(latency(), "open log", () => this.#openLog(logC));
      store.post(latency(), "open keyspace", () => {
        new StoreThread({
          generations: machine.keyspace.generations,
          published,
          consensus: storeC,
          control: storeF,
          gateways: gateways.map((gateway) => ({ channel: gateway.store[1], clientId: gateway.clientId })),
          blob: blobs?.store,
          retentionMs: profile.retentionMs,
          metrics: { applied: nothing, compacted: nothing },
          log: noLog,
          seconds: () => clock.monotonicMs() / 1000,
          timers: simTimers(store, clock),
          fatal,
        })
          .start()
          .catch((error: unknown) => machine.refused(error));
      });
      snapshot.post(latency(), "start", () => {
        new SnapshotThread({
          generations: machine.keyspace.generations,
          channel: snapshotC,
          timers: simTimers(snapshot, clock),
          fatal,
        }).start();
      });
    };
    if (identity.clusterId !== "") startData();
    else void this.front.cluster.whenFormed().then(startData);
  }

  /** Stops as an operator would have it: leadership is handed over first. */
  stopGracefully(done: () => void): void {
    this.threads.front.post(0, "stop", () => {
      const { front } = this;
      if (front === undefined) return done();
      void front.cluster
        .stepDown(2_000)
        .then(() => front.stop(2_000))
        .then(done);
    });
  }

  /** As a real node: once a linearizable read has succeeded. */
  #serveBlobs(): void {
    this.front?.whenReadable().then(
      () => this.front?.blobs?.serving(),
      // The node was stopped before.
      () => {},
    );
  }

  /** A stream of randomness for one part. */
  randomOf(part: string): SimRandom {
    return this.#random.fork(part);
  }

  /** At rest: the log holds what it acknowledged. */
  auditLog(): void {
    const { machine } = this;
    if (this.alive && !machine.damaged) this.#logAudit?.now(machine.shadow);
  }

  onDeath(task: () => void): void {
    if (this.alive) this.#deathWatch.push(task);
    else task();
  }

  /** It is killed, and waits for a system call to end: no thread takes another turn. */
  dying(): void {
    this.isDying = true;
    this.held ??= [];
  }

  /** The process is no more. */
  end(): void {
    if (!this.alive) return;
    this.alive = false;
    this.held = undefined;
    for (const task of this.#deathWatch.splice(0)) task();
  }

  onError(thread: string, error: unknown): void {
    this.machine.world.fail(error instanceof Error ? error : new Error(`${thread}: ${String(error)}`));
  }

  #openLog(channel: ReturnType<typeof simChannel<LogReply, LogRequest>>[1]): void {
    const { machine } = this;
    const { clock, disk, identity, world } = machine;
    try {
      machine.makeDataDirectory();
      const { wal, recovered } = Wal.open({
        disk,
        directory: "/data/wal",
        identity: { clusterId: identity.clusterId, nodeId: machine.name },
        create: identity.initializing,
        segmentBytes: world.profile.segmentBytes,
        clock,
        random: this.#random.fork("wal"),
      });
      this.#logAudit = new LogAudit(wal, disk);
      new LogThread({
        wal,
        recovered,
        channel,
        metrics: { synced: nothing },
        later: simTimers(this.threads.log, clock).later,
        fatal: (message) => machine.fatal(message),
      }).start();
    } catch (error) {
      const code = error instanceof WalError ? error.code : "INTERNAL";
      const message = error instanceof Error ? error.message : String(error);
      channel.send({ kind: "failed", code, message });
      channel.flush();
      machine.refused(error);
    }
  }

  #transport(callbacks: TransportCallbacks): Transport {
    const { machine, threads } = this;
    const { world, clock } = machine;
    const { profile, safety, scheduler } = world;
    const random = this.#random.fork("disorder");
    const late = (): number => random.exponential(random.pick(DISORDER_MEANS_MS));
    const inner = new PeerTransport({
      ...callbacks,
      authentication: { secrets: [CLUSTER_SECRET], tls: false },
      onMessage: (from, message) => {
        const deliver = (): void => callbacks.onMessage(from, message);
        if (message.kind !== "raft") return deliver();
        scheduler.trace?.(
          scheduler.now,
          threads.consensus.name,
          `  from ${from.name}: ${brief(message.message)}`,
        );
        if (random.chance(profile.duplicate)) {
          const again = { ...message, message: copyOf(message.message) };
          threads.consensus.post(late(), "duplicate", () => callbacks.onMessage(from, again));
        }
        // Entries lie in memory that is the thread's from now on, and not for longer than it says.
        if (message.message.entries.length === 0 && random.chance(profile.disorder)) {
          threads.consensus.post(late(), "late", deliver);
        } else deliver();
      },
      network: world.fabric.of(machine.name, threads.consensus),
      clock,
      timers: simTimers(threads.consensus, clock),
      random: this.#random.fork("transport"),
      listen: networkAddress(machine.address),
      lanes: profile.lanes,
      maxInflightMsgs: profile.raft.maxInflightMsgs,
      maxSizePerMsgBytes: profile.raft.maxSizePerMsgBytes,
      metrics: NO_TRANSPORT_METRICS,
    });
    return {
      start: () => inner.start(),
      setPeers: (peers) => inner.setPeers(peers),
      status: () => inner.status(),
      close: () => inner.close(),
      send: (to, message) => {
        if (message.kind === "raft" || message.kind === "snapshot-begin") {
          world.guard(() => safety.sent(this.name, message.message));
        }
        return inner.send(to, message);
      },
    };
  }
}

/** The log may be dropped up to what a power cut leaves of the keyspace, and no further. */
function checkDurable(machine: Machine, marker: number): void {
  const durable = machine.keyspace.durableIndex();
  if (marker <= durable) return;
  throw new Violation("the log is dropped up to what is durable", { node: machine.name, marker, durable });
}

function networkAddress(address: string): NetworkAddress {
  const [host, port] = address.split(":") as [string, string];
  return { host, port: Number(port) };
}

function copyOf(message: Message): Message {
  return { ...message, entries: message.entries.map((entry) => ({ ...entry, data: entry.data.slice() })) };
}

function brief(message: Message): string {
  const { type, from, to, term, logTerm, index, commit, reject, entries } = message;
  return `${type} ${from}->${to} term=${term} logTerm=${logTerm} index=${index} commit=${commit} reject=${reject} entries=${entries.length}`;
}
