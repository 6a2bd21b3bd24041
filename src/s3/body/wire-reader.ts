import type { BodyReader } from "../../http/types.ts";

export interface Line {
  readonly text: string;
  readonly crlf: boolean;
}

/** A body as lines and runs of bytes. The reader never holds more than the current piece and one unfinished line. */
export class WireReader {
  readonly #body: BodyReader;
  #piece: Uint8Array | undefined;
  #at = 0;

  constructor(body: BodyReader) {
    this.#body = body;
  }

  /** Up to `limit` received bytes, at least one; undefined: call `more`. The view is invalid after the next piece. */
  take(limit: number): Uint8Array | undefined {
    const piece = this.#piece;
    if (piece === undefined || this.#at === piece.length) return undefined;
    const end = Math.min(piece.length, this.#at + limit);
    const view = this.#at === 0 && end === piece.length ? piece : piece.subarray(this.#at, end);
    this.#at = end;
    return view;
  }

  /** Waits until there are bytes to take; false at the end of the body. */
  async more(): Promise<boolean> {
    while (this.#piece === undefined || this.#at === this.#piece.length) {
      this.#piece = await this.#body.read();
      this.#at = 0;
      if (this.#piece === undefined) return false;
    }
    return true;
  }

  /** As `line`, for a line whose end has arrived; undefined when the end has not arrived. */
  lineHere(limit: number): Line | "too-long" | undefined {
    const piece = this.#piece;
    const newline = piece === undefined ? -1 : piece.indexOf(10, this.#at);
    if (piece === undefined || newline < 0) return undefined;
    if (newline - this.#at > limit) return "too-long";
    const text = latin1(piece, this.#at, newline);
    this.#at = newline + 1;
    return lineOf(text);
  }

  /**
   * A line without its LF or CRLF, as latin1; `crlf` says which. Undefined at the end of the body; `"too-long"` above
   * `limit` bytes; `"cut"` when the body ended inside the line.
   */
  async line(limit: number): Promise<Line | "too-long" | "cut" | undefined> {
    let text = "";
    let started = false;
    for (;;) {
      if (!(await this.more())) return started ? "cut" : undefined;
      started = true;
      const piece = this.#piece as Uint8Array;
      const newline = piece.indexOf(10, this.#at);
      const end = newline < 0 ? piece.length : newline;
      if (text.length + end - this.#at > limit) return "too-long";
      text += latin1(piece, this.#at, end);
      this.#at = newline < 0 ? end : end + 1;
      if (newline >= 0) return lineOf(text);
    }
  }
}

function latin1(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString("latin1");
}

function lineOf(text: string): Line {
  const crlf = text.endsWith("\r");
  return { text: crlf ? text.slice(0, -1) : text, crlf };
}
