/**
 * Who a policy speaks of, and the names that a user goes by. IAM user guide, "AWS JSON policy elements: Principal";
 * S3 user guide, "Principals for bucket policies". Every user here is an account of its own.
 */
import type { PrincipalRule } from "./document.ts";
import type { Json, JsonObject } from "./json.ts";
import { PolicyError } from "./policy-error.ts";

/** Everybody, also who has not signed. */
export const EVERYBODY = "*";

const INVALID = "Invalid principal in policy";
const CANONICAL_ID = /^[0-9a-f]{64}$/;
const ACCOUNT_ID = /^\d{12}$/;
/** The account may be left out: then the name alone counts. */
const ARN = /^arn:aws:iam::(?:\d{12})?:(?:root|user\/[\w+=,.@/-]{1,576})$/;

/** A user, as policies name it. */
export interface PolicyUser {
  /** Canonical id: 64 hex digits. */
  readonly id: string;
  /** 12 digits. */
  readonly accountId: string;
  readonly name: string;
  /** The root user of the cluster. */
  readonly isRoot: boolean;
}

/** `arn:aws:iam::ACCOUNT:user/NAME`, or `...:root`. */
export function arnOf({ accountId, name, isRoot }: PolicyUser): string {
  return isRoot ? rootArn(accountId) : `arn:aws:iam::${accountId}:user/${name}`;
}

/** Every name in a policy that means this user. @param user undefined: the request is not signed */
export function namesOf(user: PolicyUser | undefined): readonly string[] {
  if (user === undefined) return [EVERYBODY];
  const { accountId, id, isRoot, name } = user;
  const own = isRoot
    ? [rootArn("")]
    : [`arn:aws:iam::${accountId}:user/${name}`, `arn:aws:iam:::user/${name}`];
  return [EVERYBODY, id, rootArn(accountId), ...own];
}

function rootArn(accountId: string): string {
  return `arn:aws:iam::${accountId}:root`;
}

/** @param value of the element Principal or NotPrincipal. @throws PolicyError */
export function parsePrincipals(value: Json, not: boolean, where: string): PrincipalRule {
  if (value === EVERYBODY) return { not, names: [EVERYBODY] };
  if (!(value instanceof Map)) throw new PolicyError(INVALID, where, shown(value));
  const names = [...(value as JsonObject)].flatMap(([type, list]) => {
    if (type !== "AWS" && type !== "CanonicalUser") {
      throw new PolicyError(INVALID, where, `${JSON.stringify(type)} : ${shown(list)}`);
    }
    const values = Array.isArray(list) ? (list as readonly Json[]) : [list];
    return values.map((name) => principalName(type, name, where));
  });
  if (names.length === 0) throw new PolicyError("Missing required field Principal cannot be empty!", where);
  return { not, names: [...new Set(names)] };
}

function principalName(type: "AWS" | "CanonicalUser", value: Json, where: string): string {
  if (typeof value === "string") {
    if (type === "CanonicalUser" && CANONICAL_ID.test(value)) return value;
    if (type === "AWS" && (value === EVERYBODY || ARN.test(value))) return value;
    if (type === "AWS" && ACCOUNT_ID.test(value)) return rootArn(value);
  }
  throw new PolicyError(INVALID, where, `${JSON.stringify(type)} : ${shown(value)}`);
}

function shown(value: Json): string {
  return JSON.stringify(value instanceof Map ? Object.fromEntries(value) : value).slice(0, 500);
}
