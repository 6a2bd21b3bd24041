/**
 * How long this leader may answer reads without asking anybody (design/contract.md, section 5, "Lease reads"; Ongaro's thesis, 6.4.1).
 *
 * Each round of heartbeats has a number and the time at which it was *sent*. A voter that acknowledges a round promises to
 * vote for nobody else for an election timeout from when it got it, which is later. So from the send time of the newest
 * round that a majority has acknowledged, nobody can be elected for an election timeout, on their clocks.
 */
import { PLANTED } from "../../platform/planted.ts";
import type { ConfState } from "../core/index.ts";

/**
 * Share of the election timeout that the lease lasts. A node's ten ticks take at least 0.81 of it, because a late tick
 * may be followed by an early one (TickGate); the rest is for clocks that run at different speeds.
 * @internal
 */
export const LEASE_SHARE = 0.7;

interface Acknowledgement {
  round: number;
  /** When that round was sent. */
  sentAtMs: number;
}

export class Lease {
  readonly #self: number;
  readonly #electionTimeoutMs: number;
  /** Never goes back while the process lives, whatever the term. */
  #round = 0;
  /** Send times of rounds that may still be acknowledged, oldest first. */
  #sent: { readonly round: number; readonly sentAtMs: number }[] = [];
  readonly #acknowledged = new Map<number, Acknowledgement>();
  #term = 0;
  #transferring = false;
  #voidUntilMs = 0;

  constructor(self: number, electionTimeoutMs: number) {
    this.#self = self;
    this.#electionTimeoutMs = electionTimeoutMs;
  }

  /** The newest round that grants a lease: what a forced vote is compared with. */
  get lastRound(): number {
    return this.#round;
  }

  /** This node has become leader in `term`: nothing that was acknowledged before counts. */
  begin(term: number): void {
    if (term === this.#term) return;
    this.#term = term;
    this.#sent = [];
    this.#acknowledged.clear();
    this.#transferring = false;
    this.#voidUntilMs = 0;
  }

  /** A transfer of leadership is under way (its forced vote bypasses the voters' patience), or no longer. */
  transfer(underWay: boolean, nowMs: number): void {
    if (PLANTED.leaseDuringTransfer || underWay === this.#transferring) return;
    this.#transferring = underWay;
    // Aborted. The target may have been told all the same, and may not have campaigned yet.
    if (!underWay) this.#voidUntilMs = nowMs + this.#electionTimeoutMs;
  }

  /** A round of heartbeats is about to be sent. @returns its number; 0 = it grants no lease */
  nextRound(nowMs: number): number {
    if (this.#transferring) return 0;
    this.#round++;
    this.#sent.push({ round: this.#round, sentAtMs: nowMs });
    // A round older than an election timeout grants no lease any more.
    while ((this.#sent[0]?.sentAtMs ?? nowMs) < nowMs - this.#electionTimeoutMs) this.#sent.shift();
    return this.#round;
  }

  /** A member has acknowledged a round of this term. */
  acknowledge(from: number, round: number, nowMs: number): void {
    const known = this.#acknowledged.get(from);
    if (known !== undefined && known.round >= round) return;
    const sent = this.#sent.find((one) => one.round === round);
    if (sent === undefined) return;
    const sentAtMs = PLANTED.leaseFromArrival ? nowMs : sent.sentAtMs;
    this.#acknowledged.set(from, { round, sentAtMs });
  }

  /** Monotonic milliseconds until which nobody else can be elected; 0 = no lease. */
  validUntilMs(confState: ConfState, nowMs: number): number {
    if (this.#transferring || nowMs < this.#voidUntilMs) return 0;
    const learners = PLANTED.leaseCountsLearners ? confState.learners : [];
    const halves = [confState.voters, confState.votersOutgoing].filter((half) => half.length > 0);
    if (halves.length === 0) return 0;
    const since = Math.min(
      ...halves.map((half) => this.#agreedSince([...half, ...learners], half.length, nowMs)),
    );
    if (since === Number.NEGATIVE_INFINITY) return 0;
    const share = PLANTED.leaseWithoutMargin ? 2 : LEASE_SHARE;
    return since + this.#electionTimeoutMs * share;
  }

  /** Send time of the newest round that a majority of `voters` members has acknowledged. */
  #agreedSince(members: readonly number[], voters: number, nowMs: number): number {
    const times = members.map((id) => {
      if (id === this.#self) return nowMs;
      return this.#acknowledged.get(id)?.sentAtMs ?? Number.NEGATIVE_INFINITY;
    });
    times.sort((a, b) => b - a);
    return times[Math.floor(voters / 2)] ?? Number.NEGATIVE_INFINITY;
  }
}
