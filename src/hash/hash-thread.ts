/** The work of a hash Worker, as a plain object that can also run in the calling thread. */
import { HasherSet } from "./hashers.ts";
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

export class HashThread {
  readonly #answer: (answer: HashAnswer) => void;
  readonly #streams = new Map<number, HasherSet>();

  constructor(answer: (answer: HashAnswer) => void) {
    this.#answer = answer;
  }

  /** @throws Error for a stream that is not open: the sender has a fault. */
  handle(order: HashOrder): void {
    const { stream } = order;
    switch (order.kind) {
      case "open":
        this.#streams.set(stream, new HasherSet(order.algorithms, order.cuts));
        return;
      case "update":
        this.#open(stream).update(order.view);
        this.#answer({ kind: "hashed", stream });
        return;
      case "cut":
        this.#answer({ kind: "cut", stream, sha256: this.#open(stream).cut() });
        return;
      case "digest": {
        const digests = this.#open(stream).digest();
        this.#streams.delete(stream);
        this.#answer({ kind: "digests", stream, digests });
        return;
      }
      case "abort":
        this.#streams.delete(stream);
    }
  }

  #open(stream: number): HasherSet {
    const set = this.#streams.get(stream);
    if (set === undefined) throw new Error(`hash stream ${stream} is not open`);
    return set;
  }
}
