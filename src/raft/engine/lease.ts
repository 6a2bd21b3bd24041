/**
 * The time for which this leader may answer reads without asking other nodes (design/contract.md, section 5, "Lease
 * reads"; Ongaro's thesis, 6.4.1).
 *
 * Each round of heartbeats has a number and the time when the round was *sent*. A voter that acknowledges a round
 * promises to vote for no other node for an election timeout from the receipt, which is later. So no other node can
 * be elected within an election timeout, on the voters' clocks, after the send time of the newest round that a
 * majority has acknowledged.
 */
import { PLANTED } from "../../platform/planted.ts";
import type { ConfState } from "../core/index.ts";

/**
 * Share of the election timeout that the lease lasts. A node's ten ticks take at least 0.81 of the timeout, because
 * an early tick may follow a late tick (TickGate). The rest is margin for clocks that run at different speeds.
 * @internal
 */
export const LEASE_SHARE = 0.7;

interface Acknowledgement {
  round: number;
  /** Time when the acknowledged round was sent. */
  sentAtMs: number;
}

export class Lease {
  readonly #self: number;
  readonly #electionTimeoutMs: number;
  /** The number of the last round. The number never decreases while the process runs, in any term. */
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

  /** The newest round that grants a lease. A forced vote is compared with this round. */
  get lastRound(): number {
    return this.#round;
  }

  /** This node has become leader in `term`: earlier acknowledgements no longer count. */
  begin(term: number): void {
    if (term === this.#term) return;
    this.#term = term;
    this.#sent = [];
    this.#acknowledged.clear();
    this.#transferring = false;
    this.#voidUntilMs = 0;
  }

  /** A transfer of leadership is in progress, or has ended. A transfer's forced vote ignores the voters' patience. */
  transfer(underWay: boolean, nowMs: number): void {
    if (PLANTED.leaseDuringTransfer || underWay === this.#transferring) return;
    this.#transferring = underWay;
    // The transfer was aborted. The target may have received its message, and may campaign later.
    if (!underWay) this.#voidUntilMs = nowMs + this.#electionTimeoutMs;
  }

  /** A round of heartbeats is about to be sent. @returns the number of the round; 0 = the round grants no lease */
  nextRound(nowMs: number): number {
    if (this.#transferring) return 0;
    this.#round++;
    this.#sent.push({ round: this.#round, sentAtMs: nowMs });
    // A round older than an election timeout grants no lease.
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

  /** Monotonic milliseconds until which no other node can be elected; 0 = no lease. */
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
