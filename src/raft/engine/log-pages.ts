import { entrySize } from "../core/sizes.ts";
import type { Entry } from "../core/types.ts";

/** Bytes of one page: a few append messages. */
export const PAGE_BYTES = 4 << 20;
/** Bytes of all pages together. @internal */
export const PAGES_BYTES_MAX = 16 << 20;

interface Page {
  readonly entries: readonly Entry[];
  readonly bytes: number;
}

/**
 * Evicted entries, read back from the log for followers that are behind. The entries are applied, so they never
 * change.
 */
export class LogPages {
  /** Pages, least recently used first. */
  #pages: Page[] = [];
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** The entries from `index` to the end of the page that contains `index`; undefined when no page does. */
  from(index: number): readonly Entry[] | undefined {
    const at = this.#pages.findIndex(({ entries }) => holds(entries, index));
    if (at < 0) return undefined;
    const [page] = this.#pages.splice(at, 1) as [Page];
    this.#pages.push(page);
    return page.entries.slice(index - (page.entries[0] as Entry).index);
  }

  has(index: number): boolean {
    return this.#pages.some(({ entries }) => holds(entries, index));
  }

  add(entries: readonly Entry[]): void {
    const first = entries[0];
    if (first === undefined || this.has(first.index)) return;
    const bytes = entries.reduce((sum, entry) => sum + entrySize(entry), 0);
    this.#pages.push({ entries, bytes });
    this.#bytes += bytes;
    while (this.#bytes > PAGES_BYTES_MAX && this.#pages.length > 1) {
      this.#bytes -= (this.#pages.shift() as Page).bytes;
    }
  }

  clear(): void {
    this.#pages = [];
    this.#bytes = 0;
  }
}

function holds(entries: readonly Entry[], index: number): boolean {
  const first = entries[0] as Entry;
  return index >= first.index && index < first.index + entries.length;
}
