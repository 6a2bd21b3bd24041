/** A blob thread in one thread with the test: a store and peers in memory, time by hand, real rows. */

import type { BlobServer } from "../../../../src/blob/replication/types.ts";
import { BlobThread } from "../../../../src/blob/thread/blob-thread.ts";
import type { BlobSettings } from "../../../../src/blob/thread/options.ts";
import type { PinMark } from "../../../../src/blob/thread/pin-mark.ts";
import type { BlobMetrics } from "../../../../src/blob/thread/types.ts";
import type {
  BlobMember,
  BlobToControl,
  BlobToGateway,
  BlobToStore,
  ConsensusToBlob,
  ControlToBlob,
  GatewayToBlob,
  StoreToBlob,
} from "../../../../src/messages/blobs.ts";
import type { Channel } from "../../../../src/threads/channel.ts";
import { type AppliedBlobs, BlobKeyspace } from "../../../support/blobs/blob-keyspace.ts";
import { FakePeers } from "../../../support/blobs/fake-peers.ts";
import { MemoryBlobStore } from "../../../support/blobs/memory-blob-store.ts";
import { localChannel } from "../../../support/local-channel.ts";
import { ManualTime, settle } from "../../../support/manual-time.ts";
import { noLog } from "../../../support/no-log.ts";

export const MINUTE = 60_000;
export const PIN_MS = 15 * MINUTE;
export const PIN_MAX_MS = 30 * MINUTE;
export const HOUR = 60 * MINUTE;
const OWN_ID = 1;

export const SETTINGS: BlobSettings = {
  offload: true,
  fetchWorkers: 4,
  fetchQueueSize: 100,
  fetchRatePerPeer: 100 << 20,
  fetchBurstPerPeer: 100 << 20,
  backfillIntervalMs: 10 * MINUTE,
  orphanScanIntervalMs: HOUR,
  graceMs: HOUR,
  scrubRate: 1 << 20,
  scrubIntervalMs: 24 * HOUR,
  pinMaxMs: PIN_MAX_MS,
  reserveBytes: 1 << 20,
};

export interface TestBlob {
  readonly sha256: Uint8Array;
  readonly bytes: Uint8Array;
}

export function blobOf(text: string, size = 100): TestBlob {
  const bytes = new Uint8Array(size);
  bytes.set(new TextEncoder().encode(text));
  return { bytes, sha256: new Uint8Array(new Bun.CryptoHasher("sha256").update(bytes).digest()) };
}

export const memberOf = (id: number, capable = true): BlobMember => ({
  id,
  name: `n${id}`,
  voter: true,
  blobAddress: `127.0.0.1:${id}`,
  capable,
});

/** Counts every event by its name and labels. */
export class CountedMetrics implements BlobMetrics {
  readonly counts = new Map<string, number>();

  get(name: string): number {
    return this.counts.get(name) ?? 0;
  }

  #add(name: string, by = 1): void {
    this.counts.set(name, this.get(name) + by);
  }

  deduplicated(bytes: number): void {
    this.#add("dedup");
    this.#add("dedup bytes", bytes);
  }
  fetched(reason: string, end: string): void {
    this.#add(`${reason} ${end}`);
  }
  lied(): void {
    this.#add("lied");
  }
  unrecoverable(): void {
    this.#add("unrecoverable");
  }
  deleted(why: string, blobs: number): void {
    this.#add(why, blobs);
  }
  scrubbed(bytes: number): void {
    this.#add("scrubbed", bytes);
  }
  damaged(what: string): void {
    this.#add(what);
  }
}

interface Kept {
  readonly pinMark: PinMark & { untilMs: number };
  readonly time: ManualTime;
  readonly store: MemoryBlobStore;
  readonly keyspace: BlobKeyspace;
}

export class BlobNode {
  readonly time: ManualTime;
  readonly store: MemoryBlobStore;
  readonly pinMark: PinMark & { untilMs: number };
  readonly peers = new FakePeers();
  readonly metrics = new CountedMetrics();
  readonly fatal: string[] = [];
  /** Numbers of missing blobs, as the other threads saw them. */
  readonly published: (number | undefined)[] = [];
  readonly toGateway: BlobToGateway[] = [];
  readonly toStore: BlobToStore[] = [];
  readonly toControl: BlobToControl[] = [];
  readonly thread: BlobThread;
  readonly gateway: Channel<BlobToGateway, GatewayToBlob>;
  readonly consensus: Channel<never, ConsensusToBlob>;
  readonly state: Channel<BlobToStore, StoreToBlob>;
  readonly control: Channel<BlobToControl, ControlToBlob>;
  /** The keyspace in force. */
  keyspace: BlobKeyspace;
  freeBytes = 1 << 30;
  server: BlobServer | undefined;
  #lastId = 0;

