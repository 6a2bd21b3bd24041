import type { MvccStore } from "../types.ts";

/** The cluster and the node that a keyspace belongs to. */
export interface StoreIdentity {
  /**
   * "" while the node joins and does not know its cluster. The keyspace then belongs to the node only, until a later
   * start.
   */
  readonly clusterId: string;
  readonly nodeId: string;
}

/** @internal */
export class StoreIdentityError extends Error {
  readonly code = "WRONG_NODE";
  constructor(message: string) {
    super(message);
    this.name = "StoreIdentityError";
  }
}

const CLUSTER = "cluster-id";
const NODE = "node-id";

/**
 * Writes the identity into a new keyspace, and refuses a keyspace with another identity. The applied position of a
 * foreign keyspace has no meaning in this node's log, and a log that is long enough would continue on foreign rows
 * (design/contract.md, section 3).
 * @param path the name of the keyspace in the error message
 * @throws StoreIdentityError; StoreError when the identity cannot be read or written
 */
export function claimStore(store: MvccStore, path: string, identity: StoreIdentity): void {
  if (identity.clusterId !== "") claim(store, path, CLUSTER, "cluster", identity.clusterId);
  claim(store, path, NODE, "node", identity.nodeId);
}

function claim(store: MvccStore, path: string, name: string, what: string, mine: string): void {
  const stored = store.getMeta(name);
  if (stored === undefined) {
    store.putMeta(name, new TextEncoder().encode(mine));
    return;
  }
  const theirs = new TextDecoder().decode(stored);
  if (theirs === mine) return;
  throw new StoreIdentityError(`${path} belongs to ${what} ${theirs}, this is ${what} ${mine}`);
}
