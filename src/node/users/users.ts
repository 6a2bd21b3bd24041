/** Users: create, show, disable, delete. */
import type { Users } from "../../admin/user-types.ts";
import {
  type CreatedUser,
  type CreateUser,
  IamError,
  ROOT_NAME,
  type UserList,
  type UserShown,
} from "../../api/users.ts";
import { accountIdOf } from "../../iam/account-id.ts";
import { OWNER_POLICY } from "../../iam/canned-policies.ts";
import type { UserId } from "../../iam/types.ts";
import { groupBytes, iamKey, type UserRow, userBytes } from "../../iam/user-rows.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Random } from "../../platform/random.ts";
import { decodeBucket } from "../../s3/records/bucket-record.ts";
import { BUCKETS_PREFIX, parseBucketKey } from "../../s3/records/keys.ts";
import { userOf } from "../../s3/records/owner.ts";
import { keyAfter, prefixEnd } from "../../store/key-encoding.ts";
import type { KvClient, TxnMutation } from "../../txn/types.ts";
import type { UserKeys } from "./access-keys.ts";
import type { IamState, IamTransactions } from "./iam-transactions.ts";
import { checkPolicies, userNamed } from "./lookups.ts";
import { rootShown, type ShownAt, userShown } from "./shown.ts";

/** Users of a cluster. @internal */
export const USERS_MAX = 5_000;
const ID_BYTES = 32;
const PAGE = 1_000;
/** Buckets that the refusal of a deletion names. */
const NAMED_BUCKETS = 3;

export interface UsersOptions {
  readonly transactions: IamTransactions;
  readonly keys: UserKeys;
  readonly kv: () => Pick<KvClient, "groups"> | undefined;
  readonly shownAt: () => ShownAt;
  readonly clock: Pick<Clock, "nowMs">;
  readonly random: Random;
}

export class UserDirectory implements Users {
  readonly #options: UsersOptions;

  constructor(options: UsersOptions) {
    this.#options = options;
  }

