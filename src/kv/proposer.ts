/**
 * The proposer turns a transaction into a proposal, waits until this node has applied the proposal, and retries
 * safely.
 *
 * A retry has the same origin and sequence, and the state machine answers a repeated proposal from its sessions
 * (sessions.ts). So a transaction is applied at most once, however often it is proposed.
 *
 * More than 400 lines: the life of a proposal is one state machine.
 */

import type { Slab } from "../memory/slab-pool.ts";
import type { AnswerMessage, ConsensusToGateway, GatewayToConsensus } from "../messages/messages.ts";
import { sameBytes } from "../platform/bytes.ts";
import type { Clock } from "../platform/clock.ts";
import { PLANTED } from "../platform/planted.ts";
import type { Timers } from "../platform/timers.ts";
import type { Channel } from "../threads/channel.ts";
import type { GroupId } from "../threads/group.ts";
import type { PublishedState } from "../threads/shared-state.ts";
import { COMMAND_HEADER_BYTES, encodeTxnHeader, payloadsOf } from "../txn/command.ts";
import { timestampFromMs } from "../txn/hlc.ts";
import { KvError, type PayloadBuffer, type Txn, type TxnOutcome } from "../txn/types.ts";
import { type Place, ProposalMemory } from "./proposal-buffers.ts";

/** Number of short retries at a busy leader, after 2, 4, 8 ... ms (docs/design/contract.md, section 7). @internal */
export const RETRY_ATTEMPTS_MAX = 8;
const RETRY_BACKOFF_MAX_MS = 32;
/**
 * Delay of later retries at a leader that stays busy, for example because it has lost its followers; within the
 * deadline.
 */
const RETRY_BUSY_MS = 200;
/**
 * Delay of a retry when a leader is known but accepts no proposals (during a transfer, or while a leader loses its
 * leadership).
 */
const RETRY_LEADERLESS_MS = 50;
/**
 * A proposal that was sent to another node is sent again after this time without an answer, then after twice the
 * time, and so on: a cluster without answers is often overloaded. @internal
 */
export const SILENCE_MS = 2_000;
/**
 * Maximum distance between the oldest unanswered proposal and the newest: limits the session rows of the state
 * machine. @internal
 */
export const PROPOSAL_WINDOW = 8_192;
/** Proposals are sent at the latest when this many have gathered in one turn; they share an fsync. */
const FLUSH_PROPOSALS = 32;
/** The identity has at most 8 + 3 x 10 bytes; see encodedSize. */
const IDENTITY_BYTES_MAX = 40;

/** The leader, as consensus reports it. `leaderId` 0 means that no leader is known. */
export interface Leadership {
  readonly leading: boolean;
  readonly leaderId: number;
  readonly term: number;
}

export interface ProposerOptions {
  /** The group whose log gets the proposals. */
  readonly group: GroupId;
  readonly consensus: Channel<ConsensusToGateway, GatewayToConsensus>;
  readonly published: Pick<PublishedState, "diskSpace">;
  readonly clock: Clock;
  readonly timers: Timers;
  /**
   * 8 bytes, unique to this gateway in this start of this node: the client of a session (Ongaro's thesis, section
   * 6.3).
   */
  readonly clientId: Uint8Array;
  /** Maximum encoded bytes of one entry. */
  readonly maxTxnBytes: number;
  /** Milliseconds until a transaction without an answer fails. */
  readonly deadlineMs: number;
  /**
   * The deadline of an exact transaction that may have been applied. A repetition by the client could get a
   * different result, so the proposer waits longer for the outcome. At least `deadlineMs`, which is the default.
   */
  readonly exactDeadlineMs?: number;
  /** Reports the outcome of a proposal, and its duration. */
  readonly onSettled: (outcome: "applied" | "refused" | "failed", seconds: number) => void;
}

interface Pending {
  readonly sequence: number;
  place: Place;
  readonly length: number;
  readonly resolve: (outcome: TxnOutcome) => void;
  readonly reject: (error: KvError) => void;
  readonly startedAtMs: number;
  /** True when a repetition by the client could fail because of the effect of the first attempt. */
  readonly exact: boolean;
  attempts: number;
  /**
   * Parked: no log has the proposal, and it waits for a leader. Sent: a log may have the proposal. Sending: it is
   * queued.
   */
  state: "sending" | "sent" | "parked";
  sentAtMs: number;
  /** Term of the leadership under which the proposal was sent. */
  sentTerm: number;
  sentLeaderId: number;
  silenceMs: number;
  /** The proposal was sent more than once: an answer about one copy says nothing about the others. */
  repeated: boolean;
}

