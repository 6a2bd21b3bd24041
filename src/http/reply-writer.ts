import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { Exchange } from "./exchange.ts";
import type { IdleWatch, Watched } from "./idle-watch.ts";
import type { EdgeReplyAbort } from "./metrics.ts";
import type { EdgeReply } from "./types.ts";

/** The head was sent, but the body was not completed: the connection has been destroyed. */
export class ReplyAborted extends Error {
  readonly reason: EdgeReplyAbort;
  /** Body bytes that were written before. */
  readonly sent: number;
  constructor(reason: EdgeReplyAbort, sent: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ReplyAborted";
    this.reason = reason;
    this.sent = sent;
  }
}

/**
 * Writes a reply. Returns the body bytes sent; a promise only for streams.
 * @throws TypeError (before anything is sent) for a header that HTTP cannot carry or a body its status cannot have.
 * @throws ReplyAborted for streams, after the socket was destroyed.
 */
export function writeReply(
  exchange: Exchange,
  reply: EdgeReply,
  close: boolean,
  watch: IdleWatch,
): number | Promise<number> {
  const { response } = exchange;
  const { body } = reply;
  const bodiless = exchange.method === "HEAD" || reply.status === 204 || reply.status === 304;
  switch (body.kind) {
    case "none":
      writeHead(response, reply, reply.status === 204 || reply.status === 304 ? undefined : 0, close);
      response.end();
      return 0;
    case "head":
      if (!bodiless) throw new TypeError(`a ${reply.status} answer to ${exchange.method} needs its body`);
      writeHead(response, reply, body.length, close);
      response.end();
      return 0;
    case "bytes":
      if (bodiless || body.bytes.length === 0) {
        writeHead(response, reply, reply.status === 204 ? undefined : body.bytes.length, close);
        response.end();
        return 0;
      }
      writeHead(response, reply, body.bytes.length, close);
      response.end(body.bytes);
      return body.bytes.length;
    case "stream":
    case "unsized": {
      const length = body.kind === "stream" ? body.length : undefined;
      writeHead(response, reply, reply.status === 204 ? undefined : length, close);
      const iterator = body.chunks[Symbol.asyncIterator]();
      if (!bodiless) return new StreamWriter(response, iterator, length, watch).run();
      response.end();
      return Promise.resolve(iterator.return?.()).then(() => 0);
    }
  }
}

function writeHead(
  response: ServerResponse,
  reply: EdgeReply,
  length: number | undefined,
  close: boolean,
): void {
  const flat: string[] = [];
  for (const pair of reply.headers) flat.push(pair[0], pair[1]);
  if (length !== undefined) flat.push("Content-Length", String(length));
  if (close) flat.push("Connection", "close");
  // The flat list keeps order, case and repeated headers; the type declares only the older form.
  response.writeHead(reply.status, flat as unknown as OutgoingHttpHeaders);
}

/** Streams one body. The writer waits for each write to drain and never writes an empty piece. */
class StreamWriter implements Watched {
  readonly #response: ServerResponse;
  readonly #iterator: AsyncIterator<Uint8Array>;
  readonly #length: number | undefined;
  readonly #watch: IdleWatch;
  #sent = 0;
  #stop: EdgeReplyAbort | undefined;
  #wake: (() => void) | undefined;

  constructor(
    response: ServerResponse,
    iterator: AsyncIterator<Uint8Array>,
    length: number | undefined,
    watch: IdleWatch,
  ) {
    this.#response = response;
    this.#iterator = iterator;
    this.#length = length;
    this.#watch = watch;
  }

  async run(): Promise<number> {
    const response = this.#response;
    if (response.closed || response.destroyed) this.#stop = "client-gone";
    response.on("close", this.#onClose);
    response.on("drain", this.#onDrain);
    try {
      await this.#pump();
    } finally {
      response.off("close", this.#onClose);
      response.off("drain", this.#onDrain);
    }
    response.end();
    return this.#sent;
  }

  async #pump(): Promise<void> {
    for (;;) {
      if (this.#stop !== undefined) return await this.#abort(this.#stop, "while sending");
      const next = await this.#next();
      if (this.#stop !== undefined) return await this.#abort(this.#stop, "while reading what to send");
      if (next.done === true) break;
      const view = next.value;
      if (view.length === 0) continue;
      this.#sent += view.length;
      if (this.#length !== undefined && this.#sent > this.#length) {
        return await this.#abort(
          "wrong-length",
          `body of ${this.#sent} or more bytes, announced ${this.#length}`,
        );
      }
      if (!this.#response.write(view)) await this.#drained();
    }
    if (this.#length !== undefined && this.#sent !== this.#length) {
      await this.#abort("wrong-length", `body of ${this.#sent} bytes, announced ${this.#length}`);
    }
  }

  async #next(): Promise<IteratorResult<Uint8Array>> {
    try {
      return await this.#iterator.next();
    } catch (cause) {
      this.#response.destroy();
      throw new ReplyAborted("producer-failed", this.#sent, `the body failed after ${this.#sent} bytes`, {
        cause,
      });
    }
  }

  #drained(): Promise<void> {
    // The close event may have come during the write itself.
    if (this.#stop !== undefined) return Promise.resolve();
    this.#watch.enter(this);
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  async #abort(reason: EdgeReplyAbort, what: string): Promise<never> {
    this.#response.destroy();
    await this.#iterator.return?.();
    throw new ReplyAborted(reason, this.#sent, what);
  }

  onIdle(): void {
    this.#stop ??= "drain-timeout";
    this.#wakeUp();
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    this.#watch.leave(this);
    wake?.();
  }

  readonly #onDrain = (): void => this.#wakeUp();

  readonly #onClose = (): void => {
    this.#stop ??= "client-gone";
    this.#wakeUp();
  };
}
