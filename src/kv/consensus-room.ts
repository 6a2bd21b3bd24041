/**
 * The consensus room: the engine, the HLC and the mail around them. Takes the front's proposals, stamps them, and
 * carries messages between the engine and the log and store rooms. It never touches a disk.
 */
import type { Clock } from "../platform/clock.ts";
import { type BasicStatus, type Entry, stateName } from "../raft/core/index.ts";
import type { Engine, EngineOptions } from "../raft/engine/engine.ts";
import type { Channel } from "../rooms/channel.ts";
import type { AppliedState } from "../store/types.ts";
import { encodeCeiling, stampCommitTs } from "./command.ts";
import { HybridLogicalClock, physicalMs } from "./hlc.ts";
import type {
  ConsensusStatus,
  ConsensusToFront,
  ConsensusToStore,
  FrontToConsensus,
  MemberStatus,
  ProposeMessage,
  StoreToConsensus,
} from "./messages.ts";

export interface ConsensusObservation {
  readonly status: BasicStatus;
  readonly appliedIndex: number;
  readonly hlcPhysicalMs: number;
  readonly hlcCeilingMs: number;
  readonly hlcSkewMs: number;
}

export interface ConsensusRoomMetrics {
  proposed(entries: number): void;
  dropped(entries: number): void;
  tickLateness(seconds: number): void;
  /** Once a tick. */
  observe(observation: ConsensusObservation): void;
}

export interface ConsensusRoomOptions {
  readonly nodeId: number;
  readonly clock: Clock;
  readonly front: Channel<FrontToConsensus, ConsensusToFront>;
  readonly store: Channel<StoreToConsensus, ConsensusToStore>;
  readonly metrics: ConsensusRoomMetrics;
  /** Log entries at or below this index may be dropped: the store has them for certain. */
  readonly compactLog: (durable: AppliedState) => void;
  /** Bytes of proposals taken and not evicted yet (applied, that is). Beyond it they are dropped: their proposers may
   *  have given up long ago, and the admission that bounds them with it. */
  readonly maxHeldBytes: number;
  readonly fatal: (message: string) => void;
}

/** What the room passes to the engine; the rest of EngineOptions comes from whoever assembles the node. */
export type EngineHooks = Pick<EngineOptions, "apply" | "onEvicted" | "onLeadership" | "onReadState">;

export class ConsensusRoom {
  readonly #options: ConsensusRoomOptions;
  readonly #hlc: HybridLogicalClock;
  readonly #engine: Engine;
  /** Which slab an entry's bytes lie in, from proposal to eviction. */
  readonly #slabOf = new Map<Uint8Array, number>();
  /** Bytes of the keys of `#slabOf`. */
  #heldBytes = 0;
  #applied: AppliedState;
  #ceilingMs: number;

