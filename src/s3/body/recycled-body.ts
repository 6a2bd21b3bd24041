/**
 * Gives the memory of a socket piece back as soon as it has been copied out, that is when the next one is asked for.
 *
 * Left to the collector, the pieces of many uploads at once outlive the young generation and then wait for a full
 * collection: 32 uploads of 64 MiB took 555 MiB of RSS in a process that held 132 MiB of buffers; with this, 148 MiB,
 * and a fifth faster. Only for readers that keep no view of a piece across `read` (see CheckedPayload).
 */
import type { BodyReader } from "../../http/types.ts";

/** Smaller pieces are not worth a detach. */
const WORTH_BYTES = 4096;

export class RecycledBody implements BodyReader {
  readonly #body: BodyReader;
  #last: Uint8Array | undefined;

  constructor(body: BodyReader) {
    this.#body = body;
  }

  get declaredLength(): number | undefined {
    return this.#body.declaredLength;
  }

  get received(): number {
    return this.#body.received;
  }

  async read(): Promise<Uint8Array | undefined> {
    const last = this.#last;
    this.#last = undefined;
    if (last !== undefined) free(last);
    const piece = await this.#body.read();
    this.#last = piece;
    return piece;
  }
}

/** Only memory that is this piece's alone: a view of something larger is somebody else's too. */
function free(piece: Uint8Array): void {
  const { buffer } = piece;
  if (piece.byteLength < WORTH_BYTES || piece.byteLength !== buffer.byteLength) return;
  if (buffer instanceof ArrayBuffer && !buffer.detached) buffer.transfer(0);
}
