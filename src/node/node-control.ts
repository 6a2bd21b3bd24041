/**
 * Parts that a node has once for all its gateways: garbage collector, disk reserve, identity, cluster requests,
 * status, and the stop of consensus and store.
 */

import { BlobSweeper } from "../gc/blob-sweeper.ts";
import { GarbageCollector } from "../gc/collector.ts";
import { deleteReferences } from "../gc/references.ts";
import type { Leadership } from "../kv/proposer.ts";
import type { BlobToControl, ControlToBlob } from "../messages/blobs.ts";
import type {
  ConsensusToControl,
  ControlToConsensus,
  ControlToStore,
  StoreToControl,
} from "../messages/messages.ts";
import type { Logger } from "../monitoring/log.ts";
import type { ThreadMetrics } from "../monitoring/thread-metrics.ts";
import type { Clock } from "../platform/clock.ts";
import { within } from "../platform/timers.ts";
import type { Channel } from "../threads/channel.ts";
import type { DiskSpace, PublishedState } from "../threads/shared-state.ts";
import type { KvGroup } from "../txn/types.ts";
import { BlobControl } from "./blob-control.ts";
import { ClusterControl, type ClusterControlOptions } from "./cluster-control.ts";
import { DiskReserve } from "./disk-reserve.ts";

/** Interval of the disk space checks. Writes within one interval are far below any sensible reserve. */
const RESERVE_INTERVAL_MS = 250;
/** Interval of the garbage collector's runs. */
const COLLECTOR_INTERVAL_MS = 5_000;

export interface NodeControlOptions
  extends Pick<
    ClusterControlOptions,
    "timers" | "formed" | "keepRoster" | "keepIncarnations" | "keepRolledBack" | "onFenced"
  > {
  readonly consensus: Channel<ConsensusToControl, ControlToConsensus>;
  readonly store: Channel<StoreToControl, ControlToStore>;
  /** The blob thread; absent in tests of a node without blobs. */
  readonly blob?: Channel<BlobToControl, ControlToBlob> | undefined;
  readonly published: PublishedState;
  /** The group whose garbage this node collects while the node leads. */
  readonly group: KvGroup;
  readonly clock: Clock;
  readonly gracePeriodMs: number;
  /** Interval of the sweeps of blobs; default: the collector's. */
  readonly blobSweepIntervalMs?: number;
  /** Writes are refused when less than this is free. 0 = no reserve. */
  readonly diskReserveBytes: number;
  readonly freeDiskBytes: () => number;
  readonly metrics: ThreadMetrics;
  readonly log: Logger;
  /** A node asks to join. @returns the answer, one line; rejects never */
  readonly onJoin?: (request: string, host: string) => Promise<string>;
  /** Called when a thread has reported that it cannot continue. */
  readonly onFatal: (message: string) => void;
}

export class NodeControl {
  readonly cluster: ClusterControl;
  readonly blobs: BlobControl | undefined;
  readonly #options: NodeControlOptions;
  readonly #collector: GarbageCollector;
  readonly #sweeper: BlobSweeper;
  readonly #reserve: DiskReserve;
  readonly #fullHalves = new Set<"log" | "keyspace">();
  readonly #cancels: (() => void)[] = [];
  #leadership: Leadership = { leading: false, leaderId: 0, term: 0 };
  #stopWaiters: (() => void)[] = [];
  #stoppedThreads = 0;

