/**
 * The proposer: turns a transaction into a proposal, waits until this node has applied it, retries safely.
 *
 * A retry carries the same origin and sequence, and the state machine answers a repeated one from memory
 * (sessions.ts), so a transaction is applied at most once however often it is proposed.
 *
 * More than 400 lines: the life of a proposal is one state machine.
 */

import type { Slab } from "../memory/slab-pool.ts";
import type { AnswerMessage, ConsensusToGateway, GatewayToConsensus } from "../messages/messages.ts";
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

/** Times that a transaction is taken to a leader that is too busy after 2, 4, 8 ... ms, up to this many (docs/design/contract.md,
 *  section 7). @internal */
export const RETRY_ATTEMPTS_MAX = 8;
const RETRY_BACKOFF_MAX_MS = 32;
/** A leader is too busy for longer, as one that has just lost its followers is: again after this, within the deadline. */
const RETRY_BUSY_MS = 200;
/** A leader is known and yet nobody takes proposals (a hand-over, the last moments of a deposed one): again after this. */
const RETRY_LEADERLESS_MS = 50;
/** Without an answer for so long a proposal that was sent to another node is sent again; then after twice as long, and
 *  so on: what makes a cluster silent is often that it has too much to do. @internal */
export const SILENCE_MS = 2_000;
/** Sequences between the oldest unanswered proposal and the newest: bounds the session rows of the state machine. @internal */
export const PROPOSAL_WINDOW = 8_192;
/** Proposals sent at the latest when so many have gathered in one turn; they share an fsync. */
const FLUSH_PROPOSALS = 32;
/** Sessions name 8 + 3 x 10 bytes at most; see encodedSize. */
const IDENTITY_BYTES_MAX = 40;

/** Who leads, as consensus tells it. `leaderId` 0 = nobody known. */
export interface Leadership {
  readonly leading: boolean;
  readonly leaderId: number;
  readonly term: number;
}

export interface ProposerOptions {
  /** Whose log it is for. */
  readonly group: GroupId;
  readonly consensus: Channel<ConsensusToGateway, GatewayToConsensus>;
  readonly published: Pick<PublishedState, "diskSpace">;
  readonly clock: Clock;
  readonly timers: Timers;
  /** 8 bytes, unique to this gateway of this start of this node: the client of a session (Ongaro's thesis, section 6.3). */
  readonly clientId: Uint8Array;
  /** Encoded bytes of one entry at most. */
  readonly maxTxnBytes: number;
  /** Milliseconds until a transaction without an answer is given up. */
  readonly deadlineMs: number;
  /** The same of one that may have been carried out and that would be decided otherwise if its client repeated it, so
   *  that its outcome is worth waiting for. At least `deadlineMs`, which is the default. */
  readonly exactDeadlineMs?: number;
  /** How a proposal ended, and after how long. */
  readonly onSettled: (outcome: "applied" | "refused" | "failed", seconds: number) => void;
}

interface Pending {
  readonly sequence: number;
  place: Place;
  readonly length: number;
  readonly resolve: (outcome: TxnOutcome) => void;
  readonly reject: (error: KvError) => void;
  readonly startedAtMs: number;
  /** Repeated by a client it would meet its own effect. */
  readonly exact: boolean;
  attempts: number;
  /** Parked: nobody has it, and it waits for a leader. Sent: it may be in a log. Else on its way there. */
  state: "sending" | "sent" | "parked";
  sentAtMs: number;
  /** Under which leadership it was sent. */
  sentTerm: number;
  sentLeaderId: number;
  silenceMs: number;
  /** Sent more than once: what was said of one of them says nothing of the others. */
  repeated: boolean;
}

/** Entries that leave together. */
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
  /** Proposals not sent yet. */
  #gathered = 0;
  #closed = false;
  /** undefined until consensus has said something about it. */
  #leadership: Leadership | undefined;

  constructor(options: ProposerOptions) {
    this.#options = options;
    this.maxTxnBytes = options.maxTxnBytes;
    this.#memory = new ProposalMemory(options.maxTxnBytes);
  }

  /** Proposals without an answer. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Large payload slabs in use. */
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
      // The oldest proposal leaves at its deadline at the latest, and wakes who waits here.
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
    // May throw (no memory for a slab): a number that was taken and never settled would end the window's progress.
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

  /** These are in no log, and are tried again within the deadline. `busy`: a few times soon, then at leisure. */
  onDropped(sequences: readonly number[], reason: "busy" | "no-leader"): void {
    for (const sequence of sequences) {
      const pending = this.#pending.get(sequence);
      // Not "sent": it was dropped before, or waits for a leader.
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

  /** Sends what waited for a leader, and again what may have been lost with the one before. */
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
      // Given up before the answer came: nobody is waiting.
      if (pending === undefined) continue;
      this.#settle(pending, outcome.ok ? "applied" : "refused");
      pending.resolve(outcome);
    }
  }

  /** Gives up proposals past their deadline, and repeats those without an answer; call it a few times a second. */
  expire(): void {
    const now = this.#options.clock.monotonicMs();
    for (const pending of this.#pending.values()) {
      if (pending.state !== "sent" || now - pending.sentAtMs < pending.silenceMs) continue;
      // In the own log, under the own leadership, it is slow and not lost.
      if (this.#leadership === undefined || this.#leadership.leaderId === 0) continue;
      if (this.#leadership.leading && !this.#leaderChanged(pending)) continue;
      pending.silenceMs *= 2;
      this.#repeat(pending);
    }
    const { deadlineMs, exactDeadlineMs = deadlineMs } = this.#options;
    // Start times grow with the sequence, so the first one that has time left ends the walk.
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

  /** After it was dropped. */
  #retry(pending: Pending): void {
    if (pending.repeated) this.#repeat(pending);
    else this.#enqueue(pending);
  }

  /**
   * Proposes again what may be in a log already. From a copy: the entry that is there must stay what it is, and the
   * next leader's stamp would be written into it.
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
    // Nobody would take it: it waits here, where its deadline is looked at, and not in the mailbox.
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
    // A turn that answers 64 requests and takes 64 new ones lasts milliseconds: the log should be at work meanwhile, or
    // front, log and store take turns instead of working side by side.
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

  /** Only for PLANTED.answerBeforeCommit: what must never happen. */
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
    // Sequences are handed out in order and Maps keep insertion order: the first one left is the oldest.
    const oldest = this.#pending.keys().next();
    this.#oldestPending = oldest.done ? this.#nextSequence : oldest.value;
    for (const wake of this.#waitingForWindow.splice(0)) wake();
  }
}

function tooManyWait(): KvError {
  return new KvError("UNAVAILABLE", `${PROPOSAL_WINDOW} proposals wait already: nothing was written`);
}

/** A condition on one row's version, which the transaction itself changes. */
function isExact(txn: Txn): boolean {
  return txn.conditions.some(({ kind }) => kind === "must-not-exist" || kind === "version-equals");
}

/** Deleting and cleaning up write a little too, but that is how space comes back. */
function takesSpace(txn: Txn): boolean {
  return txn.mutations.some((mutation) => mutation.kind === "put" || mutation.kind === "archive");
}
