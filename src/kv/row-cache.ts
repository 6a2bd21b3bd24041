/**
 * Recently read rows, in their current version. A GET of a hot object, and the bucket row that every request reads,
 * cost a map look-up and not two B-tree searches and a file read (measured: 20 us of a 70 us request).
 *
 * The cache is never stale. Every apply batch names the keys that it changed, in the same message that gives the
 * gateway the new position of the store, and the cache answers only for exactly that timestamp. A read at any other
 * timestamp (a batch is visible to readers shortly before its message arrives) reads from the store.
 */

import { type ChangedKeys, forEachChangedKey } from "../messages/changed-keys.ts";
import { mapKeyOf } from "../platform/bytes.ts";
import type { Timestamp, VersionedValue } from "../store/types.ts";

/** Maximum bytes of all rows, the cost of a Map entry included. @internal */
export const ROW_CACHE_BYTES = 16 << 20;
/** Larger rows are not cached: they would displace hot rows. @internal */
export const CACHED_ROW_BYTES_MAX = 64 << 10;
const ENTRY_OVERHEAD_BYTES = 256;
/**
 * Keys that are known to have no row, such as the policies of buckets that have none: every request asks for its
 * bucket's. @internal
 */
export const ABSENT_KEYS_MAX = 1024;

interface CachedRow {
  readonly row: VersionedValue;
  /** False when the row was read without its payload: the payload is then unknown. */
  readonly complete: boolean;
  readonly bytes: number;
}

export class RowCache {
  /** Cached rows, the least recently used first. */
  readonly #rows = new Map<string, CachedRow>();
  /** Keys without a row, the least recently used first. */
  readonly #absent = new Set<string>();
  #bytes = 0;
  /** The cache knows every change up to this timestamp; its rows are the result of a read at this timestamp. */
  #currentTs: Timestamp = -1n;

  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#rows.size;
  }

  /**
   * The row at `readTs` when the cache has it; with its payload when `complete` is set. The caller must not write to
   * the row.
   */
  get(key: Uint8Array, readTs: Timestamp, complete: boolean): VersionedValue | undefined {
    if (readTs !== this.#currentTs || this.#rows.size === 0) return undefined;
    const name = mapKeyOf(key);
    const cached = this.#rows.get(name);
    if (cached === undefined || (complete && !cached.complete)) return undefined;
    this.#rows.delete(name);
    this.#rows.set(name, cached);
    return cached.row;
  }

  /** True: the store has no row at `readTs`. False: unknown. */
  isAbsent(key: Uint8Array, readTs: Timestamp): boolean {
    if (readTs !== this.#currentTs || this.#absent.size === 0) return false;
    const name = mapKeyOf(key);
    if (!this.#absent.delete(name)) return false;
    this.#absent.add(name);
    return true;
  }

  /** The store returned no row at `readTs`. */
  putAbsent(key: Uint8Array, readTs: Timestamp): void {
    if (readTs !== this.#currentTs) return;
    this.#absent.add(mapKeyOf(key));
    for (const oldest of this.#absent) {
      if (this.#absent.size <= ABSENT_KEYS_MAX) break;
      this.#absent.delete(oldest);
    }
  }

  /** Caches the row that the store returned at `readTs`. */
  put(key: Uint8Array, readTs: Timestamp, row: VersionedValue, complete: boolean): void {
    if (readTs !== this.#currentTs) return;
    const bytes =
      ENTRY_OVERHEAD_BYTES +
      key.byteLength +
      row.value.byteLength +
      (row.payload?.byteLength ?? 0) +
      (row.garbage?.byteLength ?? 0);
    if (bytes > CACHED_ROW_BYTES_MAX) return;
    const name = mapKeyOf(key);
    this.#drop(name);
    this.#rows.set(name, { row, complete, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#rows.keys()) {
      if (this.#bytes <= ROW_CACHE_BYTES) break;
      this.#drop(oldest);
    }
  }

  /**
   * Called when the store has applied everything up to `commitTs`; `changed` undefined means that any row may have
   * changed.
   */
  applied(commitTs: Timestamp, changed: ChangedKeys | undefined): void {
    this.#currentTs = commitTs;
    if (this.#rows.size === 0 && this.#absent.size === 0) return;
    if (changed === undefined) {
      this.#empty();
      return;
    }
    forEachChangedKey(changed, (key) => {
      const name = mapKeyOf(key);
      this.#drop(name);
      this.#absent.delete(name);
    });
  }

  /** Called when a snapshot has replaced the keyspace of the rows. */
  clear(): void {
    this.#empty();
    this.#currentTs = -1n;
  }

  #empty(): void {
    this.#rows.clear();
    this.#absent.clear();
    this.#bytes = 0;
  }

  #drop(name: string): void {
    const cached = this.#rows.get(name);
    if (cached === undefined) return;
    this.#rows.delete(name);
    this.#bytes -= cached.bytes;
  }
}
