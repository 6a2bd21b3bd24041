/**
 * A network of byte streams between simulated hosts: late, slow, cut, one-way, reset in the middle of a frame. What a
 * stream delivers it delivers in order and whole, as TCP does, up to the byte at which it ends.
 *
 * Kernels are no part of processes: bytes go on arriving at a stopped process, a killed one's streams are reset by its
 * kernel, and a host without power says nothing at all.
 */
import {
  type Connection,
  type ConnectionHandlers,
  type Network,
  type NetworkAddress,
  NetworkError,
} from "../../../src/platform/network.ts";
import type { Scheduler, SimThread } from "./scheduler.ts";
import { Endpoint } from "./sim-connection.ts";
import type { SimRandom } from "./sim-random.ts";

/** How one direction between two hosts is. */
export interface LinkState {
  /** Nothing gets through; what is sent waits for the end of it. */
  blocked: boolean;
  latencyMs: number;
  /** Mean of an exponential on top. */
  jitterMs: number;
  /** Of a segment, to be lost at first and come after a retransmission. */
  loss: number;
  /** Bytes a millisecond. */
  bandwidth: number;
}

export interface NetworkConditions {
  readonly latencyMs: number;
  readonly jitterMs: number;
  readonly loss: number;
  /** Of a write, to arrive in several pieces. */
  readonly split: number;
}

interface Listening {
  readonly thread: SimThread;
  readonly accept: Parameters<Network["listen"]>[1];
  open: boolean;
}

interface Host {
  powered: boolean;
  readonly listening: Map<number, Listening>;
}

/** A lost SYN is sent again after these. */
const SYN_RETRIES_MS = [1_000, 3_000, 7_000];
const LAN_BYTES_PER_MS = 100_000;

export class Fabric {
  readonly scheduler: Scheduler;
  readonly random: SimRandom;
  readonly conditions: NetworkConditions;
  readonly #hosts = new Map<string, Host>();
  readonly #links = new Map<string, LinkState>();
  readonly #endpoints = new Set<Endpoint>();
  #ports = 40_000;

  constructor(scheduler: Scheduler, random: SimRandom, conditions: NetworkConditions) {
    this.scheduler = scheduler;
    this.random = random;
    this.conditions = conditions;
  }

  /** Every open end, in the order in which they were made. */
  get endpoints(): ReadonlySet<Endpoint> {
    return this.#endpoints;
  }

  host(name: string): Host {
    let host = this.#hosts.get(name);
    if (host === undefined) {
      host = { powered: true, listening: new Map() };
      this.#hosts.set(name, host);
    }
    return host;
  }

  link(from: string, to: string): LinkState {
    const name = `${from}>${to}`;
    let link = this.#links.get(name);
    if (link === undefined) {
      link = this.#healthy();
      this.#links.set(name, link);
    }
    return link;
  }

  /** The network of one thread of a process on a host. */
  of(host: string, thread: SimThread): Network {
    return {
      listen: async (address, accept) => {
        const { listening } = this.host(host);
        const used = listening.get(address.port);
        if (used?.open && used.thread.process.alive) {
          const where = `${address.host}:${address.port}`;
          throw new NetworkError("EADDRINUSE", where, `listen ${where}: EADDRINUSE`);
        }
        const entry: Listening = { thread, accept, open: true };
        listening.set(address.port, entry);
        return {
          address,
          close: () => {
            entry.open = false;
          },
        };
      },
      connect: (address, handlers) => this.#connect(host, thread, address, handlers),
    };
  }

  /** Cuts the way from one host to another. */
  block(from: string, to: string): void {
    this.link(from, to).blocked = true;
  }

  unblock(from: string, to: string): void {
    this.link(from, to).blocked = false;
    for (const endpoint of this.#endpoints) {
      if (endpoint.host === from && endpoint.remoteHost === to) endpoint.resumeSending();
    }
  }

  /** This way is as good as it was in the beginning. */
  restore(from: string, to: string): void {
    const { latencyMs, jitterMs, loss, bandwidth } = this.#healthy();
    Object.assign(this.link(from, to), { latencyMs, jitterMs, loss, bandwidth });
  }

  /** Every way is open and as good as it was in the beginning. */
  heal(): void {
    for (const [name, link] of this.#links) {
      const [from, to] = name.split(">") as [string, string];
      Object.assign(link, this.#healthy());
      this.unblock(from, to);
    }
  }

  /** The process has ended; its kernel resets what it had. */
  processEnded(host: string, thread: SimThread): void {
    for (const endpoint of this.#endpoints) {
      if (endpoint.host === host && endpoint.thread === thread) endpoint.abandon(true);
    }
  }

  /** The power of a host has gone: it says nothing any more, and knows nothing when it is back. */
  powerCut(host: string): void {
    this.host(host).powered = false;
    for (const endpoint of this.#endpoints) if (endpoint.host === host) endpoint.abandon(false);
  }

  powerOn(host: string): void {
    this.host(host).powered = true;
  }

  isUp(host: string): boolean {
    return this.host(host).powered;
  }

  forget(endpoint: Endpoint): void {
    this.#endpoints.delete(endpoint);
  }

  #healthy(): LinkState {
    const { latencyMs, jitterMs, loss } = this.conditions;
    return { blocked: false, latencyMs, jitterMs, loss, bandwidth: LAN_BYTES_PER_MS };
  }

  #connect(
    host: string,
    thread: SimThread,
    address: NetworkAddress,
    handlers: ConnectionHandlers,
  ): Connection {
    const dialler = new Endpoint(this, thread, host, address.host, `${address.host}:${address.port}`);
    dialler.handlers = handlers;
    this.#endpoints.add(dialler);
    this.#syn(dialler, address, 0);
    return dialler;
  }

  #syn(dialler: Endpoint, address: NetworkAddress, attempt: number): void {
    if (dialler.closed) return;
    const there = this.link(dialler.host, address.host);
    const back = this.link(address.host, dialler.host);
    const arrives = !there.blocked && !back.blocked && this.host(address.host).powered;
    if (!arrives) {
      const retryMs = SYN_RETRIES_MS[attempt];
      this.scheduler.after(retryMs ?? 5_000, () => {
        if (retryMs === undefined) dialler.end("ETIMEDOUT");
        else this.#syn(dialler, address, attempt + 1);
      });
      return;
    }
    this.scheduler.after(there.latencyMs + this.random.exponential(there.jitterMs), () => {
      const listening = this.host(address.host).listening.get(address.port);
      if (dialler.closed) return;
      if (listening === undefined || !listening.open || !listening.thread.process.alive) {
        this.scheduler.after(back.latencyMs, () => dialler.end("ECONNREFUSED"));
        return;
      }
      this.#accept(dialler, address, listening);
      this.scheduler.after(back.latencyMs + this.random.exponential(back.jitterMs), () => dialler.opened());
    });
  }

  /** The kernel takes the connection; the process hears of it when it comes to it. */
  #accept(dialler: Endpoint, address: NetworkAddress, listening: Listening): void {
    const port = this.#ports++;
    const accepted = new Endpoint(
      this,
      listening.thread,
      address.host,
      dialler.host,
      `${dialler.host}:${port}`,
    );
    accepted.peer = dialler;
    dialler.peer = accepted;
    this.#endpoints.add(accepted);
    accepted.opened();
    listening.thread.post(0, "accept", () => {
      if (accepted.closed) return;
      accepted.handlers = listening.accept(accepted, undefined);
      accepted.deliver();
    });
  }
}
