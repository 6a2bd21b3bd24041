/** One run: a cluster, its clients, and everything that goes wrong, as one seed has it. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NamedAddress } from "../../../src/cluster/types.ts";
import { HistoryRecorder } from "../../linearizability/index.ts";
import { Clients } from "./clients.ts";
import { awaitConvergence } from "./convergence.ts";
import { Faults } from "./faults.ts";
import { checkHistory, type HistoryVerdict } from "./history-check.ts";
import { Ledger } from "./ledger.ts";
import { addressOf, Machine } from "./machine.ts";
import { Operator } from "./operator.ts";
import { type Profile, profileOf } from "./profile.ts";
import { type Lease, SafetyMonitor } from "./safety.ts";
import { resetThreadNumbers, Scheduler } from "./scheduler.ts";
import { Fabric } from "./sim-network.ts";
import { SimRandom } from "./sim-random.ts";
import { copiesOf, Uploads } from "./uploads.ts";
import { Violation } from "./violation.ts";

const MEMORY_DISK = "/dev/shm";
/** Time to form the cluster before anything goes wrong. */
const FORMATION_MS = 30_000;
/** Time after the end of all faults until everything must be well again. */
const RECOVERY_MS = 120_000;
/** A run with more events than this goes in circles. */
const MAX_EVENTS = 20_000_000;

export interface RunOptions {
  readonly seed: number;
  readonly profile?: Partial<Profile>;
  readonly trace?: (line: string) => void;
}

export interface RunResult {
  readonly seed: number;
  /** undefined: all is well. */
  readonly failure: Error | undefined;
  readonly hash: string;
  readonly events: number;
  readonly simulatedMs: number;
  readonly profile: Profile;
  readonly calls: number;
  readonly answered: number;
  readonly history: HistoryVerdict;
  /** Writes of the ledger that were acknowledged. */
  readonly ledger: number;
  /** Writes of objects with blobs that were acknowledged. */
  readonly uploads: number;
  readonly applied: number;
  readonly leaders: number;
  readonly faults: Readonly<Record<string, number>>;
}

export class World {
  readonly seed: number;
  readonly random: SimRandom;
  readonly profile: Profile;
  readonly scheduler: Scheduler;
  readonly fabric: Fabric;
  readonly safety: SafetyMonitor;
  readonly recorder: HistoryRecorder;
  readonly machines: Machine[] = [];
  readonly clients: Clients;
  readonly ledger: Ledger;
  /** undefined: a run without blobs. */
  readonly uploads: Uploads | undefined;
  readonly operator: Operator;
  readonly faults: Faults;
  readonly #trace: ((line: string) => void) | undefined;
  #failure: Error | undefined;
  #realDirectory: string | undefined;

