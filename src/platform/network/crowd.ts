export interface CrowdLimits {
  readonly all: number;
  readonly perAddress: number;
}

/**
 * Connections that have not proved their use yet. When there is one too many, the oldest connection of the address
 * with the most connections is removed, so that one address cannot displace the connections of others. A new
 * connection is never refused: otherwise a peer that fills all places and waits would exclude all others.
 */
export class Crowd<T> {
  readonly #limits: CrowdLimits;
  readonly #byAddress = new Map<string, Set<T>>();
  readonly #addressOf = new Map<T, string>();

  constructor(limits: CrowdLimits) {
    this.#limits = limits;
  }

  /**
   * @param address of the other end, without its port
   * @returns the removed member, when one must make space
   */
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

  /** The members of the address with the most members; of several such addresses, the one that came first. */
  #largest(): Iterable<T> {
    let largest: Set<T> = new Set();
    for (const same of this.#byAddress.values()) if (same.size > largest.size) largest = same;
    return largest;
  }
}
