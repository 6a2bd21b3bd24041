/**
 * What the system group replicates of the cluster: its own configuration and the node registry, changed by the same entries. The
 * consensus thread and the state machine both carry it, each in its own thread, and visit each entry once: they come to
 * the same because both use what is here.
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
  /** The change cannot be read: every replica takes the entry for empty. */
  | { readonly kind: "unreadable-membership"; readonly problem: string };

export interface AppliedMembership {
  /** After the entry. */
  readonly membership: Membership;
  /** The change that the core puts into force; null = every replica takes the entry for empty. */
  readonly change: ConfChange | null;
  /** Why the entry is empty. */
  readonly problem: string | null;
}

/** The only place that reads one. */
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
 * Applies a committed entry. A change that is impossible, that was decided on another configuration (guard), that would bring
 * back what was removed, or that cannot be read, changes nothing.
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
