/** Policies that every cluster has, under names that no other policy can take. */
import { CANNED_TEXTS } from "./policy/canned.ts";
import type { AttachedPolicy } from "./types.ts";

/** A user without other policies has this one: what belongs to the user is the user's. */
export const OWNER_POLICY = "owner";

/**
 * Stands for an attached policy that this node cannot read: what it denies is not known, so it denies everything.
 */
export const UNREADABLE_POLICY: AttachedPolicy = {
  name: "unreadable",
  text: JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Deny", Action: "*", Resource: "*" }],
  }),
};

export const CANNED_POLICIES: ReadonlyMap<string, AttachedPolicy> = new Map(
  [...CANNED_TEXTS].map(([name, text]) => [name, { name, text }]),
);
