/**
 * Buffers for bulk payload that several threads look at without copying it.
 *
 * A slab is one SharedArrayBuffer. The front fills it (socket bytes land in their place in the Raft entry), the log
 * thread writes it to the WAL, the store thread writes it to SQLite: all from the same memory. It may be written again
 * only when the front has let go of it AND consensus has (the entry is applied and has left the in-memory log), so
 * each slab counts its holders. Reuse matters: a fresh 3 MiB costs a page fault every 4 KiB, and memory that waits
 * for a garbage collector in another thread is memory the node does not have.
 */
export interface Slab {
  readonly id: number;
  readonly bytes: Uint8Array;
}

interface Record extends Slab {
  holders: number;
}

/** After this many releases the peak of the slabs in use is taken anew. */
const PEAK_WINDOW_RELEASES = 256;
/** Idle slabs kept beyond the recent peak. */
const SPARE_SLABS = 2;

export class SlabPool {
  readonly slabBytes: number;
  readonly #idle: Uint8Array[] = [];
  readonly #live = new Map<number, Record>();
  readonly #nextId: () => number;

  /** Most slabs in use in the present and the previous window. */
  #peak = 0;
  #previousPeak = 0;
  #releases = 0;

  /** @param nextId ids unique across every pool of the process. */
  constructor(slabBytes: number, nextId: () => number) {
    this.slabBytes = slabBytes;
    this.#nextId = nextId;
  }

  /** Slabs in use. */
  get live(): number {
    return this.#live.size;
  }

  /** Holders of a slab; 0 when it is not in use. */
  holders(id: number): number {
    return this.#live.get(id)?.holders ?? 0;
  }

  /** Bytes of slabs in use and of idle ones. */
  get bytes(): { readonly live: number; readonly idle: number } {
    return { live: this.#live.size * this.slabBytes, idle: this.#idle.length * this.slabBytes };
  }

  take(): Slab {
    const bytes = this.#idle.pop() ?? new Uint8Array(new SharedArrayBuffer(this.slabBytes));
    const slab: Record = { id: this.#nextId(), bytes, holders: 1 };
    this.#live.set(slab.id, slab);
    this.#peak = Math.max(this.#peak, this.#live.size);
    return slab;
  }

  /** One more holder (an entry in the Raft log). */
  hold(id: number): void {
    const slab = this.#live.get(id);
    if (slab === undefined) throw new Error(`slab ${id} is held after it was given back`);
    slab.holders++;
  }

  /** One holder less; false when this pool does not know the slab. */
  release(id: number): boolean {
    const slab = this.#live.get(id);
    if (slab === undefined) return false;
    if (--slab.holders > 0) return true;
    this.#live.delete(id);
    this.#idle.push(slab.bytes);
    this.#trim();
    return true;
  }

  /**
   * Keeps as many slabs as were in use lately. Fewer would be dropped and made again with every burst of releases, and
   * a dropped one lingers until the collectors of all threads that saw it have run; more would be memory for nothing.
   */
  #trim(): void {
    if (++this.#releases >= PEAK_WINDOW_RELEASES) {
      this.#releases = 0;
      this.#previousPeak = this.#peak;
      this.#peak = this.#live.size;
    }
    const keep = Math.max(this.#peak, this.#previousPeak) + SPARE_SLABS;
    while (this.#idle.length > 0 && this.#live.size + this.#idle.length > keep) this.#idle.pop();
  }
}
