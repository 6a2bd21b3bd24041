import { createHash } from "node:crypto";
import { type BlobStoreOptions, openBlobStore } from "../../../src/blob/store/blob-store.ts";
import type { BlobRecovery } from "../../../src/blob/store/recovery.ts";
import { BlobError, type BlobErrorCode, type BlobStore, type NewBlob } from "../../../src/blob/types.ts";
import { realDisk } from "../../../src/platform/disk/real-disk.ts";
import { SeededRandom, shared } from "../../store/helpers.ts";

export const IDENTITY = { clusterId: "cluster-1", nodeId: "node-1" };
/** Small, so that a test fills several segments. */
export const SEGMENT_BYTES = 64 << 10;

export function blobOf(bytes: Uint8Array): NewBlob {
  return { sha256: new Uint8Array(createHash("sha256").update(bytes).digest()), bytes: shared(bytes) };
}

/** A blob with content of its own. */
export function blob(seed: number, size = 5_000): NewBlob {
  return blobOf(new SeededRandom(seed + 1).bytes(size));
}

class ManualTimers {
  tasks: (() => void)[] = [];
  later(task: () => void): () => void {
    this.tasks.push(task);
    return () => {
      this.tasks = this.tasks.filter((other) => other !== task);
    };
  }
  run(): void {
    for (const task of this.tasks.splice(0)) task();
  }
}

export interface Opened {
  readonly store: BlobStore;
  readonly recovery: BlobRecovery;
  readonly timers: ManualTimers;
}

export function openStore(directory: string, options: Partial<BlobStoreOptions> = {}): Opened {
  let recovery: BlobRecovery | undefined;
  const timers = new ManualTimers();
  const store = openBlobStore({
    disk: realDisk,
    directory,
    identity: IDENTITY,
    clock: { nowMs: () => 1_000 },
    timers,
    segmentBytes: SEGMENT_BYTES,
    onRecovery: (found) => {
      recovery = found;
    },
    ...options,
  });
  if (recovery === undefined) throw new Error("the store has not said what it found");
  return { store, recovery, timers };
}

/** The code of the BlobError that `action` throws; undefined when it throws none. */
export function codeOf(action: () => unknown): BlobErrorCode | undefined {
  try {
    action();
  } catch (error) {
    if (error instanceof BlobError) return error.code;
    throw error;
  }
  return undefined;
}