/** Entries that are sent together. */
interface Outgoing {
  readonly slab: Slab;
  readonly sequences: number[];
  readonly offsets: number[];
  readonly lengths: number[];
}

export class Proposer {
  readonly maxTxnBytes: number;
  readonly #options: ProposerOptions;
  readonly #memory: ProposalMemory;
  readonly #pending = new Map<number, Pending>();
  readonly #waitingForWindow: (() => void)[] = [];
  #outgoing: Outgoing[] = [];
  #nextSequence = 1;
  #oldestPending = 1;
  #flushScheduled = false;
  /** Number of proposals that are not sent yet. */
  #gathered = 0;
  #closed = false;
  /** The leadership; undefined until consensus has reported it. */
  #leadership: Leadership | undefined;

  constructor(options: ProposerOptions) {
    this.#options = options;
    this.maxTxnBytes = options.maxTxnBytes;
    this.#memory = new ProposalMemory(options.maxTxnBytes);
  }

  /** Number of proposals without an answer. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Number of large payload slabs in use. */
  get slabsInUse(): number {
    return this.#memory.slabsInUse;
  }

  /** Bytes of payload memory, arenas included: in use, and idle for reuse. */
  get payloadBytes(): { readonly live: number; readonly idle: number } {
    return this.#memory.bytes;
  }