  async list(): Promise<UserList> {
    const { transactions, shownAt } = this.#options;
    const state = await transactions.read();
    const at = shownAt();
    const rows = [...state.table.users.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
    return { users: [rootShown(state, at), ...rows.map((row) => userShown(state, row, at))] };
  }

  async show(name: string): Promise<UserShown> {
    const { transactions, shownAt } = this.#options;
    const state = await transactions.read();
    return name === ROOT_NAME
      ? rootShown(state, shownAt())
      : userShown(state, userNamed(state, name), shownAt());
  }

  async create(wanted: CreateUser): Promise<CreatedUser> {
    const { transactions, keys, shownAt, clock } = this.#options;
    const { name, displayName = name, policies = [OWNER_POLICY], withoutKey = false } = wanted;
    if (name === ROOT_NAME) throw new IamError("EXISTS", "root is there already, in every cluster");
    if (withoutKey && (wanted.accessKey !== undefined || wanted.secretKey !== undefined)) {
      throw new IamError("INVALID", "withoutKey and a given key exclude each other");
    }
    const drawn = withoutKey ? undefined : await keys.draw(wanted);
    const createdMs = clock.nowMs();
    return transactions.change<CreatedUser>((state) => {
      if (state.table.users.size >= USERS_MAX) {
        throw new IamError("TOO_MANY", `there are ${USERS_MAX} users: delete some first`);
      }
      checkPolicies(state, policies);
      const id = this.#freeId(state);
      const row: UserRow = {
        id,
        name,
        accountId: accountIdOf(id),
        displayName,
        disabled: false,
        createdMs,
        policies: [...new Set(policies)],
      };
      const put: TxnMutation = { kind: "put", key: iamKey("user", name), value: userBytes(row) };
      const fresh = [{ key: iamKey("user", name), name: `a user ${name}` }];
      const user = userShown(state, row, shownAt());
      if (drawn === undefined) return { mutations: [put], fresh, result: { user, key: null } };
      const made = keys.decide(state, id, drawn);
      return {
        mutations: [put, ...made.mutations],
        fresh: [...fresh, ...made.fresh],
        result: { user: { ...user, keys: [{ ...made.shown, user: name }] }, key: made.result },
      };
    });
  }

  async disable(name: string, disabled: boolean): Promise<void> {
    if (name === ROOT_NAME) throw new IamError("INVALID", "root cannot be disabled; its access keys can");
    await this.#options.transactions.change((state) => {
      const row = userNamed(state, name);
      const value = userBytes({ ...row, disabled });
      return { mutations: [{ kind: "put", key: iamKey("user", name), value }], result: undefined };
    });
  }

  /**
   * A bucket that the user makes while it is deleted stays, with an owner that is no more: root can do everything with
   * it.
   */
  async delete(name: string): Promise<void> {
    const { transactions } = this.#options;
    if (name === ROOT_NAME) throw new IamError("INVALID", "root cannot be deleted");
    const state = await transactions.read();
    const { id } = userNamed(state, name);
    await this.#refuseOwner(name, id, state.rootId);
    await transactions.change((now) => {
      if (userNamed(now, name).id !== id)
        throw new IamError("UNKNOWN_USER", `the user ${name} was made anew`);
      return { mutations: deletionOf(now, name, id), result: undefined };
    });
  }

  /** @throws IamError IN_USE when the user owns a bucket */
  async #refuseOwner(name: string, id: UserId, rootId: UserId): Promise<void> {
    const { transactions, kv } = this.#options;
    const owned = await transactions.inTime(bucketsOf(kv()?.groups ?? [], id, rootId));
    if (owned.length === 0) return;
    const more = owned.length > NAMED_BUCKETS ? ", ..." : "";
    throw new IamError(
      "IN_USE",
      `the user ${name} owns buckets (${owned.slice(0, NAMED_BUCKETS).join(", ")}${more}): delete them first, or disable the user`,
    );
  }

  /** An id whose account id nobody has: policies and owners are told apart by it. */
  #freeId({ table, rootId }: IamState): UserId {
    const taken = new Set([...table.users.values()].map(({ accountId }) => accountId));
    taken.add(accountIdOf(rootId));
    for (;;) {
      const id = Buffer.from(this.#options.random.bytes(ID_BYTES)).toString("hex");
      if (!taken.has(accountIdOf(id))) return id;
    }
  }
}

/** The user's row, its keys, and its places in groups. */
function deletionOf({ table }: IamState, name: string, id: UserId): TxnMutation[] {
  const mutations: TxnMutation[] = [{ kind: "delete", key: iamKey("user", name) }];
  for (const { accessKey, userId } of table.keys.values()) {
    if (userId === id) mutations.push({ kind: "delete", key: iamKey("key", accessKey) });
  }
  for (const group of table.groups.values()) {
    if (!group.members.includes(id)) continue;
    const members = group.members.filter((member) => member !== id);
    const value = groupBytes({ ...group, members });
    mutations.push({ kind: "put", key: iamKey("group", group.name), value });
  }
  return mutations;
}

/** Names of buckets of one user, a few of them at most. */
async function bucketsOf(groups: KvClient["groups"], id: UserId, rootId: UserId): Promise<string[]> {
  const end = prefixEnd(BUCKETS_PREFIX);
  const owned: string[] = [];
  for (const group of groups) {
    const view = await group.snapshot();
    for (let start = BUCKETS_PREFIX; owned.length <= NAMED_BUCKETS; ) {
      const rows = await view.scan(start, end, { limit: PAGE });
      for (const { key, value } of rows) {
        if (userOf(decodeBucket(value).owner, rootId) === id) owned.push(parseBucketKey(key));
      }
      const last = rows.at(-1);
      if (last === undefined || rows.length < PAGE) break;
      start = keyAfter(last.key);
    }
  }
  return owned;
}
