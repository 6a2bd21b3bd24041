/** The work that waits for the store thread, and the share of the work that one transaction takes. */
import type { Entry, SnapshotMetadata } from "../raft/core/types.ts";

/** One SQLite transaction takes at most this many bytes of entries, unless a single message is larger. */
const APPLY_BATCH_BYTES = 8 << 20;
/** One SQLite transaction takes at most this many entries, unless a single message has more. */
const APPLY_BATCH_ENTRIES = 512;
export interface ApplyWork {
  readonly kind: "apply";
  readonly id: number;
  readonly entries: readonly Entry[];
}

export interface InstallWork {
  readonly kind: "install";
  readonly id: number;
  readonly snapshot: SnapshotMetadata;
}

/** Takes the messages of one transaction from the front of the queue: at least one. */
export function takeBatch(queue: (ApplyWork | InstallWork)[]): {
  entries: Entry[];
  id: number;
  taken: ApplyWork[];
} {
  const entries: Entry[] = [];
  const taken: ApplyWork[] = [];
  let bytes = 0;
  let id = 0;
  for (let work = queue[0]; work?.kind === "apply"; work = queue[0]) {
    const size = work.entries.reduce((sum, entry) => sum + entry.data.byteLength, 0);
    const fits =
      bytes + size <= APPLY_BATCH_BYTES && entries.length + work.entries.length <= APPLY_BATCH_ENTRIES;
    if (taken.length > 0 && !fits) break;
    queue.shift();
    taken.push(work);
    entries.push(...work.entries);
    bytes += size;
    id = work.id;
  }
  return { entries, id, taken };
}
