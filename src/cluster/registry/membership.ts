/**
 * The cluster state that the system group replicates: the group's configuration and the node registry, changed by
 * the same entries. The consensus thread and the state machine each keep a copy, in separate threads, and visit
 * each entry once. Both copies are equal because both threads use this code.
 */
import {
  asV2,
  type ConfChange,
  ConfChangeError,
  ConfChangeFormatError,
  decodeConfChange,
  EMPTY_CONF_STATE,
  type Entry,
} from "../../raft/core/index.ts";
import {
  BOOTSTRAP_POSITION,
  membersOf,
  NO_CONFIGURATION,
  nextConfiguration,
  staleGuard,
} from "../../raft/engine/group-configuration.ts";
import {
  decodeMembershipChange,
  type Membership,
  type MembershipChange,
  MembershipFormatError,
} from "./membership-codec.ts";
import { bootstrapRegistry, NO_NODES, nextRegistry, registryObjection } from "./node-registry.ts";

export type { Membership } from "./membership-codec.ts";

/** The membership of a joining node that knows no member yet. */
export const NO_MEMBERSHIP: Membership = Object.freeze({ ...NO_CONFIGURATION, ...NO_NODES });

/** An entry of type ConfChange or ConfChangeV2, decoded. */
export type MembershipEntry =
  | {
      readonly kind: "membership";
      readonly index: number;
      readonly change: ConfChange;
      readonly context: MembershipChange;
    }
  /** The change cannot be read: every replica treats the entry as empty. */
  | { readonly kind: "unreadable-membership"; readonly problem: string };

export interface AppliedMembership {
  /** Membership after the entry. */
  readonly membership: Membership;
  /** The change that the core puts into force; null = every replica treats the entry as empty. */
  readonly change: ConfChange | null;
  /** Why the entry is empty. */
  readonly problem: string | null;
}

/** Decodes a membership entry. No other code decodes membership entries. */
export function decodeMembershipEntry(entry: Entry): MembershipEntry {
  try {
    const change = decodeConfChange(entry.type, entry.data);
    const context = decodeMembershipChange(asV2(change).context);
    return { kind: "membership", index: entry.index, change, context };
  } catch (error) {
    const expected = error instanceof ConfChangeFormatError || error instanceof MembershipFormatError;
    if (!expected) throw error;
    return { kind: "unreadable-membership", problem: error.message };
  }
}

/**
 * Applies a committed entry. A change has no effect when it is impossible, was decided on another configuration
 * (guard), would bring back a removed node, or cannot be read.
 */
export function applyMembership(membership: Membership, entry: MembershipEntry): AppliedMembership {
  if (entry.kind === "unreadable-membership") return { membership, change: null, problem: entry.problem };
  const { index, change, context } = entry;
  const { guardIndex, upserts } = context;
  const changed = asV2(change).changes.flatMap(({ nodeId }) => (nodeId === 0 ? [] : [nodeId]));
  const problem = staleGuard(membership, guardIndex) ?? registryObjection(membership, upserts, changed);
  if (problem !== null) return { membership, change: null, problem };
  try {
    const configuration = nextConfiguration(membership, index, change);
    const registry = nextRegistry(membership, upserts, membersOf(configuration.confState));
    return { membership: { ...configuration, ...registry }, change, problem: null };
  } catch (error) {
    if (!(error instanceof ConfChangeError)) throw error;
    return { membership, change: null, problem: error.message };
  }
}

export function applyMembershipEntry(membership: Membership, entry: Entry): AppliedMembership {
  return applyMembership(membership, decodeMembershipEntry(entry));
}

/** The first membership of a cluster: the same bytes on every initial member. */
export function bootstrapMembership(
  initialCluster: readonly { readonly name: string; readonly address: string }[],
): Membership {
  const registry = bootstrapRegistry(initialCluster);
  const voters = registry.members.map(({ id }) => id);
  return { index: BOOTSTRAP_POSITION.index, confState: { ...EMPTY_CONF_STATE, voters }, ...registry };
}
