/**
 * Buffers for bulk payload that several threads read without a copy.
 *
 * A slab is one SharedArrayBuffer. The gateway fills the slab (socket bytes go to their place in the Raft entry),
 * the log thread writes the slab to the WAL, and the store thread writes it to SQLite. The slab may be filled again
 * only when the gateway has released it AND consensus has released it (the entry is applied and has left the
 * in-memory log). So each slab counts its holders. Reuse matters: a new buffer of 3 MiB costs a page fault for every
 * 4 KiB, and a dropped buffer occupies memory until a garbage collector of another thread runs.
 */
export interface Slab {
  readonly id: number;
  readonly bytes: Uint8Array;
}

interface Record extends Slab {
  holders: number;
}

/** After this many releases the pool starts a new measurement of the peak of slabs in use. */
const PEAK_WINDOW_RELEASES = 256;
/** Idle slabs that are kept above the recent peak. */
const SPARE_SLABS = 2;

export class SlabPool {
  readonly slabBytes: number;
  readonly #idle: Uint8Array[] = [];
  readonly #live = new Map<number, Record>();
  readonly #nextId: () => number;

  /** Maximum number of slabs in use in the present and in the previous window. */
  #peak = 0;
  #previousPeak = 0;
  #releases = 0;

  /** @param nextId returns ids that are unique across every pool of the process */
  constructor(slabBytes: number, nextId: () => number) {
    this.slabBytes = slabBytes;
    this.#nextId = nextId;
  }

  /** Number of slabs in use. */
  get live(): number {
    return this.#live.size;
  }

  /** Number of holders of a slab; 0 when the slab is not in use. */
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

  /** Adds a holder (an entry in the Raft log). */
  hold(id: number): void {
    const slab = this.#live.get(id);
    if (slab === undefined) throw new Error(`slab ${id} is held after it was given back`);
    slab.holders++;
  }

  /** Removes a holder; returns false when this pool does not know the slab. */
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
   * Keeps as many slabs as were recently in use. With fewer slabs, every burst of releases would drop slabs and make
   * new ones, and a dropped slab occupies memory until the collectors of all threads that saw it have run. More
   * slabs would waste memory.
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
