/**
 * The few numbers that every thread reads and one thread writes, in shared memory: what a linearizable read needs to know
 * without asking another thread.
 *
 * Who writes what: *consensus* writes term, commitIndex, leaseUntil; *store* writes appliedIndex, appliedCommitTs; *control*
 * writes diskSpace.
 * Each field is one 64-bit atomic, so a reader never sees half of one. Order matters between fields: the store
 * publishes appliedCommitTs before appliedIndex, so whoever reads the index first gets a timestamp at least as new.
 */
const FIELDS = {
  term: 0,
  commitIndex: 1,
  leaseUntilUs: 2,
  appliedIndex: 3,
  appliedCommitTs: 4,
  diskSpace: 5,
} as const;
const FIELD_COUNT = 6;

/** What the disk of this node has left. `reserve`: only what gives space back is taken; `none`: nothing is. */
export type DiskSpace = "enough" | "reserve" | "none";
const DISK_SPACE: readonly DiskSpace[] = ["enough", "reserve", "none"];

export class PublishedState {
  readonly buffer: SharedArrayBuffer;
  readonly #words: BigInt64Array;

  /** @param buffer the one that another thread made (shared), or nothing to make a new one. */
  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(FIELD_COUNT * 8)) {
    this.buffer = buffer;
    this.#words = new BigInt64Array(buffer);
  }

  /** Term in which `leaseUntilUs` was granted to this node as leader. */
  get term(): number {
    return Number(Atomics.load(this.#words, FIELDS.term));
  }

  /** Highest index this node knows to be committed. */
  get commitIndex(): number {
    return Number(Atomics.load(this.#words, FIELDS.commitIndex));
  }

  /** Monotonic time in microseconds until which this node alone is certain to be the leader; 0 = no lease. */
  get leaseUntilUs(): number {
    return Number(Atomics.load(this.#words, FIELDS.leaseUntilUs));
  }

  /** Highest index whose effects readers of the store can see. */
  get appliedIndex(): number {
    return Number(Atomics.load(this.#words, FIELDS.appliedIndex));
  }

  /** Newest commit timestamp whose effects readers of the store can see. */
  get appliedCommitTs(): bigint {
    return Atomics.load(this.#words, FIELDS.appliedCommitTs);
  }

  get diskSpace(): DiskSpace {
    return DISK_SPACE[Number(Atomics.load(this.#words, FIELDS.diskSpace))] as DiskSpace;
  }

  publishDiskSpace(space: DiskSpace): void {
    Atomics.store(this.#words, FIELDS.diskSpace, BigInt(DISK_SPACE.indexOf(space)));
  }

  publishCommit(index: number): void {
    Atomics.store(this.#words, FIELDS.commitIndex, BigInt(index));
  }

  publishLease(term: number, untilUs: number): void {
    // The lease goes first to nothing: no reader may pair the new term with the old lease.
    Atomics.store(this.#words, FIELDS.leaseUntilUs, 0n);
    Atomics.store(this.#words, FIELDS.term, BigInt(term));
    Atomics.store(this.#words, FIELDS.leaseUntilUs, BigInt(Math.floor(untilUs)));
  }

  publishApplied(index: number, commitTs: bigint): void {
    Atomics.store(this.#words, FIELDS.appliedCommitTs, commitTs);
    Atomics.store(this.#words, FIELDS.appliedIndex, BigInt(index));
  }
}
