/**
 * The Ready loop: drives the pure core with I/O around it.
 *
 *     proposals, ticks, peers' messages -> core -> Ready -> { log room, store room, peers }
 *     what the log room made durable     -> the core's own acknowledgement -> commit -> store room
 *
 * The core runs with asynchronous storage writes: a Ready never waits. An append leaves as a message to the log room
 * and its responses (acknowledgements that promise durability) are delivered only when the log room says it is on
 * disk; committed entries leave as a message to the store room in the same way. Nothing here blocks: no disk, no
 * SQLite, no body.
 */
import type { Clock } from "../../platform/clock.ts";
import type { PublishedState } from "../../rooms/published-state.ts";
import {
  APPEND_THREAD,
  APPLY_THREAD,
  type BasicStatus,
  type Entry,
  EntryType,
  hardStateOf,
  type Message,
  type RawNode,
  type Ready,
  type Refusal,
  StateType,
  type Status,
} from "../core/index.ts";
import type { WalBatch } from "../wal/types.ts";
import type { LogCache } from "./log-cache.ts";

/** The lease ends this share of the election timeout early: clocks of different machines drift (DESIGN section 5). */
export const LEASE_DRIFT_SHARE = 0.2;

export interface EngineOptions {
  readonly core: RawNode;
  readonly cache: LogCache;
  readonly published: PublishedState;
  readonly clock: Clock;
  /** The shortest time after which another node may start an election. */
  readonly electionTimeoutMs: number;
  /** Bytes of applied entries kept in memory for followers that are a little behind. */
  readonly retainBytes: number;
  /** To the log room; answered through `onAppended`. */
  readonly append: (id: number, batch: WalBatch) => void;
  /** To the store room; answered through `onApplied`. */
  readonly apply: (id: number, entries: readonly Entry[]) => void;
  /** To other nodes. */
  readonly send: (messages: readonly Message[]) => void;
  /** Entries that have left the in-memory log: their buffers may be used again. */
  readonly onEvicted: (entries: readonly Entry[]) => void;
  readonly onLeadership: (leading: boolean, leaderId: number, term: number) => void;
  /** A read request of this node: everything committed when it was asked is at or below `index`. */
  readonly onReadState: (context: Uint8Array, index: number) => void;
}

interface PendingAppend {
  readonly id: number;
  readonly entries: readonly Entry[];
  readonly responses: readonly Message[];
}

interface PendingApply {
  readonly id: number;
  readonly responses: readonly Message[];
}

export class Engine {
  readonly #options: EngineOptions;
  readonly #core: RawNode;
  #appends: PendingAppend[] = [];
  #applies: PendingApply[] = [];
  #nextId = 1;
  #appliedIndex: number;
  #appliedTerm: number;
  #leading = false;
  #leaderId = 0;
  #term = 0;
  #commit = 0;

  /** @param applied position of the store at start. */
  constructor(options: EngineOptions, applied: { readonly index: number; readonly term: number }) {
    this.#options = options;
    this.#core = options.core;
    this.#appliedIndex = applied.index;
    this.#appliedTerm = applied.term;
  }

  /** This node is leader and has applied an entry of its own term: it may propose and serve leases. */
  get leading(): boolean {
    return this.#leading;
  }

  get appliedIndex(): number {
    return this.#appliedIndex;
  }

