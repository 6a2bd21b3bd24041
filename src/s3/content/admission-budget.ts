/**
 * The counters of one budget that all gateways of a node share, in shared memory. No gateway asks another one: to take
 * space is one compare-and-exchange.
 *
 * Words of 32 bits: 0 units in use, 1 uploads, 2 newest ticket, 3 what bodies may take while memory is short (0: it is
 * not), then for each gateway the
 * ticket of its first waiter (0: nobody waits there). Waiters of all gateways are served in the order of their tickets.
 */

const WORD = { inUse: 0, uploads: 1, ticket: 2, short: 3, heads: 4 } as const;

export interface BudgetShare {
  /** Zeroed memory of `budgetBytes(gateways)` bytes, the same for all gateways. */
  readonly memory: SharedArrayBuffer;
  /** Number of this gateway, from 0. */
  readonly gateway: number;
}

/** Bytes of the shared memory for a number of gateways. */
export const budgetBytes = (gateways: number): number => (WORD.heads + gateways) * 4;

export class AdmissionBudget {
  readonly #words: Int32Array;
  readonly #head: number;

  /** Without `share`, the budget belongs to one gateway. */
  constructor(
    { memory, gateway }: BudgetShare = { memory: new SharedArrayBuffer(budgetBytes(1)), gateway: 0 },
  ) {
    this.#words = new Int32Array(memory);
    this.#head = WORD.heads + gateway;
    if (this.#head >= this.#words.length) throw new RangeError(`no gateway ${gateway} in this budget`);
  }

  /** Other gateways use this budget too. */
  get isShared(): boolean {
    return this.#words.length > WORD.heads + 1;
  }

  /** Units in use, by all gateways. */
  get inUse(): number {
    return Atomics.load(this.#words, WORD.inUse);
  }

  get uploads(): number {
    return Atomics.load(this.#words, WORD.uploads);
  }

  /**
   * The node is short of memory: no gateway takes a new upload. The value is the units that the uploads under way may
   * take; undefined: memory is not short.
   */
  get shortUnits(): number | undefined {
    const word = Atomics.load(this.#words, WORD.short);
    return word === 0 ? undefined : word;
  }

  /** From now on the uploads under way take no more units than they have now. */
  setShort(short: boolean): void {
    Atomics.store(this.#words, WORD.short, short ? Math.max(1, this.inUse) : 0);
  }

  /** Counts one upload more, unless `most` are counted. */
  addUpload(most: number): boolean {
    for (let seen = Atomics.load(this.#words, WORD.uploads); seen < most; ) {
      const found = Atomics.compareExchange(this.#words, WORD.uploads, seen, seen + 1);
      if (found === seen) return true;
      seen = found;
    }
    return false;
  }

  removeUpload(): void {
    Atomics.sub(this.#words, WORD.uploads, 1);
  }

  /** Takes units, unless more than `capacity` would be in use. */
  take(units: number, capacity: number): boolean {
    for (let seen = Atomics.load(this.#words, WORD.inUse); ; ) {
      if (seen + units > capacity) return false;
      const found = Atomics.compareExchange(this.#words, WORD.inUse, seen, seen + units);
      if (found === seen) return true;
      seen = found;
    }
  }

  giveBack(units: number): void {
    Atomics.sub(this.#words, WORD.inUse, units);
  }

  /** A request of any gateway waits. */
  get hasWaiters(): boolean {
    for (let i: number = WORD.heads; i < this.#words.length; i++) {
      if (Atomics.load(this.#words, i) !== 0) return true;
    }
    return false;
  }

  /** A ticket for one waiter: greater than all earlier tickets. */
  newTicket(): number {
    return Atomics.add(this.#words, WORD.ticket, 1) + 1;
  }

  /** @param ticket of the first waiter of this gateway; undefined: nobody waits */
  setFirst(ticket: number | undefined): void {
    Atomics.store(this.#words, this.#head, ticket ?? 0);
  }

  /** No waiter of another gateway came earlier. */
  isFirst(ticket: number): boolean {
    for (let i: number = WORD.heads; i < this.#words.length; i++) {
      const other = Atomics.load(this.#words, i);
      if (i !== this.#head && other !== 0 && other < ticket) return false;
    }
    return true;
  }
}
