export interface CrowdLimits {
  readonly all: number;
  readonly perAddress: number;
}

/**
 * Connections that have not shown yet that they are worth anything. One too many costs one of them its place: the oldest of
 * the address that has the most, so that a crowd from one address does not push out what comes from another. A newcomer is
 * never turned away: whoever fills the place and waits would keep everybody else out.
 */
export class Crowd<T> {
  readonly #limits: CrowdLimits;
  readonly #byAddress = new Map<string, Set<T>>();
  readonly #addressOf = new Map<T, string>();

  constructor(limits: CrowdLimits) {
    this.#limits = limits;
  }

  /** @param address of the other end, without its port. @returns who has to make space: it is no member any more */
  add(member: T, address: string): T | undefined {
    const same = this.#byAddress.get(address) ?? new Set();
    this.#byAddress.set(address, same);
    same.add(member);
    this.#addressOf.set(member, address);
    const full = same.size > this.#limits.perAddress;
    if (!full && this.#addressOf.size <= this.#limits.all) return undefined;
    const [oldest] = full ? same : this.#largest();
    if (oldest !== undefined) this.delete(oldest);
    return oldest;
  }

  delete(member: T): void {
    const address = this.#addressOf.get(member);
    if (address === undefined) return;
    this.#addressOf.delete(member);
    const same = this.#byAddress.get(address);
    same?.delete(member);
    if (same?.size === 0) this.#byAddress.delete(address);
  }

  some(isSo: (member: T) => boolean): boolean {
    for (const member of this.#addressOf.keys()) if (isSo(member)) return true;
    return false;
  }

  members(): IterableIterator<T> {
    return this.#addressOf.keys();
  }

  /** Of several the one that came first. */
  #largest(): Iterable<T> {
    let largest: Set<T> = new Set();
    for (const same of this.#byAddress.values()) if (same.size > largest.size) largest = same;
    return largest;
  }
}