  /** Append batches and apply batches that are on their way. */
  get inFlight(): { readonly appends: number; readonly applies: number } {
    return { appends: this.#appends.length, applies: this.#applies.length };
  }

  status(): BasicStatus {
    return this.#core.basicStatus();
  }

  /** What the admin API shows. */
  describe(): Status {
    return this.#core.status();
  }

  get firstIndex(): number {
    return this.#options.cache.firstIndex();
  }

  /** One voter needs no timeout to know that nobody else leads. */
  start(): void {
    if (this.#isSoleVoter()) this.#core.campaign();
    this.work();
  }

  tick(): void {
    this.#core.tick();
    this.work();
  }

  /**
   * Appends proposals to the leader's log, in order, all or none.
   * @returns false when the core took none of them (not leader, or too much uncommitted).
   */
  propose(proposals: readonly Uint8Array[]): boolean {
    const entries = proposals.map((data) => ({ term: 0, index: 0, type: EntryType.Normal, data }));
    const refusal = this.#core.proposeEntries(entries);
    if (refusal === null) return true;
    if (refusal.code === "PROPOSAL_DROPPED") return false;
    throw new Error(`the core refused ${proposals.length} proposals: ${refusal.message}`);
  }

  /** Asks for a read index; the answer comes through `onReadState`, or never. */
  readIndex(context: Uint8Array): void {
    this.#core.readIndex(context);
  }

  /** A message from another node. @returns why it was not taken, or null. */
  step(message: Message): Refusal | null {
    return this.#core.step(message);
  }

  /** Every append up to and including `id` is on disk. */
  onAppended(id: number): void {
    while (this.#appends.length > 0) {
      const append = this.#appends[0] as PendingAppend;
      if (append.id > id) break;
      this.#appends.shift();
      const replaced = this.#options.cache.append(append.entries);
      if (replaced.length > 0) this.#options.onEvicted(replaced);
      this.#deliver(append.responses);
    }
  }

  /** Every apply up to and including `id` is visible to readers. */
  onApplied(id: number, applied: { readonly index: number; readonly term: number }): void {
    while (this.#applies.length > 0) {
      const apply = this.#applies[0] as PendingApply;
      if (apply.id > id) break;
      this.#applies.shift();
      this.#deliver(apply.responses);
    }
    this.#appliedIndex = applied.index;
    this.#appliedTerm = applied.term;
    this.#evict();
  }

  /** Carries out everything the core has decided. Call after each batch of inputs. */
  work(): void {
    while (this.#core.hasReady()) this.#process(this.#core.ready());
    this.#updateLeadership();
    this.#renewLease();
  }

  #process(ready: Ready): void {
    const { published, onReadState } = this.#options;
    if (ready.hardState !== null && ready.hardState.commit > this.#commit) {
      this.#commit = ready.hardState.commit;
      // Before any message that could let another node acknowledge what was committed: see ShardStore.
      published.publishCommit(this.#commit);
    }
    for (const state of ready.readStates) onReadState(state.requestCtx, state.index);
    const remote: Message[] = [];
    for (const message of ready.messages) {
      if (message.to === APPEND_THREAD) this.#append(message);
      else if (message.to === APPLY_THREAD) this.#apply(message);
      else remote.push(message);
    }
    if (remote.length > 0) this.#options.send(remote);
  }

  #append(message: Message): void {
    const id = this.#nextId++;
    this.#appends.push({ id, entries: message.entries, responses: message.responses });
    const hardState = hardStateOf(message);
    this.#options.append(id, { ...(hardState === null ? {} : { hardState }), entries: message.entries });
  }

  #apply(message: Message): void {
    const id = this.#nextId++;
    this.#applies.push({ id, responses: message.responses });
    this.#options.apply(id, message.entries);
  }

  #deliver(responses: readonly Message[]): void {
    const remote: Message[] = [];
    for (const response of responses) {
      if (response.to === this.#core.id) this.#stepOwn(response);
      else remote.push(response);
    }
    if (remote.length > 0) this.#options.send(remote);
  }

  /** The core's own acknowledgements are never malformed and never refused. */
  #stepOwn(response: Message): void {
    const refusal = this.#core.step(response);
    if (refusal !== null) throw new Error(`the core refused its own acknowledgement: ${refusal.message}`);
  }

  #evict(): void {
    const { cache, retainBytes, onEvicted } = this.#options;
    const evicted = cache.evictApplied(this.#appliedIndex, retainBytes);
    if (evicted.length > 0) onEvicted(evicted);
  }

  #updateLeadership(): void {
    const status = this.#core.basicStatus();
    const leading = status.raftState === StateType.Leader && this.#appliedTerm === status.term;
    if (leading === this.#leading && status.lead === this.#leaderId && status.term === this.#term) return;
    this.#leading = leading;
    this.#leaderId = status.lead;
    this.#term = status.term;
    if (!leading) this.#options.published.publishLease(status.term, 0);
    this.#options.onLeadership(leading, status.lead, status.term);
  }

  /** A sole voter is its own quorum: every moment is a round that it acknowledged itself. */
  #renewLease(): void {
    if (!this.#leading || !this.#isSoleVoter()) return;
    const { clock, electionTimeoutMs, published } = this.#options;
    const untilMs = clock.monotonicMs() + electionTimeoutMs * (1 - LEASE_DRIFT_SHARE);
    published.publishLease(this.#term, untilMs * 1000);
  }

  #isSoleVoter(): boolean {
    const { voters, votersOutgoing } = this.#core.confState();
    return voters.length === 1 && votersOutgoing.length === 0 && voters[0] === this.#core.id;
  }
}
