/**
 * Changes of users, keys, groups and policies. Each change reads all rows, decides, and commits only if no other change
 * was first: they are rare, and so no rule between two rows needs a condition of its own.
 */
import { IamError } from "../../api/users.ts";
import { IAM_PREFIX, ROOT_USER_KEY, rootUserOf } from "../../iam/rows.ts";
import type { UserId } from "../../iam/types.ts";
import { IAM_REVISION_KEY, iamPathOf } from "../../iam/user-rows.ts";
import { UserTable } from "../../iam/user-table.ts";
import type { Timers } from "../../platform/timers.ts";
import { readable, recordBytes } from "../../secrets/records.ts";
import { keyAfter, prefixEnd } from "../../store/key-encoding.ts";
import type { Timestamp } from "../../store/types.ts";
import type { Condition, KvError, KvGroup, ReadView, TxnMutation } from "../../txn/types.ts";
import { inLeaderTime } from "../leader-time.ts";

const ATTEMPTS = 8;
const PAGE = 1_000;

type Keyspace = Pick<KvGroup, "snapshot" | "transact">;

export interface IamTransactionsOptions {
  /** undefined: this node cannot read the newest state of its keyspace yet. */
  readonly group: () => Keyspace | undefined;
  readonly timers: Pick<Timers, "later">;
}

/** All rows at one time. */
export interface IamState {
  readonly table: UserTable;
  readonly rootId: UserId;
  readonly revision: Timestamp | undefined;
}

export interface Decision<T> {
  readonly mutations: readonly TxnMutation[];
  /** Keys of rows that must not be there, not even unreadable ones; the name is for the message. */
  readonly fresh?: readonly { readonly key: Uint8Array; readonly name: string }[];
  readonly result: T;
}

export class IamTransactions {
  readonly #options: IamTransactionsOptions;

  constructor(options: IamTransactionsOptions) {
    this.#options = options;
  }

  /** @throws IamError UNAVAILABLE */
  read(): Promise<IamState> {
    return this.inTime(this.#read());
  }

  /** @param decide may be called several times. @throws IamError */
  change<T>(decide: (state: IamState) => Decision<T>): Promise<T> {
    return this.inTime(this.#change(decide));
  }

  /** @throws IamError UNAVAILABLE when no leader answers in time */
  inTime<T>(work: Promise<T>): Promise<T> {
    const unavailable = (message: string, cause?: KvError): IamError =>
      new IamError("UNAVAILABLE", message, { cause });
    return inLeaderTime(work, this.#options.timers, unavailable);
  }

  group(): Keyspace {
    const group = this.#options.group();
    if (group === undefined) throw new IamError("UNAVAILABLE", "this node cannot read its keyspace yet");
    return group;
  }

  async #read(): Promise<IamState> {
    return stateOf(await this.group().snapshot());
  }

  async #change<T>(decide: (state: IamState) => Decision<T>): Promise<T> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const state = await this.#read();
      const { mutations, fresh = [], result } = decide(state);
      if (mutations.length === 0) return result;
      const { revision } = state;
      const unchanged: Condition =
        revision === undefined
          ? { kind: "must-not-exist", key: IAM_REVISION_KEY }
          : { kind: "version-equals", key: IAM_REVISION_KEY, commitTs: revision };
      const outcome = await this.group().transact({
        conditions: [unchanged, ...fresh.map(({ key }): Condition => ({ kind: "must-not-exist", key }))],
        mutations: [...mutations, { kind: "put", key: IAM_REVISION_KEY, value: recordBytes({ v: 1 }) }],
      });
      if (outcome.ok) return result;
      const taken = fresh[outcome.failed - 1];
      if (taken !== undefined) throw new IamError("EXISTS", `there is ${taken.name} already`);
    }
    throw new IamError("UNAVAILABLE", "users were changed by others at the same time: ask again");
  }
}

async function stateOf(view: ReadView): Promise<IamState> {
  const table = new UserTable();
  let rootId: UserId | undefined;
  let revision: Timestamp | undefined;
  const end = prefixEnd(IAM_PREFIX);
  for (let start = IAM_PREFIX; ; ) {
    const rows = await view.scan(start, end, { limit: PAGE });
    for (const { key, value, commitTs } of rows) {
      const path = iamPathOf(key);
      if (path !== undefined) readable(() => table.set(path.table, path.name, value));
      else if (Buffer.compare(key, ROOT_USER_KEY) === 0) rootId = readable(() => rootUserOf(value));
      else if (Buffer.compare(key, IAM_REVISION_KEY) === 0) revision = commitTs;
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) break;
    start = keyAfter(last.key);
  }
  if (rootId === undefined) {
    throw new IamError("UNAVAILABLE", "the cluster has not settled root's user id yet: ask again");
  }
  return { table, rootId, revision };
}
