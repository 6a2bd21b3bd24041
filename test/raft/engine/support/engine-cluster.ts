/** A few engines in one thread, each with a log and a store in memory, on a network that loses what a test says. */

import type { Membership } from "../../../../src/cluster/registry/membership.ts";
import { applyMembershipEntry, bootstrapMembership } from "../../../../src/cluster/registry/membership.ts";
import type { RaftEnvelope } from "../../../../src/peer/types.ts";
import {
  type ConfState,
  type Entry,
  type HardState,
  type Message,
  type MessageType,
  RawNode,
  type SnapshotMetadata,
} from "../../../../src/raft/core/index.ts";
import { Engine } from "../../../../src/raft/engine/engine.ts";
import { BOOTSTRAP_POSITION, isMembershipEntry } from "../../../../src/raft/engine/group-configuration.ts";
import { LogCache } from "../../../../src/raft/engine/log-cache.ts";
import { raftIdOf } from "../../../../src/raft/engine/raft-id.ts";
import type { Position } from "../../../../src/raft/engine/types.ts";
import type { WalBatch } from "../../../../src/raft/log/types.ts";
import { PublishedState } from "../../../../src/threads/shared-state.ts";
import { seededRandom } from "../../log/support/seeded-random.ts";

const TICK_MS = 100;
const ELECTION_TICKS = 10;

/** What survives a restart. */
export interface Durable {
  entries: Entry[];
  firstIndex: number;
  baseTerm: number;
  hardState: HardState;
  applied: Position;
  membership: Membership;
  readonly values: string[];
}

export class EngineNode {
  readonly name: string;
  readonly id: number;
  readonly durable: Durable;
  readonly published = new PublishedState().group(0);
  engine: Engine<Membership>;
  alive = true;
  /** Reads of the log beyond memory. */
  logReads = 0;
  readonly snapshotsAsked: number[] = [];
  readonly #cluster: EngineCluster;
  #messages: (() => void)[] = [];

  constructor(cluster: EngineCluster, name: string, durable: Durable, fresh: boolean) {
    this.#cluster = cluster;
    this.name = name;
    this.id = raftIdOf(name);
    this.durable = durable;
    this.engine = this.#start(fresh);
  }

  restart(): void {
    this.#messages = [];
    this.alive = true;
    this.engine = this.#start(false);
    this.engine.start();
  }

  /** Forgets what the log holds up to `index`, as a compaction does. */
  compact(index: number): void {
    const { durable } = this;
    const term = durable.entries.find((entry) => entry.index === index)?.term;
    if (term === undefined) throw new Error(`no entry ${index} in the log of ${this.name}`);
    durable.entries = durable.entries.filter((entry) => entry.index > index);
    durable.firstIndex = index + 1;
    durable.baseTerm = term;
  }

  work(): boolean {
    if (!this.alive) return false;
    const mail = this.#messages;
    this.#messages = [];
    for (const task of mail) task();
    this.engine.work();
    return mail.length > 0;
  }

  #later(task: () => void): void {
    this.#messages.push(task);
  }

  #start(fresh: boolean): Engine<Membership> {
    const { durable } = this;
    const { applied, membership } = durable;
    const terms = [{ index: durable.firstIndex - 1, term: durable.baseTerm }];
    for (const { index, term } of durable.entries) {
      if (terms.at(-1)?.term !== term) terms.push({ index, term });
    }
    const cache = new LogCache({
      hardState: { ...durable.hardState, commit: Math.max(durable.hardState.commit, applied.index) },
      confState: membership.confState,
      ...applied,
      retained: { firstIndex: durable.firstIndex, terms },
    });
    cache.append(durable.entries.filter(({ index }) => index > applied.index));
    const random = seededRandom(this.id % 1_000);
    const core = new RawNode({
      id: this.id,
      storage: cache,
      nextInt: (bound) => random.nextInt(bound),
      applied: applied.index,
      asyncStorageWrites: true,
      electionTicks: ELECTION_TICKS,
      heartbeatTicks: 1,
      maxInflightMsgs: 16,
      maxSizePerMsgBytes: 256,
      checkQuorum: true,
      preVote: true,
      disableProposalForwarding: true,
      stepDownOnRemoval: true,
    });
    return new Engine(
      {
        core,
        cache,
        published: this.published,
        clock: this.#cluster.clock,
        membership,
        tickMs: TICK_MS,
        electionTimeoutMs: TICK_MS * ELECTION_TICKS,
        fresh,
        retainBytes: 0,
        append: (id, batch) =>
          this.#later(() => {
            this.#write(batch);
            this.engine.onAppended(id);
          }),
        apply: (id, entries) =>
          this.#later(() => {
            this.#applyAll(entries);
            this.engine.onApplied(id, durable.applied);
          }),
        install: (id, snapshot) => this.#later(() => this.#install(id, snapshot)),
        send: (to, envelope) => this.#cluster.send(this.id, to, envelope),
        sendSnapshot: (to, message) => {
          this.snapshotsAsked.push(to);
          this.#later(() => this.#cluster.stream(this, to, message));
        },
        readLog: (low, high) =>
          this.#later(() => {
            this.logReads++;
            const entries = durable.entries.filter(({ index }) => index >= low && index < high).slice(0, 8);
            this.engine.onLogRead(low, entries[0]?.index === low ? entries : []);
          }),
        onEvicted: () => {},
        onLeadership: () => {},
        applyMembership: applyMembershipEntry,
        onMembership: () => {},
        onReadState: () => {},
      },
      applied,
    );
  }

  #write({ hardState, entries, snapshot }: WalBatch): void {
    const { durable } = this;
    if (snapshot !== undefined) {
      durable.entries = [];
      durable.firstIndex = snapshot.index + 1;
      durable.baseTerm = snapshot.term;
    }
    const first = entries[0];
    if (first !== undefined) {
      durable.entries = [...durable.entries.filter(({ index }) => index < first.index), ...entries];
    }
    if (hardState !== undefined) durable.hardState = hardState;
  }

  #applyAll(entries: readonly Entry[]): void {
    const { durable } = this;
    for (const entry of entries) {
      if (entry.index !== durable.applied.index + 1) throw new Error(`${this.name} applies ${entry.index}`);
      if (isMembershipEntry(entry)) {
        durable.membership = applyMembershipEntry(durable.membership, entry).membership;
      } else if (entry.data.length > 0) durable.values.push(new TextDecoder().decode(entry.data));
      durable.applied = { index: entry.index, term: entry.term };
    }
  }

  #install(id: number, { index, term }: SnapshotMetadata): void {
    const { durable } = this;
    const received = this.#cluster.received.get(this.id);
    if (received?.applied.index !== index) throw new Error(`${this.name} has no keyspace at ${index}`);
    durable.applied = { index, term };
    durable.membership = received.membership;
    durable.values.splice(0, durable.values.length, ...received.values);
    this.engine.onInstalled(id, durable.applied, durable.membership);
  }
}

