/** The KvClient of this node: reads through the linearizable reader, writes through the proposer. */
import type { PayloadTarget, VersionedValue } from "../store/types.ts";
import type { KvClient, PayloadBuffer, ReadView, Txn, TxnOutcome } from "../txn/types.ts";
import type { LinearizableReader } from "./linearizable-reader.ts";
import type { Proposer } from "./proposer.ts";

export class NodeKvClient implements KvClient {
  readonly #proposer: Proposer;
  readonly #reads: LinearizableReader;

  constructor(proposer: Proposer, shard: LinearizableReader) {
    this.#proposer = proposer;
    this.#reads = shard;
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
