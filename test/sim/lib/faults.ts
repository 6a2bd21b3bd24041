/**
 * What goes wrong, and when it is over.
 *
 * More than 400 lines: a list of faults, each with its end.
 */
import type { DiskFile } from "../../../src/platform/disk.ts";
import { raftIdOf } from "../../../src/raft/engine/raft-id.ts";
import type { DirectoryCopy, Machine } from "./machine.ts";
import type { FaultName } from "./profile.ts";
import type { SimRandom } from "./sim-random.ts";
import type { World } from "./world.ts";

/** Sessions are forgotten after a day without use, in commit time: two clocks must not be further apart (sessions.ts). */
const BLOBS_SKEW_MS = 2_000;
const MAX_SKEW_MS = 11 * 3_600_000;
const TRIES_FOR_CONTENT = 10;
const DISK_OPERATIONS = [
  "pwrite",
  "preallocate",
  "rename",
  "syncDirectory",
  "open",
  "unlink",
  "pread",
] as const;

/** Between two looks whether the others know enough. */
const PUT_BACK_EVERY_MS = 500;

export class Faults {
  /** Of those that took effect. */
  readonly counts: Record<string, number> = {};
  readonly #world: World;
  readonly #random: SimRandom;
  #over = false;
  #endMs = 0;
  /** Machines that have lost what they had on their disks, or may find that they have. */
  #lost = 0;
  /** From the copy on: nodes that come in meanwhile would not know what the others know. */
  #copied: Machine | undefined;
  /** Nothing comes of the fault that is being inflicted, or not yet. */
  #idle = false;

  constructor(world: World, random: SimRandom) {
    this.#world = world;
    this.#random = random;
  }

  /** At most a minority may ever lose what it had on its disk. */
  get lost(): number {
    return this.#lost;
  }

  /** It has taken effect. */
  took(fault: FaultName): void {
    this.counts[fault] = (this.counts[fault] ?? 0) + 1;
  }

