/** The user id of root, permanent for a cluster: the first node writes the id. */
import { ROOT_USER_KEY, rootUserRow, userIdOf } from "../iam/rows.ts";
import type { KvGroup } from "../txn/types.ts";

/**
 * Buckets and objects store this id as their owner, so a new root access key does not change their owner.
 * @param accessKey root's current access key: a missing id is made from it. @throws KvError
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
