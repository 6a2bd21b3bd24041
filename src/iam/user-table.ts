/** Users, access keys, groups and policies in memory, kept up to date row by row. */
import {
  type AccessKeyRow,
  accessKeyRowOf,
  type GroupRow,
  groupRowOf,
  type IamTable,
  type PolicyRow,
  policyRowOf,
  type UserRow,
  userRowOf,
} from "./user-rows.ts";

export class UserTable {
  /** By name. */
  readonly users = new Map<string, UserRow>();
  readonly usersById = new Map<string, UserRow>();
  readonly keys = new Map<string, AccessKeyRow>();
  readonly groups = new Map<string, GroupRow>();
  readonly policies = new Map<string, PolicyRow>();
  /** Access keys whose rows cannot be read: none of them signs anything, not even root's configured key. */
  readonly unreadableKeys = new Set<string>();
  /** Names of groups whose rows cannot be read: what their policies deny, and to whom, is not known. */
  readonly unreadableGroups = new Set<string>();
  /** Grows with each change: what was computed of the table at another count may be old. */
  changes = 0;

  clear(): void {
    this.changes++;
    for (const map of [this.users, this.usersById, this.keys, this.groups, this.policies]) map.clear();
    this.unreadableGroups.clear();
    this.unreadableKeys.clear();
  }

  /**
   * @param value undefined: the row was deleted
   * @throws SecretRecordError after which the row counts as absent
   */
  set(table: IamTable, name: string, value: Uint8Array | undefined): void {
    this.changes++;
    this.#delete(table, name);
    if (value === undefined) return;
    switch (table) {
      case "user": {
        const row = userRowOf(name, value);
        this.users.set(name, row);
        this.usersById.set(row.id, row);
        return;
      }
      case "key":
        this.unreadableKeys.add(name);
        this.keys.set(name, accessKeyRowOf(name, value));
        this.unreadableKeys.delete(name);
        return;
      case "group":
        this.unreadableGroups.add(name);
        this.groups.set(name, groupRowOf(name, value));
        this.unreadableGroups.delete(name);
        return;
      case "policy":
        this.policies.set(name, policyRowOf(name, value));
        return;
    }
  }

  #delete(table: IamTable, name: string): void {
    switch (table) {
      case "user": {
        const id = this.users.get(name)?.id;
        this.users.delete(name);
        if (id !== undefined) this.usersById.delete(id);
        return;
      }
      case "key":
        this.keys.delete(name);
        this.unreadableKeys.delete(name);
        return;
      case "group":
        this.groups.delete(name);
        this.unreadableGroups.delete(name);
        return;
      case "policy":
        this.policies.delete(name);
        return;
    }
  }
}
