/**
 * Membership changes at the leader: looked at before they are proposed, guarded by the configuration they were decided on,
 * answered when they are in force.
 */
import type { Clock } from "../platform/clock.ts";
import {
  type ConfChange,
  type ConfChangeSingle,
  ConfChangeTransition,
  ConfChangeType,
  type Status,
} from "../raft/core/index.ts";
import { encodeMembershipChange } from "../raft/engine/membership-codec.ts";
import { raftIdOf } from "../raft/engine/raft-id.ts";
import type { Member, Membership } from "../raft/engine/types.ts";
import { parseAddress } from "./cluster-admission.ts";
import { refused } from "./cluster-codec.ts";
import type { ClusterReply, MemberChange } from "./cluster-messages.ts";
import { isJoint, votersOf } from "./cluster-view.ts";

/** A change that is not in force after this long is answered with TIMEOUT; it may still come into force. */
export const CHANGE_TIMEOUT_MS = 10_000;
/** A learner may be promoted when it lacks at most so many entries: a moment's worth. */
export const PROMOTION_LAG_ENTRIES = 1_000;
/** As in --node-id. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

export interface ClusterChangesOptions {
  readonly clock: Clock;
  readonly ownId: number;
  readonly status: () => Status;
  readonly membership: () => Membership;
  /** False: the log did not take it. */
  readonly propose: (change: ConfChange) => boolean;
  readonly transferTo: (id: number) => void;
}

interface Waiting {
  readonly deadlineMs: number;
  /** The configuration that it was proposed on. */
  readonly guardIndex: number;
  readonly inForce: (membership: Membership, status: Status) => boolean;
  readonly answer: (reply: ClusterReply) => void;
  /** A transfer: the loss of leadership is its success. */
  readonly transfer: boolean;
  /** The answer when it is in force; undefined = that it is done. */
  readonly outcome: ClusterReply | undefined;
}

type Single = { readonly changes: readonly ConfChangeSingle[]; readonly upserts: readonly Member[] };

export class ClusterChanges {
  readonly #options: ClusterChangesOptions;
  #waiting: Waiting | undefined;
  /** Where the last change was put: until it is applied the core makes any other one empty. */
  #proposed = { index: 0, term: 0 };

  constructor(options: ClusterChangesOptions) {
    this.#options = options;
  }

  /**
   * Carries out a change at the leader. `answer` is called once. Removing the leader itself begins with handing over: the
   * answer is NO_LEADER then, and the next leader is to be asked.
   */
  change(
    change: MemberChange,
    configurationIndex: number | null,
    answer: (reply: ClusterReply) => void,
  ): void {
    const membership = this.#options.membership();
    if (change.kind === "transfer-leader") {
      this.#transfer(change.to, answer);
      return;
    }
    const done = alreadySo(membership, change);
    if (done) {
      answer({ kind: "done", changed: false, configurationIndex: membership.index });
      return;
    }
    const problem =
      this.#guard(membership, configurationIndex) ?? checkChange(membership, this.#options.status(), change);
    if (problem !== undefined) {
      answer(problem);
      return;
    }
    if (leaves(change) === this.#options.ownId) this.#handOver(answer);
    else this.#propose(membership, change, answer);
  }

  /** Writes down what a member says of itself (its data directory, a new address) when nothing else is under way. */
  register(member: Member): void {
    const membership = this.#options.membership();
    if (this.#busy(membership)) return;
    const context = encodeMembershipChange({ guardIndex: membership.index, upserts: [member] });
    const change = { type: ConfChangeType.UpdateNode, nodeId: member.id };
    this.#append({ version: 1, id: 0, change, context });
  }

  /** The configuration changed, the leader changed, or time has passed. */
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
    } else if (!waiting.transfer && status.lead !== ownId) {
      finish(
        refused("TIMEOUT", "the leader changed before the change was in force; it may yet be: look again"),
      );
    } else if (!waiting.transfer && membership.index > waiting.guardIndex && !isJoint(membership)) {
      finish(refused("STALE_CONFIGURATION", `another change came first, at ${membership.index}: look again`));
    } else if (clock.monotonicMs() >= waiting.deadlineMs) {
      finish(
        waiting.transfer
          ? refused("TRANSFER_FAILED", "the member did not take over in time; the leader stays")
          : refused("TIMEOUT", `not in force after ${CHANGE_TIMEOUT_MS} ms; it may yet be: look again`),
      );
    }
  }

