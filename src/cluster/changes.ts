/**
 * Membership changes at the leader. A change is checked before its proposal, guarded by the configuration on which
 * it was decided, and answered when it is in force.
 */

import type { ClusterReply, MemberChange } from "../messages/cluster.ts";
import type { Clock } from "../platform/clock.ts";
import { type ConfChange, ConfChangeTransition, ConfChangeType, type Status } from "../raft/core/index.ts";
import { isJoint } from "../raft/engine/group-configuration.ts";
import { alreadySo, type BlobsThere, checkChange, entryOf, leaves } from "./change-rules.ts";
import type { Membership } from "./registry/membership.ts";
import { encodeMembershipChange } from "./registry/membership-codec.ts";
import type { Member } from "./registry/node-registry.ts";
import { refused } from "./request-codec.ts";

/** A change that is not in force after this time is answered with TIMEOUT. The change may still come into force. */
const CHANGE_TIMEOUT_MS = 10_000;
export interface ClusterChangesOptions {
  readonly clock: Clock;
  readonly ownId: number;
  /** Reachable blobs that a member does not hold (change-rules.ts); absent: nodes without blobs. */
  readonly blobsMissing?: BlobsThere;
  readonly status: () => Status;
  readonly membership: () => Membership;
  /** Returns false when the log did not take the proposal. */
  readonly propose: (change: ConfChange) => boolean;
  readonly transferTo: (id: number) => void;
  /** The member has run for longer than a node refuses votes after its start, so the member may be elected. */
  readonly settled: (id: number) => boolean;
}

/** A member that was started less than an election timeout ago refuses leadership; a second attempt may succeed. */
const TRANSFER_ATTEMPTS = 2;
const NOT_TAKEN_OVER = refused("TRANSFER_FAILED", "the member did not take over in time; the leader stays");

interface Waiting {
  readonly deadlineMs: number;
  /** The configuration that the change was proposed on. */
  readonly guardIndex: number;
  readonly inForce: (membership: Membership, status: Status) => boolean;
  readonly answer: (reply: ClusterReply) => void;
  /**
   * Repeats a transfer of leadership, which succeeds when this node no longer leads. The core gives up after an
   * election timeout. False: the transfer was tried often enough; writes wait during each attempt.
   */
  readonly transfer: (() => boolean) | undefined;
  /** The answer once the change is in force; undefined = `done`. */
  readonly outcome: ClusterReply | undefined;
}

export class ClusterChanges {
  readonly #options: ClusterChangesOptions;
  #waiting: Waiting | undefined;
  /**
   * Position of the last proposed change: until the change is applied, the core replaces any other change by an
   * empty entry.
   */
  #proposed = { index: 0, term: 0 };

  constructor(options: ClusterChangesOptions) {
    this.#options = options;
  }

  /**
   * Makes a change at the leader; `answer` is called at most once. Removing the leader itself starts with a
   * transfer: the answer is then NO_LEADER, and the operator must ask the next leader.
   */
  change(
    change: MemberChange,
    configurationIndex: number | null,
    answer: (reply: ClusterReply) => void,
  ): void {
    const membership = this.#options.membership();
    if (change.kind === "transfer-leader") {
      this.#transfer(change.to, configurationIndex, answer);
      return;
    }
    const done = alreadySo(membership, change);
    if (done) {
      answer({ kind: "done", changed: false, configurationIndex: membership.index });
      return;
    }
    const problem =
      this.#guard(membership, configurationIndex) ??
      checkChange(membership, this.#options.status(), change, this.#options.blobsMissing);
    if (problem !== undefined) {
      answer(problem);
      return;
    }
    if (leaves(change) === this.#options.ownId) this.#handOver(answer);
    else this.#propose(membership, change, answer);
  }

  /** Proposes a member's data directory or new address for the registry, unless another change is in progress. */
  register(member: Member): void {
    const membership = this.#options.membership();
    if (this.#busy(membership)) return;
    const context = encodeMembershipChange({ guardIndex: membership.index, upserts: [member] });
    const change = { type: ConfChangeType.UpdateNode, nodeId: member.id };
    this.#append({ version: 1, id: 0, change, context });
  }

  /** Called when the configuration changes, when the leader changes, and at each tick. */
  check(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    const { clock, ownId, status: readStatus, membership: readMembership } = this.#options;
    const status = readStatus();
    const membership = readMembership();
    const finish = (reply: ClusterReply): void => {
      this.#waiting = undefined;
      waiting.answer(reply);
    };
    if (waiting.inForce(membership, status)) {
      finish(waiting.outcome ?? { kind: "done", changed: true, configurationIndex: membership.index });
    } else if (waiting.transfer === undefined && status.lead !== ownId) {
      finish(
        refused("TIMEOUT", "the leader changed before the change was in force; it may yet be: look again"),
      );
    } else if (
      waiting.transfer === undefined &&
      membership.index > waiting.guardIndex &&
      !isJoint(membership)
    ) {
      finish(refused("STALE_CONFIGURATION", `another change came first, at ${membership.index}: look again`));
    } else if (clock.monotonicMs() >= waiting.deadlineMs) {
      finish(
        waiting.transfer === undefined
          ? refused("TIMEOUT", `not in force after ${CHANGE_TIMEOUT_MS} ms; it may yet be: look again`)
          : NOT_TAKEN_OVER,
      );
    } else if (status.lead === ownId && status.leadTransferee === 0 && waiting.transfer?.() === false) {
      finish(NOT_TAKEN_OVER);
    }
  }

  stop(): void {
    this.#waiting = undefined;
  }

  #guard(membership: Membership, configurationIndex: number | null): ClusterReply | undefined {
    const stale = staleOn(membership, configurationIndex);
    if (stale !== undefined) return stale;
    if (this.#busy(membership)) {
      return refused(
        "CHANGE_IN_PROGRESS",
        "another change of the cluster is under way: try again when it is done",
      );
    }
    return undefined;
  }

  #busy(membership: Membership): boolean {
    const { applied, term } = this.#options.status();
    // A change of an earlier term was either applied before this leader began, or lost.
    const pending = term === this.#proposed.term && applied < this.#proposed.index;
    return this.#waiting !== undefined || isJoint(membership) || pending;
  }

  #append(change: ConfChange): boolean {
    const taken = this.#options.propose(change);
    const { lastIndex, term } = this.#options.status();
    if (taken) this.#proposed = { index: lastIndex, term };
    return taken;
  }

