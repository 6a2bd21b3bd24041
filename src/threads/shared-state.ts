/**
 * The numbers that every thread reads and one thread writes, in shared memory: a linearizable read gets them without
 * asking another thread.
 *
 * Layout, in words of 64 bits: 8 words of the node, then 8 words (a cache line) for each Raft group, in order of
 * group id. The creator of the memory decides the number of groups. An unused word is zero.
 *
 *      node    0 diskSpace   1 missingBlobs + 1   2 versionsOpen
 *      group   0 term   1 commitIndex   2 leaseUntilUs   3 appliedIndex   4 appliedCommitTs
 *
 * *Control* writes diskSpace, and the *blob* thread missingBlobs. *Consensus* writes versionsOpen, and term, commitIndex and leaseUntilUs of a group, and *store* writes
 * its appliedIndex and appliedCommitTs. Each field is one 64-bit atomic, so a reader never sees a partly written
 * field. The order between fields matters: the store publishes appliedCommitTs before appliedIndex, so a reader that
 * reads the index first gets a timestamp that is at least as new.
 */
import type { GroupId } from "./group.ts";

const NODE_WORDS = 8;
const GROUP_WORDS = 8;
const NODE = { diskSpace: 0, missingBlobs: 1, versionsOpen: 2 } as const;
const GROUP = { term: 0, commitIndex: 1, leaseUntilUs: 2, appliedIndex: 3, appliedCommitTs: 4 } as const;

/**
 * Space on the disk of this node. `reserve`: the node accepts only writes that free space; `none`: it accepts no
 * writes.
 */
export type DiskSpace = "enough" | "reserve" | "none";
const DISK_SPACE: readonly DiskSpace[] = ["enough", "reserve", "none"];

export class PublishedState {
  readonly buffer: SharedArrayBuffer;
  readonly #node: BigInt64Array;
  readonly #groups: readonly PublishedGroup[];

  /** @param from the number of groups, to make the memory; or the memory that another thread made */
  constructor(from: number | SharedArrayBuffer = 1) {
    this.buffer =
      typeof from === "number" ? new SharedArrayBuffer((NODE_WORDS + from * GROUP_WORDS) * 8) : from;
    this.#node = new BigInt64Array(this.buffer, 0, NODE_WORDS);
    const groups = (this.buffer.byteLength / 8 - NODE_WORDS) / GROUP_WORDS;
    this.#groups = Array.from(
      { length: groups },
      (_, id) =>
        new PublishedGroup(new BigInt64Array(this.buffer, (NODE_WORDS + id * GROUP_WORDS) * 8, GROUP_WORDS)),
    );
  }

  /**
   * The state of one Raft group; every call returns the same object. @throws RangeError when there is no such group
   */
  group(id: GroupId): PublishedGroup {
    const group = this.#groups[id];
    if (group === undefined) {
      throw new RangeError(`no Raft group ${id} in a shared state made for ${this.#groups.length}`);
    }
    return group;
  }

  get diskSpace(): DiskSpace {
    return DISK_SPACE[Number(Atomics.load(this.#node, NODE.diskSpace))] as DiskSpace;
  }

  publishDiskSpace(space: DiskSpace): void {
    Atomics.store(this.#node, NODE.diskSpace, BigInt(DISK_SPACE.indexOf(space)));
  }

  /** Reachable blobs that this node does not hold; undefined before the blob thread has compared all of them once. */
  get missingBlobs(): number | undefined {
    const stored = Number(Atomics.load(this.#node, NODE.missingBlobs));
    return stored === 0 ? undefined : stored - 1;
  }

  /** Every member of the cluster knows versions. */
  get versionsOpen(): boolean {
    return Atomics.load(this.#node, NODE.versionsOpen) === 1n;
  }

  publishVersionsOpen(open: boolean): void {
    Atomics.store(this.#node, NODE.versionsOpen, open ? 1n : 0n);
  }

  publishMissingBlobs(missing: number | undefined): void {
    Atomics.store(this.#node, NODE.missingBlobs, BigInt(missing === undefined ? 0 : missing + 1));
  }
}

/** The published state of one Raft group. */
export class PublishedGroup {
  readonly #words: BigInt64Array;

  constructor(words: BigInt64Array) {
    this.#words = words;
  }

  /** Term in which this node got `leaseUntilUs` as leader. */
  get term(): number {
    return Number(Atomics.load(this.#words, GROUP.term));
  }

  /** Highest index this node knows to be committed. */
  get commitIndex(): number {
    return Number(Atomics.load(this.#words, GROUP.commitIndex));
  }

  /** Monotonic time in microseconds until which only this node can be leader; 0 means that there is no lease. */
  get leaseUntilUs(): number {
    return Number(Atomics.load(this.#words, GROUP.leaseUntilUs));
  }

  /** Highest index whose effects readers of the store can see. */
  get appliedIndex(): number {
    return Number(Atomics.load(this.#words, GROUP.appliedIndex));
  }

  /** Newest commit timestamp whose effects readers of the store can see. */
  get appliedCommitTs(): bigint {
    return Atomics.load(this.#words, GROUP.appliedCommitTs);
  }

  publishCommit(index: number): void {
    Atomics.store(this.#words, GROUP.commitIndex, BigInt(index));
  }

  publishLease(term: number, untilUs: number): void {
    // The lease is cleared first: no reader may combine the new term with the old lease.
    Atomics.store(this.#words, GROUP.leaseUntilUs, 0n);
    Atomics.store(this.#words, GROUP.term, BigInt(term));
    Atomics.store(this.#words, GROUP.leaseUntilUs, BigInt(Math.floor(untilUs)));
  }

  publishApplied(index: number, commitTs: bigint): void {
    Atomics.store(this.#words, GROUP.appliedCommitTs, commitTs);
    Atomics.store(this.#words, GROUP.appliedIndex, BigInt(index));
  }
}
