/** Simulated time and an in-memory network for the tests of the transport: what happens is a function of the calls. */
import type { Clock } from "../../../src/platform/clock.ts";
import {
  type Connection,
  type ConnectionHandlers,
  type Network,
  NetworkError,
  type PeerCertificate,
} from "../../../src/platform/network.ts";
import type { Random } from "../../../src/platform/random.ts";
import type { Timers } from "../../../src/platform/timers.ts";

interface Task {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
  cancelled: boolean;
}

const LATENCY_MS = 1;
/** Of whoever dials. */
const SOME_PORT = 40_000;
/** What a "kernel" takes before a writer has to wait. */
const KERNEL_BYTES = 256 * 1024;

export class World {
  #nowMs = 0;
  #order = 0;
  #tasks: Task[] = [];
  #seed: number;
  readonly #listeners = new Map<
    string,
    (connection: Connection, peer: PeerCertificate | undefined) => ConnectionHandlers
  >();
  /** Every pair of ends that ever was, the dialler's first. */
  readonly pairs: (readonly [MemoryConnection, MemoryConnection])[] = [];
  /** Hosts whose process stands still: nothing is read there. */
  readonly stopped = new Set<string>();
  /** "from>to": bytes vanish without anybody being told. */
  readonly cut = new Set<string>();
  /** One byte of the first stream in this direction comes altered. */
  tamper: { readonly way: string; readonly at: number; readonly mask: number } | undefined;
  /** Largest piece that a stream is delivered in. */
  pieceBytes = 64 * 1024;

  constructor(seed = 1) {
    this.#seed = seed;
  }

  readonly clock: Clock = { nowMs: () => 1_700_000_000_000 + this.#nowMs, monotonicMs: () => this.#nowMs };

  readonly random: Random = {
    nextInt: (exclusiveMax) => {
      this.#seed = (Math.imul(this.#seed, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((this.#seed / 2 ** 32) * exclusiveMax);
    },
    bytes: (length) => Uint8Array.from({ length }, () => this.random.nextInt(256)),
  };

  readonly timers: Timers = {
    later: (task, delayMs) => this.#add(task, delayMs),
    every: (task, intervalMs) => {
      let cancel = () => {};
      const again = () => {
        cancel = this.#add(() => {
          again();
          task();
        }, intervalMs);
      };
      again();
      return () => cancel();
    },
    soon: (task) => void this.#add(task, 0),
  };

  /** Everything that is due in the next so many milliseconds. */
  run(ms: number): void {
    const end = this.#nowMs + ms;
    for (;;) {
      const next = this.#next(end);
      if (next === undefined) break;
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.run();
    }
    this.#nowMs = end;
  }

  /** Time passes and nothing runs: the process was stopped. */
  skip(ms: number): void {
    this.#nowMs += ms;
  }

  /** The network as the host sees it. */
  network(host: string): Network {
    return {
      listen: async (address, accept) => {
        const name = `${address.host}:${address.port}`;
        if (this.#listeners.has(name)) throw new NetworkError("EADDRINUSE", name, `cannot listen at ${name}`);
        this.#listeners.set(name, accept);
        return { address, close: () => void this.#listeners.delete(name) };
      },
      connect: (address, handlers) => {
        const near = new MemoryConnection(this, host, address.host);
        const far = new MemoryConnection(this, address.host, host);
        near.other = far;
        far.other = near;
        near.handlers = handlers;
        this.pairs.push([near, far]);
        this.#add(() => {
          if (this.cut.has(`${host}>${address.host}`)) return;
          const accept = this.#listeners.get(`${address.host}:${address.port}`);
          if (near.ended) return;
          if (accept === undefined) return near.close("ECONNREFUSED");
          far.handlers = accept(far, undefined);
          near.open();
          far.open();
          handlers.onOpen?.(undefined);
        }, LATENCY_MS);
        return near;
      },
    };
  }

  /** The connections between two hosts that live. */
  living(from: string, to: string): MemoryConnection[] {
    return this.pairs.map(([near]) => near).filter((end) => end.from === from && end.to === to && !end.ended);
  }

  #add(run: () => void, delayMs: number): () => void {
    const task: Task = { atMs: this.#nowMs + delayMs, order: this.#order++, run, cancelled: false };
    this.#tasks.push(task);
    return () => {
      task.cancelled = true;
    };
  }

  #next(end: number): Task | undefined {
    let best: Task | undefined;
    this.#tasks = this.#tasks.filter(({ cancelled }) => !cancelled);
    for (const task of this.#tasks) {
      if (task.atMs > end) continue;
      if (best === undefined || task.atMs < best.atMs || (task.atMs === best.atMs && task.order < best.order))
        best = task;
    }
    if (best !== undefined) this.#tasks.splice(this.#tasks.indexOf(best), 1);
    return best;
  }
}

