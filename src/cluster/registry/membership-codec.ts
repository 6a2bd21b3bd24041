/**
 * The replicated membership, the context of an entry that changes the membership, and their bytes
 * (proto/raft.proto).
 */
import { elastickv as gen } from "../../gen/raft.js";
import type { ConfState } from "../../raft/core/index.ts";
import type { GroupConfiguration } from "../../raft/engine/group-configuration.ts";
import type { Member, NodeRegistry } from "./node-registry.ts";

/**
 * The state machine writes the membership in the transaction that applies the changing entry. Every snapshot
 * contains the membership.
 */
export interface Membership extends GroupConfiguration, NodeRegistry {}

/** Context of a membership change. */
export interface MembershipChange {
  /** The configuration (Membership.index) that the change was decided on; 0 = any. */
  readonly guardIndex: number;
  /** Members that the change adds, or whose address or instance the change records. */
  readonly upserts: readonly Member[];
}

/** Name of the replicated membership (protobuf `Membership`) among the state machine's states. */
export const MEMBERSHIP_STATE = "membership";

export class MembershipFormatError extends Error {
  readonly code = "MEMBERSHIP_FORMAT";
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "MembershipFormatError";
  }
}

export function encodeMembership(membership: Membership): Uint8Array {
  const { index, confState, members, removed } = membership;
  return gen.raft.Membership.encode({
    index,
    confState: {
      voters: [...confState.voters],
      votersOutgoing: [...confState.votersOutgoing],
      learners: [...confState.learners],
      learnersNext: [...confState.learnersNext],
      autoLeave: confState.autoLeave,
    },
    members: members.map((member) => ({ ...member })),
    removed: removed.map((member) => ({ ...member })),
  }).finish();
}

/** undefined: the keyspace is empty, because the node is joining. @throws MembershipFormatError */
export function readMembership(from: {
  getState(name: string): Uint8Array | undefined;
}): Membership | undefined {
  const stored = from.getState(MEMBERSHIP_STATE);
  return stored === undefined ? undefined : decodeMembership(stored);
}

/** @throws MembershipFormatError @internal */
export function decodeMembership(bytes: Uint8Array): Membership {
  return read("membership", () => {
    const { index, confState, members, removed } = gen.raft.Membership.decode(bytes);
    return {
      index: safe(index, "index"),
      confState: decodeConfState(confState),
      members: (members ?? []).map(decodeMember),
      removed: (removed ?? []).map(decodeMember),
    };
  });
}

export function encodeMembershipChange(change: MembershipChange): Uint8Array {
  return gen.raft.MembershipChange.encode({
    guardIndex: change.guardIndex,
    upserts: change.upserts.map((member) => ({ ...member })),
  }).finish();
}

/**
 * No bytes (the core's own "leave the joint configuration") mean a change without guard and members. @throws
 * MembershipFormatError
 */
export function decodeMembershipChange(bytes: Uint8Array): MembershipChange {
  return read("membership change", () => {
    const { guardIndex, upserts } = gen.raft.MembershipChange.decode(bytes);
    return { guardIndex: safe(guardIndex, "guard index"), upserts: (upserts ?? []).map(decodeMember) };
  });
}

function decodeConfState(stored: gen.raft.IConfState | null | undefined): ConfState {
  const ids = (list: readonly unknown[] | null | undefined): number[] =>
    (list ?? []).map((id) => safe(id, "node id"));
  return {
    voters: ids(stored?.voters),
    votersOutgoing: ids(stored?.votersOutgoing),
    learners: ids(stored?.learners),
    learnersNext: ids(stored?.learnersNext),
    autoLeave: stored?.autoLeave ?? false,
  };
}

function decodeMember(stored: gen.raft.IMember): Member {
  return {
    id: safe(stored.id, "node id"),
    name: stored.name ?? "",
    address: stored.address ?? "",
    instance: stored.instance ?? "",
  };
}

function safe(value: unknown, what: string): number {
  const number = Number(value ?? 0);
  if (!Number.isSafeInteger(number) || number < 0) {
    throw new MembershipFormatError(`${what} ${String(value)} is not an integer below 2^53`);
  }
  return number;
}

function read<T>(what: string, decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    if (cause instanceof MembershipFormatError) throw cause;
    throw new MembershipFormatError(`${what} cannot be read: ${String(cause)}`, { cause });
  }
}
