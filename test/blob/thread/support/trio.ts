/** Three blob threads in one thread: real stores on simulated disks, the real replicator, connections without a wire. */

import { BlobReplicator } from "../../../../src/blob/replication/replicator.ts";
import type { BlobPeers, BlobServer } from "../../../../src/blob/replication/types.ts";
import { openBlobStore } from "../../../../src/blob/store/blob-store.ts";
import { BlobThread } from "../../../../src/blob/thread/blob-thread.ts";
import type { BlobSettings } from "../../../../src/blob/thread/options.ts";
import { failureOf, localWrite } from "../../../../src/blob/thread/replicate.ts";
import type { BlobStore } from "../../../../src/blob/types.ts";
import type {
  BlobToControl,
  BlobToGateway,
  BlobToStore,
  ConsensusToBlob,
  ControlToBlob,
  GatewayToBlob,
  StoreToBlob,
} from "../../../../src/messages/blobs.ts";
import type { Channel } from "../../../../src/threads/channel.ts";
import { seededRandom } from "../../../raft/log/support/seeded-random.ts";
import { type AppliedBlobs, BlobKeyspace } from "../../../support/blobs/blob-keyspace.ts";
import { MemoryBlobIndex } from "../../../support/blobs/memory-index.ts";
import { localChannel } from "../../../support/local-channel.ts";
import { ManualTime } from "../../../support/manual-time.ts";
import { noLog } from "../../../support/no-log.ts";
import { SimulatedDisk } from "../../../support/simulated-disk/simulated-disk.ts";
import { CountedMetrics, memberOf, PIN_MS, SETTINGS, type TestBlob } from "./blob-node.ts";

const DIRECTORY = "/data/blobs";

export class TrioNode {
  readonly id: number;
  readonly metrics = new CountedMetrics();
  readonly fatal: string[] = [];
  readonly toGateway: BlobToGateway[] = [];
  readonly disk: SimulatedDisk;
  keyspace = new BlobKeyspace();
  store: BlobStore;
  server: BlobServer | undefined;
  thread: BlobThread;
  gateway: Channel<BlobToGateway, GatewayToBlob>;
  consensus: Channel<never, ConsensusToBlob>;
  state: Channel<BlobToStore, StoreToBlob>;
  control: Channel<BlobToControl, ControlToBlob>;
  readonly #trio: Trio;
  readonly #settings: BlobSettings;

  constructor(id: number, trio: Trio, settings: BlobSettings) {
    this.id = id;
    this.#trio = trio;
    this.#settings = settings;
    this.disk = new SimulatedDisk({ random: seededRandom(id) });
    this.disk.mkdir("/data");
    this.store = this.#openStore();
    const [gateway, gatewayEnd] = localChannel<BlobToGateway, GatewayToBlob>();
    const [consensus, consensusEnd] = localChannel<never, ConsensusToBlob>();
    const [state, stateEnd] = localChannel<BlobToStore, StoreToBlob>();
    const [control, controlEnd] = localChannel<BlobToControl, ControlToBlob>();
    gateway.onBatch((messages) => this.toGateway.push(...messages));
    state.onBatch(() => {});
    control.onBatch(() => {});
    this.gateway = gateway;
    this.consensus = consensus;
    this.state = state;
    this.control = control;
    const { time } = trio;
    let untilMs = 0;
    this.thread = new BlobThread({
      pinMark: {
        get untilMs() {
          return untilMs;
        },
        raise: (ms) => {
          untilMs = ms;
        },
      },
      ownId: id,
      store: this.store,
      openReader: () => this.keyspace.generations.openReader(),
      appliedMs: () => this.keyspace.appliedMs,
      freeBytes: () => this.disk.space(DIRECTORY).freeBytes,
      gateways: [gatewayEnd],
      consensus: consensusEnd,
      state: stateEnd,
      control: controlEnd,
      connect: (server) => {
        this.server = server;
        return { ...trio.peersOf(id), close: () => {} };
      },
      replicate: (peers, writeLocal) =>
        new BlobReplicator({
          ownId: id,
          peers,
          writeLocal: localWrite(writeLocal),
          failureOf,
          minReplicas: undefined,
          clock: time,
          timers: time,
          metrics: { pushed: () => {}, degraded: () => {}, stored: () => {} },
          logger: noLog,
        }),
      settings: this.#settings,
      clock: time,
      timers: time,
      random: seededRandom(100 + id),
      log: noLog,
      metrics: this.metrics,
      publishMissing: () => {},
      fatal: (message) => this.fatal.push(message),
    });
  }

