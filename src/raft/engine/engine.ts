/**
 * The Ready loop: passes inputs to the pure core, and passes the core's decisions to the threads and peers.
 *
 *     proposals, ticks, peers' messages -> core -> Ready -> { log thread, store thread, peers }
 *     what the log thread made durable     -> the core's own acknowledgement -> commit -> store thread
 *
 * The core runs with asynchronous storage writes, so a Ready never waits. An append is a message to the log thread,
 * and its responses (acknowledgements that promise durability) are delivered only when the log thread reports that
 * the append is on disk. Committed entries are a message to the store thread in the same way. A received snapshot
 * is both: its marker goes to the log first, then the store puts the keyspace in force, then its responses are
 * delivered. The engine never blocks: it uses no disk, no SQLite and no object body.
 *
 * More than 400 lines: the order of these steps is proven, so all steps stay in one file.
 */

import type { RaftEnvelope } from "../../peer/types.ts";
import { PLANTED } from "../../platform/planted.ts";
import {
  APPEND_THREAD,
  APPLY_THREAD,
  type BasicStatus,
  type ConfChange,
  type ConfChangeError,
  type Entry,
  EntryType,
  hardStateOf,
  type Message,
  MessageType,
  type RawNode,
  type Ready,
  type Refusal,
  type SnapshotMetadata,
  StateType,
  type Status,
} from "../core/index.ts";
import { checkSame, type GroupConfiguration, isMembershipEntry } from "./group-configuration.ts";
import { Lease } from "./lease.ts";
import { TickGate } from "./tick-gate.ts";
import type { EngineOptions, Position } from "./types.ts";
import { VoteGuard } from "./vote-guard.ts";

interface PendingAppend {
  readonly id: number;
  readonly entries: readonly Entry[];
  readonly snapshot: SnapshotMetadata | undefined;
  readonly responses: readonly Message[];
  /** The snapshot's marker is durable, and the store puts the snapshot in force. */
  installing: boolean;
}

interface PendingApply {
  readonly id: number;
  readonly responses: readonly Message[];
}

/**
 * Election timeouts without a leader after which a draining node campaigns after all. Other members have had several
 * elections by then; perhaps none of them has the whole log.
 * @internal
 */
export const DRAIN_PATIENCE = 5;

/** The engine of one Raft group. */
export class Engine<M extends GroupConfiguration> {
  readonly #options: EngineOptions<M>;
  readonly #core: RawNode;
  readonly #lease: Lease;
  readonly #voteGuard: VoteGuard;
  readonly #ticks: TickGate;
  #appends: PendingAppend[] = [];
  #applies: PendingApply[] = [];
  /** Every append up to this one is on disk. */
  #durableId = 0;
  /** Entries that a snapshot has replaced. The store may still read them. */
  #overtaken: (readonly Entry[])[] = [];
  /** Entries that have left memory. A message that the core has not handed out may still contain them. */
  #gone: (readonly Entry[])[] = [];
  #nextId = 1;
  #applied: Position;
  /** Membership as the core has it: entries that were handed out for apply are included. */
  #membership: M;
  #leading = false;
  #leaderId = 0;
  #term = 0;
  #commit = 0;
  #leaseUntilMs = 0;
  /** This node should not lead. */
  #draining = false;
  /** The drain began at this time, or the node still led. */
  #ledUntilMs = 0;