  start(): void {
    const { faults, faultEveryMs, durationMs } = this.#world.profile;
    this.#endMs = this.#world.scheduler.now + durationMs;
    if (Object.keys(faults).length === 0) return;
    const next = (): void =>
      this.#world.after(this.#random.exponential(faultEveryMs), () => {
        if (this.#over) return;
        this.#inflict(this.#random.weighted<FaultName>(faults));
        next();
      });
    next();
  }

  /** Everything is well again, and everybody is started. */
  end(): void {
    this.#over = true;
    const { fabric, machines } = this.#world;
    fabric.heal();
    for (const machine of machines) {
      machine.disk.clearFaults();
      machine.disk.setCapacity(2 ** 50);
      machine.crashInOperations = undefined;
      machine.resume();
      if (machine.state === "down") machine.start();
    }
  }

  #inflict(fault: FaultName): void {
    const running = this.#world.machines.filter(({ life }) => life?.alive);
    if (running.length === 0) return;
    const { leaderShare } = this.#world.profile;
    const leader = this.#random.chance(leaderShare) ? this.#world.leader() : undefined;
    this.#idle = false;
    this.#act(fault, leader ?? this.#random.pick(running));
    if (!this.#idle) this.took(fault);
  }

  /** The fault that is being inflicted finds nothing to do, or waits for something: who counts it then says `took`. */
  #notNow(): void {
    this.#idle = true;
  }

  #act(fault: FaultName, machine: Machine): void {
    const random = this.#random;
    const { fabric } = this.#world;
    switch (fault) {
      case "crash":
        if (random.chance(0.5)) machine.kill(this.#downMs());
        else machine.powerCut(this.#downMs());
        return;
      case "crash-in-disk-operation":
        machine.crashInOperations = random.nextInt(30);
        this.#notNow();
        return;
      case "crash-all":
        for (const other of this.#world.machines) {
          if (!other.life?.alive) continue;
          if (random.chance(0.7)) other.powerCut(this.#downMs());
          else other.kill(this.#downMs());
        }
        return;
      case "quick-restart":
        machine.kill(random.range(0, 20));
        return;
      case "amnesia":
        this.#amnesia();
        return;
      case "pause":
        if (machine.life?.held !== undefined) this.#notNow();
        machine.pause();
        this.#world.after(random.range(50, random.pick([500, 3_000, 15_000])), () => machine.resume());
        return;
      case "wall-jump": {
        // The time of the log follows the leader's clock, and goes on when the clock has come up to it: deletions wait so long.
        const most = this.#world.profile.blobs ? BLOBS_SKEW_MS : MAX_SKEW_MS;
        const ms = Math.floor(random.range(-most, most));
        this.#world.note(`the wall clock of ${machine.name} is set wrong by ${ms} ms`);
        machine.clock.setSkew(ms);
        return;
      }
      case "drift":
        machine.clock.setRate(this.#world.rate());
        return;
      case "partition":
        this.#partition(machine);
        return;
      case "cut-pair": {
        const other = this.#another(machine) ?? random.pick(this.#world.machines);
        this.#block(
          other === machine
            ? []
            : [
                [machine.name, other.name],
                [other.name, machine.name],
              ],
        );
        return;
      }
      case "one-way": {
        const other = this.#another(machine);
        if (other !== undefined) this.#block([[machine.name, other.name]]);
        else this.#block(this.#world.machines.map(({ name }) => [machine.name, name] as const));
        return;
      }
      case "reset": {
        const endpoints = [...fabric.endpoints];
        if (endpoints.length === 0) this.#notNow();
        else for (let i = random.between(1, 4); i > 0; i--) random.pick(endpoints).reset();
        return;
      }
      case "slow-link":
      case "loss":
        this.#worsen(machine, fault);
        return;
      case "disk-error": {
        const operation = random.pick(DISK_OPERATIONS);
        this.#world.note(`the disk of ${machine.name}: EIO in ${operation}`);
        this.#arm("disk-error", machine);
        machine.disk.inject({ code: "EIO", operation, after: random.nextInt(20) });
        this.#world.after(random.range(0, 5_000), () => machine.disk.clearFaults());
        return;
      }
      case "fsync-failure":
        this.#world.note(`the disk of ${machine.name}: fdatasync fails`);
        this.#arm("fsync-failure", machine);
        machine.disk.inject({ code: "EIO", operation: "datasync", after: random.nextInt(10) });
        return;
      case "disk-full": {
        const { freeBytes, totalBytes } = machine.disk.space("/");
        this.#world.note(`the disk of ${machine.name} is nearly full`);
        this.#arm("disk-full", machine);
        machine.disk.setCapacity(totalBytes - freeBytes + random.nextInt(32 << 10));
        this.#world.after(random.range(500, 10_000), () => machine.disk.setCapacity(2 ** 50));
        return;
      }
      case "slow-disk":
        this.#slowDisk(machine);
        return;
      case "flip-bit":
        if (!this.#flipBit(machine)) this.#notNow();
        return;
      case "wipe":
        if (machine.wiped || !this.#mayLose(machine)) {
          this.#notNow();
          return;
        }
        machine.wipe();
        this.#world.after(random.range(0, 5_000), () => this.#world.operator.replace(machine));
        return;
      case "rollback":
        this.#notNow();
        this.#rollBack(machine);
        return;
      case "transfer":
        this.#notNow();
        this.#world.operator.transfer(() => this.took("transfer"));
        return;
      case "membership":
        if (this.#isRollingBack || !this.#world.operator.change()) this.#notNow();
        return;
      case "graceful-restart":
        if (!machine.restartGracefully()) this.#notNow();
        return;
      case "stall-thread": {
        const threads = Object.values(machine.life?.threads ?? {});
        const thread = random.pick(threads);
        thread.busyUntil = this.#world.scheduler.now + random.range(10, 3_000);
        return;
      }
    }
  }

  #slowDisk(machine: Machine): void {
    const times = this.#random.pick([10, 100, 1_000]);
    const untilMs = Math.min(this.#world.scheduler.now + this.#random.range(500, 10_000), this.#endMs);
    machine.slowDisk = { times, untilMs };
    this.#world.note(`the disk of ${machine.name} is ${times} times as slow`);
  }

  /** It takes effect when the disk meets it (Machine says so), which may be never. */
  #arm(fault: FaultName, machine: Machine): void {
    machine.armed.add(fault);
    this.#notNow();
  }

  /**
   * The leader loses one follower, which begins to ask for votes; then the other followers lose the leader and, in the same
   * moment, what they had in memory: whom they had heard of, and when.
   */
  #amnesia(): void {
    this.#notNow();
    const leader = this.#world.leader();
    const [first, ...others] = this.#random.shuffle(
      this.#world.machines.filter((machine) => machine !== leader && machine.life?.alive),
    );
    if (leader === undefined || first === undefined) return;
    const cut = (machine: Machine): void =>
      this.#block([
        [leader.name, machine.name],
        [machine.name, leader.name],
      ]);
    cut(first);
    this.#world.after(this.#random.range(500, 4_000), () => {
      for (const other of others) {
        cut(other);
        other.kill(0);
      }
      if (others.length > 0) this.took("amnesia");
    });
  }

  #downMs(): number {
    return this.#random.range(10, this.#random.pick([200, 2_000, 10_000]));
  }

  #another(machine: Machine): Machine | undefined {
    const others = this.#world.machines.filter((other) => other !== machine && other.life?.alive);
    return others.length === 0 || this.#random.chance(0.3) ? undefined : this.#random.pick(others);
  }

  #partition(machine: Machine): void {
    const others = this.#world.machines.filter((other) => other !== machine).map(({ name }) => name);
    const names = [machine.name, ...this.#random.shuffle(others)];
    const cut = this.#random.chance(0.4) ? 1 : this.#random.between(1, names.length - 1);
    const [left, right] = [names.slice(0, cut), names.slice(cut)];
    // A bridge: one node still sees both sides.
    const bridge = this.#random.chance(0.2) ? right[0] : undefined;
    const pairs: (readonly [string, string])[] = [];
    for (const a of left) {
      for (const b of right) if (b !== bridge) pairs.push([a, b], [b, a]);
    }
    this.#block(pairs);
  }

  #block(pairs: readonly (readonly [string, string])[]): void {
    if (pairs.length === 0) this.#notNow();
    const { fabric } = this.#world;
    this.#world.note(`cut: ${pairs.map(([from, to]) => `${from}>${to}`).join(" ")}`);
    for (const [from, to] of pairs) fabric.block(from, to);
    this.#world.after(this.#random.range(100, this.#world.profile.cutMs), () => {
      this.#world.note(`open again: ${pairs.map(([from, to]) => `${from}>${to}`).join(" ")}`);
      for (const [from, to] of pairs) fabric.unblock(from, to);
    });
  }

  #worsen(machine: Machine, fault: "slow-link" | "loss"): void {
    const random = this.#random;
    const change =
      fault === "loss"
        ? { loss: random.pick([0.02, 0.1, 0.3]) }
        : {
            latencyMs: random.range(5, random.pick([100, 400, 900])),
            jitterMs: random.range(0, 100),
            bandwidth: random.range(5, 500),
          };
    const { fabric, machines } = this.#world;
    const { name } = machine;
    const direction = random.pick(["from", "to", "both"]);
    const ways = machines
      .filter((other) => other !== machine)
      .flatMap((other): [string, string][] => [
        ...(direction === "to" ? [] : [[name, other.name] as [string, string]]),
        ...(direction === "from" ? [] : [[other.name, name] as [string, string]]),
      ]);
    this.#world.note(`the ways ${direction} ${name} become bad: ${JSON.stringify(change)}`);
    for (const [from, to] of ways) Object.assign(fabric.link(from, to), change);
    this.#world.after(random.range(500, 10_000), () => {
      for (const [from, to] of ways) fabric.restore(from, to);
    });
  }

  /** Rot in a file of the log that nobody has written to lately. False: there is none, or it must not be. */
  #flipBit(machine: Machine): boolean {
    const { disk } = machine;
    const names = disk.quietly(() =>
      disk.stat("/data/wal") === undefined
        ? []
        : disk.readdir("/data/wal").filter((name) => (disk.stat(`/data/wal/${name}`)?.bytes ?? 0) > 0),
    );
    if (names.length === 0 || !this.#mayLose(machine)) return false;
    const path = `/data/wal/${this.#random.pick(names)}`;
    const offset = disk.quietly(() => this.#placeIn(disk.open(path, "read")));
    this.#world.note(`a bit of ${machine.name}:${path} flips at ${offset}`);
    machine.damaged = true;
    disk.flipBit(path, offset, this.#random.nextInt(8));
    if (this.#random.chance(0.7)) {
      const downMs = this.#downMs();
      // In the newest segment the bit may be in the last synced group. Together with a power cut such damage cannot be told from
      // a torn write (docs/format/wal.md, end); after the death of the process alone it must be found.
      if (path === `/data/wal/${names.toSorted().findLast((name) => name.endsWith(".wal"))}`)
        machine.kill(downMs);
      else machine.powerCut(downMs);
    }
    return true;
  }

  /**
   * A copy is made while the node is down, and put back over what the node has promised since. Only when every other member
   * knows of a start that the copy does not contain: decision 033 promises nothing for a copy that meets none of those.
   */
  #rollBack(machine: Machine): void {
    const { operator } = this.#world;
    // Nobody else may be lost, before or meanwhile: who takes a place would not know what the others know.
    if (operator.busy || this.#lost > 0 || machine.damaged || !this.#mayLose(machine)) return;
    machine.powerCut(undefined);
    const copy = machine.copy();
    this.#world.after(this.#downMs(), () => machine.start());
    if (copy === undefined) return;
    this.#world.note(`the disk of ${machine.name} is copied`);
    this.#copied = machine;
    const putBack = (): void => {
      const lost = machine.damaged || machine.wiped || operator.removed.has(machine.name);
      if (this.#over || lost) this.#copied = undefined;
      else if (machine.life?.alive !== true || !this.#isKnownToAll(machine, copy)) {
        this.#world.after(PUT_BACK_EVERY_MS, putBack);
      } else {
        machine.putBack(copy);
        this.took("rollback");
      }
    };
    this.#world.after(this.#random.range(1_000, 10_000), putBack);
  }

  get #isRollingBack(): boolean {
    return this.#copied !== undefined && this.#copied.state !== "fenced";
  }

  /** Each of the others has a later start of it in its node.json. */
  #isKnownToAll({ name, identity }: Machine, copy: DirectoryCopy): boolean {
    const since = identity.incarnations.slice(copy.identity.incarnations.length);
    const id = raftIdOf(name);
    return this.#world.operator.members
      .filter((other) => other.name !== name)
      .every((other) =>
        other.identity.peerIncarnations.some((row) => row.id === id && since.includes(row.boot)),
      );
  }

  /** Mostly where something was written: the rest of a segment is zeros. */
  #placeIn(file: DiskFile): number {
    const byte = new Uint8Array(1);
    let offset = 0;
    for (let tries = 0; tries < TRIES_FOR_CONTENT && byte[0] === 0; tries++) {
      offset = this.#random.nextInt(file.size());
      file.pread(byte, offset);
    }
    file.close();
    return offset;
  }

  #mayLose(machine: Machine): boolean {
    const { operator } = this.#world;
    if (operator.joining === machine.name) return false;
    if (machine.damaged) return true;
    if (machine.wiped || operator.removed.has(machine.name)) return false;
    // Of five voters two may be gone, as long as there are five: a change that is under way could leave fewer.
    const most = operator.members.length >= 5 && !operator.busy && !this.#isRollingBack ? 2 : 1;
    if (this.#lost >= most) return false;
    this.#lost++;
    return true;
  }
}