  stop(): void {
    this.#waiting = undefined;
  }

  #guard(membership: Membership, configurationIndex: number | null): ClusterReply | undefined {
    if (configurationIndex !== null && configurationIndex !== membership.index) {
      return refused(
        "STALE_CONFIGURATION",
        `decided on configuration ${configurationIndex}, in force is ${membership.index}: look again`,
      );
    }
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
    // Of an earlier term: either applied before this leader began, or gone.
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
      transfer: false,
      outcome: undefined,
    });
  }

  /** The leader does not remove itself: it hands over, and the next leader removes it. */
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
    this.#startTransfer(successor, answer, outcome);
  }

  #transfer(to: string | null, answer: (reply: ClusterReply) => void): void {
    const { ownId, membership: readMembership } = this.#options;
    const membership = readMembership();
    if (this.#waiting !== undefined) {
      answer(refused("CHANGE_IN_PROGRESS", "another change of the cluster is under way"));
      return;
    }
    const target = to === null ? this.#furthest() : membership.members.find(({ name }) => name === to)?.id;
    if (target === ownId) {
      answer({ kind: "done", changed: false, configurationIndex: membership.index });
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
    } else this.#startTransfer(target, answer, undefined);
  }

  #startTransfer(
    target: number,
    answer: (reply: ClusterReply) => void,
    outcome: ClusterReply | undefined,
  ): void {
    const { ownId, membership } = this.#options;
    this.#wait({
      guardIndex: membership().index,
      inForce: (_, status) => status.lead !== 0 && status.lead !== ownId,
      answer,
      transfer: true,
      outcome,
    });
    this.#options.transferTo(target);
  }

  /** The reachable voter with the most of the log. */
  #furthest(): number | undefined {
    const { ownId, status, membership } = this.#options;
    const { progress } = status();
    let best: { id: number; match: number } | undefined;
    for (const id of membership().confState.voters) {
      const one = progress.get(id);
      if (id === ownId || one?.recentActive !== true) continue;
      if (best === undefined || one.match > best.match) best = { id, match: one.match };
    }
    return best?.id;
  }

  #wait(waiting: Omit<Waiting, "deadlineMs">): void {
    this.#waiting = { ...waiting, deadlineMs: this.#options.clock.monotonicMs() + CHANGE_TIMEOUT_MS };
  }
}

type ConfigurationChange = Exclude<MemberChange, { readonly kind: "transfer-leader" }>;

function leaves(change: MemberChange): number | undefined {
  if (change.kind === "remove") return raftIdOf(change.name);
  return change.kind === "replace" ? raftIdOf(change.remove) : undefined;
}

/** A request that was made before, and carried out. */
function alreadySo(membership: Membership, change: MemberChange): boolean {
  const voter = (name: string): boolean => membership.confState.voters.includes(raftIdOf(name));
  const gone = (name: string): boolean =>
    !membership.members.some((member) => member.name === name) &&
    membership.removed.some((member) => member.name === name);
  switch (change.kind) {
    case "add-learner":
      return membership.members.some(
        ({ name, address }) => name === change.name && address === change.address,
      );
    case "promote":
      return voter(change.name);
    case "remove":
      return gone(change.name);
    case "replace":
      return voter(change.promote) && gone(change.remove);
    case "transfer-leader":
      return false;
  }
}

/** Why it cannot be made, or undefined. */
function checkChange(
  membership: Membership,
  status: Status,
  change: ConfigurationChange,
): ClusterReply | undefined {
  switch (change.kind) {
    case "add-learner":
      return checkAddition(membership, change.name, change.address);
    case "promote":
      return checkPromotion(membership, status, change.name);
    case "remove":
      return checkRemoval(membership, status, change.name, undefined);
    case "replace":
      return (
        checkPromotion(membership, status, change.promote) ??
        checkRemoval(membership, status, change.remove, change.promote)
      );
  }
}

