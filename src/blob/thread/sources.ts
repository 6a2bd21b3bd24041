/** Looks for one blob at the other members, one after the other. */
import type { Clock } from "../../platform/clock.ts";
import type { Random } from "../../platform/random.ts";
import type { Timers } from "../../platform/timers.ts";
import type { BlobPeers } from "../replication/types.ts";
import { hasSha256 } from "./sha256.ts";
import { TokenBucket, type TokenBucketOptions } from "./token-bucket.ts";
import type { BlobMetrics, WantedBlob } from "./types.ts";

/**
 * So long a client waits for a member that is not connected: a node that has just started serves before it has met everybody,
 * and a connection that broke is made again.
 */
const PATIENCE_MS = 2_000;
/** Time between two looks at who is connected. */
const LOOK_MS = 100;

/** `unreachable`: some member could not be asked, so the blob may be there. `closed`: the thread has stopped. */
export type Found = Uint8Array | "not-found" | "unreachable" | "closed";

export interface SourcesOptions {
  readonly peers: Pick<BlobPeers, "reachable" | "fetch">;
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly timers: Timers;
  readonly random: Random;
  /** For each source. */
  readonly limit: TokenBucketOptions;
  readonly metrics: Pick<BlobMetrics, "lied">;
}

/** A search; its fields may change while the search goes on. */
export interface Search {
  readonly wanted: WantedBlob;
  /** A client waits: the rate limits do not hold. */
  urgent: boolean;
  /** Ends the wait for a rate limit. */
  wake: (() => void) | undefined;
}

export class Sources {
  readonly #options: SourcesOptions;
  readonly #buckets = new Map<number, TokenBucket>();
  /** Raft ids of the other members; undefined before they are known. */
  #others: readonly number[] | undefined;
  #stopped = false;

  constructor(options: SourcesOptions) {
    this.#options = options;
  }

  setOthers(others: readonly number[]): void {
    this.#others = others;
    for (const id of this.#buckets.keys()) if (!others.includes(id)) this.#buckets.delete(id);
  }

  stop(): void {
    this.#stopped = true;
  }

  /** The bytes are verified. Nobody is asked twice who does not have the blob. */
  async search(search: Search): Promise<Found> {
    const { clock, timers } = this.#options;
    const without = new Set<number>();
    const until = clock.monotonicMs() + PATIENCE_MS;
    for (;;) {
      const found = await this.#askConnected(search, without);
      if (found !== "unreachable" || !search.urgent || clock.monotonicMs() >= until) return found;
      await new Promise<void>((resolve) => timers.later(resolve, LOOK_MS));
      if (this.#stopped) return "closed";
    }
  }

  /** @param without members that have answered and do not have the blob; grows */
  async #askConnected(search: Search, without: Set<number>): Promise<Found> {
    const { peers } = this.#options;
    const { sha256, size } = search.wanted;
    const reachable = new Set(peers.reachable());
    const left = this.#inOrder(search.wanted.source).filter((id) => reachable.has(id) && !without.has(id));
    while (left.length > 0) {
      const from = await this.#next(search, left);
      if (this.#stopped) return "closed";
      left.splice(left.indexOf(from), 1);
      if (!search.urgent) this.#bucket(from).take(size);
      const answer = await peers.fetch(from, sha256, size);
      if (this.#stopped) return "closed";
      if (answer.kind === "lost") continue;
      if (answer.kind === "blob") {
        if (hasSha256(answer.bytes, sha256)) return answer.bytes;
        this.#options.metrics.lied();
      }
      without.add(from);
    }
    return this.#others?.every((id) => without.has(id)) === true ? "not-found" : "unreachable";
  }

  /** The first of `left` that may be asked now; waits until there is one. */
  async #next(search: Search, left: readonly number[]): Promise<number> {
    const { timers } = this.#options;
    for (;;) {
      const waits = left.map((id) => (search.urgent || this.#stopped ? 0 : this.#bucket(id).waitMs()));
      const shortest = Math.min(...waits);
      if (shortest === 0) return left[waits.indexOf(0)] as number;
      await new Promise<void>((resolve) => {
        const cancel = timers.later(resolve, shortest);
        search.wake = () => {
          cancel();
          resolve();
        };
      });
      search.wake = undefined;
    }
  }

  /** The hint first, then the others in random order. */
  #inOrder(hint: number): number[] {
    const ids = (this.#others ?? []).filter((id) => id !== hint);
    for (let at = ids.length - 1; at > 0; at--) {
      const other = this.#options.random.nextInt(at + 1);
      [ids[at], ids[other]] = [ids[other] as number, ids[at] as number];
    }
    return this.#others?.includes(hint) ? [hint, ...ids] : ids;
  }

  #bucket(id: number): TokenBucket {
    let bucket = this.#buckets.get(id);
    if (bucket === undefined) {
      bucket = new TokenBucket(this.#options.clock, this.#options.limit);
      this.#buckets.set(id, bucket);
    }
    return bucket;
  }
}
