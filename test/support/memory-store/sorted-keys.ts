/** A sorted map from strings, in blocks: insertion and removal move at most one block's entries. */

interface Entry<V> {
  readonly key: string;
  value: V;
}

const BLOCK_MAX = 512;

export class SortedMap<V> {
  /** Never empty blocks, except for the only one of an empty map. */
  readonly #blocks: Entry<V>[][] = [[]];
  readonly #values = new Map<string, V>();

  get size(): number {
    return this.#values.size;
  }

  get(key: string): V | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: V): void {
    const [b, i] = this.#lowerBound(key);
    const block = this.#blocks[b] as Entry<V>[];
    const existing = block[i];
    if (existing?.key === key) {
      existing.value = value;
    } else {
      block.splice(i, 0, { key, value });
      if (block.length > BLOCK_MAX) this.#blocks.splice(b + 1, 0, block.splice(BLOCK_MAX >> 1));
    }
    this.#values.set(key, value);
  }

  delete(key: string): void {
    if (!this.#values.delete(key)) return;
    const [b, i] = this.#lowerBound(key);
    const block = this.#blocks[b] as Entry<V>[];
    block.splice(i, 1);
    if (block.length === 0 && this.#blocks.length > 1) this.#blocks.splice(b, 1);
  }

  /** Entries with start <= key < end (undefined = no end), in order or in reverse order. Do not change the map
   *  while iterating. */
  *range(start: string, end: string | undefined, reverse = false): Generator<readonly [string, V]> {
    if (reverse) yield* this.#descending(start, end);
    else yield* this.#ascending(start, end);
  }

  *#ascending(start: string, end: string | undefined): Generator<readonly [string, V]> {
    const [first, from] = this.#lowerBound(start);
    for (let b = first; b < this.#blocks.length; b++) {
      const block = this.#blocks[b] as Entry<V>[];
      for (let i = b === first ? from : 0; i < block.length; i++) {
        const { key, value } = block[i] as Entry<V>;
        if (end !== undefined && key >= end) return;
        yield [key, value];
      }
    }
  }

  *#descending(start: string, end: string | undefined): Generator<readonly [string, V]> {
    const lastBlock = this.#blocks.length - 1;
    const past = [lastBlock, (this.#blocks[lastBlock] as Entry<V>[]).length] as const;
    const [first, from] = end === undefined ? past : this.#lowerBound(end);
    for (let b = first; b >= 0; b--) {
      const block = this.#blocks[b] as Entry<V>[];
      for (let i = (b === first ? from : block.length) - 1; i >= 0; i--) {
        const { key, value } = block[i] as Entry<V>;
        if (key < start) return;
        yield [key, value];
      }
    }
  }

  /** Block and position of the first entry >= key; the end of the last block when there is none. */
  #lowerBound(key: string): readonly [block: number, index: number] {
    let low = 0;
    let high = this.#blocks.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      const last = (this.#blocks[middle] as Entry<V>[]).at(-1) as Entry<V>;
      if (last.key < key) low = middle + 1;
      else high = middle;
    }
    const block = this.#blocks[low] as Entry<V>[];
    let from = 0;
    let to = block.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((block[middle] as Entry<V>).key < key) from = middle + 1;
      else to = middle;
    }
    return [low, from];
  }
}
