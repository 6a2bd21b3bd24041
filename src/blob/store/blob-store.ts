/** The blobs of a node in segment files (docs/decisions/094-local-blob-store.md). */
import { join } from "node:path";
import { mapKeyOf } from "../../platform/bytes.ts";
import type { Clock } from "../../platform/clock.ts";
import { ensureDirectory } from "../../platform/disk/atomic-file.ts";
import type { Disk } from "../../platform/disk.ts";
import type { Timers } from "../../platform/timers.ts";
import {
  BlobError,
  type BlobReader,
  type BlobStore,
  type BlobTarget,
  type NewBlob,
  type StoredBlob,
} from "../types.ts";
import { orIo, toBlobError } from "./errors.ts";
import { FileBlobReader } from "./reader.ts";
import { freePlaces, removeSegment } from "./reclaim.ts";
import { type BlobIdentity, type BlobPlace, identityTag, type PlacedBlob } from "./record.ts";
import { type BlobRecovery, recoverBlobs } from "./recovery.ts";
import { SegmentWriter } from "./segment-writer.ts";
import { SqliteBlobIndex, SqliteBlobLookup } from "./sqlite-index.ts";
import type { BlobIndex, BlobLookup } from "./types.ts";

const INDEX_FILE = "index.db";
const SEGMENT_BYTES = 256 << 20;
/** Time after which other threads, and a restart, find a blob in the index. */
const INDEX_DELAY_MS = 1_000;

export interface BlobStoreOptions {
  readonly disk: Disk;
  /** Made when it is missing; its parent must exist. */
  readonly directory: string;
  readonly identity: BlobIdentity;
  readonly clock: Pick<Clock, "nowMs">;
  readonly timers: Pick<Timers, "later">;
  /** Default: SQLite, in the same directory. An index in memory (test/support/blobs) must be a new one at each start. */
  readonly index?: BlobIndex;
  readonly segmentBytes?: number;
  /** What the start has found. */
  readonly onRecovery?: (recovery: BlobRecovery) => void;
  /** The index could not be written in the background: the process must end. */
  readonly onFailed?: (error: BlobError) => void;
}

export interface BlobReaderOptions {
  readonly disk: Disk;
  readonly directory: string;
  readonly identity: BlobIdentity;
  /** Default: a read-only connection to the writer's index. */
  readonly index?: BlobLookup;
}

/** For the one thread that writes. @throws BlobError WRONG_FORMAT, DISK_FULL, IO */
export function openBlobStore(options: BlobStoreOptions): BlobStore {
  return new SegmentBlobStore(options);
}

/** For every other thread, after the store was opened. @throws BlobError WRONG_FORMAT, CORRUPT, IO */
export function openBlobReader(options: BlobReaderOptions): BlobReader {
  const { directory, identity } = options;
  const index = options.index ?? new SqliteBlobLookup(join(directory, INDEX_FILE), identity);
  return new FileBlobReader({ ...options, index });
}

class SegmentBlobStore implements BlobStore {
  readonly #options: BlobStoreOptions;
  readonly #index: BlobIndex;
  readonly #reader: FileBlobReader;
  readonly #writer: SegmentWriter;
  readonly #tag: Uint8Array;
  #failed: BlobError | undefined;
  #closed = false;
  #cancelFlush: (() => void) | undefined;

  constructor(options: BlobStoreOptions) {
    this.#options = options;
    const { disk, directory, identity, segmentBytes = SEGMENT_BYTES } = options;
    this.#tag = identityTag(identity);
    orIo(directory, () => ensureDirectory(disk, directory));
    this.#index = options.index ?? SqliteBlobIndex.open(disk, join(directory, INDEX_FILE), identity);
    try {
      const recovery = orIo(directory, () => recoverBlobs({ ...options, index: this.#index }));
      this.#writer = new SegmentWriter({ disk, directory, identity, segmentBytes }, recovery.position);
      options.onRecovery?.(recovery);
    } catch (error) {
      this.#index.close();
      throw error;
    }
    this.#reader = new FileBlobReader({ disk, directory, identity, index: this.#index });
  }

  read(sha256: Uint8Array, target?: BlobTarget): Uint8Array | undefined {
    this.#check();
    return this.#reader.read(sha256, target);
  }

  has(sha256: Uint8Array): boolean {
    this.#check();
    return this.#index.get(sha256) !== undefined;
  }

  write(blobs: readonly NewBlob[], replace = false): void {
    this.#check();
    const fresh: (NewBlob & { readonly replaces: BlobPlace | undefined })[] = [];
    const seen = new Set<string>();
    for (const { sha256, bytes } of blobs) {
      const key = mapKeyOf(sha256);
      if (seen.has(key)) continue;
      seen.add(key);
      const replaces = this.#index.get(sha256);
      if (replaces === undefined || replace) fresh.push({ sha256, bytes, replaces });
    }
    if (fresh.length > 0) this.#orFail(() => this.#append(fresh));
  }

  #append(fresh: readonly (NewBlob & { readonly replaces: BlobPlace | undefined })[]): void {
    const before = this.#writer.position.segment;
    const places = this.#writer.append(fresh, this.#options.clock.nowMs());
    const added = places.map((place, i) => {
      const { sha256, replaces } = fresh[i] as (typeof fresh)[number];
      return { sha256, place, replaces };
    });
    const { position } = this.#writer;
    this.#index.add(added, position);
    if (position.segment !== before) this.#removeIfUnused(before);
    const replaced = added.flatMap(({ sha256, replaces: place }) =>
      place === undefined ? [] : [{ sha256, place }],
    );
    if (replaced.length > 0) this.#free(replaced);
    this.#flushLater();
  }

  delete(names: readonly Uint8Array[]): void {
    this.#check();
    const places = new Map<string, PlacedBlob>();
    for (const sha256 of names) {
      const place = this.#index.get(sha256);
      if (place !== undefined) places.set(mapKeyOf(sha256), { sha256, place });
    }
    if (places.size === 0) return;
    this.#orFail(() => {
      const blobs = [...places.values()];
      this.#forget(blobs);
      this.#free(blobs);
      this.#flushLater();
    });
  }

