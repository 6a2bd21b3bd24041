/** The blob thread of one life of a node, and the blobs as its gateways see them. */
import { BlobConnections } from "../../../src/blob/replication/peers.ts";
import { BlobReplicator } from "../../../src/blob/replication/replicator.ts";
import { openBlobReader, openBlobStore } from "../../../src/blob/store/blob-store.ts";
import { BlobThread } from "../../../src/blob/thread/blob-thread.ts";
import { FilePinMark, PIN_MARK } from "../../../src/blob/thread/pin-mark.ts";
import { failureOf, localWrite } from "../../../src/blob/thread/replicate.ts";
import type { BlobStore } from "../../../src/blob/types.ts";
import { PEER_PROTOCOL } from "../../../src/cluster/peers.ts";
import { BlobClient } from "../../../src/gateway/blob-client.ts";
import type {
  BlobToControl,
  BlobToGateway,
  BlobToStore,
  ConsensusToBlob,
  ControlToBlob,
  GatewayToBlob,
  StoreToBlob,
} from "../../../src/messages/blobs.ts";
import type { TransportMetrics } from "../../../src/peer/index.ts";
import { raftIdOf } from "../../../src/raft/engine/raft-id.ts";
import type { Channel } from "../../../src/threads/channel.ts";
import { physicalMs } from "../../../src/txn/hlc.ts";
import type { KvGroup } from "../../../src/txn/types.ts";
import { MemoryBlobIndex } from "../../support/blobs/memory-index.ts";
import { noLog } from "../../support/no-log.ts";
import type { Life } from "./life.ts";
import { simTimers } from "./node-clock.ts";
import type { SimThread } from "./scheduler.ts";
import { type Latency, simChannel } from "./sim-channel.ts";

/** Times of a simulated cluster: a run takes a minute. */
export const SIM_BLOB_TIMES = { pinMs: 3_000, graceMs: 500, sweepMs: 700 } as const;
const DIRECTORY = "/data/blobs";
const SEGMENT_BYTES = 64 << 10;
const PORT = 7001;

const nothing = (): void => {};

export function blobAddressOf(name: string): string {
  return `${name}:${PORT}`;
}

