/**
 * The kv side of the front room: coordinator, shard store and cleaner, with the mail of consensus and store delivered
 * to them.
 */
import { Cleaner } from "../kv/cleaner.ts";
import { NodeKvClient } from "../kv/client.ts";
import { Coordinator, type DiskRoom, type Leadership } from "../kv/coordinator.ts";
import type {
  ConsensusStatus,
  ConsensusToFront,
  FrontToConsensus,
  FrontToStore,
  StoreToFront,
} from "../kv/messages.ts";
import { ShardStore } from "../kv/shard-store.ts";
import { readMembership } from "../kv/store-open.ts";
import { type KvClient, KvError } from "../kv/types.ts";
import type { Logger } from "../monitoring/log.ts";
import type { RoomMetrics } from "../monitoring/room-metrics.ts";
import type { Clock } from "../platform/clock.ts";
import type { Membership } from "../raft/engine/types.ts";
import type { Channel } from "../rooms/channel.ts";
import type { PublishedState } from "../rooms/published-state.ts";
import type { AppliedState, KeyspaceReader } from "../store/types.ts";
import { ClusterMail, type ClusterMailOptions } from "./cluster-mail.ts";
import { DiskReserve } from "./disk-reserve.ts";

/** How often deadlines of proposals and reads are looked at. */
const EXPIRY_INTERVAL_MS = 100;
/** Between two looks at the room on the disk. What can be written meanwhile is far below any sensible reserve. */
const RESERVE_INTERVAL_MS = 250;
/** A keyspace that was replaced stays open for the reads that began on it. */
const RETIRED_READER_MS = 10_000;
/** Between two runs of the cleaner. */
export const CLEANER_INTERVAL_MS = 5_000;
/** A read without an answer is given up after this long: longer than three elections, and than a restart (decision 080). */
export const READ_DEADLINE_MS = 20_000;
/** The same of a proposal. Clients that bound a whole request do so at 30 s. */
export const PROPOSAL_DEADLINE_MS = 25_000;
/** The same of a conditional one that may have been carried out: its client would meet its own effect if it asked again. */
export const EXACT_DEADLINE_MS = 120_000;

export interface FrontKvOptions
  extends Pick<
    ClusterMailOptions,
    "timers" | "formed" | "keepRoster" | "keepBoots" | "keepRolledBack" | "onExpelled"
  > {
  readonly consensus: Channel<ConsensusToFront, FrontToConsensus>;
  readonly store: Channel<StoreToFront, FrontToStore>;
  /** Opens the keyspace in force at the time of the call. */
  readonly openReader: () => KeyspaceReader;
  readonly published: PublishedState;
  readonly clock: Clock;
  readonly origin: Uint8Array;
  readonly maxTxnBytes: number;
  readonly gracePeriodMs: number;
  /** Writes end when less than this is free. 0 = no reserve. */
  readonly diskReserveBytes: number;
  readonly freeDiskBytes: () => number;
  readonly metrics: RoomMetrics;
  readonly log: Logger;
  /** Requests can be served now (there is a keyspace, and a leader is known), or have to wait. */
  readonly onServeable?: (serveable: boolean) => void;
  /** A room has said that it cannot go on. */
  readonly onFatal: (message: string) => void;
}

export class FrontKv {
  readonly kv: KvClient;
  readonly cluster: ClusterMail;
  readonly #options: FrontKvOptions;
  readonly #coordinator: Coordinator;
  readonly #shard: ShardStore;
  readonly #cleaner: Cleaner;
  readonly #statusWaiters = new Map<number, (status: ConsensusStatus) => void>();
  readonly #cancels: (() => void)[] = [];
  #reader: KeyspaceReader = NOT_OPEN;
  readonly #retired = new Set<KeyspaceReader>();
  #leadership: Leadership = { leading: false, leaderId: 0, term: 0 };
  #readable = false;
  #leaderWaiters: (() => void)[] = [];
  #stopped = false;
  #stopWaiters: (() => void)[] = [];
  #stoppedRooms = 0;
  #nextStatusId = 1;
  readonly #reserve: DiskReserve;
  readonly #fullHalves = new Set<"log" | "keyspace">();

