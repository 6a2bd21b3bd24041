import type { BodyReader } from "../../http/types.ts";

export interface Line {
  readonly text: string;
  readonly crlf: boolean;
}

/** A body as lines and runs of bytes. Never holds more than the piece it got and one unfinished line. */
export class WireReader {
  readonly #body: BodyReader;
  #piece: Uint8Array | undefined;
  #at = 0;

  constructor(body: BodyReader) {
    this.#body = body;
  }

  /** Up to `limit` bytes (at least one); undefined at the end of the body. */
  async bytes(limit: number): Promise<Uint8Array | undefined> {
    const piece = await this.#current();
    if (piece === undefined) return undefined;
    const end = Math.min(piece.length, this.#at + limit);
    const view = this.#at === 0 && end === piece.length ? piece : piece.subarray(this.#at, end);
    this.#at = end;
    return view;
  }

  /**
   * A line without its LF or CRLF, as latin1; `crlf` says which. Undefined at the end of the body; `"too-long"` above
   * `limit` bytes; `"cut"` when the body ended inside the line.
   */
  async line(limit: number): Promise<Line | "too-long" | "cut" | undefined> {
    let text = "";
    let started = false;
    for (;;) {
      const piece = await this.#current();
      if (piece === undefined) return started ? "cut" : undefined;
      started = true;
      const newline = piece.indexOf(10, this.#at);
      const end = newline < 0 ? piece.length : newline;
      if (text.length + end - this.#at > limit) return "too-long";
      text += Buffer.from(piece.buffer, piece.byteOffset + this.#at, end - this.#at).toString("latin1");
      this.#at = newline < 0 ? end : end + 1;
      if (newline < 0) continue;
      const crlf = text.endsWith("\r");
      return { text: crlf ? text.slice(0, -1) : text, crlf };
    }
  }

  async #current(): Promise<Uint8Array | undefined> {
    while (this.#piece === undefined || this.#at === this.#piece.length) {
      this.#piece = await this.#body.read();
      this.#at = 0;
      if (this.#piece === undefined) return undefined;
    }
    return this.#piece;
  }
}
