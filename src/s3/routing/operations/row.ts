/** Builds the rows of the table of operations. */
import type { Permissions } from "../../auth/permissions.ts";
import type { Handler, Level, Operation, OperationRow } from "../../context/exchange.ts";
import { OWNER } from "../../headers/groups.ts";

export interface RowOptions {
  readonly parameters?: readonly string[];
  /** `x-amz-*` headers. Undefined: only the bucket's expected owner. */
  readonly headers?: readonly string[];
  readonly decidesEtags?: true;
  readonly makesBucket?: true;
  readonly chosenBy?: string;
  readonly subResourceValue?: string;
  readonly signedIn?: "form";
}

/**
 * @param target `METHOD` or `METHOD sub-resource`
 * @param permissions one IAM action, or the full permissions
 */
export function row<L extends Level>(
  name: string,
  target: string,
  permissions: string | Permissions,
  handler: Handler<L>,
  { parameters = [], headers = OWNER, decidesEtags, makesBucket, ...choice }: RowOptions = {},
): Operation<L> {
  return {
    name,
    ...methodAndSubResource(target),
    parameters,
    headers: {
      known: new Set(headers),
      decidesEtags: decidesEtags === true,
      makesBucket: makesBucket === true,
    },
    permissions: permissionsOf(permissions),
    handler,
    ...choice,
  };
}

/** An operation of S3 that answers NotImplemented (501). */
export interface RefusedOperation
  extends Pick<OperationRow, "method" | "name" | "permissions" | "subResource"> {
  /** The reason of the 501. */
  readonly why: string;
}

export function refused(
  name: string,
  target: string,
  permissions: string | Permissions,
  why: string,
): RefusedOperation {
  return { name, ...methodAndSubResource(target), permissions: permissionsOf(permissions), why };
}

function methodAndSubResource(target: string): { method: string; subResource: string } {
  const [method = "", subResource = ""] = target.split(" ");
  return { method, subResource };
}

function permissionsOf(permissions: string | Permissions): Permissions {
  return typeof permissions === "string" ? { actions: [permissions] } : permissions;
}
