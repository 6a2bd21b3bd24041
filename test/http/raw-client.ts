import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

export interface RawResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: ReadonlyMap<string, string>;
  readonly head: string;
  readonly body: Buffer;
}

/** A TCP client that says exactly the bytes it is told to, and reads answers one at a time. */
export class RawClient {
  readonly #socket: Socket;
  /** Arrived and not yet joined to #joined: joining at every piece would be quadratic. */
  #pieces: Buffer[] = [];
  #joined: Buffer = Buffer.alloc(0);
  #arrived = 0;
  #ended = false;
  #wake: (() => void) | undefined;
  readonly #sending = new Set<() => void>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (data: Buffer) => {
      this.#pieces.push(data);
      this.#arrived += data.length;
      this.#wake?.();
    });
    socket.on("close", () => {
      this.#ended = true;
      this.#wake?.();
      for (const sent of this.#sending) sent();
    });
    // A reset shows as the end of the connection.
    socket.on("error", () => {});
  }

  /** @param tls over TLS; whose certificate it is does not matter */
  static async open(port: number, tls = false): Promise<RawClient> {
    const socket = tls
      ? connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false })
      : connect(port, "127.0.0.1");
    const client = new RawClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once(tls ? "secureConnect" : "connect", resolve);
      socket.once("error", reject);
    });
    return client;
  }

  /** Sends; waits until the kernel took it or the connection is gone. */
  async send(data: string | Uint8Array): Promise<void> {
    if (this.#ended) return;
    await new Promise<void>((resolve) => {
      const sent = (): void => {
        this.#sending.delete(sent);
        resolve();
      };
      this.#sending.add(sent);
      this.#socket.write(typeof data === "string" ? Buffer.from(data, "latin1") : data, sent);
    });
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Bytes received and not yet consumed. */
  get pending(): number {
    return this.#joined.length + this.#arrived;
  }

  get #buffer(): Buffer {
    if (this.#pieces.length > 0) {
      this.#joined = Buffer.concat([this.#joined, ...this.#pieces]);
      this.#pieces = [];
      this.#arrived = 0;
    }
    return this.#joined;
  }

  /** Waits until the server closes; returns what was not consumed. */
  async closed(): Promise<Buffer> {
    while (!this.#ended) await this.#more();
    return this.#buffer;
  }

  /** Next response, interim ones included. @throws Error when the connection ends first. */
  async response(isHead = false): Promise<RawResponse> {
    const end = await this.#find("\r\n\r\n");
    const head = this.#take(end + 4).toString("latin1");
    const [statusLine = "", ...lines] = head.trimEnd().split("\r\n");
    const headers = new Map<string, string>();
    for (const line of lines) {
      const colon = line.indexOf(":");
      headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
    }
    const status = Number(statusLine.split(" ")[1]);
    const none = isHead || status < 200 || status === 204 || status === 304;
    const body = none ? Buffer.alloc(0) : await this.#body(headers);
    return { status, headers, head, body };
  }

  async #body(headers: ReadonlyMap<string, string>): Promise<Buffer> {
    const length = headers.get("content-length");
    if (length !== undefined) {
      while (this.pending < Number(length)) await this.#moreOrThrow();
      return this.#take(Number(length));
    }
    const pieces: Buffer[] = [];
    for (;;) {
      const end = await this.#find("\r\n");
      const size = Number.parseInt(this.#take(end + 2).toString("latin1"), 16);
      while (this.pending < size + 2) await this.#moreOrThrow();
      pieces.push(Buffer.from(this.#take(size)));
      this.#take(2);
      if (size === 0) return Buffer.concat(pieces);
    }
  }

  #take(length: number): Buffer {
    const taken = this.#buffer.subarray(0, length);
    this.#joined = this.#buffer.subarray(length);
    return taken;
  }

  async #find(text: string): Promise<number> {
    for (;;) {
      const at = this.#buffer.indexOf(text);
      if (at >= 0) return at;
      await this.#moreOrThrow();
    }
  }

  async #moreOrThrow(): Promise<void> {
    if (this.#ended)
      throw new Error(`connection ended; unread: ${JSON.stringify(this.#buffer.toString("latin1"))}`);
    await this.#more();
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined;
        resolve();
      };
    });
  }
}
