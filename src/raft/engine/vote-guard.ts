/**
 * Promises of this node to leaders that the core does not know. The promises are measured by the clock instead of
 * ticks, and in round numbers, so that a message with a delay of minutes cannot break a promise.
 */

import type { RaftEnvelope } from "../../peer/types.ts";
import { PLANTED } from "../../platform/planted.ts";
import { type Message, MessageType } from "../core/index.ts";

/**
 * Share of the election timeout for which a voter refuses other candidates, by the clock. The share is longer than
 * any lease (LEASE_SHARE) and shorter than the whole timeout: otherwise candidates whose ticks come slightly early
 * would be refused and would wait for another timeout.
 * @internal
 */
export const PATIENCE_SHARE = 0.9;

/**
 * Election timeouts that a restarted node waits at most for a message of every other voter. A connection attempt
 * that fails ends sooner. @internal
 */
export const RESTART_PATIENCE = 10;

interface AcknowledgedRound {
  readonly leader: number;
  readonly term: number;
  readonly round: number;
}

export class VoteGuard {
  readonly #electionTimeoutMs: number;
  /** Before this time the node votes for no other node: the node no longer knows whose lease it acknowledged. */
  readonly #silentUntilMs: number;
  /**
   * Before this time the node votes only if every other voter has been heard: a voter may know that this data
   * directory is older than the node's promises.
   */
  readonly #askingUntilMs: number;
  readonly #mayElect: () => boolean;
  #acknowledged: AcknowledgedRound = { leader: 0, term: 0, round: 0 };
  #heardAtMs = Number.NEGATIVE_INFINITY;
  /** The round in the last TimeoutNow, for the forced votes that follow. */
  #handedOver = { term: 0, round: 0 };

  /** @param fresh this node has never been a member before */
  constructor(options: {
    readonly nowMs: number;
    readonly electionTimeoutMs: number;
    readonly fresh: boolean;
    readonly mayElect?: (() => boolean) | undefined;
  }) {
    const { nowMs, electionTimeoutMs, fresh } = options;
    this.#electionTimeoutMs = electionTimeoutMs;
    const silent = !fresh && !PLANTED.voteAtOnceAfterRestart;
    this.#mayElect = options.mayElect ?? (() => true);
    this.#askingUntilMs = silent ? nowMs + RESTART_PATIENCE * electionTimeoutMs : Number.NEGATIVE_INFINITY;
    this.#silentUntilMs = silent ? nowMs + electionTimeoutMs : Number.NEGATIVE_INFINITY;
  }

  /**
   * The node has restarted, and another voter has been neither heard nor found unreachable: no vote and no
   * campaign.
   */
  isAsking(nowMs: number): boolean {
    return nowMs < this.#askingUntilMs && !this.#mayElect();
  }

  /** Time of the last message from a leader of the present term; -Infinity when there was none. */
  get heardAtMs(): number {
    return this.#heardAtMs;
  }

  /** The reason why a message may not reach the core, or null. */
  objection({ message, leaseRound }: RaftEnvelope, nowMs: number): string | null {
    const { type } = message;
    // A node that forgets its leader helps to elect another one while the lease still holds.
    if (type === MessageType.ForgetLeader) return "leases are on";
    const asksForTerm =
      type === MessageType.Vote || type === MessageType.PreVote || type === MessageType.TimeoutNow;
    if (!asksForTerm) return null;
    if (nowMs < this.#silentUntilMs) return "restarted less than an election timeout ago";
    if (this.isAsking(nowMs)) return "restarted, and not every voter has been heard";
    if (type === MessageType.TimeoutNow) {
      // The first vote of a forced election is the target's own vote, and the lease may depend on it.
      const { term, round } = this.#acknowledged;
      return message.term === term && round > leaseRound ? "of a transfer that was aborted" : null;
    }
    if (isForced(message)) {
      const { term, round } = this.#acknowledged;
      // The leader gave up its lease after `leaseRound` and has granted a newer lease to this node since. So the
      // transfer of this vote was aborted.
      return message.term === term + 1 && round > leaseRound ? "of a transfer that was aborted" : null;
    }
    if (PLANTED.voteAtOnceAfterRestart) return null;
    return nowMs < this.#heardAtMs + this.#electionTimeoutMs * PATIENCE_SHARE
      ? "a leader was heard from"
      : null;
  }

  /** The core has accepted a message; the core's term is now `term`. */
  taken({ message, leaseRound }: RaftEnvelope, term: number, nowMs: number): void {
    // Checked before the terms are compared, because the target of a TimeoutNow is already in the next term.
    if (message.type === MessageType.TimeoutNow && message.term >= this.#handedOver.term) {
      this.#handedOver = { term: message.term, round: leaseRound };
    }
    if (message.term !== term) return;
    if (message.type !== MessageType.Heartbeat && message.type !== MessageType.App) return;
    this.#heardAtMs = nowMs;
    if (message.type !== MessageType.Heartbeat || leaseRound === 0) return;
    // A heartbeat that was overtaken by a newer heartbeat changes nothing.
    const known = this.#acknowledged;
    if (known.term === term && known.round >= leaseRound) return;
    this.#acknowledged = { leader: message.from, term, round: leaseRound };
  }

  /** The round to send with a message of this node. */
  roundFor(message: Message): number {
    if (message.type === MessageType.HeartbeatResp) {
      const { leader, term, round } = this.#acknowledged;
      return leader === message.to && term === message.term ? round : 0;
    }
    if (message.type === MessageType.Vote && isForced(message)) {
      return message.term === this.#handedOver.term + 1 ? this.#handedOver.round : 0;
    }
    return 0;
  }
}

/** A vote request in a transfer of leadership. A voter grants such a vote although its leader is alive. */
function isForced(message: Message): boolean {
  return message.type === MessageType.Vote && message.context.byteLength > 0;
}
