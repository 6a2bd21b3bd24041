import type { BlobFailure, BlobMember } from "../../messages/blobs.ts";
import { DEGRADE_MS, HEDGE_MS, STORE_MS } from "./limits.ts";
import type { BlobReplicatorOptions } from "./options.ts";
import type { Copies } from "./quorum.ts";
import type { Push, PushResult } from "./types.ts";

export type StoreOutcome =
  /** `copies` voters hold the blob durably. */
  | { readonly kind: "stored"; readonly copies: number }
  | { readonly kind: "failed"; readonly failure: BlobFailure; readonly message: string };

export interface BlobToStore {
  readonly sha256: Uint8Array;
  readonly bytes: Uint8Array;
  readonly pinUntilMs: number;
}

/**
 * One blob on its way to enough voters. It goes to every reachable member with room at once, and to the local disk.
 * Voters with a full window are tried while copies would be missing without them. When no voter is left that could
 * still answer, or DEGRADE_MS have passed, the floor is enough.
 */
export class BlobStoring {
  readonly outcome: Promise<StoreOutcome>;
  readonly #options: BlobReplicatorOptions;
  readonly #blob: BlobToStore;
  readonly #copies: Copies;
  /** Ids of the voters when the store began, voters before learners in the order of pushes. */
  readonly #voters: ReadonlySet<number>;
  /** Voters that hold the blob durably: a set, so that no copy counts twice. */
  readonly #holders = new Set<number>();
  readonly #tried = new Set<number>();
  readonly #pushes = new Map<number, Push>();
  /** What each voter answered that does not hold the blob, for the message. */
  readonly #refusals = new Map<number, PushResult>();
  readonly #cancelTimers: (() => void)[] = [];
  #localDone = false;
  #localError: unknown;
  #hedge = false;
  #degrade = false;
  #expired = false;
  #ended = false;
  #resolve: (outcome: StoreOutcome) => void = () => {};

  constructor(
    options: BlobReplicatorOptions,
    members: readonly BlobMember[],
    copies: Copies,
    blob: BlobToStore,
  ) {
    this.#options = options;
    this.#blob = blob;
    this.#copies = copies;
    this.#voters = new Set(members.filter(({ voter }) => voter).map(({ id }) => id));
    // This node is no target: its copy is the local one.
    this.#tried.add(options.ownId);
    this.outcome = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    // The pushes are handed to their connections first, because the local write blocks this thread.
    this.#pushToAll(members);
    this.#writeHere();
    const { timers } = options;
    this.#cancelTimers.push(
      timers.later(() => this.#late("hedge"), HEDGE_MS),
      timers.later(() => this.#late("degrade"), DEGRADE_MS),
      timers.later(() => this.#late("expire"), STORE_MS),
    );
    this.#judge();
  }

  #pushToAll(members: readonly BlobMember[]): void {
    const { peers } = this.#options;
    const reachable = new Set(peers.reachable());
    for (const votes of [true, false]) {
      for (const { id, voter } of members) {
        if (voter !== votes || !reachable.has(id) || this.#tried.has(id)) continue;
        if (peers.hasRoom(id, this.#blob.bytes.byteLength)) this.#push(id);
      }
    }
  }

  #writeHere(): void {
    const { ownId, writeLocal } = this.#options;
    const { sha256, bytes, pinUntilMs } = this.#blob;
    const done = (error?: unknown): void => {
      this.#localDone = true;
      this.#localError = error;
      if (error === undefined && this.#voters.has(ownId)) this.#holders.add(ownId);
      this.#judge();
    };
    const write = async (): Promise<void> => writeLocal(sha256, bytes, pinUntilMs);
    write().then(
      () => done(),
      (error: unknown) => done(error ?? new Error("the local write failed")),
    );
  }

  #push(id: number): void {
    const { peers, metrics } = this.#options;
    const { sha256, bytes, pinUntilMs } = this.#blob;
    this.#tried.add(id);
    const size = bytes.byteLength;
    const push = peers.push(id, sha256, bytes, pinUntilMs);
    this.#pushes.set(id, push);
    const done = (result: PushResult): void => {
      this.#pushes.delete(id);
      metrics.pushed(result, size);
      if (this.#ended || !this.#voters.has(id)) return;
      if (result === "stored") this.#holders.add(id);
      else this.#refusals.set(id, result);
      this.#judge();
    };
    push.result.then(done, (error: unknown) => {
      this.#options.logger.error("a push failed", { peer: id, error });
      done("failed");
    });
  }

  #late(what: "hedge" | "degrade" | "expire"): void {
    if (what === "hedge") this.#hedge = true;
    else if (what === "degrade") this.#degrade = true;
    else this.#expired = true;
    this.#judge();
  }

  /** Decides after every event: more pushes, success, the floor, or failure. */
  #judge(): void {
    if (this.#ended) return;
    const { required, floor } = this.#copies;
    if (this.#holders.size < required) this.#tryMore();
    // The local write reads the memory that is free at the outcome.
    if (!this.#localDone) return;
    const copies = this.#holders.size;
    if (copies >= required) {
      this.#end({ kind: "stored", copies });
    } else if (copies >= floor && (this.#degrade || this.#underWay() === 0)) {
      this.#options.metrics.degraded();
      this.#end({ kind: "stored", copies });
    } else if (this.#underWay() === 0) {
      this.#fail("no other voter can be reached");
    } else if (this.#expired) {
      this.#fail(`not enough answers within ${STORE_MS} ms`);
    }
  }

  /** Pushes to voters that were not tried, however full their windows are, while copies would be missing. */
  #tryMore(): void {
    if (this.#ended) return;
    for (const id of this.#options.peers.reachable()) {
      if (!this.#hedge && this.#holders.size + this.#underWay() >= this.#copies.required) return;
      if (this.#voters.has(id) && !this.#tried.has(id)) this.#push(id);
    }
  }

  /** Voters that may still come to hold the blob. */
  #underWay(): number {
    let voters = !this.#localDone && this.#voters.has(this.#options.ownId) ? 1 : 0;
    for (const id of this.#pushes.keys()) if (this.#voters.has(id)) voters++;
    return voters;
  }

  #fail(why: string): void {
    const { required, floor } = this.#copies;
    const error = this.#localError;
    const answers = [...this.#refusals].map(([id, result]) => `node ${id}: ${result}`);
    if (error !== undefined) answers.push(`this node: ${error instanceof Error ? error.message : error}`);
    const message = `${this.#holders.size} of ${required} copies (${floor} at least): ${why}${answers.length > 0 ? ` (${answers.join(", ")})` : ""}`;
    const failure = error === undefined ? "TOO_FEW_COPIES" : this.#options.failureOf(error);
    this.#end({ kind: "failed", failure, message });
  }

  #end(outcome: StoreOutcome): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const cancel of this.#cancelTimers) cancel();
    // What has not been copied to its connection by now is given up: the caller reuses the memory.
    for (const push of [...this.#pushes.values()]) push.abandon();
    this.#resolve(outcome);
  }
}
