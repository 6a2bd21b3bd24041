/**
 * The messages of the blob thread, which keeps the node's blobs (content beside the log) and exchanges them with the
 * blob threads of its peers. Bodies never pass the consensus thread.
 */
import type { Reference } from "../txn/references.ts";

/** Why a blob could not be stored or fetched. */
export type BlobFailure =
  /** Fewer nodes than required hold the blob. */
  | "TOO_FEW_COPIES"
  | "DISK_FULL"
  /** No node that could be asked holds the blob with these bytes. */
  | "NOT_FOUND"
  /** Some peer could not be asked, so the blob may exist there. */
  | "UNREACHABLE"
  | "IO"
  | "CLOSED";

export type GatewayToBlob =
  /**
   * Stores a blob here and on enough peers, and pins the blob on each of them: no node deletes it before the applied
   * entries have passed `pinUntilMs` (physical HLC milliseconds). `bytes` lies in shared memory and must not change
   * before the answer.
   */
  | {
      readonly kind: "store";
      readonly id: number;
      readonly sha256: Uint8Array;
      readonly bytes: Uint8Array;
      readonly pinUntilMs: number;
    }
  /** Fetches a blob from a peer: this node does not hold it (yet), or holds damaged bytes. */
  | {
      readonly kind: "fetch";
      readonly id: number;
      readonly sha256: Uint8Array;
      readonly size: number;
      readonly source: number;
      /** The node's own copy cannot be read or is damaged: the fetched bytes replace it. */
      readonly damaged: boolean;
    };

export type BlobToGateway =
  /** `copies` nodes hold the blob durably. */
  | { readonly kind: "stored"; readonly id: number; readonly copies: number }
  /** Verified bytes. */
  | { readonly kind: "fetched"; readonly id: number; readonly bytes: Uint8Array }
  | { readonly kind: "failed"; readonly id: number; readonly failure: BlobFailure; readonly message: string }
  /** Whether writes may take the path of blobs now: every member can apply and keep them. */
  | { readonly kind: "offload"; readonly open: boolean };

/** A member as the blob thread needs it. */
export interface BlobMember {
  /** Raft id. */
  readonly id: number;
  readonly name: string;
  /** Id of the member's data directory. Absent: not known. */
  readonly instance?: string;
  readonly voter: boolean;
  /** Where the member exchanges blobs; undefined while it has not said so. */
  readonly blobAddress: string | undefined;
  /** The member has announced the capability `blobs`. */
  readonly capable: boolean;
}

export type ConsensusToBlob =
  /** Sent at the start of the replica, and when one of these values changes. `members` includes this node. */
  { readonly kind: "members"; readonly clusterId: string; readonly members: readonly BlobMember[] };

export type StoreToBlob =
  /** An apply batch that changed references, or swept blobs. */
  | {
      readonly kind: "applied";
      readonly referenced: readonly Reference[];
      readonly swept: readonly Uint8Array[];
    }
  /** As for a gateway: the blob thread opens its reader again, and answers. */
  | { readonly kind: "keyspace-replaced" };

export type BlobToStore = { readonly kind: "reader-reopened" };

export type ControlToBlob =
  /** The first linearizable read succeeded: the node has applied everything that was committed before its start. */
  | { readonly kind: "serving" }
  /** Which of these blobs do this node and each peer hold? `deep`: the copies are read and verified. */
  | {
      readonly kind: "check";
      readonly id: number;
      readonly blobs: readonly Uint8Array[];
      readonly deep: boolean;
    }
  | { readonly kind: "status"; readonly id: number }
  /** The files with this node's certificate have changed: later connections use them. */
  | { readonly kind: "certificate-renewed" }
  | { readonly kind: "stop" };

/** One copy of a blob, as its holder describes it. `unknown`: the holder could not be asked. */
export type CopyState = "present" | "missing" | "corrupt" | "unknown";

export interface BlobStatus {
  /** Blobs that this node holds, and their bytes. */
  readonly blobs: number;
  readonly bytes: number;
  /** Reachable blobs that this node does not hold, as far as it knows; undefined before the first scan has ended. */
  readonly missing: number | undefined;
  readonly offload: boolean;
}

export type BlobToControl =
  | {
      readonly kind: "checked";
      readonly id: number;
      /** For each member, by Raft id: the states in the order of the question. */
      readonly copies: readonly { readonly node: number; readonly states: readonly CopyState[] }[];
    }
  | { readonly kind: "status"; readonly id: number; readonly status: BlobStatus }
  | { readonly kind: "fatal"; readonly message: string }
  | { readonly kind: "stopped" };
