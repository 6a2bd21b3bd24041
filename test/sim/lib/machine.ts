/**
 * One machine: its clock and disk, what a data directory says, and the process that runs on it from time to time.
 *
 * More than 400 lines: what a machine is made of is read as a whole.
 */

import type { Member } from "../../../src/cluster/registry/node-registry.ts";
import { clusterIdOf } from "../../../src/cluster/registry/node-registry.ts";
import type { ClusterIdentity, NamedAddress } from "../../../src/cluster/types.ts";
import { DiskError } from "../../../src/platform/disk.ts";
import {
  incarnationsSince,
  type PeerIncarnation,
  withIncarnation,
} from "../../../src/raft/engine/incarnations.ts";
import type { AppliedState } from "../../../src/store/types.ts";
import type { MemoryStore } from "../../support/memory-store/memory-store.ts";
import { type DiskFailure, SimulatedDisk } from "../../support/simulated-disk/simulated-disk.ts";
import { copyFiles } from "./directory-copy.ts";
import { MemoryKeyspace, type SimKeyspace } from "./keyspace.ts";
import { Life } from "./life.ts";
import { NodeClock } from "./node-clock.ts";
import type { FaultName } from "./profile.ts";
import { ShadowLog } from "./shadow-log.ts";
import type { SimRandom } from "./sim-random.ts";
import { SqliteKeyspace } from "./sqlite-keyspace.ts";
import { Violation } from "./violation.ts";
import type { World } from "./world.ts";

type Identity = Omit<ClusterIdentity, "name">;

export interface DirectoryCopy {
  readonly disk: SimulatedDisk;
  readonly keyspace: SimKeyspace;
  readonly shadow: ShadowLog;
  readonly identity: Identity;
}

/** Where peers reach a machine: its name is its host. */
export function addressOf(name: string): string {
  return `${name}:7000`;
}

/** Between the end of a process and its next start, unless a fault says otherwise (systemd: RestartSec). */
const RESTART_MS = 500;
const BOOT_MS = 100;
const MAX_CLOCK_ORIGIN_MS = 1e9;
/** Of a wall clock that nobody has touched. */
const MAX_SKEW_MS = 200;
/** The slowest disk answers in the end. */
const MAX_OPERATION_MS = 3_000;
/** A disk operation that is no sync. */
const OPERATION_SHARE_OF_SYNC = 0.02;

export type MachineState =
  /** Its process runs, or will be started again by itself. */
  | "running"
  /** A fault keeps it down. */
  | "down"
  /** It was told that it does not belong to the cluster any more. */
  | "fenced"
  /** It found its data damaged, and rightly so. */
  | "refused";

export class Machine {
  readonly world: World;
  readonly name: string;
  readonly address: string;
  readonly initialCluster: readonly NamedAddress[];
  readonly join: readonly NamedAddress[];
  readonly clock: NodeClock;
  state: MachineState = "down";
  disk: SimulatedDisk;
  keyspace: SimKeyspace;
  shadow: ShadowLog;
  /** What node.json says, durable. */
  identity: Identity;
  life: Life | undefined;
  /** Bits of it have been flipped: it may refuse to start. */
  damaged = false;
  /** Its data directory was replaced by an empty one: it must not come back. */
  wiped = false;
  /** It was replaced by an older copy. */
  rolledBack = false;
  /** Syncs take so many times as long as usual, until a moment that is known beforehand: the log thread runs ahead of the clock, and
   *  must not take a slow disk along to where it is fast again. */
  slowDisk = { times: 1, untilMs: 0 };
  /** The power goes in the middle of the disk operation that this many others precede. */
  crashInOperations: number | undefined;
  /** Faults of the disk that wait for an operation to fail. */
  readonly armed = new Set<FaultName>();
  /** An operation of this life has failed because of one of them. */
  #diskFailed = false;
  readonly #random: SimRandom;
  #lives = 0;

