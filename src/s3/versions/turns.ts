/**
 * Writers of one key of a bucket with versioning take turns within a gateway: each of them decides on the version that
 * the writer before it made, and not on one that is replaced while the decision is on its way.
 */
export class KeyTurns {
  readonly #last = new Map<string, Promise<void>>();

  /** Runs `work` after the work of every earlier caller with the same key has ended, in any way. */
  async take<T>(bucket: string, key: string, work: () => Promise<T>): Promise<T> {
    const name = `${bucket}/${key}`;
    const before = this.#last.get(name);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last.set(name, promise);
    await before;
    try {
      return await work();
    } finally {
      if (this.#last.get(name) === promise) this.#last.delete(name);
      resolve();
    }
  }
}
