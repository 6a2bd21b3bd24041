/** What S3 asks of the policy of a bucket, beyond the grammar. S3 user guide, "Policies and permissions in Amazon S3". */
import { actionsMatching, type ResourceType, S3_ACTIONS } from "./actions.ts";
import { actionsOfKey, isBucketPolicyKey } from "./condition-keys.ts";
import { NO_CONTEXT } from "./context-values.ts";
import type { PolicyVersion, Statement } from "./document.ts";
import { PolicyError } from "./policy-error.ts";
import { Template } from "./template.ts";

const BUCKET_ARN = "arn:aws:s3:::";

/** @param bucket undefined: any bucket. @throws PolicyError */
export function checkBucketStatement(
  statement: Statement,
  version: PolicyVersion,
  bucket: string | undefined,
  where: string,
): void {
  const { actions, conditions, resources } = statement;
  const matching = actions.patterns.map((pattern) => {
    const names = actionsMatching(pattern);
    if (names.length > 0) return names;
    throw new PolicyError("Policy has invalid action", `${where}.Action`, pattern);
  });
  const types = new Set<ResourceType>(
    resources.patterns.flatMap((text) => typesOf(text, version, bucket, where)),
  );
  if (actions.not) return;
  for (const [i, names] of matching.entries()) {
    const pattern = actions.patterns[i] as string;
    if (!resources.not && !names.some((name) => types.has(S3_ACTIONS.get(name) ?? "service"))) {
      throw new PolicyError(
        "Action does not apply to any resource(s) in statement",
        `${where}.Action`,
        pattern,
      );
    }
    for (const { key } of conditions) {
      const possible = actionsOfKey(key);
      if (possible === undefined || names.some((name) => possible.has(name))) continue;
      throw new PolicyError(
        "Conditions do not apply to combination of actions and resources in statement",
        `${where}.Condition`,
        `${key} with ${pattern}`,
      );
    }
  }
}

/** @throws PolicyError */
export function checkConditionKeys({ conditions }: Statement, where: string): void {
  for (const { key } of conditions) {
    if (isBucketPolicyKey(key)) continue;
    throw new PolicyError("Policy has an invalid condition key", `${where}.Condition`, key);
  }
}

/** The types of resources in the bucket that a pattern can match. @throws PolicyError it matches nothing in it */
function typesOf(
  text: string,
  version: PolicyVersion,
  bucket: string | undefined,
  where: string,
): readonly ("bucket" | "object")[] {
  // Any value that a variable may have could match, so a variable counts as a star.
  const pattern = version === "2012-10-17" ? text.replace(/\$\{[^*?$}][^}]*\}/g, "*") : text;
  const slash = pattern.indexOf("/");
  const head = slash < 0 ? pattern : pattern.slice(0, slash);
  const arn = BUCKET_ARN + (bucket ?? anyBucketOf(head));
  const isBucket =
    new Template(head, { version, wildcards: true }).globFor(NO_CONTEXT)?.matches(arn) === true;
  const types: ("bucket" | "object")[] = [];
  if (isBucket && slash < 0) types.push("bucket");
  // A star can also match the rest of the bucket's name, the slash and the begin of a key.
  const passesSlash =
    head.includes("*") && arn.concat("/").startsWith(pattern.slice(0, pattern.search(/[*?]/)));
  if ((isBucket && slash >= 0) || passesSlash) types.push("object");
  if (types.length > 0) return types;
  throw new PolicyError("Policy has invalid resource", `${where}.Resource`, text);
}

/** The name of a bucket in a resource of a policy that belongs to no bucket yet. */
function anyBucketOf(head: string): string {
  const name = head.startsWith(BUCKET_ARN) ? head.slice(BUCKET_ARN.length) : "";
  return name.replace(/[*?]/g, "x") || "bucket";
}
