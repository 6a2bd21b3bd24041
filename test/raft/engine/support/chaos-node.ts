/**
 * A node of the chaos cluster: an Engine with a log and a store that work when chance says so, in batches, and a memory
 * that is written over the moment the engine releases it.
 */

import type { Membership } from "../../../../src/cluster/registry/membership.ts";
import { applyMembershipEntry } from "../../../../src/cluster/registry/membership.ts";
import type { RaftEnvelope } from "../../../../src/peer/types.ts";
import { type Entry, type HardState, type Message, RawNode } from "../../../../src/raft/core/index.ts";
import { Engine } from "../../../../src/raft/engine/engine.ts";
import { isMembershipEntry } from "../../../../src/raft/engine/group-configuration.ts";
import { LogCache } from "../../../../src/raft/engine/log-cache.ts";
import { raftIdOf } from "../../../../src/raft/engine/raft-id.ts";
import type { EngineOptions, Position } from "../../../../src/raft/engine/types.ts";
import type { WalBatch } from "../../../../src/raft/log/types.ts";
import { PublishedState } from "../../../../src/threads/shared-state.ts";
import type { ChaosCluster } from "./chaos-cluster.ts";

export const TICK_MS = 100;
const ELECTION_TICKS = 10;
const PAGE_ENTRIES = 5;

/** The keyspace: where it is, who belongs, and a digest of everything applied. */
export interface Keyspace {
  readonly applied: Position;
  readonly membership: Membership;
  readonly digest: number;
}

/** What is on the disk: survives a crash. */
export interface ChaosDisk {
  hardState: HardState;
  /** The position before the first entry. */
  base: Position;
  entries: Entry[];
  marker: Position | undefined;
  /** The keyspace as a power cut would leave it: at most what was applied. */
  keyspace: Keyspace;
  /** Received, complete, and perhaps not in force. */
  waiting: Keyspace | undefined;
}

type StoreMessage =
  | { readonly kind: "apply"; readonly id: number; readonly entries: readonly Entry[] }
  | { readonly kind: "install"; readonly id: number; readonly index: number };

const copied = (entry: Entry): Entry => ({ ...entry, data: entry.data.slice() });

export class ChaosNode {
  readonly name: string;
  readonly id: number;
  readonly disk: ChaosDisk;
  /** This node's clock runs so fast. */
  readonly rate: number;
  published = new PublishedState().group(0);
  engine: Engine<Membership> | undefined;
  visible: Keyspace;
  /** Its own removal is applied here, and it is not needed any more. */
  removed = false;
  readonly #cluster: ChaosCluster;
  /** Which life: messages of an earlier one are lost. */
  #life = 0;
  #logMessages: { readonly id: number; readonly batch: WalBatch }[] = [];
  #storeMessages: StoreMessage[] = [];
  #reads = new Map<number, number>();
  #nextRead = 1;
  /** Index of the last snapshot that the core took. */
  #taken = 0;

  constructor(cluster: ChaosCluster, name: string, disk: ChaosDisk, rate: number) {
    this.#cluster = cluster;
    this.name = name;
    this.id = raftIdOf(name);
    this.disk = disk;
    this.rate = rate;
    this.visible = disk.keyspace;
  }

  nowMs(): number {
    return 1_000 + this.#cluster.nowMs * this.rate;
  }

  get holdsLease(): boolean {
    return this.engine !== undefined && this.nowMs() * 1000 < this.published.leaseUntilUs;
  }

  crash(): void {
    this.#life++;
    this.engine = undefined;
    this.#logMessages = [];
    this.#storeMessages = [];
    this.#reads.clear();
  }

