/** Which user root is, for as long as the cluster lives: the first node that looks writes it down. */
import { ROOT_USER_KEY, rootUserRow, userIdOf } from "../iam/rows.ts";
import type { KvGroup } from "../txn/types.ts";

/**
 * Buckets and objects name their owner by this id, so that another access key of root's changes nothing of what is there.
 * @param accessKey root's, now: the id is made of it when there is none yet. @throws KvError
 */
export async function keepRootUser(
  kv: Pick<KvGroup, "snapshot" | "transact">,
  accessKey: string,
): Promise<void> {
  if ((await (await kv.snapshot()).getMeta(ROOT_USER_KEY)) !== undefined) return;
  // Refused: another node was first.
  await kv.transact({
    conditions: [{ kind: "must-not-exist", key: ROOT_USER_KEY }],
    mutations: [{ kind: "put", key: ROOT_USER_KEY, value: rootUserRow(userIdOf(accessKey)) }],
  });
}
