import { violated } from "../invariant.ts";
import type { Inflights } from "./inflights.ts";

/** How the leader sends to a follower. */
export const ProgressState = {
  /** One append at a time until the follower's log is found to match. */
  Probe: 0,
  /** A pipeline of appends, bounded by the inflight window. */
  Replicate: 1,
  /** A snapshot is on its way; no appends. */
  Snapshot: 2,
} as const;
export type ProgressState = (typeof ProgressState)[keyof typeof ProgressState];

const NAMES = ["StateProbe", "StateReplicate", "StateSnapshot"] as const;

/**
 * What the leader knows of one follower (`matchIndex` and `nextIndex` of the Raft paper, with flow control).
 * Invariant: match < next, and in Replicate everything in (match, next) is in flight.
 */
export class Progress {
  /** Highest entry known to be durable on the follower. */
  match: number;
  /** First entry of the next append. */
  next: number;
  state: ProgressState = ProgressState.Probe;
  /** In Snapshot: index of the snapshot under way; else 0. */
  pendingSnapshot = 0;
  /** Heard from since the last quorum check. */
  recentActive: boolean;
  /** Sending is suspended until an answer or a heartbeat answer: a probe is out, or the window is full. */
  flowPaused = false;
  readonly inflights: Inflights;
  isLearner: boolean;
  /** Highest commit index that a message to the follower has carried and that it may have taken. */
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
    // After a snapshot that arrived, go on behind it, even if the follower has not acknowledged it by an append
    // answer yet.
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

  /** Accounts for an append with `count` entries and `bytes` of payload that has just been sent. */
  sentEntries(count: number, bytes: number): void {
    if (this.state === ProgressState.Replicate) {
      if (count > 0) {
        this.next += count;
        this.inflights.add(this.next - 1, bytes);
      }
      // A message that fills the window, or an empty one sent while it is full, acts as a probe.
      this.flowPaused = this.inflights.full;
    } else if (this.state === ProgressState.Probe) {
      // An empty append (a commit index to pass on) does not use up the probe.
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

  /** Whether telling the follower of `commit` can move its commit index. */
  canBumpCommit(commit: number): boolean {
    // It can commit at most next - 1, so nothing above what it was told up to there is news.
    return commit > this.#sentCommit && this.#sentCommit < this.next - 1;
  }

  /** The follower has everything up to `index`. False when that was known already. */
  maybeUpdate(index: number): boolean {
    if (index <= this.match) return false;
    this.match = index;
    this.next = Math.max(this.next, index + 1);
    this.flowPaused = false;
    return true;
  }

  /**
   * The follower refused an append after entry `rejected`; `hint` is where its log may match. Moves `next` back.
   * False when the refusal is stale: overtaken by a later acknowledgement, or answering an older probe.
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

  /** One line, as the interaction cases print it. */
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

  /** What lies at or beyond `next` may not have arrived, so a commit index told there may not have been taken. */
  #regressSentCommit(): void {
    this.#sentCommit = Math.min(this.#sentCommit, this.next - 1);
  }
}
