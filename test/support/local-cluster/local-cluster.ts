/** Several whole nodes in one thread. Their logs, keyspaces and identities survive them. */

import { clusterIdOf } from "../../../src/cluster/registry/node-registry.ts";
import type { ClusterIdentity, NamedAddress, RaftSettings } from "../../../src/cluster/types.ts";
import { systemRandom } from "../../../src/platform/random.ts";
import { MemoryGenerations } from "../memory-store/memory-generations.ts";
import { type LocalNode, localNode, MemoryLog, RAFT_SETTINGS } from "./local-node.ts";
import { MemoryNetwork } from "./memory-peers.ts";

export interface Place {
  identity: ClusterIdentity;
  generations: MemoryGenerations;
  log: MemoryLog;
  readonly address: string;
  readonly joins: boolean;
}

export class LocalCluster {
  readonly network = new MemoryNetwork();
  readonly nodes = new Map<string, LocalNode>();
  readonly places = new Map<string, Place>();
  readonly initial: readonly NamedAddress[];
  readonly clusterId: string;
  raft: RaftSettings = { ...RAFT_SETTINGS, tickMs: 10 };

  constructor(names: readonly string[]) {
    this.initial = names.map((name) => ({ name, address: addressOf(name) }));
    this.clusterId = clusterIdOf(this.initial);
  }

  /** A new data directory (in place of an older one of that name). */
  wipe(name: string): void {
    const joins = !this.initial.some((one) => one.name === name);
    const instance = Buffer.from(systemRandom.bytes(16)).toString("hex");
    const clusterId = joins ? "" : this.clusterId;
    this.places.set(name, {
      identity: {
        clusterId,
        name,
        instance,
        roster: undefined,
        incarnations: ["00000000000000a0"],
        peerIncarnations: [],
        initializing: true,
      },
      generations: new MemoryGenerations({
        fsmSyncMode: "sync",
        identity: { clusterId: joins ? instance : clusterId, nodeId: name },
      }),
      log: new MemoryLog(),
      address: addressOf(name),
      joins,
    });
  }

  start(name: string): LocalNode {
    if (!this.places.has(name)) this.wipe(name);
    const place = this.place(name);
    const node = localNode({
      ...place,
      initialCluster: place.joins ? [] : this.initial,
      join: place.joins ? this.initial : [],
      raft: this.raft,
      peer: {
        advertise: place.address,
        tls: false,
        transport: (callbacks) => this.network.transport(place.address, callbacks),
      },
      keepRoster: (clusterId, roster) => {
        place.identity = { ...place.identity, clusterId, roster };
      },
    });
    this.nodes.set(name, node);
    return node;
  }

  startAll(): Promise<unknown> {
    return Promise.all(this.initial.map(({ name }) => this.start(name).front.whenReadable()));
  }

  async stop(name: string): Promise<void> {
    const node = this.node(name);
    this.nodes.delete(name);
    const place = this.place(name);
    await node.stop();
    place.identity = { ...place.identity, initializing: false };
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.nodes.keys()].map((name) => this.stop(name)));
  }

  node(name: string): LocalNode {
    const node = this.nodes.get(name);
    if (node === undefined) throw new Error(`${name} does not run`);
    return node;
  }

  place(name: string): Place {
    const place = this.places.get(name);
    if (place === undefined) throw new Error(`${name} has no directory`);
    return place;
  }

  /** Name of the leader, once some node leads. */
  async leader(): Promise<string> {
    return until("a leader", () => {
      return [...this.nodes].find(([, node]) => node.front.leadership.leading)?.[0];
    });
  }

  async follower(): Promise<string> {
    const leader = await this.leader();
    const name = [...this.nodes.keys()].find((one) => one !== leader);
    if (name === undefined) throw new Error("no other node runs");
    return name;
  }
}

function addressOf(name: string): string {
  return `${name}.test:7000`;
}

/** Polls until there is an answer. @throws Error naming what never came */
export async function until<T>(what: string, look: () => T | undefined | false): Promise<T> {
  const giveUp = performance.now() + 15_000;
  while (performance.now() < giveUp) {
    const found = look();
    if (found !== undefined && found !== false) return found;
    await Bun.sleep(5);
  }
  throw new Error(`waited in vain for ${what}`);
}
