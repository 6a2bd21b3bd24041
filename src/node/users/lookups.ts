/** Finds rows by name, or refuses. */
import { IamError, ROOT_NAME } from "../../api/users.ts";
import { CANNED_POLICIES } from "../../iam/canned-policies.ts";
import type { UserId } from "../../iam/types.ts";
import type { GroupRow, UserRow } from "../../iam/user-rows.ts";
import type { IamState } from "./iam-transactions.ts";

/** @throws IamError UNKNOWN_USER */
export function userNamed({ table }: IamState, name: string): UserRow {
  const row = table.users.get(name);
  if (row === undefined) throw new IamError("UNKNOWN_USER", `there is no user ${name}`);
  return row;
}

/** The id of a user, or of root. @throws IamError UNKNOWN_USER */
export function idOf(state: IamState, name: string): UserId {
  return name === ROOT_NAME ? state.rootId : userNamed(state, name).id;
}

/** @throws IamError UNKNOWN_GROUP */
export function groupNamed({ table }: IamState, name: string): GroupRow {
  const row = table.groups.get(name);
  if (row === undefined) throw new IamError("UNKNOWN_GROUP", `there is no group ${name}`);
  return row;
}

/** @throws IamError UNKNOWN_POLICY */
export function checkPolicies({ table }: IamState, names: readonly string[]): void {
  for (const name of names) {
    if (!CANNED_POLICIES.has(name) && !table.policies.has(name)) throw unknownPolicy(name);
  }
}

export function unknownPolicy(name: string): IamError {
  return new IamError("UNKNOWN_POLICY", `there is no policy ${name}`);
}
