/**
 * Deletes references to blobs, `REFERENCES_PER_ENTRY` in one Raft entry: an object of 5 GiB (5120 references) is 80
 * entries. The state machine counts in the same apply, and queues the blobs that lost their last reference.
 */
import { PLANTED } from "../platform/planted.ts";
import { keyAfter, prefixEnd } from "../store/key-encoding.ts";
import { REFERENCES_PER_ENTRY } from "../txn/references.ts";
import type { KvGroup } from "../txn/types.ts";

/** Keys in one read; independent of the batch. */
const SCAN_PAGE = 1_024;

export interface ReferenceDeletion {
  readonly group: Pick<KvGroup, "snapshot" | "transact">;
  readonly onDeleted?: ((rows: number) => void) | undefined;
  readonly pageKeys?: number;
}

/**
 * Deletes every reference under a prefix. Returns the number of deleted rows; when `stopped` has become true, some
 * references may be left. Every step can be repeated: the deletion of a missing reference counts nothing.
 * @throws KvError like transact()
 */
export async function deleteReferences(
  { group, onDeleted, pageKeys = SCAN_PAGE }: ReferenceDeletion,
  prefix: Uint8Array,
  stopped: () => boolean,
): Promise<number> {
  let deleted = 0;
  if (PLANTED.keepReplacedReferences) return deleted;
  const waiting: Uint8Array[] = [];
  const deleteNext = async (): Promise<void> => {
    const keys = waiting.splice(0, REFERENCES_PER_ENTRY);
    await group.transact({ conditions: [], mutations: keys.map((key) => ({ kind: "unreference", key })) });
    deleted += keys.length;
    onDeleted?.(keys.length);
  };
  for (let from = prefix; ; ) {
    if (stopped()) return deleted;
    const view = await group.snapshot();
    const page = await view.scan(from, prefixEnd(prefix), { limit: pageKeys, keysOnly: true });
    for (const { key } of page) waiting.push(key);
    const last = page.at(-1);
    const isEnd = last === undefined || page.length < pageKeys;
    while (waiting.length >= REFERENCES_PER_ENTRY || (isEnd && waiting.length > 0)) {
      if (stopped()) return deleted;
      await deleteNext();
    }
    if (isEnd) return deleted;
    from = keyAfter(last.key);
  }
}