  constructor(options: NodeControlOptions) {
    this.#options = options;
    this.cluster = new ClusterControl(options);
    this.blobs = options.blob && new BlobControl(options.blob, options.onFatal);
    const collected = options.metrics.counter("collectedRows").labels();
    this.#collector = new GarbageCollector({
      group: options.group,
      clock: options.clock,
      gracePeriodMs: options.gracePeriodMs,
      active: () => this.#leadership.leading && this.diskSpace !== "none",
      onDeleted: (rows) => collected.inc(rows),
      deleteReferences: (prefix, stopped) =>
        deleteReferences({ group: options.group, onDeleted: (rows) => collected.inc(rows) }, prefix, stopped),
      onUnreadable: (key) => {
        options.log.warn("garbage record kept: this release cannot read it", {
          key: Buffer.from(key).toString("hex"),
        });
      },
    });
    this.#sweeper = new BlobSweeper({
      group: options.group,
      clock: options.clock,
      gracePeriodMs: options.gracePeriodMs,
      active: () => this.#leadership.leading && this.diskSpace !== "none",
    });
    this.#reserve = new DiskReserve({
      freeBytes: options.freeDiskBytes,
      reserveBytes: options.diskReserveBytes,
      onChange: (below, freeBytes) => this.#onReserve(below, freeBytes),
    });
  }

  get leadership(): Leadership {
    return this.#leadership;
  }

  get diskSpace(): DiskSpace {
    if (this.#fullHalves.size > 0) return "none";
    return this.#reserve.below ? "reserve" : "enough";
  }

  /** Looks at the disk now: a probe must not say less than the thread that has just refused a write. */
  checkDisk(): void {
    this.#reserve.check();
  }

  /** Old versions stay readable, for at most an hour after the last call with true. */
  keepVersions(keep: boolean): void {
    this.#options.store.send({ kind: "keep-versions", keep });
  }

  /** The files with this node's certificate have changed: both threads with peers use them from now on. */
  reloadCertificate(): void {
    this.#options.consensus.send({ kind: "certificate-renewed" });
    this.blobs?.reloadCertificate();
  }

  start(): void {
    const { consensus, store, log } = this.#options;
    consensus.onBatch((messages) => messages.forEach((message) => this.#onConsensus(message)));
    store.onBatch((messages) => messages.forEach((message) => this.#onThread("keyspace", message)));
    this.blobs?.start();
    this.#reserve.check();
    this.#every(RESERVE_INTERVAL_MS, () => this.#reserve.check());
    this.#every(COLLECTOR_INTERVAL_MS, () => {
      this.#collector.run().catch((error: unknown) => {
        log.warn("garbage collection stopped, it will go on", { error: String(error) });
      });
    });
    this.#every(this.#options.blobSweepIntervalMs ?? COLLECTOR_INTERVAL_MS, () => {
      this.#sweeper.run().catch((error: unknown) => {
        log.warn("sweep of blobs stopped, it will go on", { error: String(error) });
      });
    });
  }

  /** Stops the background work; consensus and store continue. */
  stopWork(): void {
    for (const cancel of this.#cancels) cancel();
    this.#collector.stop();
    this.#sweeper.stop();
  }

  /** Stops consensus and store; resolves when both have ended (or after `graceMs`). */
  async stopThreads(graceMs: number): Promise<void> {
    const { consensus, store, timers } = this.#options;
    const stopped = new Promise<void>((resolve) => this.#stopWaiters.push(resolve));
    consensus.send({ kind: "stop" });
    store.send({ kind: "stop" });
    await within(Promise.all([stopped, this.blobs?.stop()]), timers, graceMs);
  }

  #every(intervalMs: number, task: () => void): void {
    this.#cancels.push(this.#options.timers.every(task, intervalMs));
  }

  #onConsensus(message: ConsensusToControl): void {
    switch (message.kind) {
      case "leadership": {
        const { leading, leaderId: leader, term } = message;
        this.#leadership = message;
        this.#options.log.info("leadership", { leading, leader, term });
        break;
      }
      case "join-asked": {
        const { id, request, host } = message;
        const answer = this.#options.onJoin?.(request, host) ?? Promise.resolve("{}");
        void answer.then((line) => this.#options.consensus.send({ kind: "join-answered", id, line }));
        break;
      }
      case "disk-full":
      case "fatal":
      case "stopped":
        this.#onThread("log", message);
        break;
      default:
        this.cluster.receive(message);
    }
  }

  /** Handles the messages that both threads send. */
  #onThread(half: "log" | "keyspace", message: StoreToControl): void {
    switch (message.kind) {
      case "disk-full":
        this.#onDiskFull(half, message.full);
        break;
      case "fatal":
        this.#options.onFatal(message.message);
        break;
      case "stopped":
        this.#threadStopped();
        break;
    }
  }

  /**
   * New writes are refused while log or keyspace waits for space. The waiting thread reports when there is space
   * again.
   */
  #onDiskFull(half: "log" | "keyspace", full: boolean): void {
    if (full) this.#fullHalves.add(half);
    else this.#fullHalves.delete(half);
    this.#options.published.publishDiskSpace(this.diskSpace);
    if (full) this.#options.log.error("disk full: no writes until there is space", { half });
    else this.#options.log.info("space on the disk again", { half, writes: this.diskSpace === "enough" });
  }

  #onReserve(below: boolean, freeBytes: number): void {
    this.#options.published.publishDiskSpace(this.diskSpace);
    if (below) this.#options.log.error("disk reserve reached: only deletes are taken", { freeBytes });
    else
      this.#options.log.info("space on the disk again", { freeBytes, writes: this.diskSpace === "enough" });
  }

  #threadStopped(): void {
    this.#stoppedThreads++;
    if (this.#stoppedThreads === 2) for (const wake of this.#stopWaiters.splice(0)) wake();
  }
}
