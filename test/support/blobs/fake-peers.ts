/** Peers of one node, in memory: they answer when the test says so, and may lie. */

import type { BlobPeers, FetchResult, Push, PushResult } from "../../../src/blob/replication/types.ts";
import type { BlobMember, CopyState } from "../../../src/messages/blobs.ts";
import { mapKeyOf } from "../../../src/platform/bytes.ts";

export class FakePeers implements BlobPeers {
  /** Raft ids of the peers to which a connection is up. */
  up = new Set<number>();
  /** What each peer answers to a fetch, by its id and the SHA-256. */
  readonly #held = new Map<number, Map<string, Uint8Array>>();
  members: readonly BlobMember[] = [];
  /** Sources of the fetches, in order. */
  readonly fetched: number[] = [];
  /** While set, fetches wait for it. */
  gate: Promise<void> | undefined;
  pushResult: PushResult = "stored";
  closed = false;

  hold(peer: number, sha256: Uint8Array, bytes: Uint8Array): void {
    this.up.add(peer);
    const held = this.#held.get(peer) ?? new Map<string, Uint8Array>();
    held.set(mapKeyOf(sha256), bytes);
    this.#held.set(peer, held);
  }

  setMembers(_clusterId: string, members: readonly BlobMember[]): void {
    this.members = members;
  }

  reachable(): readonly number[] {
    return [...this.up];
  }

  hasRoom(): boolean {
    return true;
  }

  push(): Push {
    return { result: Promise.resolve(this.pushResult), abandon: () => {} };
  }

  async fetch(from: number, sha256: Uint8Array): Promise<FetchResult> {
    this.fetched.push(from);
    await this.gate;
    if (!this.up.has(from)) return { kind: "lost" };
    const bytes = this.#held.get(from)?.get(mapKeyOf(sha256));
    return bytes === undefined ? { kind: "not-found" } : { kind: "blob", bytes };
  }

  async ask(to: number, blobs: readonly Uint8Array[]): Promise<CopyState[]> {
    const held = this.#held.get(to);
    return blobs.map((sha256) => {
      if (!this.up.has(to)) return "unknown";
      return held?.has(mapKeyOf(sha256)) === true ? "present" : "missing";
    });
  }

  close(): void {
    this.closed = true;
  }
}
