/** What the admin API asks about users, keys, groups and policies. All methods throw IamError. */
import type {
  Attachment,
  CreatedKey,
  CreatedUser,
  CreateKey,
  CreateUser,
  GroupList,
  KeyList,
  PolicyList,
  ShownPolicy,
  UserList,
  UserShown,
} from "../api/users.ts";

export interface Users {
  list(): Promise<UserList>;
  show(name: string): Promise<UserShown>;
  create(wanted: CreateUser): Promise<CreatedUser>;
  disable(name: string, disabled: boolean): Promise<void>;
  delete(name: string): Promise<void>;
}

export interface AccessKeys {
  list(user?: string): Promise<KeyList>;
  create(wanted: CreateKey): Promise<CreatedKey>;
  enable(accessKey: string, enabled: boolean): Promise<void>;
  rotate(accessKey: string, keepMs: number): Promise<CreatedKey>;
  delete(accessKey: string): Promise<void>;
}

export interface Groups {
  list(): Promise<GroupList>;
  create(name: string): Promise<void>;
  add(group: string, user: string): Promise<void>;
  remove(group: string, user: string): Promise<void>;
  delete(name: string): Promise<void>;
}

export interface Policies {
  list(): Promise<PolicyList>;
  show(name: string): Promise<ShownPolicy>;
  put(name: string, text: string): Promise<void>;
  delete(name: string): Promise<void>;
  attach(name: string, to: Attachment): Promise<void>;
  detach(name: string, from: Attachment): Promise<void>;
}

export interface Iam {
  readonly users: Users;
  readonly keys: AccessKeys;
  readonly groups: Groups;
  readonly policies: Policies;
}
