/**
 * Keeps a reserve of free space on the data directory's file system. A committed entry without space to be applied
 * also stops linearizable reads. So new writes are refused while the writes in progress still fit.
 */
export interface DiskReserveOptions {
  /** Bytes available now. */
  readonly freeBytes: () => number;
  /** 0 = no reserve. */
  readonly reserveBytes: number;
  /** Called whenever the free space crosses the bound. */
  readonly onChange: (below: boolean, freeBytes: number) => void;
}

/** Margin above the reserve before writes continue, so that they do not stop again at once. */
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

  /** Checks once; call `check` a few times a second. */
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
