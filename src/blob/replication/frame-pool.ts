/**
 * Memory for the frames of pushes, used again when the peer has answered: new memory costs a page fault for every
 * 4 KiB, several times the copy into it. A frame whose answer does not come is left to the garbage collector, because
 * its connection may still read it.
 */
export class FramePool {
  readonly #frameBytes: number;
  readonly #maxFree: number;
  readonly #free: Uint8Array[] = [];

  /** @param frameBytes longer frames get memory of their own; @param maxFree frames kept for later use */
  constructor(frameBytes: number, maxFree: number) {
    this.#frameBytes = frameBytes;
    this.#maxFree = maxFree;
  }

  take(bytes: number): Uint8Array {
    if (bytes > this.#frameBytes) return Buffer.allocUnsafeSlow(bytes);
    const memory = this.#free.pop() ?? Buffer.allocUnsafeSlow(this.#frameBytes);
    return memory.subarray(0, bytes);
  }

  /** @param frame as `take` has returned it; nobody else reads it any more */
  give(frame: Uint8Array): void {
    const { buffer } = frame;
    if (buffer.byteLength !== this.#frameBytes || this.#free.length >= this.#maxFree) return;
    this.#free.push(Buffer.from(buffer));
  }
}
