/**
 * What this node has promised to leaders, beyond what the core knows: by the clock and not by ticks, and in numbers that a
 * message delayed for minutes cannot get around.
 */

import type { RaftEnvelope } from "../../peer/types.ts";
import { PLANTED } from "../../platform/planted.ts";
import { type Message, MessageType } from "../core/index.ts";

/**
 * Share of the election timeout for which a voter is patient by the clock: longer than any lease (LEASE_SHARE), and shorter
 * than a whole one, or candidates whose ticks came a little early would find closed doors and have to wait for another.
 * @internal
 */
export const PATIENCE_SHARE = 0.9;

/** Election timeouts for which a restarted node waits at most for a word of every other voter. A connection that leads
 *  nowhere is given up sooner than that. @internal */
export const RESTART_PATIENCE = 10;

interface AcknowledgedRound {
  readonly leader: number;
  readonly term: number;
  readonly round: number;
}

export class VoteGuard {
  readonly #electionTimeoutMs: number;
  /** Before this moment it votes for nobody: it no longer knows whose lease it acknowledged. */
  readonly #silentUntilMs: number;
  /** Nor before this one, unless every other voter has been asked: one of them may know that this data directory is older
   *  than what the node has promised. */
  readonly #askingUntilMs: number;
  readonly #mayElect: () => boolean;
  #acknowledged: AcknowledgedRound = { leader: 0, term: 0, round: 0 };
  #heardAtMs = Number.NEGATIVE_INFINITY;
  /** The round that a TimeoutNow named, for the forced votes that it asks for. */
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

  /** Restarted, and not every other voter has been heard or found out of reach: no vote, and no campaign. */
  isAsking(nowMs: number): boolean {
    return nowMs < this.#askingUntilMs && !this.#mayElect();
  }

  /** Why a message may not reach the core, or null. */
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
      // The first vote of a forced election is the target's own, and it may be the one that the lease rests on.
      const { term, round } = this.#acknowledged;
      return message.term === term && round > leaseRound ? "of a transfer that was aborted" : null;
    }
    if (isForced(message)) {
      const { term, round } = this.#acknowledged;
      // The leader gave up its lease after `leaseRound` and has granted this node's newer one since: the transfer that
      // this vote belongs to was aborted long ago.
      return message.term === term + 1 && round > leaseRound ? "of a transfer that was aborted" : null;
    }
    if (PLANTED.voteAtOnceAfterRestart) return null;
    return nowMs < this.#heardAtMs + this.#electionTimeoutMs * PATIENCE_SHARE
      ? "a leader was heard from"
      : null;
  }

  /** The core has taken a message, and its term is `term` now. */
  taken({ message, leaseRound }: RaftEnvelope, term: number, nowMs: number): void {
    // Before the terms are compared: the target of a TimeoutNow is in the next term already.
    if (message.type === MessageType.TimeoutNow && message.term >= this.#handedOver.term) {
      this.#handedOver = { term: message.term, round: leaseRound };
    }
    if (message.term !== term) return;
    if (message.type !== MessageType.Heartbeat && message.type !== MessageType.App) return;
    this.#heardAtMs = nowMs;
    if (message.type !== MessageType.Heartbeat || leaseRound === 0) return;
    // One that was overtaken on the way takes nothing back.
    const known = this.#acknowledged;
    if (known.term === term && known.round >= leaseRound) return;
    this.#acknowledged = { leader: message.from, term, round: leaseRound };
  }

  /** The round that goes with a message of this node to somebody. */
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

/** A vote asked for in a transfer of leadership: whoever gets it votes although its leader is alive. */
function isForced(message: Message): boolean {
  return message.type === MessageType.Vote && message.context.byteLength > 0;
}