function checkAddition(membership: Membership, name: string, address: string): ClusterReply | undefined {
  if (!NAME.test(name)) return refused("INVALID", `"${name}" is no name for a node`);
  try {
    parseAddress(address);
  } catch (error) {
    return refused("INVALID", error instanceof Error ? error.message : String(error));
  }
  const id = raftIdOf(name);
  if (membership.removed.some((member) => member.id === id)) {
    return refused("REMOVED_MEMBER", `${name} was removed before: a name never comes back, choose another`);
  }
  const same = membership.members.find((member) => member.id === id || member.address === address);
  if (same === undefined) return undefined;
  return refused("ALREADY_MEMBER", `${same.name} at ${same.address} is a member`);
}

function checkPromotion(membership: Membership, status: Status, name: string): ClusterReply | undefined {
  const member = membership.members.find((one) => one.name === name);
  if (member === undefined) return refused("UNKNOWN_MEMBER", `there is no member ${name}`);
  if (!membership.confState.learners.includes(member.id)) {
    return refused("NOT_A_LEARNER", `${name} is not a learner`);
  }
  if (member.instance === "") {
    return refused("NOT_REGISTERED", `${name} was never met: start it, and look again`);
  }
  const progress = status.progress.get(member.id);
  const lag = status.commit - (progress?.match ?? 0);
  if (progress?.recentActive !== true || lag > PROMOTION_LAG_ENTRIES) {
    const why = progress?.recentActive === true ? `lacks ${lag} entries` : "cannot be reached";
    return refused("NOT_CAUGHT_UP", `${name} ${why}: a voter must have (nearly) the whole log`);
  }
  return undefined;
}

function checkRemoval(
  membership: Membership,
  status: Status,
  name: string,
  joining: string | undefined,
): ClusterReply | undefined {
  const member = membership.members.find((one) => one.name === name);
  if (member === undefined) return refused("UNKNOWN_MEMBER", `there is no member ${name}`);
  const { voters } = membership.confState;
  if (!voters.includes(member.id)) {
    return joining === undefined ? undefined : refused("INVALID", `${name} is a learner: remove it instead`);
  }
  const left = voters.filter((id) => id !== member.id);
  if (joining !== undefined) left.push(raftIdOf(joining));
  if (left.length === 0)
    return refused("LAST_VOTER", `${name} is the only voter: without it there is no cluster`);
  const reachable = left.filter((id) => id === status.id || status.progress.get(id)?.recentActive === true);
  const quorum = Math.floor(left.length / 2) + 1;
  if (reachable.length >= quorum) return undefined;
  return refused(
    "WOULD_LOSE_QUORUM",
    `without ${name} there are ${left.length} voters, of which ${reachable.length} can be reached and ${quorum} are needed`,
  );
}

function entryOf(membership: Membership, change: ConfigurationChange | MemberChange): Single {
  const one = (type: ConfChangeType, name: string): ConfChangeSingle => ({ type, nodeId: raftIdOf(name) });
  const known = (name: string): Member[] => membership.members.filter((member) => member.name === name);
  switch (change.kind) {
    case "add-learner": {
      const { name, address } = change;
      const upserts = [{ id: raftIdOf(name), name, address, instance: "" }];
      return { changes: [one(ConfChangeType.AddLearnerNode, name)], upserts };
    }
    case "promote":
      return { changes: [one(ConfChangeType.AddNode, change.name)], upserts: known(change.name) };
    case "remove":
      return { changes: [one(ConfChangeType.RemoveNode, change.name)], upserts: [] };
    case "replace":
      return {
        changes: [one(ConfChangeType.AddNode, change.promote), one(ConfChangeType.RemoveNode, change.remove)],
        upserts: known(change.promote),
      };
    case "transfer-leader":
      throw new Error("a transfer is no entry");
  }
}

/** Ids of everybody the leader must be able to talk to. */
export function idsOf(membership: Membership): readonly number[] {
  return [...votersOf(membership), ...membership.confState.learners, ...membership.confState.learnersNext];
}
