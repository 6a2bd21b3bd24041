/** The index of the blobs of a node: rebuildable from the segment files, so it may lag behind them. */
import type { StoredBlob } from "../types.ts";
import type { BlobPlace, PlacedBlob, Position } from "./record.ts";

export interface BlobLookup {
  /** @throws BlobError IO */
  get(sha256: Uint8Array): BlobPlace | undefined;
  close(): void;
}

export interface AddedBlob extends PlacedBlob {
  /** The place that the index has for the blob until now; its space becomes garbage. */
  readonly replaces: BlobPlace | undefined;
}

export interface SegmentUse {
  readonly blobs: number;
  /** Bytes of their payloads. */
  readonly bytes: number;
}

export interface BlobIndex extends BlobLookup {
  /** The index covers all records before this position; undefined: nothing (a new index, or one that was lost). */
  readonly tail: Position | undefined;
  list(after: Uint8Array | undefined, limit: number): StoredBlob[];
  /** Segments that have blobs. */
  readonly segments: ReadonlyMap<number, SegmentUse>;
  /** Adds records that are durable in their files; `get` knows them at once, other threads and restarts later. */
  add(records: readonly AddedBlob[], tail: Position): void;
  /** Forgets blobs, durably before the return; their places become garbage. @throws BlobError DISK_FULL, IO */
  remove(blobs: readonly PlacedBlob[]): void;
  /** Places that no name leads to, whose space was not freed yet. */
  garbage(): PlacedBlob[];
  addGarbage(places: readonly PlacedBlob[]): void;
  /** The space of these places was freed. */
  forgetGarbage(places: readonly PlacedBlob[]): void;
  /** Makes everything visible to other threads. @throws BlobError IO; DISK_FULL (nothing is lost: call it again) */
  flush(): void;
  /** Forgets everything: the caller rebuilds the index. */
  clear(): void;
}
