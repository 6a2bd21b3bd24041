/** A keyspace in memory to which the real state machine applies references and sweeps. */

import { type Entry, EntryType } from "../../../src/raft/core/types.ts";
import { Fsm } from "../../../src/state/state-machine.ts";
import { encodeKey } from "../../../src/store/key-encoding.ts";
import type { MvccStore } from "../../../src/store/types.ts";
import { BLIND } from "../../../src/store/types.ts";
import { stampCommitTs } from "../../../src/txn/command.ts";
import { physicalMs, timestampFromMs } from "../../../src/txn/hlc.ts";
import { blobCountKey, decodeBlobCount, type Reference, referenceKey } from "../../../src/txn/references.ts";
import type { TxnMutation } from "../../../src/txn/types.ts";
import { encodeTxn } from "../encode-txn.ts";
import { MemoryGenerations } from "../memory-store/memory-generations.ts";
import type { MemoryState } from "../memory-store/state.ts";

const IDENTITY = { clusterId: "c", nodeId: "n1" };

export interface AppliedBlobs {
  readonly referenced: readonly Reference[];
  readonly swept: readonly Uint8Array[];
}

/** The references of the object `name`. */
const prefixOf = (name: string): Uint8Array => encodeKey(["r", name]);

export class BlobKeyspace {
  readonly generations: MemoryGenerations;
  readonly #store: MvccStore;
  readonly #fsm: Fsm;
  #index = 0;

  constructor(content?: MemoryState) {
    this.generations = new MemoryGenerations({
      fsmSyncMode: "sync",
      identity: IDENTITY,
      ...(content === undefined ? {} : { content }),
    });
    this.#store = this.generations.open();
    this.#index = this.#store.appliedState().index;
    this.#fsm = new Fsm(this.#store);
  }

  /** Physical HLC milliseconds of the last entry; 0 at first. */
  get appliedMs(): number {
    return physicalMs(this.#store.appliedState().commitTs);
  }

  /** Applies one transaction, stamped `ms` or later. */
  apply(ms: number, mutations: readonly TxnMutation[]): AppliedBlobs {
    const index = ++this.#index;
    const data = encodeTxn(
      { conditions: [], mutations },
      { origin: new Uint8Array(8), sequence: index, acknowledgedBelow: index },
    );
    const previous = this.#store.appliedState().commitTs;
    const stamp = timestampFromMs(ms);
    stampCommitTs(data, stamp > previous ? stamp : previous + 1n);
    const entry: Entry = { index, term: 1, type: EntryType.Normal, data };
    const { referenced, swept } = this.#fsm.apply([entry]);
    return { referenced: referenced.map((reference) => ({ ...reference })), swept };
  }

  reference(
    ms: number,
    name: string,
    blobs: readonly { readonly sha256: Uint8Array; readonly bytes: Uint8Array }[],
    source = 2,
  ): AppliedBlobs {
    const refs = blobs.map(({ sha256, bytes }) => ({ sha256, size: bytes.byteLength }));
    return this.apply(ms, [{ kind: "reference", prefix: prefixOf(name), first: 0, source, blobs: refs }]);
  }

  unreference(ms: number, name: string, number = 0): AppliedBlobs {
    return this.apply(ms, [{ kind: "unreference", key: referenceKey(prefixOf(name), number) }]);
  }

  /** References to the blob; undefined when there is no count row. */
  references(sha256: Uint8Array): number | undefined {
    const row = this.#store.getMetaAt(blobCountKey(sha256), BLIND);
    return row === undefined ? undefined : decodeBlobCount(row.value).references;
  }

  /** Sweeps a blob whose count has fallen to zero. */
  sweep(ms: number, sha256: Uint8Array): AppliedBlobs {
    const queuedTs = this.#store.getMetaAt(blobCountKey(sha256), BLIND)?.commitTs;
    if (queuedTs === undefined) throw new Error("the blob has no count row");
    return this.apply(ms, [{ kind: "sweep", queuedTs, sha256 }]);
  }

  /** Something else is written: the time of the log goes on. */
  tick(ms: number): void {
    const key = encodeKey(["x"]);
    this.apply(ms, [{ kind: "put", key, value: key }]);
  }
}