  constructor(options: FrontKvOptions) {
    this.#options = options;
    const { consensus, clock, timers, metrics } = options;
    this.cluster = new ClusterMail(options);
    this.#coordinator = new Coordinator({
      consensus,
      clock,
      timers,
      origin: options.origin,
      maxTxnBytes: options.maxTxnBytes,
      deadlineMs: PROPOSAL_DEADLINE_MS,
      exactDeadlineMs: EXACT_DEADLINE_MS,
      onSettled: proposalMetrics(metrics),
    });
    const hit = metrics.counter("leaseReads").labels({ outcome: "hit" });
    const miss = metrics.counter("leaseReads").labels({ outcome: "miss" });
    this.#shard = new ShardStore({
      reader: this.#reader,
      published: options.published,
      consensus,
      clock,
      deadlineMs: READ_DEADLINE_MS,
      onFence: (outcome) => (outcome === "hit" ? hit : miss).inc(),
    });
    this.kv = new NodeKvClient(this.#coordinator, this.#shard);
    const cleaned = metrics.counter("cleanupRows").labels();
    this.#cleaner = new Cleaner({
      kv: this.kv,
      clock,
      gracePeriodMs: options.gracePeriodMs,
      active: () => this.#leadership.leading && this.diskRoom !== "none",
      onDeleted: (rows) => cleaned.inc(rows),
    });
    this.#reserve = new DiskReserve({
      freeBytes: options.freeDiskBytes,
      reserveBytes: options.diskReserveBytes,
      onChange: (below, freeBytes) => this.#onReserve(below, freeBytes),
    });
    const pending = metrics.gauge("raftProposalsPending").labels();
    const live = metrics.gauge("payloadMemoryBytes").labels({ state: "live" });
    const idle = metrics.gauge("payloadMemoryBytes").labels({ state: "idle" });
    metrics.onCollect(() => {
      const payload = this.#coordinator.payloadBytes;
      live.set(payload.live);
      idle.set(payload.idle);
      pending.set(this.#coordinator.pending);
    });
  }

  get leadership(): Leadership {
    return this.#leadership;
  }

  /** `none`: what was committed waits for room; `reserve`: only deletes are taken. */
  get diskRoom(): DiskRoom {
    if (this.#fullHalves.size > 0) return "none";
    return this.#reserve.below ? "reserve" : "enough";
  }

  start(): void {
    this.#options.consensus.onBatch((messages) => messages.forEach((message) => this.#onConsensus(message)));
    this.#options.store.onBatch((messages) => messages.forEach((message) => this.#onStore(message)));
    this.#reserve.check();
    this.#every(RESERVE_INTERVAL_MS, () => this.#reserve.check());
    this.#every(EXPIRY_INTERVAL_MS, () => {
      this.#coordinator.expire();
      this.#shard.expire();
    });
    this.#every(CLEANER_INTERVAL_MS, () => {
      this.#cleaner.run().catch((error: unknown) => {
        this.#options.log.warn("clean-up stopped, it will go on", { error: String(error) });
      });
    });
  }

  /** The keyspace is open: reads may begin. Before that a node that forms or joins a cluster has none. */
  keyspaceOpen(): void {
    if (this.#reader !== NOT_OPEN) return;
    this.#reader = this.#options.openReader();
    this.#shard.reopen(this.#reader);
    this.#tellServeable();
  }

  /** Who belongs to the cluster, as this node has applied it; undefined while the keyspace is empty. */
  membership(): Membership | undefined {
    return readMembership(this.#reader);
  }

  /** A linearizable read has succeeded since the start: a leader is known, and this node can follow it. */
  get readable(): boolean {
    return this.#readable;
  }

  /** Resolves with the first linearizable read that succeeds; rejects only when this node is stopped. */
  async whenReadable(): Promise<void> {
    while (!this.#readable) {
      // A read that is asked for before there is a leader is dropped, and asked for again only half a second later.
      await this.#whenLeaderKnown();
      if (this.#stopped) throw new KvError("CLOSED", "this node is shutting down");
      try {
        await this.kv.snapshot();
        this.#readable = true;
      } catch (error) {
        if (!(error instanceof KvError) || error.code === "CLOSED") throw error;
        this.#options.log.warn("no linearizable read yet", { reason: error.message });
      }
    }
  }

  /** Whether this node's own copy has a live row there. @throws KvError while the keyspace is not open. */
  hasLocally(key: Uint8Array): boolean {
    return this.#shard.local(key) !== undefined;
  }

  #tellServeable(): void {
    this.#options.onServeable?.(this.#leadership.leaderId !== 0 && this.#reader !== NOT_OPEN);
  }

  #whenLeaderKnown(): Promise<void> {
    if (this.#leadership.leaderId !== 0 || this.#stopped) return Promise.resolve();
    return new Promise((resolve) => this.#leaderWaiters.push(resolve));
  }

  status(): Promise<ConsensusStatus> {
    const id = this.#nextStatusId++;
    return new Promise((resolve) => {
      this.#statusWaiters.set(id, resolve);
      this.#options.consensus.send({ kind: "status", id });
    });
  }

  /** Stops the background work, then consensus and store; resolves when both have ended (or after `graceMs`). */
  async stop(graceMs: number): Promise<void> {
    this.#stopped = true;
    for (const cancel of this.#cancels) cancel();
    this.#cleaner.stop();
    this.#coordinator.close();
    this.#shard.close();
    this.#wakeLeaderWaiters();
    const stopped = new Promise<void>((resolve) => this.#stopWaiters.push(resolve));
    this.#options.consensus.send({ kind: "stop" });
    this.#options.store.send({ kind: "stop" });
    let cancel = (): void => {};
    const late = new Promise<void>((resolve) => {
      cancel = this.#options.timers.later(resolve, graceMs);
    });
    await Promise.race([stopped, late]);
    cancel();
    for (const reader of [this.#reader, ...this.#retired]) reader.close();
    this.#retired.clear();
  }

  #every(intervalMs: number, task: () => void): void {
    this.#cancels.push(this.#options.timers.every(task, intervalMs));
  }

  #onConsensus(message: ConsensusToFront): void {
    switch (message.kind) {
      case "released":
        this.#coordinator.onReleased(message.slabIds);
        break;
      case "dropped":
        this.#coordinator.onDropped(message.sequences, message.reason);
        break;
      case "read-state":
        this.#shard.onReadState(message.id, message.index);
        break;
      case "leadership":
        this.#leadership = message;
        this.#options.log.info("leadership", {
          leading: message.leading,
          leader: message.leaderId,
          term: message.term,
        });
        this.#coordinator.onLeadership(message);
        this.#tellServeable();
        if (message.leaderId !== 0) this.#wakeLeaderWaiters();
        break;
      case "status":
        this.#statusWaiters.get(message.id)?.(message.status);
        this.#statusWaiters.delete(message.id);
        break;
      case "disk-full":
        this.#onDiskFull("log", message.full);
        break;
      case "fatal":
        this.#options.onFatal(message.message);
        break;
      case "stopped":
        this.#roomStopped();
        break;
      default:
        this.cluster.receive(message);
    }
  }

  #onStore(message: StoreToFront): void {
    switch (message.kind) {
      case "applied":
        // The cache first: whoever is told that a write is done must not read what was there before it.
        this.#shard.onApplied(message.applied, message.changed);
        this.#coordinator.onAnswers(message.answers);
        break;
      case "swapped":
        this.#reopen(message.applied);
        break;
      case "disk-full":
        this.#onDiskFull("keyspace", message.full);
        break;
      case "fatal":
        this.#options.onFatal(message.message);
        break;
      case "stopped":
        this.#roomStopped();
        break;
    }
  }

  /** New writes are refused while either half waits for room; what it waits with tells it when there is some. */
  #onDiskFull(half: "log" | "keyspace", full: boolean): void {
    if (full) this.#fullHalves.add(half);
    else this.#fullHalves.delete(half);
    this.#coordinator.setDiskRoom(this.diskRoom);
    if (full) this.#options.log.error("disk full: no writes until there is room", { half });
    else this.#options.log.info("room on the disk again", { half, writes: this.diskRoom === "enough" });
  }

  #onReserve(below: boolean, freeBytes: number): void {
    this.#coordinator.setDiskRoom(this.diskRoom);
    if (below) this.#options.log.error("disk reserve reached: only deletes are taken", { freeBytes });
    else this.#options.log.info("room on the disk again", { freeBytes, writes: this.diskRoom === "enough" });
  }

  /** A snapshot took the keyspace's place. Reads that still run on the old one have a while to end; chunks that they stream
   *  are in the new one as well. */
  #reopen(applied: AppliedState): void {
    const old = this.#reader;
    this.#reader = this.#options.openReader();
    this.#shard.reopen(this.#reader);
    this.#retired.add(old);
    this.#options.timers.later(() => {
      if (this.#retired.delete(old)) old.close();
    }, RETIRED_READER_MS);
    this.#options.store.send({ kind: "reopened" });
    this.#options.log.info("a snapshot took the keyspace's place", { applied: applied.index });
  }

  #wakeLeaderWaiters(): void {
    for (const wake of this.#leaderWaiters.splice(0)) wake();
  }

  #roomStopped(): void {
    this.#stoppedRooms++;
    if (this.#stoppedRooms === 2) for (const wake of this.#stopWaiters.splice(0)) wake();
  }
}

function notOpen(): never {
  throw new KvError("UNAVAILABLE", "the keyspace of this node is not open yet");
}

const NOT_OPEN: KeyspaceReader = {
  getAt: notOpen,
  getMetaAt: notOpen,
  scanAt: notOpen,
  latestCommitTs: notOpen,
  appliedState: notOpen,
  getState: notOpen,
  close: () => {},
};

function proposalMetrics(
  metrics: RoomMetrics,
): (outcome: "applied" | "refused" | "failed", seconds: number) => void {
  const seconds = metrics.histogram("raftProposalSeconds").labels();
  const outcomes = {
    applied: metrics.counter("raftProposals").labels({ outcome: "applied" }),
    refused: metrics.counter("raftProposals").labels({ outcome: "refused" }),
    failed: metrics.counter("raftProposals").labels({ outcome: "failed" }),
  };
  return (outcome, took) => {
    outcomes[outcome].inc();
    seconds.observe(took);
  };
}
