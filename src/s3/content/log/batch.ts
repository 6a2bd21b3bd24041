import { crc32 } from "node:zlib";
import type { PayloadBuffer, TxnMutation } from "../../../txn/types.ts";
import { encodeChunk } from "../../records/chunk.ts";
import { chunkKey } from "../../records/keys.ts";
import type { Permit } from "../admission.ts";

/** Chunks of one Raft entry, consecutive in one buffer, with the admission permit of the chunks. */
export class Batch {
  readonly #buffer: PayloadBuffer;
  readonly #permit: Permit;
  readonly #puts: TxnMutation[] = [];
  #used = 0;
  #released = false;

  /** The batch owns buffer and permit; `release` returns both. */
  constructor(buffer: PayloadBuffer, permit: Permit) {
    this.#buffer = buffer;
    this.#permit = permit;
  }

  get puts(): readonly TxnMutation[] {
    return this.#puts;
  }

  get chunks(): number {
    return this.#puts.length;
  }

  /** The next `length` free bytes. */
  space(length: number): Uint8Array {
    const { bytes } = this.#buffer;
    if (this.#used + length > bytes.byteLength) {
      throw new Error(`a chunk of ${length} bytes in a batch with ${bytes.byteLength - this.#used} left`);
    }
    return bytes.subarray(this.#used, this.#used + length);
  }

  /** Adds one chunk. `view` is the filled view that `space` returned. */
  add(prefix: Uint8Array, number: number, view: Uint8Array): void {
    this.#used += view.byteLength;
    this.#puts.push({
      kind: "put",
      key: chunkKey(prefix, number),
      value: encodeChunk({ crc32: crc32(view), size: view.byteLength }),
      payload: view,
    });
  }

  /**
   * Call at the final outcome of the transaction that carried the batch, once no reader needs the bytes. Idempotent.
   */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#buffer.release();
    this.#permit.release();
  }
}
