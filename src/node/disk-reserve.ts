/**
 * Keeps a reserve on the data directory's file system. A committed entry that finds no space to be applied stops
 * linearizable reads too, until there is space; so new writes end while what is under way still fits.
 */
export interface DiskReserveOptions {
  /** Bytes available now. */
  readonly freeBytes: () => number;
  /** 0 = no reserve. */
  readonly reserveBytes: number;
  /** Called at every crossing. */
  readonly onChange: (below: boolean, freeBytes: number) => void;
}

/** Writes go on only when there is this much more than the reserve, or they would stop again at once. */
const RESUME_MARGIN = 1 / 8;

export class DiskReserve {
  readonly #options: DiskReserveOptions;
  #below = false;

  constructor(options: DiskReserveOptions) {
    this.#options = options;
  }

  get below(): boolean {
    return this.#below;
  }

  /** Looks once; call it a few times a second. */
  check(): void {
    const { freeBytes, reserveBytes, onChange } = this.#options;
    if (reserveBytes === 0) return;
    const free = freeBytes();
    const bound = this.#below ? reserveBytes * (1 + RESUME_MARGIN) : reserveBytes;
    const below = free < bound;
    if (below === this.#below) return;
    this.#below = below;
    onChange(below, free);
  }
}
