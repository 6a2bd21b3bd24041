/** The keyspace as one gateway sees it: the linearizable reader reads, and the proposer writes. */
import type { PayloadTarget, VersionedValue } from "../store/types.ts";
import type { KvClient, KvGroup, PayloadBuffer, ReadView, Txn, TxnOutcome } from "../txn/types.ts";
import type { LinearizableReader } from "./linearizable-reader.ts";
import type { Proposer } from "./proposer.ts";

/** The client of a node with one group, which contains every bucket. */
export class NodeKvClient implements KvClient {
  readonly system: KvGroup;
  readonly groups: readonly KvGroup[];

  constructor(only: KvGroup) {
    this.system = only;
    this.groups = [only];
  }

  group(_bucket: string): KvGroup {
    return this.system;
  }
}

export class GroupClient implements KvGroup {
  readonly #proposer: Proposer;
  readonly #reads: LinearizableReader;

  constructor(proposer: Proposer, reads: LinearizableReader) {
    this.#proposer = proposer;
    this.#reads = reads;
  }

  get maxTxnBytes(): number {
    return this.#proposer.maxTxnBytes;
  }

  snapshot(): Promise<ReadView> {
    return this.#reads.snapshot();
  }

  getImmutable(key: Uint8Array, target?: PayloadTarget): Promise<VersionedValue | undefined> {
    return this.#reads.getImmutable(key, target);
  }

  transact(txn: Txn): Promise<TxnOutcome> {
    return this.#proposer.transact(txn);
  }

  encodedSize(txn: Txn): number {
    return this.#proposer.encodedSize(txn);
  }

  allocate(length: number): PayloadBuffer {
    return this.#proposer.allocate(length);
  }
}
