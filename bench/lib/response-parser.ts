/** The least HTTP/1.1 response parser that a load generator needs: status, then skip the body. */

const CR = 13;
const LF = 10;
const MAX_HEAD_BYTES = 256 * 1024;

type State = "head" | "length" | "chunk-size" | "chunk-data" | "chunk-end" | "trailer";

export class ResponseParser {
  status = 0;
  /** Body bytes of all responses so far. */
  bodyBytes = 0;
  /** The server will close the connection after this response. */
  closes = false;
  #state: State = "head";
  #pending = "";
  #left = 0;

  /** Feeds bytes; returns true when a response ended exactly here or inside `data` (one in flight at a time). */
  feed(data: Uint8Array, isHead: boolean): boolean {
    let at = 0;
    while (at < data.length) {
      if (this.#state === "length" || this.#state === "chunk-data") {
        const take = Math.min(this.#left, data.length - at);
        this.#left -= take;
        this.bodyBytes += take;
        at += take;
        if (this.#left > 0) return false;
        if (this.#state === "length") return this.#ended(at, data);
        this.#state = "chunk-end";
        continue;
      }
      const next = this.#line(data, at);
      if (next < 0) return false;
      at = next;
      if (this.#afterLine(isHead)) return this.#ended(at, data);
    }
    return false;
  }

  #ended(at: number, data: Uint8Array): boolean {
    if (at !== data.length) throw new Error(`${data.length - at} bytes after the end of a response`);
    this.#state = "head";
    this.#pending = "";
    return true;
  }

  /** Collects up to the delimiter of the state; returns the position after it, or -1 when more is needed. */
  #line(data: Uint8Array, from: number): number {
    if (this.#state !== "head") {
      const lf = data.indexOf(LF, from);
      this.#pending += Buffer.from(
        data.buffer,
        data.byteOffset + from,
        (lf < 0 ? data.length : lf + 1) - from,
      ).toString("latin1");
      return lf < 0 ? -1 : lf + 1;
    }
    if (this.#pending === "") {
      const end = findHeadEnd(data, from);
      const stop = end < 0 ? data.length : end;
      this.#pending = Buffer.from(data.buffer, data.byteOffset + from, stop - from).toString("latin1");
      return end;
    }
    const before = this.#pending.length;
    this.#pending += Buffer.from(data.buffer, data.byteOffset + from, data.length - from).toString("latin1");
    const end = this.#pending.indexOf("\r\n\r\n", Math.max(0, before - 3));
    if (end < 0) {
      if (this.#pending.length > MAX_HEAD_BYTES) throw new Error("response head too large");
      return -1;
    }
    this.#pending = this.#pending.slice(0, end + 4);
    return from + end + 4 - before;
  }

  #afterLine(isHead: boolean): boolean {
    const text = this.#pending;
    this.#pending = "";
    switch (this.#state) {
      case "head":
        return this.#afterHead(text, isHead);
      case "chunk-size":
        this.#left = Number.parseInt(text, 16);
        if (!Number.isSafeInteger(this.#left)) throw new Error(`bad chunk size ${JSON.stringify(text)}`);
        this.#state = this.#left === 0 ? "trailer" : "chunk-data";
        return false;
      case "chunk-end":
        this.#state = "chunk-size";
        return false;
      case "trailer":
        return text === "\r\n";
      default:
        throw new Error(`no line expected in state ${this.#state}`);
    }
  }

  #afterHead(text: string, isHead: boolean): boolean {
    if (!text.startsWith("HTTP/1.1 "))
      throw new Error(`not a response: ${JSON.stringify(text.slice(0, 40))}`);
    const status = Number(text.slice(9, 12));
    if (status === 100) {
      this.#state = "head";
      return false;
    }
    this.status = status;
    this.closes = /\r\nconnection: *close\r\n/i.test(text);
    if (isHead || status === 204 || status === 304) return true;
    const length = /\r\ncontent-length: *(\d+)/i.exec(text);
    if (length !== null) {
      this.#left = Number(length[1]);
      this.#state = "length";
      return this.#left === 0;
    }
    if (!/\r\ntransfer-encoding: *chunked/i.test(text)) throw new Error("response without a length");
    this.#state = "chunk-size";
    return false;
  }
}

function findHeadEnd(data: Uint8Array, from: number): number {
  let at = from;
  for (;;) {
    at = data.indexOf(CR, at);
    if (at < 0 || at + 3 >= data.length) return -1;
    if (data[at + 1] === LF && data[at + 2] === CR && data[at + 3] === LF) return at + 4;
    at++;
  }
}
