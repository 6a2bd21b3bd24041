/** The work of a hash Worker, as a plain object that can also run in the calling thread. */
import { HasherSet } from "./hashers.ts";
import type { Md5Lanes, Md5Stream } from "./md5-lanes.ts";
import type { Digests, HashAlgorithm } from "./types.ts";

/** Orders to a hash thread, handled in the order of sending. The sender chooses the number `stream`. */
export type HashOrder =
  | {
      readonly kind: "open";
      readonly stream: number;
      readonly algorithms: readonly HashAlgorithm[];
      readonly cuts: boolean;
    }
  | { readonly kind: "update"; readonly stream: number; readonly view: Uint8Array }
  | { readonly kind: "cut"; readonly stream: number }
  | { readonly kind: "digest"; readonly stream: number }
  | { readonly kind: "abort"; readonly stream: number };

/** Answers to update, cut and digest, in the order of the orders. */
export type HashAnswer =
  | { readonly kind: "hashed"; readonly stream: number }
  | { readonly kind: "cut"; readonly stream: number; readonly sha256: Uint8Array }
  | { readonly kind: "digests"; readonly stream: number; readonly digests: Digests };

interface OpenStream {
  readonly hashers: HasherSet;
  readonly hasMd5: boolean;
  /** MD5 beside that of other streams; then `hashers` are without it. */
  readonly lane: Md5Stream | undefined;
}

export class HashThread {
  readonly #answer: (answer: HashAnswer) => void;
  readonly #makeLanes: () => Md5Lanes | undefined;
  /** Made when two streams want MD5 at the same time: many a thread never sees that. */
  #lanes: Md5Lanes | undefined;
  readonly #streams = new Map<number, OpenStream>();

  /** @param makeLanes called once, unless it returns undefined: then MD5 of every stream is made by itself */
  constructor(answer: (answer: HashAnswer) => void, makeLanes: () => Md5Lanes | undefined = () => undefined) {
    this.#answer = answer;
    this.#makeLanes = makeLanes;
  }

  /** @throws Error for a stream that is not open: the sender has a fault. */
  handle(order: HashOrder): void {
    const { stream } = order;
    switch (order.kind) {
      case "open":
        this.#streams.set(stream, this.#start(order.algorithms, order.cuts));
        return;
      case "update": {
        const { hashers, lane } = this.#open(stream);
        hashers.update(order.view);
        const hashed = (): void => this.#answer({ kind: "hashed", stream });
        if (lane === undefined) hashed();
        else this.#lanes?.update(lane, order.view, hashed);
        return;
      }
      case "cut": {
        const { hashers, lane } = this.#open(stream);
        if (lane !== undefined) this.#lanes?.run();
        this.#answer({ kind: "cut", stream, sha256: hashers.cut() });
        return;
      }
      case "digest": {
        const { hashers, lane } = this.#open(stream);
        const md5 = lane === undefined ? undefined : this.#lanes?.digest(lane);
        const digests = hashers.digest();
        this.#streams.delete(stream);
        this.#answer({ kind: "digests", stream, digests: md5 === undefined ? digests : { ...digests, md5 } });
        return;
      }
      case "abort": {
        const lane = this.#streams.get(stream)?.lane;
        this.#streams.delete(stream);
        if (lane !== undefined) this.#lanes?.abort(lane);
      }
    }
  }

  /** The only MD5 of a thread is faster as a native one. */
  #start(algorithms: readonly HashAlgorithm[], cuts: boolean): OpenStream {
    const hasMd5 = algorithms.includes("md5");
    const others = hasMd5 && [...this.#streams.values()].some((stream) => stream.hasMd5);
    if (others) this.#lanes ??= this.#makeLanes();
    const lane = others ? this.#lanes?.open() : undefined;
    const rest = lane === undefined ? algorithms : algorithms.filter((algorithm) => algorithm !== "md5");
    return { hashers: new HasherSet(rest, cuts), hasMd5, lane };
  }

  #open(stream: number): OpenStream {
    const open = this.#streams.get(stream);
    if (open === undefined) throw new Error(`hash stream ${stream} is not open`);
    return open;
  }
}