export class MemoryConnection implements Connection {
  readonly #world: World;
  readonly from: string;
  readonly to: string;
  handlers: ConnectionHandlers = { onData: () => {}, onClose: () => {} };
  other: MemoryConnection | undefined;
  /** Every write, as it was made. */
  readonly writes: Uint8Array[] = [];
  #opened = false;
  #ended = false;
  #closed = false;
  #paused = false;
  /** Not taken by the kernel. */
  #buffered: Uint8Array[] = [];
  /** On the way, the bytes that the kernel took. */
  #way: Uint8Array[] = [];
  #pumping = false;
  #delivered = 0;

  constructor(world: World, from: string, to: string) {
    this.#world = world;
    this.from = from;
    this.to = to;
  }

  get remote(): string {
    return `${this.to}:${SOME_PORT}`;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get bufferedBytes(): number {
    return sum(this.#buffered);
  }

  write(bytes: Uint8Array): void {
    if (this.#ended) return;
    this.writes.push(bytes);
    this.#buffered.push(bytes);
    this.#toKernel();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.other?.pump();
  }

  destroy(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#buffered = [];
    this.#world.timers.soon(() => this.close(reason));
    if (this.#world.cut.has(`${this.from}>${this.to}`)) return;
    this.#world.timers.later(() => this.other?.close("closed by the other end"), LATENCY_MS);
  }

  /** A reset: both ends learn of it, and what was on the way is gone. */
  reset(): void {
    this.close("ECONNRESET");
    this.other?.close("ECONNRESET");
  }

  open(): void {
    this.#opened = true;
    this.#toKernel();
  }

  close(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ended = true;
    this.#buffered = [];
    this.#way = [];
    this.handlers.onClose(reason);
  }

  /** Bytes into the stream of this end that its owner did not write. */
  inject(bytes: Uint8Array): void {
    this.#way.push(bytes);
    this.pump();
  }

  pump(): void {
    if (this.#pumping || this.#way.length === 0) return;
    this.#pumping = true;
    this.#world.timers.later(() => {
      this.#pumping = false;
      this.#deliver();
      this.#toKernel();
    }, LATENCY_MS);
  }

  #deliver(): void {
    if (this.#world.cut.has(`${this.from}>${this.to}`)) {
      this.#way = [];
      return;
    }
    while (this.#way.length > 0) {
      const other = this.other;
      if (other === undefined || other.#ended || other.#paused || this.#world.stopped.has(this.to)) return;
      const next = this.#way[0] as Uint8Array;
      const take = Math.min(next.byteLength, 1 + this.#world.random.nextInt(this.#world.pieceBytes));
      // A copy that is overwritten afterwards: who kept the reader's bytes sees it.
      const piece = new Uint8Array(next.subarray(0, take));
      if (take === next.byteLength) this.#way.shift();
      else this.#way[0] = next.subarray(take);
      this.#alter(piece);
      other.handlers.onData(piece);
      piece.fill(0xee);
    }
  }

  #alter(piece: Uint8Array): void {
    const { tamper } = this.#world;
    if (tamper === undefined || tamper.way !== `${this.from}>${this.to}`) return;
    const at = tamper.at - this.#delivered;
    this.#delivered += piece.byteLength;
    if (at < 0 || at >= piece.byteLength) return;
    piece[at] = (piece[at] ?? 0) ^ tamper.mask;
    this.#world.tamper = undefined;
  }

  #toKernel(): void {
    if (!this.#opened || this.#ended) return;
    const waited = this.#buffered.length > 0;
    while (this.#buffered.length > 0 && sum(this.#way) < KERNEL_BYTES) {
      const next = this.#buffered[0] as Uint8Array;
      const take = Math.min(next.byteLength, KERNEL_BYTES - sum(this.#way));
      this.#way.push(next.subarray(0, take));
      if (take === next.byteLength) this.#buffered.shift();
      else this.#buffered[0] = next.subarray(take);
    }
    this.pump();
    if (waited && this.#buffered.length === 0) this.#world.timers.soon(() => this.#drained());
  }

  #drained(): void {
    if (!this.#ended && this.#buffered.length === 0) this.handlers.onDrain?.();
  }
}

function sum(pieces: readonly Uint8Array[]): number {
  let bytes = 0;
  for (const piece of pieces) bytes += piece.byteLength;
  return bytes;
}