  /** @param kept what a restarted node finds */
  constructor(settings: Partial<BlobSettings> = {}, kept?: Kept) {
    const time = kept?.time ?? new ManualTime();
    this.time = time;
    this.keyspace = kept?.keyspace ?? new BlobKeyspace();
    this.store = kept?.store ?? new MemoryBlobStore(() => this.keyspace.appliedMs);
    this.pinMark = kept?.pinMark ?? {
      untilMs: 0,
      raise(untilMs) {
        this.untilMs = untilMs;
      },
    };
    const [gateway, gatewayEnd] = localChannel<BlobToGateway, GatewayToBlob>();
    const [consensus, consensusEnd] = localChannel<never, ConsensusToBlob>();
    const [state, stateEnd] = localChannel<BlobToStore, StoreToBlob>();
    const [control, controlEnd] = localChannel<BlobToControl, ControlToBlob>();
    gateway.onBatch((messages) => this.toGateway.push(...messages));
    state.onBatch((messages) => this.toStore.push(...messages));
    control.onBatch((messages) => this.toControl.push(...messages));
    this.gateway = gateway;
    this.consensus = consensus;
    this.state = state;
    this.control = control;
    let bytes = 0;
    this.thread = new BlobThread({
      ownId: OWN_ID,
      store: this.store,
      openReader: () => this.keyspace.generations.openReader(),
      appliedMs: () => this.keyspace.appliedMs,
      pinMark: this.pinMark,
      freeBytes: () => this.freeBytes,
      gateways: [gatewayEnd],
      consensus: consensusEnd,
      state: stateEnd,
      control: controlEnd,
      connect: (server) => {
        this.server = server;
        return this.peers;
      },
      replicate: (_peers, writeLocal) => ({
        setMembers: () => {},
        store: async (sha256, content, pinUntilMs) => {
          const result = await writeLocal(sha256, content, pinUntilMs);
          if (result === "stored") return { kind: "stored", copies: 1 };
          return { kind: "failed", failure: result === "disk-full" ? "DISK_FULL" : "IO", message: result };
        },
      }),
      settings: { ...SETTINGS, ...settings },
      clock: time,
      timers: time,
      random: { nextInt: () => 0, bytes: (length) => new Uint8Array(length).fill(++bytes) },
      log: noLog,
      metrics: this.metrics,
      publishMissing: (missing) => this.published.push(missing),
      fatal: (message) => this.fatal.push(message),
    });
  }

  /** Three members, all capable, the node serving. */
  async start(members: readonly BlobMember[] = [1, 2, 3].map((id) => memberOf(id))): Promise<void> {
    this.thread.start();
    this.peers.up = new Set(members.map(({ id }) => id).filter((id) => id !== OWN_ID));
    this.consensus.send({ kind: "members", clusterId: "c", members });
    this.control.send({ kind: "serving" });
    await this.time.advance(10);
  }

  /** The process dies; the disk and the clock stay. */
  restarted(settings: Partial<BlobSettings> = {}): BlobNode {
    const { time, store, keyspace, pinMark } = this;
    return new BlobNode(settings, { time, store, keyspace, pinMark });
  }

  /** As after `applied` time passed the start's pins: deletions may happen. */
  async pastStart(): Promise<void> {
    await this.time.advance(PIN_MAX_MS + MINUTE);
    this.keyspace.tick(this.time.nowMs());
    await this.time.advance(2_000);
  }

  async apply(applied: AppliedBlobs): Promise<void> {
    this.state.send({ kind: "applied", ...applied });
    await settle();
  }

  /** Answers to the gateway with this id. */
  answers(id: number): BlobToGateway[] {
    return this.toGateway.filter((message) => "id" in message && message.id === id);
  }

  async storeBlob(
    blob: TestBlob,
    pinUntilMs = this.time.nowMs() + PIN_MS,
  ): Promise<BlobToGateway | undefined> {
    const id = ++this.#lastId;
    this.gateway.send({ kind: "store", id, ...blob, pinUntilMs });
    await this.time.advance(1);
    return this.answers(id)[0];
  }

  /** Sends a gateway's fetch; the answer comes with its id. */
  fetchLater({ sha256, bytes }: TestBlob, source = 2, damaged = false): number {
    const id = ++this.#lastId;
    this.gateway.send({ kind: "fetch", id, sha256, size: bytes.byteLength, source, damaged });
    return id;
  }

  async fetchBlob(blob: TestBlob, source = 2, damaged = false): Promise<BlobToGateway | undefined> {
    const id = this.fetchLater(blob, source, damaged);
    await this.time.advance(1);
    return this.answers(id)[0];
  }

  push(blob: TestBlob, pinUntilMs = this.time.nowMs() + PIN_MS): Promise<string> {
    if (this.server === undefined) throw new Error("nobody listens for peers");
    return this.server.onPush(2, blob.sha256, blob.bytes, pinUntilMs);
  }

  async status() {
    const id = ++this.#lastId;
    this.control.send({ kind: "status", id });
    await settle();
    const found = this.toControl.find((message) => message.kind === "status" && message.id === id);
    return found?.kind === "status" ? found.status : undefined;
  }
}
