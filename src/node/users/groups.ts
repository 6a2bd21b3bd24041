/** Groups of users: what is attached to a group holds for its members. */
import type { Groups } from "../../admin/user-types.ts";
import { type GroupList, IamError, ROOT_NAME } from "../../api/users.ts";
import { type GroupRow, groupBytes, iamKey } from "../../iam/user-rows.ts";
import type { Clock } from "../../platform/clock.ts";
import type { TxnMutation } from "../../txn/types.ts";
import type { IamTransactions } from "./iam-transactions.ts";
import { groupNamed, userNamed } from "./lookups.ts";
import { nameOf } from "./shown.ts";

/** Groups of a cluster. @internal */
export const GROUPS_MAX = 500;
/** Members of one group. @internal */
export const MEMBERS_MAX = 1_000;

export interface GroupsOptions {
  readonly transactions: IamTransactions;
  readonly clock: Pick<Clock, "nowMs">;
}

export class UserGroups implements Groups {
  readonly #options: GroupsOptions;

  constructor(options: GroupsOptions) {
    this.#options = options;
  }

  async list(): Promise<GroupList> {
    const state = await this.#options.transactions.read();
    const groups = [...state.table.groups.values()].map(({ name, createdMs, members, policies }) => ({
      name,
      createdMs,
      members: members.map((id) => nameOf(state, id)).toSorted(),
      policies: [...policies],
    }));
    return { groups: groups.toSorted((a, b) => (a.name < b.name ? -1 : 1)) };
  }

  async create(name: string): Promise<void> {
    const { transactions, clock } = this.#options;
    await transactions.change(({ table }) => {
      if (table.groups.size >= GROUPS_MAX) {
        throw new IamError("TOO_MANY", `there are ${GROUPS_MAX} groups: delete some first`);
      }
      const row = { name, createdMs: clock.nowMs(), members: [], policies: [] };
      const fresh = [{ key: iamKey("group", name), name: `a group ${name}` }];
      return { mutations: [put(row)], fresh, result: undefined };
    });
  }

  async add(group: string, user: string): Promise<void> {
    if (user === ROOT_NAME) throw new IamError("INVALID", "root may do everything: it is in no group");
    await this.#options.transactions.change((state) => {
      const row = groupNamed(state, group);
      const { id } = userNamed(state, user);
      if (row.members.includes(id)) return { mutations: [], result: undefined };
      if (row.members.length >= MEMBERS_MAX) {
        throw new IamError("TOO_MANY", `a group has at most ${MEMBERS_MAX} members`);
      }
      return { mutations: [put({ ...row, members: [...row.members, id] })], result: undefined };
    });
  }

  async remove(group: string, user: string): Promise<void> {
    await this.#options.transactions.change((state) => {
      const row = groupNamed(state, group);
      const { id } = userNamed(state, user);
      if (!row.members.includes(id)) {
        throw new IamError("UNKNOWN_USER", `the user ${user} is not in the group ${group}`);
      }
      const members = row.members.filter((member) => member !== id);
      return { mutations: [put({ ...row, members })], result: undefined };
    });
  }

  /** Its members lose what was attached to the group. */
  async delete(name: string): Promise<void> {
    await this.#options.transactions.change((state) => {
      groupNamed(state, name);
      return { mutations: [{ kind: "delete", key: iamKey("group", name) }], result: undefined };
    });
  }
}

function put(row: GroupRow): TxnMutation {
  return { kind: "put", key: iamKey("group", row.name), value: groupBytes(row) };
}
