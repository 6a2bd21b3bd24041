/** Memory for copies of received blobs, used again: garbage of 1 MiB for every push would grow the process. */

/** Sizes are multiples of this. */
const STEP_BYTES = 1 << 20;

export class CopyBuffers {
  readonly #maxIdleBytes: number;
  #idle: ArrayBuffer[] = [];
  #idleBytes = 0;

  /** @param maxIdleBytes unused memory that is kept */
  constructor(maxIdleBytes: number) {
    this.#maxIdleBytes = maxIdleBytes;
  }

  get idleBytes(): number {
    return this.#idleBytes;
  }

  copyOf(bytes: Uint8Array): Uint8Array {
    const copy = this.take(bytes.byteLength);
    copy.set(bytes);
    return copy;
  }

  /** Memory with any content. */
  take(length: number): Uint8Array {
    const at = this.#idle.findIndex((buffer) => buffer.byteLength >= length);
    let buffer = at < 0 ? undefined : this.#idle.splice(at, 1)[0];
    if (buffer === undefined)
      buffer = new ArrayBuffer(Math.max(1, Math.ceil(length / STEP_BYTES)) * STEP_BYTES);
    else this.#idleBytes -= buffer.byteLength;
    return new Uint8Array(buffer, 0, length);
  }

  /** @param copy a value of `copyOf` or `take`, which nobody reads any more */
  free(copy: Uint8Array<ArrayBufferLike>): void {
    const buffer = copy.buffer as ArrayBuffer;
    if (this.#idleBytes + buffer.byteLength > this.#maxIdleBytes) return;
    this.#idle.push(buffer);
    this.#idleBytes += buffer.byteLength;
  }
}