  constructor(
    world: World,
    name: string,
    setup: { initialCluster?: readonly NamedAddress[]; join?: readonly NamedAddress[] },
  ) {
    this.world = world;
    this.name = name;
    this.address = addressOf(name);
    this.initialCluster = setup.initialCluster ?? [];
    this.join = setup.join ?? [];
    this.#random = world.random.fork(`machine ${name}`);
    const origin = this.#random.range(0, MAX_CLOCK_ORIGIN_MS);
    this.clock = new NodeClock(world.scheduler, origin, this.#random.range(-MAX_SKEW_MS, MAX_SKEW_MS));
    this.identity = this.#newIdentity();
    this.disk = this.#newDisk();
    this.keyspace = this.#newKeyspace();
    this.shadow = this.#newShadow();
  }

  /** It knows its cluster, and its log and keyspace are open. */
  get formed(): boolean {
    return this.identity.roster !== undefined && this.life?.opened === true;
  }

  /** It takes requests. */
  get serves(): boolean {
    return this.life?.alive === true && this.life.front !== undefined;
  }

  /** The log and the blobs lie in it; whoever comes first makes it. */
  makeDataDirectory(): void {
    if (this.disk.stat("/data") !== undefined) return;
    this.disk.mkdir("/data");
    this.disk.syncDirectory("/");
  }

  /** Of the keyspace in force. */
  reader(): MemoryStore {
    return this.keyspace.reader();
  }

  /** @param bootMs mean time until the process runs */
  start(bootMs = BOOT_MS): void {
    if (this.life?.alive || this.state === "fenced" || this.state === "refused") return;
    this.state = "running";
    this.world.fabric.powerOn(this.name);
    const random = this.#random.fork(`life ${++this.#lives}`);
    const boot = Buffer.from(random.fork("boot").bytes(8)).toString("hex");
    this.identity = { ...this.identity, incarnations: withIncarnation(this.identity.incarnations, boot) };
    const life = new Life(this, random);
    this.life = life;
    this.#diskFailed = false;
    this.world.note(`${this.name} starts`);
    life.threads.front.post(this.#random.exponential(bootMs), "start", () => life.start());
  }

  /** SIGKILL, or the end of a process that cannot go on: the page cache stays. */
  kill(restartMs: number | undefined): void {
    const { life } = this;
    if (life === undefined || !life.alive) return;
    // Threads have run ahead of the clock: their last system calls end before the process does, and nothing else begins.
    const { log, store, snapshot, blob } = life.threads;
    const busyUntil = Math.max(log.busyUntil, store.busyUntil, snapshot.busyUntil, blob.busyUntil);
    const delayMs = Math.max(0, busyUntil - this.world.scheduler.moment);
    if (delayMs > 0) life.dying();
    this.world.scheduler.after(delayMs, () => {
      if (!life.alive) return;
      this.world.note(`${this.name} is killed`);
      this.#ended(life);
      this.disk.kill();
      this.keyspace.killed();
      this.world.fabric.processEnded(this.name, life.threads.consensus);
      this.world.fabric.processEnded(this.name, life.threads.blob);
      this.#restart(restartMs);
    });
  }

  /** The power goes: unsynced data is kept, lost or torn, and nobody is told. */
  powerCut(restartMs: number | undefined): void {
    this.world.note(`${this.name} loses power`);
    const { life } = this;
    if (life !== undefined) this.#ended(life);
    this.crashInOperations = undefined;
    this.disk.crash(this.world.scheduler.now);
    this.keyspace.powerCut();
    this.world.fabric.powerCut(this.name);
    this.#restart(restartMs);
  }

  pause(): void {
    if (this.life?.alive && this.life.held === undefined) {
      this.world.note(`${this.name} is stopped`);
      this.life.held = [];
    }
  }

  resume(): void {
    const held = this.life?.held;
    if (this.life === undefined || held === undefined || this.life.isDying) return;
    this.world.note(`${this.name} goes on`);
    this.life.held = undefined;
    for (const task of held) this.world.scheduler.after(0, task);
  }

  /** False: it is not so far, or not any more. */
  restartGracefully(): boolean {
    const { life } = this;
    if (life === undefined || !life.alive || !life.opened) return false;
    this.world.note(`${this.name} is stopped by its operator`);
    life.stopGracefully(() => this.kill(RESTART_MS));
    return true;
  }

  /** The data directory is gone; the machine starts again with the same flags. */
  wipe(): void {
    this.powerCut(undefined);
    this.world.note(`${this.name} is wiped`);
    this.wiped = true;
    this.disk = this.#newDisk();
    this.identity = this.#newIdentity();
    this.keyspace = this.#newKeyspace();
    this.keyspace.takePlace();
    this.shadow = this.#newShadow();
    this.#restart(RESTART_MS);
  }

  /** Everything that a backup of the stopped node has. undefined: a snapshot waits to be put in force, or the disk is bad. */
  copy(): DirectoryCopy | undefined {
    const disk = this.#newDisk();
    const keyspace = this.keyspace.copyTo(disk);
    if (keyspace === undefined) return undefined;
    try {
      copyFiles(this.disk, disk, ["/data", ...keyspace.directories]);
    } catch (error) {
      if (error instanceof DiskError) return undefined;
      throw error;
    }
    return { disk, keyspace, shadow: this.shadow.copy(), identity: this.identity };
  }

  /** The data directory as it was when the copy was made; the machine starts again with the same flags. */
  putBack({ disk, keyspace, shadow, identity }: DirectoryCopy): void {
    this.powerCut(undefined);
    this.world.note(`an old copy of the disk of ${this.name} is put back`);
    this.rolledBack = true;
    Object.assign(this, { disk, keyspace, shadow, identity });
    keyspace.takePlace();
    this.#restart(RESTART_MS);
  }

  // ---- what its process says --------------------------------------------------------------------------------------

  keepRoster(clusterId: string, roster: readonly Member[]): void {
    this.world.note(`${this.name} keeps the roster ${roster.map(({ name }) => name).join(",")}`);
    this.identity = { ...this.identity, clusterId, roster };
  }

  keepIncarnations(peerIncarnations: readonly PeerIncarnation[], since: string): void {
    this.identity = {
      ...this.identity,
      peerIncarnations,
      incarnations: incarnationsSince(this.identity.incarnations, since),
    };
  }

  markInitialized(): void {
    this.identity = { ...this.identity, initializing: false };
  }

  fatal(message: string): void {
    const { life } = this;
    if (life === undefined || !life.alive) return;
    this.world.note(`${this.name} ends itself: ${message}`);
    if (!this.damaged && !this.#mayFail(message)) {
      this.world.fail(new Violation("a node goes on", { node: this.name, message }));
    }
    this.kill(RESTART_MS + this.#random.exponential(RESTART_MS));
  }

  /** It found something in its data that it must not go on with. */
  refused(error: unknown): void {
    if (this.life?.alive !== true) return;
    const message = error instanceof Error ? error.message : String(error);
    if (
      error instanceof Error &&
      error.cause instanceof DiskError &&
      error.cause.message.includes("injected")
    ) {
      this.fatal(`${message} (injected)`);
      return;
    }
    if (!this.damaged && !this.#mayFail(message)) {
      this.world.fail(
        new Violation("a node starts again after every honest crash", { node: this.name, message }),
      );
    }
    this.world.note(`${this.name} refuses to start: ${message}`);
    if (error instanceof Error && error.cause instanceof DiskError && error.cause.code === "EIO") {
      // The file system has shut down: that takes a reboot.
      this.world.after(0, () => this.powerCut(RESTART_MS));
      return;
    }
    if (this.damaged) {
      this.state = "refused";
      this.world.operator.replace(this);
    }
    this.kill(this.damaged ? undefined : RESTART_MS);
  }

  fenced(message: string, removed: boolean): void {
    this.world.note(`${this.name} is fenced: ${message}`);
    this.state = "fenced";
    if (!removed && !this.wiped && !this.rolledBack) {
      this.world.fail(
        new Violation("only the removed, the wiped and the rolled back are fenced", {
          node: this.name,
          message,
        }),
      );
    }
    this.kill(undefined);
    // Only now: a new node would not know what the others know of this one.
    if (this.rolledBack) this.world.operator.replace(this);
  }

  // ---- inside -----------------------------------------------------------------------------------------------------

  /** Ends that faults of the disk explain, when there was one. */
  #mayFail(message: string): boolean {
    if (!this.#diskFailed) return false;
    return /injected|ENOSPC|EIO|FSYNC_FAILED|shut down|fdatasync failed|disk full|no space/i.test(message);
  }

  #onDiskFailure({ operation, cause }: DiskFailure): void {
    this.#diskFailed = true;
    if (cause === "shut down") return;
    const injected = operation === "datasync" ? "fsync-failure" : "disk-error";
    const fault = cause === "full" ? "disk-full" : injected;
    if (this.armed.delete(fault)) this.world.faults.took(fault);
  }

  #ended(life: Life): void {
    life.end();
    if (this.state === "running") this.state = "down";
  }

  #restart(delayMs: number | undefined): void {
    if (delayMs === undefined) return;
    this.world.scheduler.after(delayMs, () => {
      if (this.state === "down") this.start(Math.min(BOOT_MS, delayMs));
    });
  }

