import type { EdgeBody, EdgeReply, EdgeRequest } from "../http/types.ts";
import type { S3Deps } from "./context/deps.ts";

type Ended = (bytesOut: number) => void;

/** Counts a reply when the edge has the last byte, or when the edge aborts the reply. */
export function countReply(
  deps: Pick<S3Deps, "metrics" | "clock">,
  edge: EdgeRequest,
  operation: string,
  reply: EdgeReply,
  startedMs: number,
): EdgeReply {
  const ended: Ended = (bytesOut) => {
    const seconds = (deps.clock.monotonicMs() - startedMs) / 1000;
    deps.metrics.requestEnded(operation, reply.status, edge.body.received, bytesOut, seconds);
  };
  const { body } = reply;
  switch (body.kind) {
    case "none":
    case "head":
      ended(0);
      return reply;
    case "bytes":
      ended(body.bytes.byteLength);
      return reply;
    case "stream":
    case "unsized":
      return { ...reply, body: counted(body, ended) };
  }
}

function counted(body: Extract<EdgeBody, { kind: "stream" | "unsized" }>, ended: Ended): EdgeBody {
  return { ...body, chunks: new CountedChunks(body.chunks, ended) };
}

/** Passes chunks through without a generator's extra turn per chunk. */
class CountedChunks implements AsyncIterable<Uint8Array>, AsyncIterator<Uint8Array> {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #ended: Ended;
  #bytes = 0;
  #over = false;

  constructor(source: AsyncIterable<Uint8Array>, ended: Ended) {
    this.#source = source[Symbol.asyncIterator]();
    this.#ended = ended;
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    try {
      const result = await this.#source.next();
      if (result.done === true) this.#end();
      else this.#bytes += result.value.byteLength;
      return result;
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    this.#end();
    await this.#source.return?.();
    return { done: true, value: undefined };
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#ended(this.#bytes);
  }
}
