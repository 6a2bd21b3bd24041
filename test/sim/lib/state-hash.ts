import type { MemoryStore } from "../../support/memory-store/memory-store.ts";
import { hashBytes } from "./violation.ts";

const NOTHING = new Uint8Array(0);
const ALL = 1_000_000;

/** Of the live rows and of the state machine's own state. Old versions are each node's own business. */
export function stateHash(reader: Pick<MemoryStore, "appliedState" | "scanAt" | "getAt" | "states">): string {
  const { commitTs } = reader.appliedState();
  let hash = 1;
  let rows = 0;
  for (const { key, commitTs: at, value } of reader.scanAt(NOTHING, undefined, {
    limit: ALL,
    readTs: commitTs,
  })) {
    hash = hashBytes(value, hashBytes(key, hash)) ^ Number(at & 0xffff_ffffn);
    const payload = reader.getAt(key, commitTs)?.payload;
    if (payload !== undefined) hash = hashBytes(payload, hash);
    rows++;
  }
  for (const [name, value] of reader.states()) hash = hashBytes(value, hashBytes(Buffer.from(name), hash));
  return `${rows}:${(hash >>> 0).toString(16)}`;
}