  #propose(membership: Membership, change: MemberChange, answer: (reply: ClusterReply) => void): void {
    const { changes, upserts } = entryOf(membership, change);
    const context = encodeMembershipChange({ guardIndex: membership.index, upserts });
    const taken = this.#append({
      version: 2,
      transition: ConfChangeTransition.Auto,
      changes,
      context,
    });
    if (!taken) {
      answer(refused("CHANGE_IN_PROGRESS", "the leader's log does not take a change now: try again"));
      return;
    }
    this.#wait({
      guardIndex: membership.index,
      inForce: (now) => !isJoint(now) && alreadySo(now, change),
      answer,
      transfer: undefined,
      outcome: undefined,
    });
  }

  /** A leader does not remove itself: the leader transfers leadership, and the next leader removes the member. */
  #handOver(answer: (reply: ClusterReply) => void): void {
    const successor = this.#furthest();
    if (successor === undefined) {
      answer(
        refused("TRANSFER_FAILED", "this member leads, and no other voter is reachable to hand over to"),
      );
      return;
    }
    const outcome = refused(
      "NO_LEADER",
      "the member that led has handed over: ask its successor to remove it",
    );
    this.#startTransfer(successor, true, answer, outcome);
  }

  /**
   * A transfer is allowed while a membership change is in progress: the transfer may help a change that cannot
   * finish.
   */
  #transfer(
    to: string | null,
    configurationIndex: number | null,
    answer: (reply: ClusterReply) => void,
  ): void {
    const { ownId, membership: readMembership } = this.#options;
    const membership = readMembership();
    if (this.#waiting !== undefined) {
      answer(refused("CHANGE_IN_PROGRESS", "another change of the cluster is under way"));
      return;
    }
    const target = to === null ? this.#furthest() : membership.members.find(({ name }) => name === to)?.id;
    const stale = staleOn(membership, configurationIndex);
    if (target === ownId) {
      answer({ kind: "done", changed: false, configurationIndex: membership.index });
    } else if (stale !== undefined) {
      answer(stale);
    } else if (target === undefined) {
      answer(
        to === null
          ? refused("TRANSFER_FAILED", "no other voter is reachable")
          : refused("UNKNOWN_MEMBER", `there is no member ${to}`),
      );
    } else if (!membership.confState.voters.includes(target)) {
      answer(refused("INVALID", `${to} is a learner: only a voter can lead`));
    } else if (this.#options.status().progress.get(target)?.recentActive !== true) {
      answer(refused("TRANSFER_FAILED", `${to} is not reachable`));
    } else this.#startTransfer(target, to === null, answer, undefined);
  }

  /** @param any another voter may take over when the target does not (the target may have been started just now) */
  #startTransfer(
    target: number,
    any: boolean,
    answer: (reply: ClusterReply) => void,
    outcome: ClusterReply | undefined,
  ): void {
    const { ownId, membership, transferTo } = this.#options;
    let tried = target;
    let attempts = 1;
    this.#wait({
      guardIndex: membership().index,
      inForce: (_, status) => status.lead !== 0 && status.lead !== ownId,
      answer,
      transfer: () => {
        if (attempts++ === TRANSFER_ATTEMPTS) return false;
        tried = (any ? (this.#furthest(tried) ?? this.#furthest()) : undefined) ?? tried;
        transferTo(tried);
        return true;
      },
      outcome,
    });
    transferTo(target);
  }

  /** The reachable voter with the longest log. A voter that may be elected at once precedes all others. */
  #furthest(except?: number): number | undefined {
    const { ownId, status, membership, settled } = this.#options;
    const { progress } = status();
    let best: { id: number; settled: boolean; match: number } | undefined;
    for (const id of membership().confState.voters) {
      const one = progress.get(id);
      if (id === ownId || id === except || one?.recentActive !== true) continue;
      const candidate = { id, settled: settled(id), match: one.match };
      const better =
        best === undefined ||
        (candidate.settled === best.settled ? candidate.match > best.match : candidate.settled);
      if (better) best = candidate;
    }
    return best?.id;
  }

  #wait(waiting: Omit<Waiting, "deadlineMs">): void {
    this.#waiting = { ...waiting, deadlineMs: this.#options.clock.monotonicMs() + CHANGE_TIMEOUT_MS };
  }
}

/** Refuses a change that was decided on another configuration than the current one. */
function staleOn(membership: Membership, configurationIndex: number | null): ClusterReply | undefined {
  if (configurationIndex === null || configurationIndex === membership.index) return undefined;
  return refused(
    "STALE_CONFIGURATION",
    `decided on configuration ${configurationIndex}, in force is ${membership.index}: look again`,
  );
}
