/** How answers of the admin API show the rows. */
import { type KeyShown, ROOT_NAME, type UserShown } from "../../api/users.ts";
import { accountIdOf } from "../../iam/account-id.ts";
import type { UserId } from "../../iam/types.ts";
import type { AccessKeyRow, UserRow } from "../../iam/user-rows.ts";
import type { IamState } from "./iam-transactions.ts";

/** What one answer depends on beside the rows. */
export interface ShownAt {
  readonly nowMs: number;
  /** The configured access key of root on this node. */
  readonly rootAccessKey: string | undefined;
}

/** Name of the user of a key; the id when there is no such user. */
export function nameOf({ table, rootId }: IamState, id: UserId): string {
  return id === rootId ? ROOT_NAME : (table.usersById.get(id)?.name ?? id);
}

export function keyShown(state: IamState, row: AccessKeyRow, { nowMs }: ShownAt): KeyShown {
  const { accessKey, enabled, createdMs, expiresMs, description, sealed } = row;
  const expired = expiresMs !== null && nowMs >= expiresMs;
  const configured = sealed === null;
  return {
    accessKey,
    user: nameOf(state, row.userId),
    enabled,
    createdMs: configured ? null : createdMs,
    expiresMs,
    expired,
    description,
    configured,
  };
}

/** Keys of one user, the oldest first. Root's configured key is one although it may have no row. */
export function keysShown(state: IamState, userId: UserId, at: ShownAt): KeyShown[] {
  const rows = [...state.table.keys.values()].filter((row) => row.userId === userId);
  const keys = rows
    .toSorted((a, b) => a.createdMs - b.createdMs || (a.accessKey < b.accessKey ? -1 : 1))
    .map((row) => keyShown(state, row, at));
  const { rootAccessKey } = at;
  if (userId !== state.rootId || rootAccessKey === undefined) return keys;
  if (state.table.keys.has(rootAccessKey)) return keys;
  const configured = {
    accessKey: rootAccessKey,
    user: ROOT_NAME,
    enabled: true,
    createdMs: null,
    expiresMs: null,
    expired: false,
    description: "",
    configured: true,
  };
  return [configured, ...keys];
}

export function userShown(state: IamState, user: UserRow, at: ShownAt): UserShown {
  const { name, id, accountId, displayName, disabled, createdMs, policies } = user;
  const groups = [...state.table.groups.values()].filter(({ members }) => members.includes(id));
  return {
    name,
    id,
    accountId,
    arn: `arn:aws:iam::${accountId}:user/${name}`,
    displayName,
    disabled,
    createdMs,
    policies: [...policies],
    groups: groups.map((group) => group.name).toSorted(),
    keys: keysShown(state, id, at),
  };
}

export function rootShown(state: IamState, at: ShownAt): UserShown {
  const accountId = accountIdOf(state.rootId);
  return {
    name: ROOT_NAME,
    id: state.rootId,
    accountId,
    arn: `arn:aws:iam::${accountId}:root`,
    displayName: at.rootAccessKey ?? ROOT_NAME,
    disabled: false,
    createdMs: null,
    policies: [],
    groups: [],
    keys: keysShown(state, state.rootId, at),
  };
}
