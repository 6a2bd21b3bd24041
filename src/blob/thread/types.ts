/** What the parts of the blob thread share. */
import type { BlobCount } from "../../txn/references.ts";

/** A blob that this node should hold. */
export interface WantedBlob {
  readonly sha256: Uint8Array;
  /** Bytes. */
  readonly size: number;
  /** Raft id of a node that probably holds the blob; 0 when unknown. */
  readonly source: number;
}

/** A count row, as this node has applied it. */
export interface CountedBlob extends BlobCount {
  readonly sha256: Uint8Array;
}

/** How a fetch ended. `gone`: the blob was not reachable any more. `full`: the disk had no space. */
export type FetchEnd = "stored" | "held" | "gone" | "not-found" | "unreachable" | "full" | "closed";

/** Who asked for a fetch: the queue of missing blobs, a gateway whose client waits, or the repair of a damaged copy. */
export type FetchReason = "backfill" | "read" | "repair";

export interface BlobMetrics {
  /** Blobs (and their bytes) that arrived and were here already. */
  deduplicated(bytes: number): void;
  fetched(reason: FetchReason, end: FetchEnd): void;
  /** A peer sent bytes with another SHA-256. */
  lied(): void;
  /** A client wanted a reachable blob, and no node holds it. */
  unrecoverable(): void;
  deleted(why: "swept" | "orphan", blobs: number): void;
  scrubbed(bytes: number): void;
  damaged(what: "found" | "healed"): void;
}
