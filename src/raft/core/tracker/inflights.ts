import { violated } from "../invariant.ts";

/**
 * The sliding window of append messages in flight to one follower, limited by number and by bytes. It is a ring that
 * grows on demand, because most followers never fill their window.
 */
export class Inflights {
  /** Maximum number of messages in flight. */
  readonly maxMessages: number;
  /** Bytes of entry payload in flight at which the window is full; Infinity means no limit. */
  readonly maxBytes: number;
  #start = 0;
  #count = 0;
  #totalBytes = 0;
  #lastIndexes: number[] = [];
  #bytes: number[] = [];

  constructor(maxMessages: number, maxBytes: number) {
    this.maxMessages = maxMessages;
    this.maxBytes = maxBytes;
  }

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#totalBytes;
  }

  /** True when no message may be added. The message that passes the byte limit is still allowed. */
  get full(): boolean {
    return this.#count >= this.maxMessages || this.#totalBytes >= this.maxBytes;
  }

  /** Records a message whose last entry is `lastIndex`. Indexes are added in ascending order. */
  add(lastIndex: number, bytes: number): void {
    if (this.full) {
      violated("append message sent into a full inflight window", {
        count: this.#count,
        maxMessages: this.maxMessages,
        bytes: this.#totalBytes,
        maxBytes: this.maxBytes,
        lastIndex,
      });
    }
    if (this.#count === this.#lastIndexes.length) this.#grow();
    const slot = (this.#start + this.#count) % this.#lastIndexes.length;
    this.#lastIndexes[slot] = lastIndex;
    this.#bytes[slot] = bytes;
    this.#count++;
    this.#totalBytes += bytes;
  }

  /** Frees every message whose last entry is at or below `index`. */
  freeUpTo(index: number): void {
    const capacity = this.#lastIndexes.length;
    while (this.#count > 0 && (this.#lastIndexes[this.#start] as number) <= index) {
      this.#totalBytes -= this.#bytes[this.#start] as number;
      this.#start = this.#start + 1 === capacity ? 0 : this.#start + 1;
      this.#count--;
    }
  }

  reset(): void {
    this.#start = 0;
    this.#count = 0;
    this.#totalBytes = 0;
  }

  #grow(): void {
    const capacity = Math.min(Math.max(8, this.#lastIndexes.length * 2), this.maxMessages);
    const lastIndexes = new Array<number>(capacity).fill(0);
    const bytes = new Array<number>(capacity).fill(0);
    for (let i = 0; i < this.#count; i++) {
      const slot = (this.#start + i) % this.#lastIndexes.length;
      lastIndexes[i] = this.#lastIndexes[slot] as number;
      bytes[i] = this.#bytes[slot] as number;
    }
    this.#lastIndexes = lastIndexes;
    this.#bytes = bytes;
    this.#start = 0;
  }
}