type Received = Pick<Durable, "applied" | "membership"> & { readonly values: readonly string[] };

export class EngineCluster {
  readonly nodes: EngineNode[];
  readonly received = new Map<number, Received>();
  nowMs = 1_000;
  readonly clock = { nowMs: () => this.nowMs, monotonicMs: () => this.nowMs };
  /** Messages that the network loses. */
  lost: (message: Message) => boolean = () => false;
  readonly sent: RaftEnvelope[] = [];
  #network: RaftEnvelope[] = [];

  constructor(names: readonly string[], fresh = true) {
    const membership = bootstrapMembership(names.map((name) => ({ name, address: `${name}:1` })));
    this.nodes = names.map((name) => {
      const { index, term } = BOOTSTRAP_POSITION;
      const durable: Durable = {
        entries: [],
        firstIndex: index + 1,
        baseTerm: term,
        hardState: { term, vote: 0, commit: index },
        applied: BOOTSTRAP_POSITION,
        membership,
        values: [],
      };
      return new EngineNode(this, name, durable, fresh);
    });
    for (const node of this.nodes) node.engine.start();
  }

  get leader(): EngineNode | undefined {
    return this.nodes.find((node) => node.alive && node.engine.leading);
  }

  byId(id: number): EngineNode {
    const node = this.nodes.find((one) => one.id === id);
    if (node === undefined) throw new Error(`no node ${id}`);
    return node;
  }

  send(from: number, _to: number, envelope: RaftEnvelope): void {
    if (envelope.message.from !== from && envelope.message.term !== 0) throw new Error("a forged sender");
    this.sent.push(envelope);
    this.#network.push(envelope);
  }

  /** The keyspace as it is now, with its own position, arrives whole. */
  stream(from: EngineNode, to: number, message: Message): void {
    const { applied, membership, values } = from.durable;
    const confState: ConfState = membership.confState;
    const snapshot = { data: new Uint8Array(0), metadata: { ...applied, confState } };
    if (this.lost(message) || !this.byId(to).alive) {
      from.engine.reportSnapshot(to, "failed");
      return;
    }
    this.received.set(to, { applied, membership, values: [...values] });
    this.#network.push({ message: { ...message, snapshot }, leaseRound: 0, applied: 0 });
    from.engine.reportSnapshot(to, "finished");
  }

  settle(): void {
    for (let busy = true; busy; ) {
      busy = false;
      for (const node of this.nodes) busy = node.work() || busy;
      const envelopes = this.#network;
      this.#network = [];
      for (const envelope of envelopes) {
        busy = true;
        const { message } = envelope;
        const target = this.byId(message.to);
        if (!target.alive || this.lost(message)) continue;
        target.engine.receive(envelope);
        target.engine.work();
      }
    }
  }

  tick(times = 1): void {
    for (let i = 0; i < times; i++) {
      this.nowMs += TICK_MS;
      for (const node of this.nodes) if (node.alive) node.engine.tick();
      this.settle();
    }
  }

  /** @throws when nobody leads after 100 ticks */
  elect(): EngineNode {
    for (let i = 0; i < 100; i++) {
      if (this.leader !== undefined) return this.leader;
      this.tick();
    }
    throw new Error("no leader");
  }

  write(count: number, prefix: string): void {
    const leader = this.elect();
    for (let i = 0; i < count; i++) {
      if (!leader.engine.propose([new TextEncoder().encode(`${prefix}${i}`)])) throw new Error("dropped");
      leader.engine.work();
      this.settle();
    }
  }

  isolate(node: EngineNode): void {
    this.lost = ({ from, to }) => from === node.id || to === node.id;
  }

  heal(): void {
    this.lost = () => false;
  }

  countSent(type: (typeof MessageType)[keyof typeof MessageType]): number {
    return this.sent.filter(({ message }) => message.type === type).length;
  }
}
