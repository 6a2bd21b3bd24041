/** What the admin API asks about users, put together. */
import type { Iam } from "../../admin/user-types.ts";
import { IamError } from "../../api/users.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Random } from "../../platform/random.ts";
import { StartError } from "../../platform/start-error.ts";
import type { Timers } from "../../platform/timers.ts";
import type { SealingKey } from "../../secrets/sealing-key.ts";
import { type KvClient, KvError } from "../../txn/types.ts";
import { UserKeys } from "./access-keys.ts";
import { UserGroups } from "./groups.ts";
import { IamTransactions } from "./iam-transactions.ts";
import { NamedPolicies } from "./policies.ts";
import { UserDirectory } from "./users.ts";

export interface IamOptions {
  /** undefined: this node cannot read the newest state of its keyspace yet. */
  readonly kv: () => Pick<KvClient, "system" | "groups"> | undefined;
  /** The cluster's sealing key; undefined: this node does not have it yet. Makes the key of a node alone. */
  readonly sealing: () => Promise<SealingKey | undefined>;
  readonly rootAccessKey: () => string | undefined;
  readonly clock: Pick<Clock, "nowMs">;
  readonly timers: Pick<Timers, "later">;
  readonly random: Random;
}

export function makeIam({ kv, sealing, rootAccessKey, clock, timers, random }: IamOptions): Iam {
  const transactions = new IamTransactions({ group: () => kv()?.system, timers });
  const shownAt = () => ({ nowMs: clock.nowMs(), rootAccessKey: rootAccessKey() });
  const keys = new UserKeys({
    transactions,
    sealing: () => transactions.inTime(sealingKey(sealing)),
    shownAt,
    clock,
    random,
  });
  return {
    keys,
    users: new UserDirectory({ transactions, keys, kv, shownAt, clock, random }),
    groups: new UserGroups({ transactions, clock }),
    policies: new NamedPolicies({ transactions, clock }),
  };
}

/** @throws IamError UNAVAILABLE; KvError */
async function sealingKey(sealing: IamOptions["sealing"]): Promise<SealingKey> {
  let key: SealingKey | undefined;
  try {
    key = await sealing();
  } catch (error) {
    if (error instanceof KvError || !(error instanceof StartError)) throw error;
    throw new IamError("UNAVAILABLE", `no secret can be sealed here: ${error.message}`, { cause: error });
  }
  if (key !== undefined) return key;
  throw new IamError("UNAVAILABLE", "this node does not have the cluster's sealing key yet: ask again");
}
