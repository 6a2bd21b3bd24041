import type { MvccStore } from "../types.ts";

/** Whose keyspace this is. */
export interface StoreIdentity {
  /** "" = not known yet: a node that is joining. The keyspace then belongs to the node only, until a later start. */
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
 * Writes down in a new keyspace who it belongs to, and refuses another's: its applied position means nothing in this
 * node's log, and a log that happens to be long enough would be continued on top of foreign rows (design/contract.md, section 3).
 * @param path names it in the message. @throws StoreIdentityError; StoreError when it cannot be read or written.
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