  constructor(options: RunOptions) {
    resetThreadNumbers();
    this.seed = options.seed;
    this.random = new SimRandom(options.seed);
    this.profile = profileOf(this.random.fork("profile"), options.profile);
    this.scheduler = new Scheduler(this.random.fork("scheduler"));
    this.safety = new SafetyMonitor(
      () => this.#leases(),
      (value) => this.scheduler.mix(value),
    );
    this.#trace = options.trace;
    if (options.trace !== undefined) {
      const { trace } = options;
      this.scheduler.trace = (at, who, what) =>
        trace(`${at.toFixed(3).padStart(12)} ${who.padEnd(14)} ${what}`);
    }
    this.fabric = new Fabric(this.scheduler, this.random.fork("network"), this.profile.network);
    this.recorder = new HistoryRecorder(() => this.scheduler.moment);
    const initial = Array.from({ length: this.profile.nodes }, (_, i) => this.#named(`n${i + 1}`));
    for (const { name } of initial) this.machines.push(new Machine(this, name, { initialCluster: initial }));
    this.clients = new Clients({
      scheduler: this.scheduler,
      random: this.random.fork("clients"),
      profile: this.profile,
      recorder: this.recorder,
      machines: () => this.machines.filter((machine) => machine.serves),
      onViolation: (error) => this.fail(error),
    });
    this.ledger = new Ledger({
      scheduler: this.scheduler,
      random: this.random.fork("ledger"),
      profile: this.profile,
      machines: () => this.machines.filter((machine) => machine.serves),
      onViolation: (error) => this.fail(error),
    });
    this.uploads = this.profile.blobs
      ? new Uploads({
          scheduler: this.scheduler,
          random: this.random.fork("uploads"),
          profile: this.profile,
          machines: () => this.machines.filter((machine) => machine.serves),
          // A machine that has lost its disk may have had a copy.
          copies: (sha256) => (this.faults.lost > 0 ? undefined : copiesOf(this.machines, sha256)),
          onViolation: (error) => this.fail(error),
        })
      : undefined;
    this.operator = new Operator(this, this.random.fork("operator"));
    this.faults = new Faults(this, this.random.fork("faults"));
  }

  run(): RunResult {
    const { scheduler } = this;
    for (const machine of this.machines) machine.clock.setRate(this.rate());
    for (const machine of this.machines) machine.start();
    const formed = (): boolean => this.machines.every((machine) => machine.formed);
    this.#until(FORMATION_MS, formed);
    if (!formed()) this.fail(new Violation("the cluster forms"));
    this.note("formed");
    const faultsEnd = scheduler.now + this.profile.durationMs;
    this.clients.start();
    this.ledger.start();
    this.uploads?.start();
    this.faults.start();
    this.#until(this.profile.durationMs, () => scheduler.now >= faultsEnd);
    this.note("the end of all faults");
    this.faults.end();
    this.clients.stop();
    this.ledger.stop();
    this.uploads?.stop();
    const converged = awaitConvergence(this);
    this.#until(RECOVERY_MS, () => converged.done);
    if (this.#failure === undefined && !converged.done) {
      this.fail(new Violation("the cluster recovers", { missing: converged.missing() }));
    }
    for (const { life, keyspace } of this.machines) {
      this.guard(() => life?.auditLog());
      if (life?.alive === true) this.guard(() => keyspace.audit());
    }
    let history: HistoryVerdict = { undecided: 0, retried: 0 };
    if (this.#failure === undefined) {
      this.guard(() => {
        history = checkHistory(this.recorder.calls());
      });
    }
    const calls = this.recorder.calls();
    return {
      seed: this.seed,
      failure: this.#failure,
      hash: scheduler.hash,
      events: scheduler.events,
      simulatedMs: scheduler.now,
      profile: this.profile,
      calls: calls.length,
      answered: calls.filter(({ outcome }) => outcome.kind !== "unknown" && outcome.kind !== "refused")
        .length,
      history,
      ledger: this.ledger.acknowledged,
      uploads: this.uploads?.acknowledged ?? 0,
      applied: this.safety.highestApplied,
      leaders: this.safety.leaderTerms,
      faults: this.faults.counts,
    };
  }

  /** Where SQLite keeps the files of a machine: it knows no other disk than the real one. */
  realDirectory(machine: string): string {
    this.#realDirectory ??= mkdtempSync(join(existsSync(MEMORY_DISK) ? MEMORY_DISK : tmpdir(), "ekv-sim-"));
    return join(this.#realDirectory, machine);
  }

  /** Lets go of what the run had outside of itself. */
  dispose(): void {
    for (const { keyspace } of this.machines) keyspace.dispose();
    if (this.#realDirectory !== undefined) rmSync(this.#realDirectory, { recursive: true, force: true });
  }

  /** A new machine that is to join the cluster; not started. */
  addMachine(name: string, join: readonly NamedAddress[]): Machine {
    const machine = new Machine(this, name, { join });
    machine.clock.setRate(this.rate());
    this.machines.push(machine);
    return machine;
  }

  /** The machine that leads, as far as it knows; the newest term when there are several. */
  leader(): Machine | undefined {
    let leader: Machine | undefined;
    for (const machine of this.machines) {
      const { life } = machine;
      if (!life?.alive || life.front?.leadership.leading !== true) continue;
      if (leader === undefined || life.published.group(0).term > (leader.life?.published.group(0).term ?? 0))
        leader = machine;
    }
    return leader;
  }

  /** A machine's clock runs this fast. */
  rate(): number {
    const { driftShare } = this.profile;
    return this.random.range(1 - driftShare, 1 + driftShare);
  }

  after(delayMs: number, task: () => void): void {
    this.scheduler.after(delayMs, task);
  }

  /** Something worth knowing when one looks at a failure. */
  note(what: string): void {
    this.#trace?.(`${this.scheduler.moment.toFixed(3).padStart(12)} ${"===".padEnd(14)} ${what}`);
  }

  /** The run has failed; it ends. Only the first reason counts. */
  fail(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new Error(String(error));
  }

  guard(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.fail(error);
    }
  }

  #leases(): Lease[] {
    const leases: Lease[] = [];
    for (const { name, life, clock } of this.machines) {
      if (!life?.alive) continue;
      const leftMs = life.published.group(0).leaseUntilUs / 1000 - clock.monotonicMs();
      if (leftMs > 0) leases.push({ name, term: life.published.group(0).term, leftMs });
    }
    return leases;
  }

  #named(name: string): NamedAddress {
    return { name, address: addressOf(name) };
  }

  #until(limitMs: number, done: () => boolean): void {
    const { scheduler } = this;
    const end = scheduler.now + limitMs;
    let over = false;
    scheduler.after(limitMs, () => {
      over = true;
    });
    while (this.#failure === undefined && !over && !done()) {
      this.guard(() => {
        if (!scheduler.step()) throw new Error(`nothing is left to happen at ${scheduler.now} of ${end} ms`);
      });
      if (scheduler.events > MAX_EVENTS) this.fail(new Violation("a run ends", { events: scheduler.events }));
    }
  }
}
