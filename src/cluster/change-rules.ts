/**
 * Rules of a membership change: whether the change is allowed, and the entry that makes the change. All functions
 * are pure.
 */
import { NODE_NAME, parsePeerAddress } from "../config/members.ts";
import type { ClusterReply, MemberChange } from "../messages/cluster.ts";
import { type ConfChangeSingle, ConfChangeType, type Status } from "../raft/core/index.ts";
import { raftIdOf } from "../raft/engine/raft-id.ts";
import type { Membership } from "./registry/membership.ts";
import type { Member } from "./registry/node-registry.ts";
import { refused } from "./request-codec.ts";

/**
 * A learner may be promoted when the learner lacks at most this many entries: less than a second of writes.
 * @internal
 */
export const PROMOTION_LAG_ENTRIES = 1_000;

type Single = { readonly changes: readonly ConfChangeSingle[]; readonly upserts: readonly Member[] };

/** Reachable blobs that a member does not hold, by its Raft id; undefined: the member does not know yet. */
export type BlobsThere = (id: number) => number | undefined;
const NO_BLOBS: BlobsThere = () => 0;

export type ConfigurationChange = Exclude<MemberChange, { readonly kind: "transfer-leader" }>;

export function leaves(change: MemberChange): number | undefined {
  if (change.kind === "remove") return raftIdOf(change.name);
  return change.kind === "replace" ? raftIdOf(change.remove) : undefined;
}

/** The membership already is as the change asks: an earlier request has made the same change. */
export function alreadySo(membership: Membership, change: MemberChange): boolean {
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

/** The reason why the change is not allowed; undefined when the change is allowed. */
export function checkChange(
  membership: Membership,
  status: Status,
  change: ConfigurationChange,
  blobs: BlobsThere = NO_BLOBS,
): ClusterReply | undefined {
  switch (change.kind) {
    case "add-learner":
      return checkAddition(membership, change.name, change.address);
    case "promote":
      return checkPromotion(membership, status, change.name, blobs);
    case "remove":
      return checkRemoval(membership, status, change.name, undefined, blobs);
    case "replace":
      return (
        checkPromotion(membership, status, change.promote, blobs) ??
        checkRemoval(membership, status, change.remove, change.promote, blobs)
      );
  }
}

function checkAddition(membership: Membership, name: string, address: string): ClusterReply | undefined {
  if (!NODE_NAME.test(name)) return refused("INVALID", `"${name}" is no name for a node`);
  try {
    parsePeerAddress(address);
  } catch (error) {
    return refused("INVALID", `address ${error instanceof Error ? error.message : String(error)}`);
  }
  const id = raftIdOf(name);
  if (membership.removed.some((member) => member.id === id)) {
    return refused("REMOVED_MEMBER", `${name} was removed before: a name never comes back, choose another`);
  }
  const same = membership.members.find((member) => member.id === id || member.address === address);
  if (same === undefined) return undefined;
  const lost =
    same.id === id
      ? ""
      : `; if its host has lost its data, "elastickv cluster remove ${same.name}" comes first`;
  return refused("ALREADY_MEMBER", `${same.name} at ${same.address} is a member${lost}`);
}

function checkPromotion(
  membership: Membership,
  status: Status,
  name: string,
  blobs: BlobsThere,
): ClusterReply | undefined {
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
  const missing = blobs(member.id);
  if (missing === 0) return undefined;
  const why = missing === undefined ? "is still comparing its chunks" : `lacks ${missing} chunks`;
  return refused(
    "NOT_CAUGHT_UP",
    `${name} ${why}: a voter must hold the chunks of the objects, too; it fetches them by itself`,
  );
}

function checkRemoval(
  membership: Membership,
  status: Status,
  name: string,
  joining: string | undefined,
  blobs: BlobsThere,
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
  const isReachable = (id: number): boolean =>
    id === status.id || status.progress.get(id)?.recentActive === true;
  const reachable = left.filter(isReachable);
  const quorum = Math.floor(left.length / 2) + 1;
  if (reachable.length >= quorum) {
    // A member that cannot be reached gives nobody its chunks, whether it stays a member or not.
    if (!isReachable(member.id) || reachable.some((id) => blobs(id) === 0)) return undefined;
    return refused(
      "NOT_CAUGHT_UP",
      `${name} may hold the only copy of some chunks: none of the voters that stay has all of them yet; they fetch them by themselves, ask again then`,
    );
  }
  return refused(
    "WOULD_LOSE_QUORUM",
    `without ${name} there are ${left.length} voters, of which ${reachable.length} can be reached and ${quorum} are needed`,
  );
}

export function entryOf(membership: Membership, change: ConfigurationChange | MemberChange): Single {
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
