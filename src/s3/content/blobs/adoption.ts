/** Copies that cost no bytes: which blobs of other objects a write can refer to. */
import { decodeReference, type Reference, referenceKey } from "../../../txn/references.ts";
import type { KvGroup } from "../../../txn/types.ts";
import { partReferencesPrefix } from "../../records/keys.ts";
import type { ExtentRange } from "../types.ts";

interface SharedChunks {
  readonly chunkSize: number;
  /** Keys of the source's references, in order. */
  readonly keys: readonly Uint8Array[];
  /** Undefined: the source has no such reference any more. */
  read(group: Pick<KvGroup, "getImmutable">, number: number): Promise<Reference | undefined>;
}

/**
 * The chunks of a source that are whole chunks of the copy too; undefined when some boundaries do not fit.
 * @param ranges consecutive bytes @param chunkSize of the copy; undefined: as the source
 */
export function sharedChunks(
  ranges: readonly ExtentRange[],
  chunkSize: number | undefined = ranges[0]?.extent.chunkSize,
): SharedChunks | undefined {
  if (chunkSize === undefined || ranges.length === 0) return undefined;
  const keys: Uint8Array[] = [];
  for (const [i, { kind, extent, from, to }] of ranges.entries()) {
    const isWhole = to % chunkSize === 0 || (i === ranges.length - 1 && to === extent.size);
    if (kind !== "blobs" || extent.chunkSize !== chunkSize || from % chunkSize !== 0 || !isWhole) {
      return undefined;
    }
    const { ref, key, attempt, partNumber, partAttempt } = extent;
    const prefix = partReferencesPrefix(ref, key, attempt, partNumber, partAttempt);
    for (let at = from; at < to; at += chunkSize) keys.push(referenceKey(prefix, at / chunkSize));
  }
  return {
    chunkSize,
    keys,
    read: async (group, number) => {
      const row = await group.getImmutable(keys[number] as Uint8Array);
      return row === undefined ? undefined : decodeReference(row.value);
    },
  };
}