  encodedSize(txn: Txn): number {
    const identity = { origin: this.#options.clientId, sequence: 0, acknowledgedBelow: 0 };
    return (
      COMMAND_HEADER_BYTES +
      payloadsOf(txn).bytes +
      encodeTxnHeader(txn, identity).byteLength +
      IDENTITY_BYTES_MAX
    );
  }

  allocate(length: number): PayloadBuffer {
    return this.#memory.allocate(length);
  }

  async transact(txn: Txn): Promise<TxnOutcome> {
    if (this.#windowFull) {
      const giveUpAtMs = this.#options.clock.monotonicMs() + this.#options.deadlineMs;
      // The oldest proposal ends at its deadline at the latest, and then wakes the waiting callers.
      while (this.#windowFull && !this.#closed) {
        await new Promise<void>((resolve) => this.#waitingForWindow.push(resolve));
        if (this.#options.clock.monotonicMs() >= giveUpAtMs && this.#windowFull) throw tooManyWait();
      }
    }
    if (this.#closed) throw new KvError("CLOSED", "this node is shutting down");
    const { diskSpace } = this.#options.published;
    if (diskSpace === "none" || (diskSpace === "reserve" && takesSpace(txn))) {
      throw new KvError("DISK_FULL", "the disk of this node is full: no writes are taken");
    }
    const sequence = this.#nextSequence;
    const header = encodeTxnHeader(txn, {
      origin: this.#options.clientId,
      sequence,
      acknowledgedBelow: this.#oldestPending,
    });
    const payload = payloadsOf(txn);
    const length = COMMAND_HEADER_BYTES + payload.bytes + header.byteLength;
    if (length > this.maxTxnBytes) {
      throw new KvError(
        "TOO_LARGE",
        `a transaction of ${length} bytes passes the limit of ${this.maxTxnBytes}`,
      );
    }
    // The call may throw (no memory for a slab): a sequence that is taken and never settled would block the window.
    const place = this.#memory.place(payload.views, payload.bytes, header, length);
    this.#nextSequence++;
    return new Promise<TxnOutcome>((resolve, reject) => {
      const now = this.#options.clock.monotonicMs();
      const pending: Pending = {
        place,
        sequence,
        length,
        resolve,
        reject,
        startedAtMs: now,
        exact: isExact(txn),
        attempts: 1,
        state: "sending",
        sentAtMs: now,
        sentTerm: 0,
        sentLeaderId: 0,
        silenceMs: SILENCE_MS,
        repeated: false,
      };
      this.#pending.set(sequence, pending);
      this.#enqueue(pending);
    });
  }

  /**
   * Handles proposals that are in no log: retries them within the deadline. `busy`: first with short delays, then
   * with long ones.
   */
  onDropped(sequences: readonly number[], reason: "busy" | "no-leader"): void {
    for (const sequence of sequences) {
      const pending = this.#pending.get(sequence);
      // A proposal in another state was dropped before, or waits for a leader.
      if (pending === undefined || pending.state !== "sent") continue;
      if (reason === "no-leader") {
        pending.state = "parked";
        if (this.#leadership?.leaderId !== 0) this.#later(pending, RETRY_LEADERLESS_MS);
        continue;
      }
      pending.state = "parked";
      const backoff = pending.attempts++ < RETRY_ATTEMPTS_MAX;
      this.#later(
        pending,
        backoff ? Math.min(RETRY_BACKOFF_MAX_MS, 2 ** (pending.attempts - 1)) : RETRY_BUSY_MS,
      );
    }
  }

  /** Sends the proposals that waited for a leader, and repeats those that may be lost with the previous leader. */
  onLeadership(leadership: Leadership): void {
    this.#leadership = leadership;
    if (leadership.leaderId === 0) return;
    for (const pending of this.#pending.values()) {
      if (pending.state === "parked") this.#retry(pending);
      else if (pending.state === "sent" && this.#leaderChanged(pending)) this.#repeat(pending);
    }
  }

  onReleased(slabIds: readonly number[]): void {
    for (const id of slabIds) this.#memory.release(id);
  }

  onAnswers(answers: readonly AnswerMessage[]): void {
    for (const { sequence, outcome } of answers) {
      const pending = this.#pending.get(sequence);
      // The proposal failed before the answer came: no caller waits.
      if (pending === undefined) continue;
      this.#settle(pending, outcome.ok ? "applied" : "refused");
      pending.resolve(outcome);
    }
  }

  /** Fails proposals past their deadline, and repeats those without an answer; call it a few times per second. */
  expire(): void {
    const now = this.#options.clock.monotonicMs();
    for (const pending of this.#pending.values()) {
      if (pending.state !== "sent" || now - pending.sentAtMs < pending.silenceMs) continue;
      // While this node leads, a proposal in its own log is slow and not lost.
      if (this.#leadership === undefined || this.#leadership.leaderId === 0) continue;
      if (this.#leadership.leading && !this.#leaderChanged(pending)) continue;
      pending.silenceMs *= 2;
      this.#repeat(pending);
    }
    const { deadlineMs, exactDeadlineMs = deadlineMs } = this.#options;
    // Start times grow with the sequence, so the loop ends at the first proposal that has time left.
    for (const pending of this.#pending.values()) {
      if (pending.startedAtMs + deadlineMs > now) break;
      const inNoLog = pending.state === "parked" && !pending.repeated;
      if (pending.exact && !inNoLog && pending.startedAtMs + exactDeadlineMs > now) continue;
      this.#settle(pending, "failed");
      const waited = Math.round(now - pending.startedAtMs);
      pending.reject(
        inNoLog
          ? new KvError("UNAVAILABLE", `no leader took the proposal within ${waited} ms: nothing was written`)
          : new KvError("TIMEOUT", `no answer within ${waited} ms: the outcome is unknown`),
      );
    }
  }

  close(): void {
    this.#closed = true;
    for (const pending of [...this.#pending.values()]) {
      this.#settle(pending, "failed");
      pending.reject(new KvError("CLOSED", "this node is shutting down: the outcome is unknown"));
    }
    for (const wake of this.#waitingForWindow.splice(0)) wake();
  }

  get #windowFull(): boolean {
    return this.#nextSequence - this.#oldestPending >= PROPOSAL_WINDOW;
  }

  #leaderChanged({ sentTerm, sentLeaderId }: Pending): boolean {
    return this.#leadership?.term !== sentTerm || this.#leadership.leaderId !== sentLeaderId;
  }

  #later(pending: Pending, delayMs: number): void {
    this.#options.timers.later(() => {
      const waits = this.#pending.has(pending.sequence) && pending.state === "parked";
      if (waits && this.#leadership?.leaderId !== 0) this.#retry(pending);
    }, delayMs);
  }

  /** Sends a dropped proposal again. */
  #retry(pending: Pending): void {
    if (pending.repeated) this.#repeat(pending);
    else this.#enqueue(pending);
  }

  /**
   * Proposes again when a log may already have the entry. The proposer sends a copy: the entry in the log must not
   * change, and the next leader would write its stamp into the entry.
   */
  #repeat(pending: Pending): void {
    pending.repeated = true;
    if (!PLANTED.restampInPlace) {
      const { slab, pool, offset } = pending.place;
      const entry = slab.bytes.subarray(offset, offset + pending.length);
      pending.place = this.#memory.copy(entry);
      pool.release(slab.id);
    }
    this.#enqueue(pending);
  }

  #enqueue(pending: Pending): void {
    // Without a leader the proposal waits here, where its deadline is checked, and not in the mailbox.
    if (this.#leadership?.leaderId === 0) {
      pending.state = "parked";
      return;
    }
    pending.state = "sending";
    const { slab, pool, offset } = pending.place;
    pool.hold(slab.id);
    const last = this.#outgoing[this.#outgoing.length - 1];
    if (last !== undefined && last.slab === slab) {
      last.sequences.push(pending.sequence);
      last.offsets.push(offset);
      last.lengths.push(pending.length);
    } else {
      this.#outgoing.push({
        slab,
        sequences: [pending.sequence],
        offsets: [offset],
        lengths: [pending.length],
      });
    }
    // A turn that answers 64 requests and takes 64 new ones lasts milliseconds. The log must work during the turn, or
    // gateway, log and store would work in turns and not in parallel.
    if (++this.#gathered >= FLUSH_PROPOSALS) this.#flush();
    else if (!this.#flushScheduled) {
      this.#flushScheduled = true;
      this.#options.timers.soon(() => {
        this.#flushScheduled = false;
        this.#flush();
      });
    }
  }

  #flush(): void {
    this.#gathered = 0;
    const outgoing = this.#outgoing;
    this.#outgoing = [];
    const now = this.#options.clock.monotonicMs();
    for (const { slab, sequences, offsets, lengths } of outgoing) {
      this.#options.consensus.send({
        kind: "propose",
        group: this.#options.group,
        slabId: slab.id,
        slab: slab.bytes,
        sequences,
        offsets,
        lengths,
      });
      for (const sequence of sequences) {
        const pending = this.#pending.get(sequence);
        if (pending === undefined) continue;
        pending.state = "sent";
        pending.sentAtMs = now;
        pending.sentTerm = this.#leadership?.term ?? 0;
        pending.sentLeaderId = this.#leadership?.leaderId ?? 0;
      }
      if (PLANTED.answerBeforeCommit) this.#answerNow(sequences);
    }
    this.#options.consensus.flush();
  }

  /** Only for PLANTED.answerBeforeCommit: an answer that must never happen. */
  #answerNow(sequences: readonly number[]): void {
    const commitTs = timestampFromMs(this.#options.clock.nowMs());
    this.onAnswers(sequences.map((sequence) => ({ sequence, outcome: { ok: true, commitTs } })));
  }

  #settle(pending: Pending, outcome: "applied" | "refused" | "failed"): void {
    const { clock, onSettled } = this.#options;
    onSettled(outcome, (clock.monotonicMs() - pending.startedAtMs) / 1000);
    this.#pending.delete(pending.sequence);
    pending.place.pool.release(pending.place.slab.id);
    if (pending.sequence !== this.#oldestPending) return;
    // Sequences are given in order and Maps keep insertion order: the first remaining proposal is the oldest.
    const oldest = this.#pending.keys().next();
    this.#oldestPending = oldest.done ? this.#nextSequence : oldest.value;
    for (const wake of this.#waitingForWindow.splice(0)) wake();
  }
}

function tooManyWait(): KvError {
  return new KvError("UNAVAILABLE", `${PROPOSAL_WINDOW} proposals wait already: nothing was written`);
}

/** True when the transaction has a condition on the version of a row, which the transaction itself changes. */
function isExact(txn: Txn): boolean {
  return txn.conditions.some(({ kind }) => kind === "must-not-exist" || kind === "version-equals");
}

/**
 * True when the transaction takes space. Deletions write a little too, but they free space later; so does a row that is
 * moved (archived, and deleted where it was).
 */
function takesSpace({ mutations }: Txn): boolean {
  return mutations.some((mutation) => {
    if (mutation.kind === "archive") return !isDeleted(mutations, mutation.from);
    return mutation.kind === "put" || mutation.kind === "reference";
  });
}

function isDeleted(mutations: Txn["mutations"], key: Uint8Array): boolean {
  return mutations.some((mutation) => mutation.kind === "delete" && sameBytes(mutation.key, key));
}
