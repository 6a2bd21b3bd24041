/**
 * Simulated time. Everything that happens is an event in one queue; events of the same moment come in an order that the
 * seed chooses. What belongs to a process runs in one of its threads: one turn at a time, each turn a task and all the
 * microtasks that it caused (`drainMicrotasks`), so that nothing is ever left for the real event loop.
 *
 * A turn runs at once, however long it is said to take (`spend`: a disk operation). What it sends leaves at the moment it
 * had come to, and its thread takes nothing else before it is over. If the process dies in between, the disk undoes what
 * came later (SimulatedDiskOptions.time), and what was sent later never left.
 */
import { drainMicrotasks } from "bun:jsc";
import { crc32 } from "node:zlib";
import { EventQueue, type SimEvent } from "./event-queue.ts";
import type { SimRandom } from "./sim-random.ts";

/** One life of a program. */
export interface Process {
  readonly name: string;
  alive: boolean;
  /** Stopped (SIGSTOP): what arrives for its threads waits here. undefined = it runs. */
  held: (() => void)[] | undefined;
  /** An error that nobody caught. */
  onError(thread: string, error: unknown): void;
}

/** Ends a turn of a process that has just died. */
class ProcessEnded extends Error {
  override readonly name = "ProcessEnded";
}

export class Scheduler {
  readonly #queue = new EventQueue();
  readonly #random: SimRandom;
  /** Milliseconds since the run began. */
  now = 0;
  /** Events so far. */
  events = 0;
  /** Prints what happens, while somebody wants to see it. */
  trace: ((at: number, who: string, what: string) => void) | undefined;
  #turn: SimThread | undefined;
  #spent = 0;
  #turnEnd: (() => void)[] = [];
  #hashLow = 0x811c_9dc5;
  #hashHigh = 0x1234_5678;

  constructor(random: SimRandom) {
    this.#random = random;
  }

  /** The moment that the running turn has come to; outside of turns, now. */
  get moment(): number {
    return this.now + this.#spent;
  }

  /** The thread whose turn it is. */
  get turn(): SimThread | undefined {
    return this.#turn;
  }

  /** Depends on everything that happened so far, on when, and on what nodes and clients told each other. */
  get hash(): string {
    return hex(this.#hashHigh) + hex(this.#hashLow);
  }

  /** Makes the hash depend on this number too. */
  mix(value: number): void {
    this.#hashLow = Math.imul(this.#hashLow ^ (value | 0), 0x0100_0193);
    this.#hashHigh = (Math.imul(this.#hashHigh ^ (this.#hashLow >>> 15), 0x85eb_ca6b) + value) | 0;
  }

  mixText(text: string): void {
    this.mix(crc32(text));
  }

  mixBytes(bytes: Uint8Array): void {
    this.mix(crc32(bytes));
  }

  /** @param delayMs after the present moment */
  after(delayMs: number, run: () => void): SimEvent {
    return this.#queue.add(this.moment + Math.max(0, delayMs), this.#random.word(), run);
  }

  /** Lets the next event happen. False: there is none. */
  step(): boolean {
    const event = this.#queue.take();
    if (event === undefined) return false;
    if (event.cancelled) return true;
    this.now = event.at;
    this.events++;
    event.run();
    return true;
  }

  /** The running turn takes so much time. */
  spend(ms: number): void {
    this.#spent += ms;
  }

  /** Runs at the end of the running turn, or at once outside of turns. */
  atTurnEnd(task: () => void): void {
    if (this.#turn === undefined) task();
    else this.#turnEnd.push(task);
  }

  /** One turn of a thread, now. */
  runTurn(thread: SimThread, task: () => void): void {
    if (this.#turn !== undefined)
      throw new Error(`a turn of ${thread.name} inside one of ${this.#turn.name}`);
    this.#turn = thread;
    this.#spent = 0;
    this.mix(thread.number);
    this.mix(Math.floor(this.now * 1e6) % 0x1_0000_0000);
    try {
      this.#guarded(thread, task);
      drainMicrotasks();
      while (this.#turnEnd.length > 0) {
        for (const ending of this.#turnEnd.splice(0)) this.#guarded(thread, ending);
        drainMicrotasks();
      }
      thread.busyUntil = this.moment;
    } finally {
      this.#turn = undefined;
      this.#spent = 0;
    }
    thread.afterTurn?.();
  }

  #guarded(thread: SimThread, task: () => void): void {
    if (!thread.process.alive) return;
    try {
      task();
    } catch (error) {
      if (thread.process.alive && !(error instanceof ProcessEnded))
        thread.process.onError(thread.name, error);
    }
  }
}

let threads = 0;

/** For a run that must not depend on the runs before it. */
export function resetThreadNumbers(): void {
  threads = 0;
}

/** One thread of a process: a thread of a node, or a client. */
export class SimThread {
  readonly name: string;
  readonly process: Process;
  readonly scheduler: Scheduler;
  readonly number = ++threads;
  busyUntil = 0;
  /** Looks at what the turn has left behind. */
  afterTurn: (() => void) | undefined;

  constructor(scheduler: Scheduler, process: Process, name: string) {
    this.scheduler = scheduler;
    this.process = process;
    this.name = name;
  }

  /** A turn of this thread, `delayMs` after the present moment, or as soon as it is free after that.
   *  @param label for the trace only */
  post(delayMs: number, label: string, task: () => void): SimEvent {
    return this.scheduler.after(delayMs, () => this.#run(label, task));
  }

  #run(label: string, task: () => void): void {
    const { scheduler, process } = this;
    if (!process.alive) return;
    if (process.held !== undefined) {
      process.held.push(() => this.#run(label, task));
      return;
    }
    if (this.busyUntil > scheduler.now) {
      scheduler.after(this.busyUntil - scheduler.now, () => this.#run(label, task));
      return;
    }
    scheduler.trace?.(scheduler.now, this.name, label);
    scheduler.runTurn(this, task);
  }
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}
