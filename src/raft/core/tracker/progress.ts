import { violated } from "../invariant.ts";
import type { Inflights } from "./inflights.ts";

/** The way in which the leader sends to a follower. */
export const ProgressState = {
  /** One append at a time until the follower's log matches. */
  Probe: 0,
  /** A pipeline of appends, limited by the inflight window. */
  Replicate: 1,
  /** A snapshot is being sent; no appends. */
  Snapshot: 2,
} as const;
export type ProgressState = (typeof ProgressState)[keyof typeof ProgressState];

const NAMES = ["StateProbe", "StateReplicate", "StateSnapshot"] as const;

/**
 * The leader's knowledge of one follower (`matchIndex` and `nextIndex` of the Raft paper, with flow control).
 * Invariant: match < next, and in Replicate all entries in (match, next) are in flight.
 */
export class Progress {
  /** Highest entry known to be durable on the follower. */
  match: number;
  /** First entry of the next append. */
  next: number;
  state: ProgressState = ProgressState.Probe;
  /** Index of the snapshot that is being sent, in state Snapshot; else 0. */
  pendingSnapshot = 0;
  /** True when the follower was heard from since the last quorum check. */
  recentActive: boolean;
  /** Sending waits for an answer or a heartbeat answer: a probe is in flight, or the window is full. */
  flowPaused = false;
  readonly inflights: Inflights;
  isLearner: boolean;
  /** Highest commit index that was sent to the follower and that the follower may have taken. */
  #sentCommit = 0;

  constructor(match: number, next: number, inflights: Inflights, isLearner: boolean, recentActive: boolean) {
    this.match = match;
    this.next = next;
    this.inflights = inflights;
    this.isLearner = isLearner;
    this.recentActive = recentActive;
  }

  /** A copy with another role, for building a new configuration beside the current one. */
  withRole(isLearner: boolean): Progress {
    const copy = new Progress(this.match, this.next, this.inflights, isLearner, this.recentActive);
    copy.state = this.state;
    copy.pendingSnapshot = this.pendingSnapshot;
    copy.flowPaused = this.flowPaused;
    copy.#sentCommit = this.#sentCommit;
    return copy;
  }

  get paused(): boolean {
    return this.state === ProgressState.Snapshot || this.flowPaused;
  }

  becomeProbe(): void {
    // After a successful snapshot the appends continue behind it, even when the follower has not acknowledged it by
    // an append answer yet.
    const next = this.state === ProgressState.Snapshot ? this.pendingSnapshot + 1 : 0;
    this.#enter(ProgressState.Probe);
    this.next = Math.max(this.match + 1, next);
    this.#regressSentCommit();
  }

  becomeReplicate(): void {
    this.#enter(ProgressState.Replicate);
    this.next = this.match + 1;
  }

  becomeSnapshot(index: number): void {
    this.#enter(ProgressState.Snapshot);
    this.pendingSnapshot = index;
    this.next = index + 1;
    this.#sentCommit = index;
  }

  /** Records an append with `count` entries and `bytes` of payload that was just sent. */
  sentEntries(count: number, bytes: number): void {
    if (this.state === ProgressState.Replicate) {
      if (count > 0) {
        this.next += count;
        this.inflights.add(this.next - 1, bytes);
      }
      // A message that fills the window, or an empty message during a full window, acts as a probe.
      this.flowPaused = this.inflights.full;
    } else if (this.state === ProgressState.Probe) {
      // An empty append (which sends a commit index) does not count as the probe.
      if (count > 0) this.flowPaused = true;
    } else {
      violated("append sent to a follower that waits for a snapshot", {
        next: this.next,
        match: this.match,
        pendingSnapshot: this.pendingSnapshot,
      });
    }
  }

  sentCommitIndex(commit: number): void {
    this.#sentCommit = commit;
  }

  /** True when sending `commit` can move the commit index of the follower. */
  canBumpCommit(commit: number): boolean {
    // The follower can commit at most next - 1, so a commit index above the one already sent up to there is not new.
    return commit > this.#sentCommit && this.#sentCommit < this.next - 1;
  }

  /** The follower has all entries up to `index`. False when the leader knew that already. */
  maybeUpdate(index: number): boolean {
    if (index <= this.match) return false;
    this.match = index;
    this.next = Math.max(this.next, index + 1);
    this.flowPaused = false;
    return true;
  }

  /**
   * The follower refused an append after entry `rejected`; its log may match at `hint`. Moves `next` back. False
   * when the refusal is stale: a later acknowledgement overtook it, or it answers an older probe.
   */
  maybeDecreaseTo(rejected: number, hint: number): boolean {
    if (this.state === ProgressState.Replicate) {
      if (rejected <= this.match) return false;
      this.next = this.match + 1;
      this.#regressSentCommit();
      return true;
    }
    if (this.next - 1 !== rejected) return false;
    this.next = Math.max(Math.min(rejected, hint + 1), this.match + 1);
    this.#regressSentCommit();
    this.flowPaused = false;
    return true;
  }

  /** One line, in the format of the interaction cases. */
  toString(): string {
    let line = `${NAMES[this.state]} match=${this.match} next=${this.next}`;
    if (this.isLearner) line += " learner";
    if (this.paused) line += " paused";
    if (this.pendingSnapshot > 0) line += ` pendingSnap=${this.pendingSnapshot}`;
    if (!this.recentActive) line += " inactive";
    if (this.inflights.count > 0) {
      line += ` inflight=${this.inflights.count}${this.inflights.full ? "[full]" : ""}`;
    }
    return line;
  }

  #enter(state: ProgressState): void {
    this.flowPaused = false;
    this.pendingSnapshot = 0;
    this.state = state;
    this.inflights.reset();
  }

  /**
   * Entries at or after `next` may not have arrived, so the follower may not have taken a commit index from there.
   */
  #regressSentCommit(): void {
    this.#sentCommit = Math.min(this.#sentCommit, this.next - 1);
  }
}