  constructor(
    options: ConsensusRoomOptions,
    start: { readonly applied: AppliedState; readonly ceilingMs: number },
    makeEngine: (hooks: EngineHooks) => Engine,
  ) {
    this.#options = options;
    this.#hlc = new HybridLogicalClock(options.clock);
    this.#applied = start.applied;
    this.#ceilingMs = start.ceilingMs;
    this.#engine = makeEngine({
      apply: (id, entries) => options.store.send({ kind: "apply", id, entries }),
      onEvicted: (entries) => this.#release(entries),
      onLeadership: (leading, leaderId, term) => this.#onLeadership(leading, leaderId, term),
      onReadState: (context, index) => {
        options.front.send({ kind: "read-state", id: readContextId(context), index });
      },
    });
  }

  get engine(): Engine {
    return this.#engine;
  }

  start(): void {
    this.#options.front.onBatch((messages) => this.#guard(() => this.#onFront(messages)));
    this.#options.store.onBatch((messages) => this.#guard(() => this.#onStore(messages)));
    this.#guard(() => this.#engine.start());
  }

  /** @param lateSeconds how late this tick runs. */
  tick(lateSeconds: number): void {
    this.#guard(() => {
      this.#engine.tick();
      this.#options.metrics.tickLateness(lateSeconds);
      this.observe();
    });
  }

  /** Brings the gauges up to date: once a tick, and when somebody asks for them. */
  observe(): void {
    this.#options.metrics.observe({
      status: this.#engine.status(),
      appliedIndex: this.#engine.appliedIndex,
      hlcPhysicalMs: physicalMs(this.#hlc.last),
      hlcCeilingMs: this.#hlc.ceilingMs,
      hlcSkewMs: this.#hlc.skewMs(),
    });
  }

  /** The log room has everything up to this append on disk. */
  onAppended(id: number): void {
    this.#guard(() => {
      this.#engine.onAppended(id);
      this.#engine.work();
    });
  }

  /** A broken invariant stops the node with what is known about it: it never goes on half right. */
  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#options.fatal(`consensus: ${text}`);
    }
  }

  #onFront(messages: readonly FrontToConsensus[]): void {
    for (const message of messages) {
      switch (message.kind) {
        case "propose":
          this.#propose(message);
          break;
        case "read-index":
          this.#readIndex(message.id);
          break;
        case "status":
          this.#options.front.send({ kind: "status", id: message.id, status: this.#status() });
          break;
        case "stop":
          this.#options.front.send({ kind: "stopped" });
          this.#options.front.flush();
          break;
      }
    }
    this.#engine.work();
  }

  #onStore(messages: readonly StoreToConsensus[]): void {
    for (const message of messages) {
      if (message.kind === "opened") continue;
      this.#applied = message.applied;
      this.#ceilingMs = message.ceilingMs;
      this.#engine.onApplied(message.id, message.applied);
      this.#options.compactLog(message.durable);
    }
    this.#engine.work();
  }

  #propose(message: ProposeMessage): void {
    const { sequences, offsets, lengths, slab, slabId } = message;
    const views = sequences.map((_, i) => {
      const offset = offsets[i] as number;
      return slab.subarray(offset, offset + (lengths[i] as number));
    });
    const bytes = lengths.reduce((sum, length) => sum + length, 0);
    const fits = this.#heldBytes === 0 || this.#heldBytes + bytes <= this.#options.maxHeldBytes;
    if (!fits || !this.#engine.leading || !this.#proposeStamped(views)) {
      this.#options.metrics.dropped(views.length);
      this.#options.front.send({ kind: "released", slabIds: sequences.map(() => slabId) });
      this.#options.front.send({ kind: "dropped", sequences });
      return;
    }
    for (const view of views) this.#slabOf.set(view, slabId);
    this.#heldBytes += bytes;
    this.#options.metrics.proposed(views.length);
  }

  /** Stamps in log order, with the ceiling that covers the stamps ahead of them in the same append. */
  #proposeStamped(views: readonly Uint8Array[]): boolean {
    const ceilingMs = this.#hlc.ceilingDue();
    const proposals: Uint8Array[] = [];
    if (ceilingMs !== undefined) {
      this.#hlc.ceilingLogged(ceilingMs);
      proposals.push(encodeCeiling(ceilingMs));
    }
    proposals.push(...views);
    for (const proposal of proposals) stampCommitTs(proposal, this.#hlc.issue());
    const taken = this.#engine.propose(proposals);
    if (!taken && ceilingMs !== undefined) this.#hlc.ceilingLost();
    return taken;
  }

  #readIndex(id: number): void {
    const context = new Uint8Array(8);
    new DataView(context.buffer).setBigUint64(0, BigInt(id));
    this.#engine.readIndex(context);
  }

  #release(entries: readonly Entry[]): void {
    const slabIds: number[] = [];
    for (const entry of entries) {
      const slabId = this.#slabOf.get(entry.data);
      if (slabId === undefined) continue;
      this.#slabOf.delete(entry.data);
      this.#heldBytes -= entry.data.byteLength;
      slabIds.push(slabId);
    }
    if (slabIds.length > 0) this.#options.front.send({ kind: "released", slabIds });
  }

  #onLeadership(leading: boolean, leaderId: number, term: number): void {
    // Everything before this leader's own entry is applied: nothing it stamps can collide with what was stamped.
    if (leading) this.#hlc.startAbove(this.#applied.commitTs, this.#ceilingMs);
    this.#options.front.send({ kind: "leadership", leading, leaderId, term });
  }

  #status(): ConsensusStatus {
    const status = this.#engine.describe();
    const { configuration } = status;
    const member = (id: number, role: "voter" | "learner"): MemberStatus => ({
      id,
      role,
      match: id === status.id ? status.lastIndex : (status.progress.get(id)?.match ?? 0),
      recentActive: id === status.id || (status.progress.get(id)?.recentActive ?? false),
    });
    const voters = new Set([...configuration.voters.incoming, ...configuration.voters.outgoing]);
    return {
      nodeId: status.id,
      leaderId: status.lead,
      term: status.term,
      role: stateName(status.raftState),
      commitIndex: status.commit,
      appliedIndex: this.#engine.appliedIndex,
      firstIndex: this.#engine.firstIndex,
      lastIndex: status.lastIndex,
      leading: this.#engine.leading,
      members: [
        ...[...voters].map((id) => member(id, "voter")),
        ...configuration.learners.map((id) => member(id, "learner")),
      ],
    };
  }
}

function readContextId(context: Uint8Array): number {
  return Number(new DataView(context.buffer, context.byteOffset, 8).getBigUint64(0));
}