  start(fresh: boolean): void {
    this.#life++;
    this.published = new PublishedState().group(0);
    const { disk } = this;
    const { marker, waiting } = disk;
    if (marker !== undefined && marker.index > disk.keyspace.applied.index) {
      if (waiting?.applied.index !== marker.index)
        throw new Error(`${this.name}: a marker without a keyspace`);
      disk.keyspace = waiting;
    }
    disk.waiting = undefined;
    this.visible = disk.keyspace;
    const { applied, membership } = disk.keyspace;
    const hardState = { ...disk.hardState, commit: Math.max(disk.hardState.commit, applied.index) };
    const terms = [{ ...disk.base }];
    for (const { index, term } of disk.entries) if (terms.at(-1)?.term !== term) terms.push({ index, term });
    const cache = new LogCache({
      hardState,
      confState: membership.confState,
      ...applied,
      retained: { firstIndex: disk.base.index + 1, terms },
    });
    cache.append(disk.entries.filter(({ index }) => index > applied.index).map(copied));
    this.published.publishCommit(hardState.commit);
    const core = new RawNode({
      id: this.id,
      storage: cache,
      nextInt: (bound) => this.#cluster.random.nextInt(bound),
      applied: applied.index,
      asyncStorageWrites: true,
      electionTicks: ELECTION_TICKS,
      heartbeatTicks: 1,
      maxInflightMsgs: 8,
      maxSizePerMsgBytes: 120,
      maxCommittedSizePerReadyBytes: 200,
      checkQuorum: true,
      preVote: true,
      disableProposalForwarding: true,
      stepDownOnRemoval: true,
    });
    this.engine = new Engine(
      {
        ...this.#hooks(),
        core,
        cache,
        published: this.published,
        clock: { nowMs: () => this.nowMs(), monotonicMs: () => this.nowMs() },
        membership,
        tickMs: TICK_MS,
        electionTimeoutMs: TICK_MS * ELECTION_TICKS,
        fresh,
        retainBytes: this.#cluster.random.nextInt(3) * 100,
      },
      applied,
    );
    this.engine.start();
    this.#cluster.observe(this);
  }

  /** Runs on the engine, unless it has crashed meanwhile. */
  act(work: (engine: Engine<Membership>) => void): void {
    const { engine } = this;
    if (engine === undefined) return;
    work(engine);
    engine.work();
    this.#cluster.observe(this);
  }