export class BlobLife {
  readonly consensus: Channel<never, ConsensusToBlob>;
  readonly store: Channel<BlobToStore, StoreToBlob>;
  readonly control: Channel<BlobToControl, ControlToBlob>;
  /** In the order of the gateways. */
  readonly clients: readonly BlobClient[];
  /** What lies on the disk of the machine; undefined before the thread has opened it. */
  own: BlobStore | undefined;
  thread: BlobThread | undefined;
  readonly #life: Life;
  readonly #sides: {
    readonly consensus: Channel<ConsensusToBlob, never>;
    readonly store: Channel<StoreToBlob, BlobToStore>;
    readonly control: Channel<ControlToBlob, BlobToControl>;
    readonly gateways: readonly Channel<GatewayToBlob, BlobToGateway>[];
  };
  readonly #index = new MemoryBlobIndex();

  constructor(
    life: Life,
    gateways: readonly SimThread[],
    latency: Latency,
    kv: (gateway: number) => KvGroup,
  ) {
    this.#life = life;
    const { blob, consensus, store, front } = life.threads;
    const [consensusEnd, fromConsensus] = simChannel<never, ConsensusToBlob>(consensus, blob, latency);
    const [storeEnd, fromStore] = simChannel<BlobToStore, StoreToBlob>(store, blob, latency);
    const [controlEnd, fromControl] = simChannel<BlobToControl, ControlToBlob>(front, blob, latency);
    const sides = gateways.map((thread) => simChannel<BlobToGateway, GatewayToBlob>(thread, blob, latency));
    this.consensus = consensusEnd;
    this.store = storeEnd;
    this.control = controlEnd;
    this.#sides = {
      consensus: fromConsensus,
      store: fromStore,
      control: fromControl,
      gateways: sides.map(([, end]) => end),
    };
    const { machine, published } = life;
    this.clients = sides.map(
      ([end], gateway) =>
        new BlobClient({
          channel: end,
          reader: openBlobReader({
            disk: machine.disk,
            directory: DIRECTORY,
            identity: this.#identity,
            index: this.#index,
          }),
          clock: machine.clock,
          applied: published.group(0),
          published,
          node: raftIdOf(machine.name),
          pinMs: SIM_BLOB_TIMES.pinMs,
          timers: simTimers(gateways[gateway] as SimThread, machine.clock),
          tick: async () => void (await kv(gateway).transact({ conditions: [], mutations: [] })),
        }),
    );
  }

  get #identity() {
    const { machine } = this.#life;
    return { clusterId: machine.identity.instance, nodeId: machine.name };
  }

  /** In a turn of the blob thread. */
  open(): void {
    const { machine, threads, published } = this.#life;
    const timers = simTimers(threads.blob, machine.clock);
    const appliedMs = (): number => physicalMs(published.group(0).appliedCommitTs);
    let pinMark: FilePinMark;
    try {
      machine.makeDataDirectory();
      this.own = openBlobStore({
        disk: machine.disk,
        directory: DIRECTORY,
        identity: this.#identity,
        clock: { nowMs: appliedMs },
        timers,
        index: this.#index,
        segmentBytes: SEGMENT_BYTES,
        onFailed: (error) => machine.fatal(error.message),
      });
      pinMark = new FilePinMark(machine.disk, `${DIRECTORY}/${PIN_MARK}`);
    } catch (error) {
      machine.refused(error);
      return;
    }
    const store = this.own;
    const ownId = raftIdOf(machine.name);
    const thread = new BlobThread({
      ownId,
      store,
      openReader: () => machine.keyspace.generations.openReader(),
      appliedMs,
      pinMark,
      freeBytes: () => machine.disk.space(DIRECTORY).freeBytes,
      gateways: this.#sides.gateways,
      consensus: this.#sides.consensus,
      control: this.#sides.control,
      state: this.#sides.store,
      connect: (server) => {
        const connections = this.#connections(server);
        connections.start().catch((error: unknown) => this.#life.onError(threads.blob.name, error));
        return connections;
      },
      replicate: (peers, writeLocal) =>
        new BlobReplicator({
          ownId,
          peers,
          writeLocal: localWrite(writeLocal),
          failureOf,
          minReplicas: machine.world.profile.nodes >= 5 ? 3 : undefined,
          clock: machine.clock,
          timers,
          metrics: { pushed: nothing, degraded: nothing, stored: nothing },
          logger: noLog,
        }),
      settings: {
        offload: true,
        fetchWorkers: 2,
        fetchQueueSize: 16,
        fetchRatePerPeer: 1 << 20,
        fetchBurstPerPeer: 1 << 20,
        backfillIntervalMs: 3_000,
        orphanScanIntervalMs: 2_000,
        graceMs: SIM_BLOB_TIMES.graceMs,
        scrubRate: 64 << 10,
        scrubIntervalMs: 5_000,
        pinMaxMs: 2 * SIM_BLOB_TIMES.pinMs,
        reserveBytes: 0,
      },
      clock: machine.clock,
      timers,
      random: this.#life.randomOf("blob"),
      log: noLog,
      metrics: {
        deduplicated: nothing,
        fetched: nothing,
        lied: nothing,
        unrecoverable: nothing,
        deleted: nothing,
        scrubbed: nothing,
        damaged: nothing,
      },
      publishMissing: (missing) => published.publishMissingBlobs(missing),
      fatal: (message) => machine.fatal(message),
    });
    this.thread = thread;
    thread.start();
  }

  #connections(server: ConstructorParameters<typeof BlobConnections>[0]["server"]): BlobConnections {
    const { machine, threads, clusterSecret, transportMetrics } = this.#life;
    const { identity, name, world, clock } = machine;
    const metrics: TransportMetrics = transportMetrics;
    return new BlobConnections({
      identity: {
        id: raftIdOf(name),
        name,
        instance: identity.instance,
        boot: identity.incarnations.at(-1) ?? "",
        version: "sim",
        protocol: PEER_PROTOCOL,
      },
      advertise: blobAddressOf(name),
      listen: { host: name, port: PORT },
      authentication: { secrets: [clusterSecret], tls: false },
      server,
      metrics,
      network: world.fabric.of(name, threads.blob),
      clock,
      timers: simTimers(threads.blob, clock),
      random: this.#life.randomOf("blob transport"),
      logger: noLog,
    });
  }
}
