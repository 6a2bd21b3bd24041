/**
 * Who belongs to the cluster, as a function of the log (docs/engine.md, "Who is who"): every node that applies the same
 * entries has the same membership, in its core and in its keyspace.
 */
import {
  asV2,
  type ConfChange,
  ConfChangeError,
  ConfChangeFormatError,
  type ConfState,
  decodeConfChange,
  EMPTY_CONF_STATE,
  type Entry,
  EntryType,
  nextConfState,
} from "../core/index.ts";
import { decodeMembershipChange, type MembershipChange, MembershipFormatError } from "./membership-codec.ts";
import { raftIdOf } from "./raft-id.ts";
import type { Member, Membership } from "./types.ts";

/** Position of the bootstrap: the initial membership is the state there, on every initial member. */
export const BOOTSTRAP_POSITION = Object.freeze({ index: 1, term: 1 });

/** Of a node that is joining and knows nobody yet. */
export const NO_MEMBERSHIP: Membership = Object.freeze({
  index: 0,
  confState: EMPTY_CONF_STATE,
  members: [],
  removed: [],
});

export interface AppliedMembership {
  /** After the entry. */
  readonly membership: Membership;
  /** To be put into force by the core; null = the entry is empty, for everybody. */
  readonly change: ConfChange | null;
  /** Why it is empty. */
  readonly problem: string | null;
}

export function isMembershipEntry(entry: Entry): boolean {
  return entry.type !== EntryType.Normal;
}

/**
 * Applies a committed entry of type ConfChange or ConfChangeV2. A change that is impossible, that was decided on another
 * configuration (guard), that would bring back what was removed, or that cannot be read, changes nothing.
 */
export function applyMembershipEntry(membership: Membership, entry: Entry): AppliedMembership {
  try {
    const change = decodeConfChange(entry.type, entry.data);
    const context = decodeMembershipChange(asV2(change).context);
    const problem = objection(membership, change, context);
    if (problem !== null) return { membership, change: null, problem };
    const confState = nextConfState(membership.confState, change);
    return { membership: changed(membership, entry.index, confState, context), change, problem: null };
  } catch (error) {
    const expected =
      error instanceof ConfChangeError ||
      error instanceof ConfChangeFormatError ||
      error instanceof MembershipFormatError;
    if (!expected) throw error;
    return { membership, change: null, problem: error.message };
  }
}

function objection(membership: Membership, change: ConfChange, context: MembershipChange): string | null {
  if (context.guardIndex !== 0 && context.guardIndex !== membership.index) {
    return `decided on configuration ${context.guardIndex}, in force is ${membership.index}`;
  }
  for (const { id, name, instance } of context.upserts) {
    if (raftIdOf(name) !== id) return `id ${id} is not the one of the name ${name}`;
    // The id is a function of the name: under an old name an old vote, or an old acknowledgement, might count.
    if (membership.removed.some((gone) => gone.id === id)) return `${name} was removed and may not come back`;
    const known = membership.members.find((member) => member.id === id);
    if (known !== undefined && known.instance !== "" && instance !== known.instance) {
      return `${name} is registered with another data directory`;
    }
  }
  const named = (id: number): boolean =>
    membership.members.some((member) => member.id === id) ||
    context.upserts.some((member) => member.id === id);
  const stranger = asV2(change).changes.find(({ nodeId }) => nodeId !== 0 && !named(nodeId));
  return stranger === undefined ? null : `node ${stranger.nodeId} has no name`;
}

function changed(
  before: Membership,
  index: number,
  confState: ConfState,
  { upserts }: MembershipChange,
): Membership {
  const byId = new Map(before.members.map((member) => [member.id, member]));
  for (const member of upserts) byId.set(member.id, member);
  const present = membersOf(confState);
  const all = [...byId.values()].sort((a, b) => a.id - b.id);
  return {
    index,
    confState,
    members: all.filter(({ id }) => present.has(id)),
    removed: [
      ...before.removed,
      ...all.filter(({ id }) => !present.has(id) && before.members.some((old) => old.id === id)),
    ],
  };
}

/** Every id that a configuration names. */
export function membersOf(confState: ConfState): ReadonlySet<number> {
  return new Set([
    ...confState.voters,
    ...confState.votersOutgoing,
    ...confState.learners,
    ...confState.learnersNext,
  ]);
}

/** The first membership of a cluster: the same bytes on every initial member, so without instances. */
export function bootstrapMembership(
  initialCluster: readonly { readonly name: string; readonly address: string }[],
): Membership {
  const members: Member[] = initialCluster
    .map(({ name, address }) => ({ id: raftIdOf(name), name, address, instance: "" }))
    .sort((a, b) => a.id - b.id);
  return {
    index: BOOTSTRAP_POSITION.index,
    confState: { ...EMPTY_CONF_STATE, voters: members.map(({ id }) => id) },
    members,
    removed: [],
  };
}

/** 32 hex digits that every initial member arrives at: SHA-256 over the sorted `name=address` list. */
export function clusterIdOf(
  initialCluster: readonly { readonly name: string; readonly address: string }[],
): string {
  const list = initialCluster
    .map(({ name, address }) => `${name}=${address}`)
    .sort()
    .join(",");
  return new Bun.CryptoHasher("sha256").update(list).digest("hex").slice(0, 32);
}
