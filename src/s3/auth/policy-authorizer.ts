/**
 * Decides by the policies of the user, of its groups, of its session and of the bucket. Each user is an account of its
 * own, and what an identity policy allows needs no bucket policy (docs/decisions/165-policies.md).
 */
import { CompiledPolicy } from "../../iam/policy/compiled-policy.ts";
import { decide, type PolicySet } from "../../iam/policy/decision.ts";
import { parsePolicy } from "../../iam/policy/parse.ts";
import { namesOf } from "../../iam/policy/principals.ts";
import type { AttachedPolicy, IamView, User } from "../../iam/types.ts";
import { S3Error } from "../protocol/errors.ts";
import type { AuthorizationRequest, Authorizer, BucketFacts } from "./authorizer.ts";

/** Root can always repair a bucket whose policy denies everybody everything. */
const ALWAYS_ROOTS: ReadonlySet<string> = new Set([
  "s3:DeleteBucketPolicy",
  "s3:GetBucketPolicy",
  "s3:PutBucketPolicy",
]);

const ANONYMOUS = namesOf(undefined);

export interface PolicyAuthorizerOptions {
  readonly iam: IamView;
  /** An attached policy cannot be read. The user may do nothing until it can. Called once for each policy. */
  readonly onUnreadable: (policy: AttachedPolicy, error: unknown) => void;
}

export function policyAuthorizer({ iam, onUnreadable }: PolicyAuthorizerOptions): Authorizer {
  const compiled = new WeakMap<AttachedPolicy, CompiledPolicy | "unreadable">();
  const names = new WeakMap<User, readonly string[]>();

  const policyOf = (policy: AttachedPolicy, kind: "identity" | "session"): CompiledPolicy => {
    let known = compiled.get(policy);
    if (known === undefined) {
      try {
        known = new CompiledPolicy(parsePolicy(policy.text, { kind }));
      } catch (error) {
        onUnreadable(policy, error);
        known = "unreadable";
      }
      compiled.set(policy, known);
    }
    // It may have denied something.
    if (known === "unreadable") throw new S3Error("AccessDenied");
    return known;
  };

  const namesOfUser = (user: User): readonly string[] => {
    let known = names.get(user);
    if (known === undefined) {
      known = namesOf({ ...user, isRoot: user.id === iam.root.id });
      names.set(user, known);
    }
    return known;
  };

  const authorizer: Authorizer = (question) => {
    const { action, bucket, principal } = question;
    if (principal.kind === "anonymous") {
      decideOn(
        question,
        { identity: [], bucket: bucketPolicy(bucket, undefined), isRoot: false },
        ANONYMOUS,
        bucket,
      );
      return;
    }
    const user = iam.user(principal.id);
    if (user === undefined) throw new S3Error("AccessDenied");
    // The request is no operation, and gets an error that says so.
    if (action === "") return;
    const isRoot = user.id === iam.root.id;
    const session = principal.session?.map((policy) => policyOf(policy, "session"));
    if (isRoot && session === undefined && ALWAYS_ROOTS.has(action)) return;
    const ofBucket = bucketPolicy(bucket, user);
    const attached = iam.policiesOf(user.id);
    // Only an explicit Deny could refuse root.
    if (isRoot && ofBucket === undefined && session === undefined && attached.length === 0) return;
    const identity = attached.map((policy) => policyOf(policy, "identity"));
    const policies = { identity, bucket: ofBucket, isRoot };
    const set = session === undefined ? policies : { ...policies, session };
    decideOn(question, set, namesOfUser(user), bucket?.owner === user.id ? undefined : bucket);
  };
  authorizer.asksForObjectTags = (principal) => {
    if (principal.kind === "anonymous") return false;
    const asks = (kind: "identity" | "session") => (policy: AttachedPolicy) =>
      policyOf(policy, kind).asksForObjectTags;
    return (
      iam.policiesOf(principal.id).some(asks("identity")) || principal.session?.some(asks("session")) === true
    );
  };
  return authorizer;
}

/** @throws S3Error AccessDenied */
function decideOn(
  question: AuthorizationRequest,
  set: PolicySet,
  names: readonly string[],
  /** Undefined: the asker owns the bucket, or there is none. */
  others: BucketFacts | undefined,
): void {
  const { action, resource } = question;
  let context: AuthorizationRequest["context"] | undefined;
  const decision = decide(others?.policy?.onlyOwner === true ? { ...set, bucketOnlyDenies: true } : set, {
    names,
    action,
    resource,
    context: {
      get: (key) => {
        context ??= question.context;
        return context.get(key);
      },
    },
  });
  if (!decision.allowed) throw new S3Error("AccessDenied");
  // API reference, PutBucketPolicy: who is allowed but does not belong to the account of the bucket.
  if (names === ANONYMOUS && ALWAYS_ROOTS.has(action)) throw new S3Error("MethodNotAllowed");
}

/** @throws S3Error AccessDenied the policy cannot be read, so nobody knows whom it denies what */
function bucketPolicy(bucket: BucketFacts | undefined, user: User | undefined): CompiledPolicy | undefined {
  const policy = bucket?.policy;
  if (policy === undefined) return undefined;
  if (policy.compiled !== undefined) return policy.compiled;
  throw new S3Error("AccessDenied", {
    message: "The policy of the bucket cannot be read by this release; root can replace it.",
    reported: user !== undefined,
  });
}
