/**
 * The decision over all policies of a request. IAM user guide, "Policy evaluation logic": an explicit deny wins; then
 * an identity policy or the bucket's policy must allow; a session policy only narrows.
 */
import type { CompiledPolicy, PolicyRequest, PolicyVerdict } from "./compiled-policy.ts";

export interface PolicySet {
  /** Policies of the user and of its groups. */
  readonly identity: readonly CompiledPolicy[];
  /** The policy of the bucket that is asked for. */
  readonly bucket: CompiledPolicy | undefined;
  /** Undefined: no temporary credentials, or such without a policy. */
  readonly session?: readonly CompiledPolicy[];
  /** Root of the cluster: everything is allowed that is not denied. */
  readonly isRoot: boolean;
  /** The bucket's policy may only deny: RestrictPublicBuckets. */
  readonly bucketOnlyDenies?: boolean;
}

type PolicySource = "identity" | "bucket" | "session";

/** Why a request is allowed or denied. */
export type PolicyDecision =
  | { readonly allowed: true; readonly by: "root" }
  | { readonly allowed: boolean; readonly by: "statement"; readonly decider: Decider }
  /** No statement allows it. `session`: the policies of the session do not. */
  | { readonly allowed: false; readonly by: "nobody"; readonly missing: "allow" | "session" };

interface Decider {
  readonly source: PolicySource;
  /** Position among the policies of this source. */
  readonly policy: number;
  readonly verdict: PolicyVerdict;
}

export function decide(policies: PolicySet, request: PolicyRequest): PolicyDecision {
  const { bucket, bucketOnlyDenies = false, identity, isRoot, session } = policies;
  let allow: Decider | undefined;
  let sessionAllows = session === undefined;
  let deny: Decider | undefined;
  const ask = (source: PolicySource, list: readonly CompiledPolicy[], denyOnly: boolean): void => {
    for (let policy = 0; policy < list.length && deny === undefined; policy++) {
      const verdict = (list[policy] as CompiledPolicy).decide(request, denyOnly);
      if (verdict === undefined) continue;
      const decider: Decider = { source, policy, verdict };
      if (verdict.effect === "Deny") deny = decider;
      else if (source === "session") sessionAllows = true;
      else allow ??= decider;
    }
  };
  if (bucket !== undefined) ask("bucket", [bucket], bucketOnlyDenies || isRoot);
  ask("identity", identity, isRoot);
  if (session !== undefined) ask("session", session, false);
  if (deny !== undefined) return { allowed: false, by: "statement", decider: deny };
  if (!sessionAllows) return { allowed: false, by: "nobody", missing: "session" };
  if (isRoot) return { allowed: true, by: "root" };
  if (allow !== undefined) return { allowed: true, by: "statement", decider: allow };
  return { allowed: false, by: "nobody", missing: "allow" };
}
