/** A bucket `pics` of one user, and others who ask: users, root and who has not signed. */
import { accountIdOf } from "../../../../src/iam/account-id.ts";
import type { AttachedPolicy } from "../../../../src/iam/types.ts";
import {
  type Answer,
  type Call,
  type Harness,
  harness,
  OTHER_ID,
  policiesOnly,
} from "../../support/harness.ts";

/** Owns the bucket. */
export const OTHER: Call = { as: OTHER_ID };
export const THIRD_ID = "00112233445566778899aabbccddeeff".repeat(2);
export const THIRD_USER = {
  id: THIRD_ID,
  name: "third",
  accountId: accountIdOf(THIRD_ID),
  displayName: "Third",
};
/** A user without policies, unless the world attaches some. */
export const THIRD: Call = { as: THIRD_ID };
export const ANYBODY: Call = { anonymous: true };
export const DENIED = [403, "AccessDenied"];
export const OK = [200, undefined];

export interface PolicyWorld {
  readonly h: Harness;
  /** Of the third user. */
  attached: readonly AttachedPolicy[];
  put(body: string, call?: Call): Promise<Answer>;
  /** Puts a policy with these statements as the owner. */
  putAll(...statements: readonly object[]): Promise<void>;
  /** Status and code. */
  outcome(method: string, target: string, call?: Call): Promise<readonly (number | string | undefined)[]>;
}

export async function policyWorld(): Promise<PolicyWorld> {
  const { iam } = harness().deps;
  const view = {
    ...iam,
    user: (id: string) => (id === THIRD_ID ? THIRD_USER : iam.user(id)),
    policiesOf: (id: string) => (id === THIRD_ID ? world.attached : iam.policiesOf(id)),
  };
  const h = harness({ deps: { iam: view, authorizer: policiesOnly(view) } });
  const put = (body: string, call: Call = OTHER) => h.call("PUT", "/pics?policy", { ...call, body });
  const world: PolicyWorld = {
    h,
    attached: [],
    put,
    putAll: async (...statements) => {
      const { status, text } = await put(policy(...statements));
      if (status !== 204) throw new Error(text);
    },
    outcome: async (method, target, call = {}) => {
      const { status, tag } = await h.call(method, target, call);
      return [status, tag("Code")];
    },
  };
  await h.call("PUT", "/pics", OTHER);
  await h.call("PUT", "/pics/a", { ...OTHER, body: "A" });
  return world;
}

/** Allows everybody to read. */
export const statement = (more: object = {}): object => ({
  Effect: "Allow",
  Principal: "*",
  Action: "s3:GetObject",
  Resource: "arn:aws:s3:::pics/*",
  ...more,
});

export const policy = (...statements: readonly object[]): string =>
  JSON.stringify({ Version: "2012-10-17", Statement: statements });
