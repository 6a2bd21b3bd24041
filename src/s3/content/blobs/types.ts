/** The blobs of the node, as the S3 path of blobs uses them. */
import type { BlobFailure } from "../../../messages/blobs.ts";
import type { Reference } from "../../../txn/references.ts";
import type { PayloadBuffer } from "../../../txn/types.ts";

/** Memory for a blob that is being read. */
export interface BlobMemory {
  /** Returns `length` bytes. */
  allocate(length: number): Uint8Array;
}

export interface BlobService {
  /** Writes may take the path of blobs now: every member can apply references and keep blobs. */
  readonly open: boolean;
  /** The time of the log, in physical HLC milliseconds of the newest applied commit: pins are counted from it. */
  readonly nowMs: number;
  /** Called before a pin is chosen: in a cluster where nothing happens the time of the log stands still. @throws KvError */
  refresh(): Promise<void> | undefined;
  /** Raft id of this node. */
  readonly node: number;
  /** Shared memory for one blob. The caller calls `release` after `store` has ended, with any outcome. */
  allocate(bytes: number): PayloadBuffer;
  /**
   * Resolves when enough nodes hold the blob durably. No node deletes the blob before the applied entries have passed
   * `pinUntilMs` (physical HLC milliseconds). `bytes` must not change before the end. @throws BlobServiceError
   */
  store(sha256: Uint8Array, bytes: Uint8Array, pinUntilMs: number): Promise<void>;
  /**
   * The verified bytes, from this node or from a peer; the view may lie in memory of `target`.
   * @throws BlobServiceError
   */
  read(reference: Reference, target: BlobMemory): Promise<Uint8Array>;
}

export class BlobServiceError extends Error {
  readonly code: BlobFailure;
  constructor(code: BlobFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "BlobServiceError";
    this.code = code;
  }
}
