/** The KvClient of this node: reads through the shard store, writes through the coordinator. */
import type { PayloadTarget, VersionedValue } from "../store/types.ts";
import type { KvClient, PayloadBuffer, ReadView, Txn, TxnOutcome } from "../txn/types.ts";
import type { ShardStore } from "./linearizable-reader.ts";
import type { Coordinator } from "./proposer.ts";

export class NodeKvClient implements KvClient {
  readonly #coordinator: Coordinator;
  readonly #shard: ShardStore;

  constructor(coordinator: Coordinator, shard: ShardStore) {
    this.#coordinator = coordinator;
    this.#shard = shard;
  }

  get maxTxnBytes(): number {
    return this.#coordinator.maxTxnBytes;
  }

  snapshot(): Promise<ReadView> {
    return this.#shard.snapshot();
  }

  getImmutable(key: Uint8Array, target?: PayloadTarget): Promise<VersionedValue | undefined> {
    return this.#shard.getImmutable(key, target);
  }

  transact(txn: Txn): Promise<TxnOutcome> {
    return this.#coordinator.transact(txn);
  }

  encodedSize(txn: Txn): number {
    return this.#coordinator.encodedSize(txn);
  }

  allocate(length: number): PayloadBuffer {
    return this.#coordinator.allocate(length);
  }
}