  list(after: Uint8Array | undefined, limit: number): StoredBlob[] {
    this.#check();
    return this.#index.list(after, limit);
  }

  get totals(): { readonly blobs: number; readonly bytes: number } {
    let [blobs, bytes] = [0, 0];
    for (const use of this.#index.segments.values()) {
      blobs += use.blobs;
      bytes += use.bytes;
    }
    return { blobs, bytes };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelFlush?.();
    try {
      if (this.#failed !== undefined) return;
      this.#writer.close();
      this.#flush();
    } finally {
      this.#reader.close();
    }
  }

  /**
   * The index needs space to forget. On a full disk the blobs make that space themselves; a crash before the index has
   * forgotten them leaves names of damaged copies, which the owner deletes again.
   */
  #forget(blobs: readonly PlacedBlob[]): void {
    try {
      this.#index.remove(blobs);
    } catch (error) {
      if (!(error instanceof BlobError) || error.code !== "DISK_FULL") throw error;
      const { disk, directory } = this.#options;
      orIo(directory, () => freePlaces(blobs, { disk, directory, tag: this.#tag, isUnused: () => false }));
      this.#forgetAtLast(blobs);
    }
  }

  /** A second failure is final: the blobs' bytes are gone, and their names are not. */
  #forgetAtLast(blobs: readonly PlacedBlob[]): void {
    try {
      this.#index.remove(blobs);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new BlobError("IO", `${this.#options.directory}: deleted blobs stay in the index: ${message}`, {
        cause: error,
      });
    }
  }

  /** A segment whose blobs were all deleted while the segment still grew. */
  #removeIfUnused(segment: number): void {
    const { disk, directory } = this.#options;
    if (this.#index.segments.has(segment)) return;
    this.#flush();
    orIo(directory, () => {
      removeSegment(disk, directory, segment);
      disk.syncDirectory(directory);
    });
    this.#reader.forget(segment);
  }

  #free(garbage: readonly PlacedBlob[]): void {
    const { disk, directory } = this.#options;
    const isUnused = (segment: number): boolean =>
      segment !== this.#writer.position.segment && !this.#index.segments.has(segment);
    // Other threads must not look for a replaced copy, and an index whose tail lies in a removed file would have to be
    // rebuilt.
    this.#flush();
    const removed = orIo(directory, () => freePlaces(garbage, { disk, directory, tag: this.#tag, isUnused }));
    for (const segment of removed) this.#reader.forget(segment);
    this.#index.forgetGarbage(garbage);
  }

  #flushLater(): void {
    this.#cancelFlush ??= this.#options.timers.later(() => {
      this.#cancelFlush = undefined;
      try {
        this.#orFail(() => this.#flush());
      } catch (error) {
        this.#options.onFailed?.(toBlobError(error, this.#options.directory));
      }
    }, INDEX_DELAY_MS);
  }

  /** On a full disk the index waits: its records are in the segment files. */
  #flush(): void {
    try {
      this.#index.flush();
    } catch (error) {
      if (!(error instanceof BlobError) || error.code !== "DISK_FULL") throw error;
      if (!this.#closed) this.#flushLater();
    }
  }

  #check(): void {
    const { directory } = this.#options;
    if (this.#closed) throw new BlobError("CLOSED", `${directory}: this store is closed`);
    if (this.#failed === undefined) return;
    const why = `${directory}: an earlier operation failed: ${this.#failed.message}`;
    throw new BlobError("IO", why, { cause: this.#failed });
  }

  #orFail(action: () => void): void {
    try {
      action();
    } catch (error) {
      const failure = toBlobError(error, this.#options.directory);
      if (failure.code !== "DISK_FULL") this.#failed = failure;
      throw failure;
    }
  }
}
