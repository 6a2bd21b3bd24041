/**
 * Which IAM actions a request needs, under the names of AWS's Service Authorization Reference ("Actions, resources, and
 * condition keys for Amazon S3"). Each operation's row names its own (routing/operations); test/s3/routing/permissions.test.ts
 * compares the rows with that list and with what botocore's service model says of each operation.
 */
import type { S3Request } from "../protocol/request.ts";

export interface Permissions {
  /** All these actions are needed on the request's own bucket or object. Empty: `ofKeys` names what is needed. */
  readonly actions: readonly string[];
  /** Instead of `actions` when the request names a version. */
  readonly ofVersion?: readonly string[];
  /**
   * Further actions, by the lower-case name of the header that needs the action, or by a family (`x-amz-grant-*`).
   */
  readonly ofHeaders?: Readonly<Record<string, string>>;
  /**
   * Condition keys whose values only the body says, in lower case; a family ends with `/`. The handler asks again once
   * it has read the body (`authorizeWritten`).
   */
  readonly keysInBody?: readonly string[];
  /** Of a copy: the permission needed on the object that is read. */
  readonly ofSource?: KeyPermissions;
  /** Of a list of keys in the body: the permission needed on each key. */
  readonly ofKeys?: KeyPermissions;
}

/** The permission needed on one object that is not the request's own object. */
interface KeyPermissions {
  readonly action: string;
  /** Instead of `action` when the request names a version. */
  readonly ofVersion: string;
  /** As in `Permissions`. */
  readonly ofHeaders?: Readonly<Record<string, string>>;
}

const GRANT = "x-amz-grant-";

/** @returns every action that must be allowed on the request's own resource */
export function actionsOf(permissions: Permissions, request: S3Request): readonly string[] {
  const { actions, ofVersion, ofHeaders } = permissions;
  const base = ofVersion !== undefined && request.query.has("versionId") ? ofVersion : actions;
  return ofHeaders === undefined ? base : withHeaders(base, ofHeaders, request.edge.rawHeaders);
}

/** @returns every action that must be allowed on one object that a request names beside its own */
export function actionsOfKey(
  { action, ofVersion, ofHeaders }: KeyPermissions,
  versionId: string | undefined,
  request: S3Request,
): readonly string[] {
  const base = [versionId === undefined ? action : ofVersion];
  return ofHeaders === undefined ? base : withHeaders(base, ofHeaders, request.edge.rawHeaders);
}

/** One pass over the headers; the array is copied only when a header adds to it. */
function withHeaders(
  base: readonly string[],
  ofHeaders: Readonly<Record<string, string>>,
  rawHeaders: readonly string[],
): readonly string[] {
  let actions = base;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const header = rawHeaders[i] as string;
    // Every header that adds an action begins with "x".
    if ((header.charCodeAt(0) | 0x20) !== 0x78) continue;
    const lower = header.toLowerCase();
    const action = ofHeaders[lower.startsWith(GRANT) ? `${GRANT}*` : lower];
    if (action !== undefined && !actions.includes(action)) actions = [...actions, action];
  }
  return actions;
}