  receive(envelope: RaftEnvelope, keyspace: Keyspace | undefined): void {
    this.act((engine) => {
      if (keyspace !== undefined) {
        // One at a time: what the core has taken must stay until it is in force.
        if (this.disk.waiting !== undefined) return;
        this.disk.waiting = keyspace;
        this.#taken = 0;
        engine.receive(envelope);
        engine.work();
        if (this.#taken !== keyspace.applied.index) this.disk.waiting = undefined;
        return;
      }
      engine.receive(envelope);
    });
  }

  readIndex(): void {
    const id = this.#nextRead++;
    this.#reads.set(id, this.#cluster.highestApplied);
    this.act((engine) => engine.readIndex(Uint8Array.of(id >> 8, id & 0xff)));
  }

  compact(): void {
    const { disk } = this;
    const through = Math.min(disk.keyspace.applied.index, disk.hardState.commit);
    if (through <= disk.base.index) return;
    const index = disk.base.index + 1 + this.#cluster.random.nextInt(through - disk.base.index);
    const last = disk.entries[index - disk.base.index - 1] as Entry;
    disk.entries = disk.entries.slice(index - disk.base.index);
    disk.base = { index, term: last.term };
  }

  #later(task: () => void, maxMs: number): void {
    const life = this.#life;
    this.#cluster.after(this.#cluster.random.nextInt(maxMs), () => {
      if (life === this.#life) task();
    });
  }

  #hooks(): Omit<
    EngineOptions<Membership>,
    | "core"
    | "cache"
    | "published"
    | "clock"
    | "membership"
    | "tickMs"
    | "electionTimeoutMs"
    | "fresh"
    | "retainBytes"
  > {
    const cluster = this.#cluster;
    return {
      append: (id, batch) => {
        this.#logMessages.push({ id, batch });
        this.#taken = batch.snapshot?.index ?? this.#taken;
        this.#later(() => this.#writeSome(), cluster.slowMs(30));
      },
      apply: (id, entries) => {
        this.#storeMessages.push({ kind: "apply", id, entries });
        this.#later(() => this.#storeSome(), cluster.slowMs(60));
      },
      install: (id, { index }) => {
        this.#storeMessages.push({ kind: "install", id, index });
        this.#later(() => this.#storeSome(), cluster.slowMs(200));
      },
      send: (to, envelope) => cluster.send(this, to, envelope),
      sendSnapshot: (to, message) => this.#stream(to, message),
      readLog: (low, high) => {
        cluster.count("log read");
        this.#later(() => this.#read(low, high), cluster.slowMs(50));
      },
      onEvicted: (entries) => {
        for (const { data } of entries) data.fill(0xee);
      },
      onLeadership: () => {},
      applyMembership: applyMembershipEntry,
      onMembership: (membership) => {
        // Of two voters the one that stays may not know yet that it is alone, and then needs the vote of the other.
        const { voters } = membership.confState;
        if (membership.removed.some(({ id }) => id === this.id)) this.removed = voters.length > 1;
      },
      onReadState: (context, index) => {
        const id = ((context[0] ?? 0) << 8) | (context[1] ?? 0);
        const floor = this.#reads.get(id);
        // Of an earlier life, or the answer has come twice.
        if (floor === undefined) return;
        this.#reads.delete(id);
        cluster.count("read index");
        if (index < floor)
          throw new Error(`${this.name}: a read index of ${index}, ${floor} was applied before it`);
      },
    };
  }

  /** Some of what waits becomes durable, and only the last of it is acknowledged. */
  #writeSome(): void {
    const count = 1 + this.#cluster.random.nextInt(this.#logMessages.length);
    const written = this.#logMessages.splice(0, count);
    const last = written.at(-1);
    if (last === undefined) return;
    for (const { batch } of written) this.#write(batch);
    this.act((engine) => engine.onAppended(last.id));
  }

  #write({ hardState, entries, snapshot }: WalBatch): void {
    const { disk } = this;
    if (snapshot !== undefined) {
      const { index, term } = snapshot;
      disk.marker = { index, term };
      const held = disk.entries[index - disk.base.index - 1];
      if (held?.term !== term) {
        disk.base = { index, term };
        disk.entries = [];
      }
    }
    const [first] = entries;
    if (first !== undefined) {
      const keep = first.index - disk.base.index - 1;
      if (keep < 0 || keep > disk.entries.length) throw new Error(`${this.name}: a gap at ${first.index}`);
      disk.entries.length = keep;
      disk.entries.push(...entries.map(copied));
    }
    if (hardState !== undefined) disk.hardState = hardState;
  }

  #read(low: number, high: number): void {
    const { base, entries } = this.disk;
    const found = low <= base.index ? [] : entries.slice(low - base.index - 1, high - base.index - 1);
    if (found.length === 0) this.#cluster.count("log read failed");
    this.act((engine) => engine.onLogRead(low, found.slice(0, PAGE_ENTRIES).map(copied)));
  }

  #storeSome(): void {
    let lastApply = 0;
    for (let count = 1 + this.#cluster.random.nextInt(3); count > 0; count--) {
      const mail = this.#storeMessages.shift();
      if (mail === undefined) break;
      if (mail.kind === "install") {
        if (lastApply > 0) this.#applied(lastApply);
        this.#install(mail.id, mail.index);
        return;
      }
      for (const entry of mail.entries) this.#apply(entry);
      lastApply = mail.id;
    }
    if (lastApply > 0) this.#applied(lastApply);
  }

  #applied(id: number): void {
    // Not every transaction is synced at once.
    if (this.#cluster.random.nextInt(2) === 0) this.disk.keyspace = this.visible;
    this.act((engine) => engine.onApplied(id, this.visible.applied));
  }

  #apply(entry: Entry): void {
    const { applied, membership, digest } = this.visible;
    if (entry.index <= applied.index) return;
    if (entry.index !== applied.index + 1)
      throw new Error(`${this.name}: applies ${entry.index} after ${applied.index}`);
    this.visible = {
      applied: { index: entry.index, term: entry.term },
      membership: isMembershipEntry(entry) ? applyMembershipEntry(membership, entry).membership : membership,
      digest: Bun.hash.crc32(entry.data, digest),
    };
    this.#cluster.onApplied(this, entry, this.visible);
  }

  #install(id: number, index: number): void {
    const { waiting } = this.disk;
    if (waiting?.applied.index !== index) throw new Error(`${this.name}: no keyspace at ${index} is waiting`);
    if (this.disk.marker?.index !== index)
      throw new Error(`${this.name}: installs ${index} before its marker`);
    this.disk.keyspace = waiting;
    this.disk.waiting = undefined;
    this.visible = waiting;
    this.#cluster.count("snapshot installed");
    this.act((engine) => engine.onInstalled(id, waiting.applied, waiting.membership));
  }

  #stream(to: number, message: Message): void {
    this.#later(() => {
      const keyspace = this.visible;
      const metadata = { ...keyspace.applied, confState: keyspace.membership.confState };
      const stale = metadata.index < (message.snapshot?.metadata.index ?? 0);
      const sent =
        !stale &&
        this.#cluster.send(
          this,
          to,
          {
            message: { ...message, snapshot: { metadata, data: new Uint8Array(0) } },
            leaseRound: 0,
            applied: 0,
          },
          keyspace,
        );
      this.act((engine) => engine.reportSnapshot(to, sent ? "finished" : "failed"));
    }, this.#cluster.slowMs(300));
  }
}