  /** @param applied position of the store at start. */
  constructor(options: EngineOptions<M>, applied: Position) {
    const { core, clock, electionTimeoutMs, fresh, tickMs } = options;
    this.#options = options;
    this.#core = core;
    this.#lease = new Lease(core.id, electionTimeoutMs);
    this.#voteGuard = new VoteGuard({
      nowMs: clock.monotonicMs(),
      electionTimeoutMs,
      fresh,
      mayElect: options.mayElect,
    });
    this.#ticks = new TickGate(tickMs);
    this.#applied = applied;
    this.#membership = options.membership;
    options.cache.readFrom((low, high, maxBytes) => options.readLog(low, high, maxBytes));
  }

  /** This node is leader and has applied an entry of its own term, so it may propose and use leases. */
  get leading(): boolean {
    return this.#leading;
  }

  get appliedIndex(): number {
    return this.#applied.index;
  }

  /**
   * The last index of the log that is durable on this node. The core's own match may be higher on a leader: after
   * an election, the match is the end of the log, synced or not.
   */
  get durableIndex(): number {
    return this.#options.cache.lastIndex();
  }

  get membership(): M {
    return this.#membership;
  }

  /** Number of append batches and apply batches without an answer. */
  get inFlight(): { readonly appends: number; readonly applies: number } {
    return { appends: this.#appends.length, applies: this.#applies.length };
  }

  /** The ids of the oldest append and the oldest apply without an answer; 0 = there is none. */
  get oldestInFlight(): { readonly append: number; readonly apply: number } {
    return { append: this.#appends[0]?.id ?? 0, apply: this.#applies[0]?.id ?? 0 };
  }

  status(): BasicStatus {
    return this.#core.basicStatus();
  }

  /** The status for the admin API. */
  describe(): Status {
    return this.#core.status();
  }

  get firstIndex(): number {
    return this.#options.cache.firstIndex();
  }

  /** Starts the engine. A sole voter campaigns at once, because no other node can lead. */
  start(): void {
    if (this.#isSoleVoter()) this.#core.campaign();
    this.work();
  }

  /** About one interval has passed; ticks that come faster than the clock are not counted. */
  tick(): void {
    const nowMs = this.#options.clock.monotonicMs();
    this.#core.setPassive(this.#leavesLeading(nowMs));
    // A tick may start an election. Only a leader needs ticks for other work, and a node cannot lead before an
    // election.
    if (this.#ticks.pass(nowMs) && !this.#voteGuard.isAsking(nowMs)) this.#core.tick();
    this.work();
  }

  /**
   * True: this node accepts no leadership from a leader, and does not campaign while another member leads or can be
   * elected (DRAIN_PATIENCE). It goes on to lead if it leads now: the owner transfers the leadership.
   */
  setDraining(draining: boolean): void {
    this.#draining = draining;
    this.#ledUntilMs = this.#options.clock.monotonicMs();
  }

  #leavesLeading(nowMs: number): boolean {
    if (!this.#draining) return false;
    if (this.#core.basicStatus().raftState === StateType.Leader) this.#ledUntilMs = nowMs;
    const since = Math.max(this.#ledUntilMs, this.#voteGuard.heardAtMs);
    return nowMs < since + DRAIN_PATIENCE * this.#options.electionTimeoutMs;
  }

  /**
   * Appends proposals to the leader's log, in order, all or none.
   * @returns false when the core took none of them (not leader, transfer in progress, or too many uncommitted
   * bytes).
   */
  propose(proposals: readonly Uint8Array[]): boolean {
    const entries = proposals.map((data) => ({ term: 0, index: 0, type: EntryType.Normal, data }));
    return this.#taken(this.#core.proposeEntries(entries), `${proposals.length} proposals`);
  }

  /** Proposes a membership change; false as in `propose`. Call `checkConfChange` first. */
  proposeConfChange(change: ConfChange): boolean {
    return this.#taken(this.#core.proposeConfChange(change), "a membership change");
  }

  /** The reason why a change is impossible now, or null. */
  checkConfChange(change: ConfChange): ConfChangeError | null {
    return this.#core.checkConfChange(change);
  }

  /** Asks for a read index. The answer comes through `onReadState`, or never. */
  readIndex(context: Uint8Array): void {
    if (PLANTED.readIndexWithoutQuorum) this.#options.onReadState(context, this.#commit);
    else this.#core.readIndex(context);
  }

  /** Asks the core to transfer leadership to `target`. The lease is void from then on. */
  transferLeader(target: number): void {
    this.#core.transferLeader(target);
  }

  /** The peer could not be reached: the last messages to the peer are probably lost. */
  reportUnreachable(peer: number): void {
    this.#core.reportUnreachable(peer);
  }

  /** Reports the end of a stream that `sendSnapshot` asked for; called once for each. */
  reportSnapshot(peer: number, outcome: "finished" | "failed"): void {
    this.#core.reportSnapshot(peer, outcome);
  }

  /**
   * Steps a message from another node; a Snap only after its keyspace is received and verified. @returns the reason
   * when the core refused the message, or null.
   */
  receive(envelope: RaftEnvelope): Refusal | null {
    const { message, leaseRound } = envelope;
    const now = this.#options.clock.monotonicMs();
    const objection = this.#voteGuard.objection(envelope, now);
    // The leader gives up the transfer after an election timeout, and goes on.
    if (this.#draining && message.type === MessageType.TimeoutNow) return null;
    // The message is dropped without an answer: a refusal would be a promise too, and the candidate asks again.
    if (objection !== null || this.#isTooMuch(message)) return null;
    const refusal = this.#core.step(message);
    if (refusal !== null) return refusal;
    const { term, raftState } = this.#core.basicStatus();
    this.#voteGuard.taken(envelope, term, now);
    if (
      message.type === MessageType.HeartbeatResp &&
      raftState === StateType.Leader &&
      message.term === term
    ) {
      this.#lease.acknowledge(message.from, leaseRound, now);
    }
    return null;
  }

  /**
   * Entries stay in memory until they are applied, and a leader does not know the state of a follower's store.
   * While the store has nothing to apply, no message is dropped: the entries in memory are not committed then, and
   * the message may commit them.
   */
  #isTooMuch({ type, entries }: Message): boolean {
    const { cache, maxUnappliedBytes } = this.#options;
    if (type !== MessageType.App || entries.length === 0 || maxUnappliedBytes === undefined) return false;
    return this.#applies.length > 0 && cache.bytes > maxUnappliedBytes;
  }

  /** Every append up to and including `id` is on disk. */
  onAppended(id: number): void {
    this.#durableId = Math.max(this.#durableId, id);
    this.#finishAppends();
  }

  /** Every apply up to and including `id` is visible to readers. */
  onApplied(id: number, applied: Position): void {
    while (this.#applies.length > 0) {
      const apply = this.#applies[0] as PendingApply;
      if (apply.id > id) break;
      this.#applies.shift();
      this.#deliver(apply.responses);
    }
    // An installed snapshot may be newer than the position that is reported only now.
    if (applied.index > this.#applied.index) this.#setApplied(applied);
    const { cache, retainBytes } = this.#options;
    this.#gone.push(cache.evictApplied(this.#applied.index, retainBytes));
  }

  /** The received keyspace of append `id` is in force. */
  onInstalled(id: number, applied: Position, membership: M): void {
    const append = this.#appends[0];
    if (append?.id !== id || !append.installing) {
      throw new Error(`snapshot ${id} is installed, and ${append?.id ?? "nothing"} is what waits for it`);
    }
    const overtaken = this.#appends.some((later) => later !== append && later.snapshot !== undefined);
    if (!overtaken) checkSame(`snapshot ${id}`, this.#core.confState(), membership.confState);
    this.#appends.shift();
    // The snapshot's position is beyond every entry handed out before. The store has skipped or applied these
    // entries.
    for (const apply of this.#applies.splice(0)) this.#deliver(apply.responses);
    if (applied.index > this.#applied.index) this.#setApplied(applied);
    this.#setMembership(membership);
    this.#gone.push(...this.#overtaken.splice(0));
    this.#deliver(append.responses);
    this.#finishAppends();
  }

  /** Receives the entries that `readLog` asked for. No entries: the log no longer has them. */
  onLogRead(low: number, entries: readonly Entry[]): void {
    this.#options.cache.loaded(low, entries);
    this.#core.resumeAppends();
  }

  /** Passes on everything that the core has decided. Call `work` after each batch of inputs. */
  work(): void {
    while (this.#core.hasReady()) this.#process(this.#core.ready());
    this.#updateLeadership();
    this.#renewLease();
    // The core holds no message with these entries any more, and the transport has copied sent messages.
    for (const entries of this.#gone.splice(0)) {
      if (entries.length > 0) this.#options.onEvicted(entries);
    }
  }

  #process(ready: Ready): void {
    const { published, onReadState } = this.#options;
    if (ready.hardState !== null && ready.hardState.commit > this.#commit) {
      this.#commit = ready.hardState.commit;
      // The commit index is published before any message that lets another node acknowledge the commit: see
      // LinearizableReader.
      published.publishCommit(this.#commit);
    }
    this.#noteTransfer();
    for (const state of ready.readStates) onReadState(state.requestCtx, state.index);
    let round = -1;
    for (const message of ready.messages) {
      if (message.to === APPEND_THREAD) this.#append(message);
      else if (message.to === APPLY_THREAD) this.#apply(message);
      else if (message.type === MessageType.Heartbeat) {
        // The round takes its time before the first of its messages is sent.
        if (round < 0) round = this.#nextRound(message.term);
        this.#send(message, round);
      } else this.#send(message, this.#voteGuard.roundFor(message));
    }
  }

  /**
   * Called before any message of this Ready is sent: the lease ends when a transfer begins, and with the
   * leadership.
   */
  #noteTransfer(): void {
    const { leadTransferee, raftState, term } = this.#core.basicStatus();
    if (raftState !== StateType.Leader) {
      this.#publishLease(0);
      return;
    }
    this.#lease.begin(term);
    this.#lease.transfer(leadTransferee !== 0, this.#options.clock.monotonicMs());
    if (leadTransferee !== 0 && !PLANTED.leaseDuringTransfer) this.#publishLease(0);
  }

  #endLease(): void {
    if (PLANTED.leaseDuringTransfer) return;
    this.#lease.transfer(true, this.#options.clock.monotonicMs());
    this.#publishLease(0);
  }

  #nextRound(term: number): number {
    this.#lease.begin(term);
    return this.#lease.nextRound(this.#options.clock.monotonicMs());
  }

  #send(message: Message, leaseRound: number): void {
    if (message.type === MessageType.Snap) {
      this.#options.sendSnapshot(message.to, message);
      return;
    }
    const handsOver = message.type === MessageType.TimeoutNow;
    // The transfer may have ended before its message is sent; the target receives the message anyway.
    if (handsOver) this.#endLease();
    const isAnswer = message.type === MessageType.HeartbeatResp;
    this.#options.send(message.to, {
      message,
      leaseRound: handsOver ? this.#lease.lastRound : leaseRound,
      applied: isAnswer ? this.#applied.index : 0,
    });
  }

  #append(message: Message): void {
    const id = this.#nextId++;
    const snapshot = message.snapshot?.metadata;
    const { entries, responses } = message;
    this.#appends.push({ id, entries, snapshot, responses, installing: false });
    const hardState = hardStateOf(message);
    const marker = snapshot === undefined || PLANTED.installWithoutMarker ? {} : { snapshot };
    this.#options.append(id, { ...(hardState === null ? {} : { hardState }), entries, ...marker });
  }

  #finishAppends(): void {
    const { cache, install } = this.#options;
    while (this.#appends.length > 0) {
      const append = this.#appends[0] as PendingAppend;
      // After a snapshot, every message waits until the snapshot is in force, because the snapshot is acknowledged
      // first.
      if (append.id > this.#durableId || append.installing) break;
      if (append.snapshot !== undefined) {
        this.#overtaken.push(cache.restart(append.snapshot.index, append.snapshot.term));
      }
      this.#gone.push(cache.append(append.entries));
      if (append.snapshot !== undefined) {
        append.installing = true;
        install(append.id, append.snapshot);
        break;
      }
      this.#appends.shift();
      this.#deliver(append.responses);
    }
  }

  #apply(message: Message): void {
    const id = this.#nextId++;
    this.#applies.push({ id, responses: message.responses });
    for (const entry of message.entries) if (isMembershipEntry(entry)) this.#applyMembership(entry);
    this.#options.apply(id, message.entries);
  }

  /** Puts a committed change into force in the core. The store records the same change when it applies the entry. */
  #applyMembership(entry: Entry): void {
    // A restart hands out the entry again although keyspace and core already have the change.
    if (entry.index <= this.#membership.index) return;
    const { membership, change } = this.#options.applyMembership(this.#membership, entry);
    if (change === null) return;
    checkSame(`entry ${entry.index}`, this.#core.applyConfChange(change), membership.confState);
    this.#setMembership(membership);
  }

  #setMembership(membership: M): void {
    this.#membership = membership;
    this.#options.cache.setApplied(this.#applied, membership.confState);
    this.#options.onMembership(membership);
  }

  #setApplied(applied: Position): void {
    this.#applied = applied;
    this.#options.cache.setApplied(applied, this.#membership.confState);
  }

  #deliver(responses: readonly Message[]): void {
    for (const response of responses) {
      if (response.to === this.#core.id) this.#stepOwn(response);
      else this.#send(response, this.#voteGuard.roundFor(response));
    }
  }

  /**
   * The core's own acknowledgements are well-formed. The core refuses them only when it has removed itself
   * meanwhile.
   */
  #stepOwn(response: Message): void {
    const refusal = this.#core.step(response);
    if (refusal !== null && refusal.code !== "PEER_NOT_FOUND")
      throw new Error(`the core refused its own acknowledgement: ${refusal.message}`);
  }

  #updateLeadership(): void {
    const status = this.#core.basicStatus();
    const ownTerm = this.#applied.term === status.term || PLANTED.leaseBeforeOwnTerm;
    const leading = status.raftState === StateType.Leader && ownTerm;
    if (leading === this.#leading && status.lead === this.#leaderId && status.term === this.#term) return;
    this.#leading = leading;
    this.#leaderId = status.lead;
    this.#term = status.term;
    if (!leading) this.#publishLease(0);
    this.#options.onLeadership(leading, status.lead, status.term);
  }

  #renewLease(): void {
    if (!this.#leading) return;
    this.#noteTransfer();
    this.#publishLease(this.#lease.validUntilMs(this.#core.confState(), this.#options.clock.monotonicMs()));
  }

  #publishLease(untilMs: number): void {
    if (untilMs === this.#leaseUntilMs) return;
    this.#leaseUntilMs = untilMs;
    this.#options.published.publishLease(this.#term, untilMs * 1000);
  }

  #isSoleVoter(): boolean {
    const { voters, votersOutgoing } = this.#core.confState();
    return voters.length === 1 && votersOutgoing.length === 0 && voters[0] === this.#core.id;
  }

  #taken(refusal: Refusal | null, what: string): boolean {
    if (refusal === null) return true;
    if (refusal.code === "PROPOSAL_DROPPED") return false;
    throw new Error(`the core refused ${what}: ${refusal.message}`);
  }
}
