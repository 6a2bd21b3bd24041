/** Joins the writes of this node and the pushes to its peers. */
import type { BlobFailure } from "../../messages/blobs.ts";
import { BlobError } from "../types.ts";
import type { LocalWrites } from "./local-writes.ts";
import type { BlobConnections } from "./options.ts";

/** The local half of a store: rejects with BlobError when this node does not hold the blob afterwards. */
export function localWrite(
  store: LocalWrites["store"],
): (sha256: Uint8Array, bytes: Uint8Array, pinUntilMs: number) => Promise<void> {
  return async (...blob) => {
    const result = await store(...blob);
    if (result === "disk-full") throw new BlobError("DISK_FULL", "no space on the disk of this node");
    if (result === "failed")
      throw new BlobError("IO", "this node cannot pin it: its clock is too far from the log's, or it stops");
  };
}

export function failureOf(error: unknown): BlobFailure {
  if (!(error instanceof BlobError)) return "IO";
  return error.code === "DISK_FULL" || error.code === "CLOSED" ? error.code : "IO";
}

/** The connections of a node that has no peers. */
export const NO_PEERS: BlobConnections = {
  setMembers: () => {},
  reachable: () => [],
  hasRoom: () => false,
  push: () => ({ result: Promise.resolve("lost"), abandon: () => {} }),
  fetch: () => Promise.resolve({ kind: "lost" }),
  ask: (_to, blobs) => Promise.resolve(blobs.map(() => "unknown")),
  close: () => {},
};
