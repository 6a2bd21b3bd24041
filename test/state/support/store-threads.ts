/** What the tests of the store and snapshot threads share: time by hand, a membership, entries, a keyspace with a full disk. */

import type { Membership } from "../../../src/cluster/registry/membership.ts";
import { type Entry, EntryType } from "../../../src/raft/core/types.ts";
import { type AppliedState, type RaftBatch, StoreError, type Timestamp } from "../../../src/store/types.ts";
import { stampCommitTs } from "../../../src/txn/command.ts";
import { timestampFromMs } from "../../../src/txn/hlc.ts";
import { encodeTxn } from "../../support/encode-txn.ts";
import { MemoryGenerations } from "../../support/memory-store/memory-generations.ts";
import { MemoryStore } from "../../support/memory-store/memory-store.ts";

export const ORIGIN = new Uint8Array(8);
export const IDENTITY = { clusterId: "c", nodeId: "n1" };

export const MEMBERSHIP: Membership = {
  index: 1,
  confState: { voters: [7], votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false },
  members: [{ id: 7, name: "n1", address: "127.0.0.1:1", instance: "" }],
  removed: [],
};

/** Entry `index` puts the key `k<index>`. */
export function entry(index: number): Entry {
  const key = new TextEncoder().encode(`k${index}`);
  const data = encodeTxn(
    { conditions: [], mutations: [{ kind: "put", key, value: key }] },
    { origin: ORIGIN, sequence: index, acknowledgedBelow: 1 },
  );
  stampCommitTs(data, timestampFromMs(1_000_000 + index));
  return { index, term: 1, type: EntryType.Normal, data };
}

/** A keyspace whose disk can be full: applies fail then. What was dropped gives space. */
export class FullGenerations extends MemoryGenerations {
  full = false;
  compactions = 0;
  /** The store in force. */
  store: MemoryStore | undefined;

  override open(): MemoryStore {
    const store = super.open();
    store.raftBatch = <T>(position: AppliedState, apply: (batch: RaftBatch) => T): T => {
      if (this.full) throw new StoreError("DISK_FULL", "no space left");
      return MemoryStore.prototype.raftBatch.call(store, position, apply as never) as T;
    };
    store.compactVersions = (horizon: Timestamp, maxRows: number): number => {
      this.compactions++;
      return MemoryStore.prototype.compactVersions.call(store, horizon, maxRows);
    };
    this.store = store;
    return store;
  }
}
