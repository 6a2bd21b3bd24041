/** The user id of root, permanent for a cluster: the first node writes the id. */
import { ROOT_USER_KEY, rootUserRow, userIdOf } from "../iam/rows.ts";
import type { Logger } from "../monitoring/log.ts";
import type { Timers } from "../platform/timers.ts";
import type { KvGroup } from "../txn/types.ts";

/**
 * Buckets and objects store this id as their owner, so a new root access key does not change their owner.
 * @param accessKey root's current access key: a missing id is made from it. @throws KvError. @internal
 */
export async function keepRootUser(
  kv: Pick<KvGroup, "snapshot" | "transact">,
  accessKey: string,
): Promise<void> {
  if ((await (await kv.snapshot()).getMeta(ROOT_USER_KEY)) !== undefined) return;
  // A refused transaction means that another node was first.
  await kv.transact({
    conditions: [{ kind: "must-not-exist", key: ROOT_USER_KEY }],
    mutations: [{ kind: "put", key: ROOT_USER_KEY, value: rootUserRow(userIdOf(accessKey)) }],
  });
}

const RETRY_MS = 5_000;

export interface RootUserOptions {
  readonly kv: Pick<KvGroup, "snapshot" | "transact">;
  /** Root's access key, once it is certain: the whole cluster's. Never rejects. */
  readonly accessKey: Promise<string>;
  readonly timers: Pick<Timers, "later">;
  readonly log: Pick<Logger, "warn">;
}

/** Tries until the id is written: rows that are written meanwhile have an owner. @returns ends the attempts. */
export function startKeepingRootUser({ kv, accessKey, timers, log }: RootUserOptions): () => void {
  let ended = false;
  let warned = false;
  let cancel = (): void => {};
  const attempt = async (key: string): Promise<void> => {
    try {
      if (!ended) await keepRootUser(kv, key);
    } catch (error) {
      if (ended) return;
      if (!warned) log.warn("root's user id could not be written, and will be tried again", { error });
      warned = true;
      cancel = timers.later(() => void attempt(key), RETRY_MS);
    }
  };
  void accessKey.then(attempt);
  return () => {
    ended = true;
    cancel();
  };
}
