/** One engine of three, with nobody around it: the test plays log, store and peers. */
import { expect } from "bun:test";
import {
  applyMembershipEntry,
  bootstrapMembership,
  type Membership,
} from "../../../../src/cluster/registry/membership.ts";
import type { RaftEnvelope } from "../../../../src/peer/types.ts";
import {
  type DraftMessage,
  type Entry,
  EntryType,
  type Message,
  MessageType,
  newMessage,
  RawNode,
  type SnapshotMetadata,
} from "../../../../src/raft/core/index.ts";
import { Engine } from "../../../../src/raft/engine/engine.ts";
import { BOOTSTRAP_POSITION } from "../../../../src/raft/engine/group-configuration.ts";
import { LogCache } from "../../../../src/raft/engine/log-cache.ts";
import { raftIdOf } from "../../../../src/raft/engine/raft-id.ts";
import type { WalBatch } from "../../../../src/raft/log/types.ts";
import { PublishedState } from "../../../../src/threads/shared-state.ts";

export const [A, B, C] = ["a", "b", "c"].map(raftIdOf) as [number, number, number];

/** Engine a of a, b and c. */
export class Bench {
  readonly sent: RaftEnvelope[] = [];
  readonly appends: { readonly id: number; readonly batch: WalBatch }[] = [];
  readonly applies: { readonly id: number; readonly entries: readonly Entry[] }[] = [];
  readonly installs: { readonly id: number; readonly snapshot: SnapshotMetadata }[] = [];
  readonly evicted: number[] = [];
  readonly reads: (readonly [low: number, high: number])[] = [];
  readonly published = new PublishedState().group(0);
  readonly membership = bootstrapMembership(["a", "b", "c"].map((name) => ({ name, address: `${name}:1` })));
  readonly engine: Engine<Membership>;
  /** Milliseconds that it takes to hand one message to the transport. */
  sendMs = 0;
  nowMs = 10_000;

  /** @param fresh it has never been a member before */
  constructor(fresh = true) {
    const { index, term } = BOOTSTRAP_POSITION;
    const { membership } = this;
    const cache = new LogCache({
      hardState: { term, vote: 0, commit: index },
      confState: membership.confState,
      ...BOOTSTRAP_POSITION,
    });
    const core = new RawNode({
      id: A,
      storage: cache,
      nextInt: () => 0,
      applied: index,
      asyncStorageWrites: true,
      electionTicks: 10,
      heartbeatTicks: 1,
      maxInflightMsgs: 8,
      checkQuorum: true,
      preVote: true,
      stepDownOnRemoval: true,
    });
    const options = {
      core,
      cache,
      published: this.published,
      clock: { nowMs: () => this.nowMs, monotonicMs: () => this.nowMs },
      membership,
      tickMs: 100,
      electionTimeoutMs: 1_000,
      fresh,
      retainBytes: 0,
      maxUnappliedBytes: 64,
      append: (id: number, batch: WalBatch) => void this.appends.push({ id, batch }),
      apply: (id: number, entries: readonly Entry[]) => void this.applies.push({ id, entries }),
      install: (id: number, snapshot: SnapshotMetadata) => void this.installs.push({ id, snapshot }),
      send: (_to: number, envelope: RaftEnvelope) => {
        this.nowMs += this.sendMs;
        this.sent.push(envelope);
      },
      sendSnapshot: () => {},
      readLog: (low: number, high: number) => void this.reads.push([low, high]),
      onEvicted: (entries: readonly Entry[]) => void this.evicted.push(...entries.map(({ index: at }) => at)),
      onLeadership: () => {},
      applyMembership: applyMembershipEntry,
      onMembership: () => {},
      onReadState: () => {},
    };
    this.engine = new Engine(options, BOOTSTRAP_POSITION);
    this.engine.start();
  }

  /** A message from b or c arrives, and what follows of it is done. */
  receive(type: MessageType, from: number, fields: Partial<DraftMessage>): void {
    this.engine.receive({ message: { ...newMessage(type, A), from, ...fields }, leaseRound: 0, applied: 0 });
    this.engine.work();
  }

  /** The log has everything on disk that was asked for so far, or up to append `id`. */
  durable(id = this.appends.at(-1)?.id ?? 0): void {
    this.engine.onAppended(id);
    this.engine.work();
  }

  sentOf(type: MessageType): readonly Message[] {
    return this.sent.map(({ message }) => message).filter((message) => message.type === type);
  }

  /** Elected in term 2 by b; its first entry, 2, is durable here. */
  elected(): void {
    for (let i = 0; i < 10; i++) {
      this.nowMs += 100;
      this.engine.tick();
    }
    this.durable();
    this.receive(MessageType.PreVoteResp, B, { term: 2 });
    this.durable();
    this.receive(MessageType.VoteResp, B, { term: 2 });
    this.durable();
  }

  /** Its first entry is durable everywhere and applied. */
  lead(): void {
    this.elected();
    this.receive(MessageType.AppResp, B, { term: 2, index: 2 });
    this.applied(2);
    expect(this.engine.leading).toBe(true);
  }

  /** The store has applied everything that it was given, the last of it being entry `index` of term 2. */
  applied(index: number): void {
    this.engine.onApplied(this.applies.at(-1)?.id ?? 0, { index, term: 2 });
    this.engine.work();
  }

  /** A tick, and the round of heartbeats that it sends. */
  beat(): number {
    const before = this.sent.length;
    this.nowMs += 100;
    this.engine.tick();
    const beat = this.sent.slice(before).find(({ message }) => message.type === MessageType.Heartbeat);
    if (beat === undefined) throw new Error("no heartbeat was sent");
    return beat.leaseRound;
  }

  acknowledge(from: number, leaseRound: number): void {
    const message = { ...newMessage(MessageType.HeartbeatResp, A), from, term: 2 };
    this.engine.receive({ message, leaseRound, applied: 0 });
    this.engine.work();
  }

  /** Entry 3 is committed by b and handed to the store; c has answered nothing yet. */
  replicate(): void {
    this.engine.propose([new Uint8Array(8)]);
    this.engine.work();
    this.durable();
    this.receive(MessageType.AppResp, B, { term: 2, index: 3 });
    expect(this.applies.at(-1)?.entries.map(({ index }) => index)).toEqual([3]);
  }
}

export function entries(from: number, to: number, term: number): Entry[] {
  return Array.from({ length: to - from + 1 }, (_, i) => ({
    index: from + i,
    term,
    type: EntryType.Normal,
    data: new Uint8Array(8),
  }));
}
