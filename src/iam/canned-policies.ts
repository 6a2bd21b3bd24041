/** Policies that every cluster has, under names that no other policy can take. */
import type { AttachedPolicy } from "./types.ts";

/** A user without other policies has this one: what belongs to the user is the user's. */
export const OWNER_POLICY = "owner";

const CANNED: readonly AttachedPolicy[] = [
  canned(OWNER_POLICY, "s3:*", {
    StringEquals: { "s3:ResourceAccount": `\${aws:PrincipalAccount}` },
  }),
  canned("full", "s3:*"),
  canned("readonly", ["s3:Get*", "s3:List*"]),
  canned("readwrite", [
    "s3:Get*",
    "s3:List*",
    "s3:PutObject*",
    "s3:DeleteObject*",
    "s3:AbortMultipartUpload",
    "s3:RestoreObject",
  ]),
  canned("writeonly", ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]),
];

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

function canned(name: string, action: string | readonly string[], condition?: object): AttachedPolicy {
  const statement = { Effect: "Allow", Action: action, Resource: "arn:aws:s3:::*" };
  const Statement = [condition === undefined ? statement : { ...statement, Condition: condition }];
  return { name, text: JSON.stringify({ Version: "2012-10-17", Statement }, undefined, 2) };
}

export const CANNED_POLICIES: ReadonlyMap<string, AttachedPolicy> = new Map(
  CANNED.map((policy) => [policy.name, policy]),
);