  #openStore(): BlobStore {
    const { time } = this.#trio;
    return openBlobStore({
      disk: this.disk,
      directory: DIRECTORY,
      identity: { clusterId: "c", nodeId: `n${this.id}` },
      clock: time,
      timers: time,
      index: new MemoryBlobIndex(),
      segmentBytes: 1 << 20,
    });
  }

  /** Flips a bit in this copy of the blob. */
  rot(blob: TestBlob): void {
    for (const name of this.disk.readdir(DIRECTORY)) {
      const path = `${DIRECTORY}/${name}`;
      const file = this.disk.open(path, "read");
      const content = Buffer.alloc(file.size());
      file.pread(content, 0);
      file.close();
      const at = content.indexOf(Buffer.from(blob.bytes));
      if (at >= 0) this.disk.flipBit(path, at + 10, 3);
    }
  }
}

export class Trio {
  readonly time = new ManualTime();
  readonly nodes: readonly TrioNode[];
  /** Nodes that nobody reaches. */
  readonly down = new Set<number>();
  #lastId = 0;

  constructor(settings: Partial<BlobSettings> = {}) {
    const all = { ...SETTINGS, ...settings };
    this.nodes = [1, 2, 3].map((id) => new TrioNode(id, this, all));
  }

  node(id: number): TrioNode {
    return this.nodes[id - 1] as TrioNode;
  }

  async start(): Promise<void> {
    for (const node of this.nodes) {
      node.thread.start();
      node.consensus.send({ kind: "members", clusterId: "c", members: [1, 2, 3].map((id) => memberOf(id)) });
      node.control.send({ kind: "serving" });
    }
    await this.time.advance(10);
  }

  /** Every node applies the same entry. */
  async apply(entry: (keyspace: BlobKeyspace) => AppliedBlobs): Promise<void> {
    for (const node of this.nodes) node.state.send({ kind: "applied", ...entry(node.keyspace) });
    await this.time.advance(1);
  }

  tick(): void {
    for (const { keyspace } of this.nodes) keyspace.tick(this.time.nowMs());
  }

  async store(at: number, blob: TestBlob): Promise<BlobToGateway | undefined> {
    const node = this.node(at);
    const id = ++this.#lastId;
    node.gateway.send({ kind: "store", id, ...blob, pinUntilMs: this.time.nowMs() + PIN_MS });
    await this.time.advance(5_000);
    return node.toGateway.find((message) => "id" in message && message.id === id);
  }

  /** Raft ids of the nodes that hold the blob with its bytes. */
  holders(blob: TestBlob): number[] {
    return this.nodes.flatMap(({ id, server }) =>
      server?.onAsk([blob.sha256], true)[0] === "present" ? [id] : [],
    );
  }

  peersOf(own: number): BlobPeers {
    const up = (id: number): BlobServer | undefined =>
      this.down.has(own) || this.down.has(id) ? undefined : this.node(id).server;
    return {
      setMembers: () => {},
      reachable: () => [1, 2, 3].filter((id) => id !== own && up(id) !== undefined),
      hasRoom: (to) => up(to) !== undefined,
      push: (to, sha256, bytes, pinUntilMs) => ({
        result: up(to)?.onPush(own, sha256, bytes, pinUntilMs) ?? Promise.resolve("lost"),
        abandon: () => {},
      }),
      fetch: async (from, sha256) => {
        const server = up(from);
        if (server === undefined) return { kind: "lost" };
        const bytes = server.onFetch(sha256);
        return bytes === undefined ? { kind: "not-found" } : { kind: "blob", bytes: bytes.slice() };
      },
      ask: async (to, blobs, deep) => up(to)?.onAsk(blobs, deep) ?? blobs.map(() => "unknown"),
    };
  }
}
