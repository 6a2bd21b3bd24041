/**
 * Engines under everything that can happen to them: crashes, partitions, slow disks, late and repeated messages (some by
 * minutes), clocks of different speed, late ticks, transfers, compaction, changes of the membership. What must hold is
 * looked at after every step.
 */

import { bootstrapMembership, NO_MEMBERSHIP } from "../../../../src/cluster/registry/membership.ts";
import {
  encodeMembership,
  encodeMembershipChange,
} from "../../../../src/cluster/registry/membership-codec.ts";
import type { RaftEnvelope } from "../../../../src/peer/types.ts";
import {
  type ConfChange,
  ConfChangeTransition,
  ConfChangeType,
  type Entry,
  type Message,
  MessageType,
  StateType,
} from "../../../../src/raft/core/index.ts";
import { BOOTSTRAP_POSITION } from "../../../../src/raft/engine/group-configuration.ts";
import { raftIdOf } from "../../../../src/raft/engine/raft-id.ts";
import { EventQueue } from "../../../sim/lib/event-queue.ts";
import { SeededRandom } from "../../support/random.ts";
import { type ChaosDisk, ChaosNode, type Keyspace, TICK_MS } from "./chaos-node.ts";

const LATE_MS = 120_000;

export class ChaosCluster {
  readonly random: SeededRandom;
  readonly nodes: ChaosNode[] = [];
  /** How often something happened: a test that never saw a snapshot has shown nothing about snapshots. */
  readonly counts = new Map<string, number>();
  nowMs = 0;
  highestApplied = 0;
  quiet = false;
  readonly #events = new EventQueue();
  readonly #leaders = new Map<number, number>();
  readonly #history = new Map<number, { readonly term: number; readonly keyspace: string }>();
  /** Nothing leaves these. */
  readonly #mute = new Set<number>();
  /** Nothing reaches these. */
  readonly #deaf = new Set<number>();
  /** Two nodes that do not hear each other, while the others hear both. */
  #apart: ReadonlySet<number> = new Set();
  #names = 0;
  #proposed = 0;

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
    const initial = ["n1", "n2", "n3"].map((name) => ({ name, address: `${name}:1` }));
    this.#names = initial.length;
    // A sole voter grows into a cluster in some of the runs.
    const cluster = this.random.chance(25) ? initial.slice(0, 1) : initial;
    this.#names = cluster.length;
    for (const { name } of cluster) {
      this.#add(name, {
        hardState: { term: BOOTSTRAP_POSITION.term, vote: 0, commit: BOOTSTRAP_POSITION.index },
        base: BOOTSTRAP_POSITION,
        entries: [],
        marker: BOOTSTRAP_POSITION,
        keyspace: { applied: BOOTSTRAP_POSITION, membership: bootstrapMembership(cluster), digest: 0 },
        waiting: undefined,
      });
    }
    this.highestApplied = BOOTSTRAP_POSITION.index;
  }

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  after(delayMs: number, run: () => void): void {
    this.#events.add(this.nowMs + delayMs, 0, run);
  }

  /** An upper bound that is now and then far above the usual one. */
  slowMs(usualMs: number): number {
    return !this.quiet && this.random.chance(3) ? usualMs * 40 : usualMs;
  }

  run(forMs: number): void {
    const end = this.nowMs + forMs;
    for (this.after(forMs, () => {}); this.nowMs < end; ) {
      const event = this.#events.take();
      if (event === undefined) return;
      this.nowMs = Math.max(this.nowMs, event.at);
      event.run();
    }
  }

  /** One random thing that an operator, a client or fate does. */
  disturb(): void {
    const { random } = this;
    const node = random.pick(this.nodes);
    switch (
      random.weighted({
        propose: 60,
        read: 10,
        compact: 6,
        crash: 4,
        cut: 3,
        heal: 5,
        transfer: 4,
        change: 8,
      })
    ) {
      case "propose":
        this.#leader()?.act((engine) => void engine.propose([this.#data()]));
        break;
      case "read":
        node.readIndex();
        break;
      case "compact":
        node.compact();
        break;
      case "crash":
        this.#crash(node);
        break;
      case "cut":
        this.#cut(random.chance(60) ? (this.#leader() ?? node) : node);
        break;
      case "heal":
        this.#heal();
        break;
      case "transfer":
        this.count("transfer");
        this.#leader()?.act((engine) => engine.transferLeader(node.id));
        break;
      case "change":
        this.#change();
        break;
    }
  }

  /** Everybody up, everything connected, nothing more asked: the members have to agree. */
  settle(): void {
    this.quiet = true;
    this.#heal();
    for (const node of this.nodes) if (node.engine === undefined && !node.removed) node.start(false);
    // Until the last late message has done what it can.
    this.run(LATE_MS + 20_000);
    const leader = this.#leader();
    if (leader === undefined) throw new Error("nobody leads in a healed cluster");
    leader.act((engine) => {
      if (!engine.propose([this.#data()])) throw new Error("the leader of a healed cluster takes nothing");
    });
    this.run(10_000);
    const { members, confState } = leader.visible.membership;
    if (confState.votersOutgoing.length > 0) throw new Error("still in a joint configuration");
    for (const { id, name } of members) {
      const node = this.nodes.find((one) => one.id === id) as ChaosNode;
      if (node.visible.applied.index !== leader.visible.applied.index) {
        throw new Error(
          `${name} is at ${node.visible.applied.index}, ${leader.name} at ${leader.visible.applied.index}`,
        );
      }
    }
  }

  /** @returns whether the network has taken it */
  send(from: ChaosNode, to: number, envelope: RaftEnvelope, keyspace?: Keyspace): boolean {
    const { random } = this;
    const { message } = envelope;
    if (message.type === MessageType.TimeoutNow && from.published.leaseUntilUs > 0) {
      throw new Error(`${from.name} hands over and keeps its lease`);
    }
    this.#checkPromise(from, message);
    const target = this.nodes.find(({ id }) => id === to);
    const apart = this.#apart.has(from.id) && this.#apart.has(to);
    if (target === undefined || apart || this.#mute.has(from.id) || this.#deaf.has(to)) return false;
    if (!this.quiet && random.chance(3)) return false;
    // The transport copies before it returns: what the sender does with its memory then is its own affair.
    const entries = message.entries.map((entry) => ({ ...entry, data: entry.data.slice() }));
    const copies = !this.quiet && random.chance(3) ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      const late = !this.quiet && random.chance(message.type === MessageType.TimeoutNow ? 30 : 1);
      const mine = entries.map((entry) => ({ ...entry, data: entry.data.slice() }));
      this.after(1 + random.nextInt(late ? LATE_MS : this.slowMs(20)), () => {
        if (!this.#deaf.has(to))
          target.receive({ ...envelope, message: { ...message, entries: mine } }, keyspace);
      });
    }
    return true;
  }

  onApplied(node: ChaosNode, entry: Entry, { applied, membership, digest }: Keyspace): void {
    const keyspace = `${digest}/${Buffer.from(encodeMembership(membership)).toString("hex")}`;
    const known = this.#history.get(applied.index);
    if (known === undefined) this.#history.set(applied.index, { term: entry.term, keyspace });
    else if (known.term !== entry.term || known.keyspace !== keyspace) {
      throw new Error(`${node.name} has another state at ${applied.index} than whoever was there first`);
    }
    if (applied.index > this.highestApplied) this.highestApplied = applied.index;
    this.#checkLeases();
  }

  /** After each step of a node. */
  observe(node: ChaosNode): void {
    const { engine } = node;
    if (engine === undefined) return;
    const { term, raftState } = engine.status();
    if (raftState === StateType.Leader) {
      const known = this.#leaders.get(term) ?? node.id;
      if (known !== node.id) throw new Error(`two leaders in term ${term}`);
      this.#leaders.set(term, node.id);
    }
    if (node.holdsLease) this.count("lease held");
    this.#checkLeases();
  }

  /** What a message promises is on the sender's disk. */
  #checkPromise({ name, disk }: ChaosNode, { type, reject, term, to, index }: Message): void {
    if (reject) return;
    const { hardState, base, entries } = disk;
    if (type === MessageType.AppResp && term >= hardState.term && index > base.index + entries.length) {
      throw new Error(`${name} acknowledges ${index}, its log ends at ${base.index + entries.length}`);
    }
    const kept = hardState.term > term || (hardState.term === term && hardState.vote === to);
    if (type === MessageType.VoteResp && !kept)
      throw new Error(`${name} gives a vote in ${term} that is not on disk`);
  }

  /** A read under a lease waits for the commit index that the leader has published: it must cover all that anybody could
   *  have answered. */
  #checkLeases(): void {
    for (const node of this.nodes) {
      if (node.holdsLease && node.published.commitIndex < this.highestApplied) {
        throw new Error(
          `${node.name} holds a lease and knows of ${node.published.commitIndex}; ${this.highestApplied} is applied elsewhere`,
        );
      }
    }
  }

  #add(name: string, disk: ChaosDisk): ChaosNode {
    const node = new ChaosNode(this, name, disk, 0.96 + this.random.nextInt(9) / 100);
    this.nodes.push(node);
    node.start(true);
    this.#tick(node);
    return node;
  }

  /** A timer that is late now and then, and makes up for it. */
  #tick(node: ChaosNode, lostMs = 0): void {
    const lateMs = this.random.chance(10) ? this.random.nextInt(this.slowMs(250)) : 0;
    const delayMs = Math.max(0, TICK_MS / node.rate - lostMs) + lateMs;
    this.after(delayMs, () => {
      node.act((engine) => engine.tick());
      this.#tick(node, Math.min(lateMs + lostMs, 3 * TICK_MS));
    });
  }

  #leader(): ChaosNode | undefined {
    const leaders = this.nodes.filter(({ engine }) => engine?.leading);
    return leaders.length === 0 ? undefined : this.random.pick(leaders);
  }

  #cut({ id }: ChaosNode): void {
    const { random } = this;
    if (random.chance(40)) {
      this.#apart = new Set([id, random.pick(this.nodes).id]);
      return;
    }
    this.#mute.add(id);
    if (random.chance(50)) this.#deaf.add(id);
  }

  #heal(): void {
    this.#mute.clear();
    this.#deaf.clear();
    this.#apart = new Set();
  }

  #crash(node: ChaosNode): void {
    if (node.engine === undefined) return;
    this.count("crash");
    node.crash();
    this.after(10 + this.random.nextInt(this.random.chance(50) ? 100 : 4_000), () => {
      if (node.engine === undefined && !node.removed) node.start(false);
    });
  }

  #data(): Uint8Array {
    return new TextEncoder().encode(`${++this.#proposed}${"x".repeat(this.random.nextInt(40))}`);
  }

  #change(): void {
    const leader = this.#leader();
    if (leader === undefined) return;
    const { random } = this;
    leader.act((engine) => {
      const { confState, index, members } = engine.membership;
      const { AddNode, RemoveNode, AddLearnerNode, UpdateNode } = ConfChangeType;
      const [learner] = confState.learners;
      const guard = { guardIndex: random.chance(90) ? index : index + 1, upserts: [] };
      let change: ConfChange | undefined;
      const make = (
        changes: readonly (readonly [ConfChangeType, number])[],
        context = guard,
      ): ConfChange => ({
        version: 2,
        transition: ConfChangeTransition.Auto,
        changes: changes.map(([type, nodeId]) => ({ type, nodeId })),
        context: encodeMembershipChange(context),
      });
      if (learner !== undefined) {
        const replaced = random.pick(confState.voters);
        if (confState.voters.length > 2 && random.chance(60)) {
          this.count("joint");
          change = make([
            [AddNode, learner],
            [RemoveNode, replaced],
          ]);
        } else change = make([[AddNode, learner]]);
      } else if (confState.voters.length > 3 || (confState.voters.length > 1 && random.chance(15))) {
        change = make([[RemoveNode, random.pick(confState.voters)]]);
      } else if (this.#names < 9 && random.chance(70)) {
        const node = this.#join();
        const upserts = [{ id: node.id, name: node.name, address: `${node.name}:1`, instance: node.name }];
        change = make([[AddLearnerNode, node.id]], { ...guard, upserts: upserts as never[] });
      } else {
        const member = random.pick(members);
        change = make([[UpdateNode, member.id]], {
          ...guard,
          upserts: [{ ...member, instance: member.name }] as never[],
        });
      }
      if (engine.checkConfChange(change) === null && engine.proposeConfChange(change)) this.count("change");
    });
  }

  #join(): ChaosNode {
    const name = `n${++this.#names}`;
    if (this.nodes.some(({ id }) => id === raftIdOf(name))) throw new Error(`${name} is there already`);
    const nowhere = { index: 0, term: 0 };
    return this.#add(name, {
      hardState: { term: 0, vote: 0, commit: 0 },
      base: nowhere,
      entries: [],
      marker: undefined,
      keyspace: { applied: nowhere, membership: NO_MEMBERSHIP, digest: 0 },
      waiting: undefined,
    });
  }
}