  #newIdentity(): Identity {
    return {
      clusterId: this.initialCluster.length === 0 ? "" : clusterIdOf(this.initialCluster),
      instance: Buffer.from(this.#random.bytes(16)).toString("hex"),
      roster: undefined,
      incarnations: [],
      peerIncarnations: [],
      initializing: true,
    };
  }

  #newShadow(): ShadowLog {
    const { world, name } = this;
    return new ShadowLog(name, (index, entry, previousTerm) =>
      world.safety.logged(name, index, entry, previousTerm),
    );
  }

  #newKeyspace(): SimKeyspace {
    const machine = this;
    const { safety, profile, scheduler } = this.world;
    const { fsmSyncMode } = profile;
    const watch = {
      wrote: (commitTs: bigint, rows: number) =>
        this.world.guard(() => safety.wrote(this.name, commitTs, rows)),
      reached: (position: AppliedState, digest: number) =>
        this.world.guard(() => safety.reached(this.name, position, digest)),
    };
    const identity = {
      get clusterId() {
        return machine.identity.clusterId;
      },
      nodeId: this.name,
    };
    if (profile.store === "memory") {
      return new MemoryKeyspace({ fsmSyncMode, watch, identity }, (unsynced) =>
        this.#random.between(0, unsynced),
      );
    }
    return new SqliteKeyspace({
      disk: this.disk,
      root: this.world.realDirectory(this.name),
      ...{ fsmSyncMode, watch, identity },
      payloadFileBytes: profile.payloadFileBytes,
      moment: () => scheduler.moment,
      now: () => scheduler.now,
    });
  }

  #slowness(atMs: number): number {
    return atMs < this.slowDisk.untilMs ? this.slowDisk.times : 1;
  }

  #newDisk(): SimulatedDisk {
    const random = this.#random.fork(`disk ${this.#lives}`);
    const { scheduler, profile } = this.world;
    return new SimulatedDisk({
      random,
      onFailure: (failure) => this.#onDiskFailure(failure),
      time: (operation) => {
        const begins = scheduler.moment;
        if (scheduler.turn === undefined) return { begins, done: begins };
        this.disk.passed(scheduler.now);
        const syncs = operation === "datasync" || operation === "syncDirectory";
        const mean = profile.fsyncMs * (syncs ? this.#slowness(begins) : OPERATION_SHARE_OF_SYNC);
        const takesMs = Math.min(random.exponential(mean), MAX_OPERATION_MS);
        if (this.crashInOperations !== undefined && this.crashInOperations-- <= 0) {
          this.crashInOperations = undefined;
          scheduler.after(random.range(0, takesMs), () => {
            if (!this.life?.alive) return;
            this.world.faults.took("crash-in-disk-operation");
            this.powerCut(random.exponential(RESTART_MS));
          });
        }
        scheduler.spend(takesMs);
        return { begins, done: scheduler.moment };
      },
    });
  }
}
