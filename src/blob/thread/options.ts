/** What the blob thread is made of. */
import type {
  BlobFailure,
  BlobMember,
  BlobToControl,
  BlobToGateway,
  BlobToStore,
  ConsensusToBlob,
  ControlToBlob,
  GatewayToBlob,
  StoreToBlob,
} from "../../messages/blobs.ts";
import type { Logger } from "../../monitoring/log.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Random } from "../../platform/random.ts";
import type { Timers } from "../../platform/timers.ts";
import type { KeyspaceReader } from "../../store/types.ts";
import type { Channel } from "../../threads/channel.ts";
import type { Fatal } from "../../threads/worker-host.ts";
import type { BlobPeers, BlobServer } from "../replication/types.ts";
import type { BlobStore } from "../types.ts";
import type { LocalWrites } from "./local-writes.ts";
import type { PinMark } from "./pin-mark.ts";
import type { BlobMetrics } from "./types.ts";

export interface BlobSettings {
  /** This node takes part in storing blobs beside the log. */
  readonly offload: boolean;
  /** Blobs that are fetched at the same time, without those that a client waits for. */
  readonly fetchWorkers: number;
  /** Missing blobs that may wait. */
  readonly fetchQueueSize: number;
  /** Bytes a second from each peer, and bytes at once after a pause. */
  readonly fetchRatePerPeer: number;
  readonly fetchBurstPerPeer: number;
  readonly backfillIntervalMs: number;
  readonly orphanScanIntervalMs: number;
  /** Own blobs that are younger are no orphans. */
  readonly graceMs: number;
  /** Bytes a second that the scrub reads; 0: no scrub. */
  readonly scrubRate: number;
  /** From the end of a scrub's round to the next. */
  readonly scrubIntervalMs: number;
  /** The longest pin; see `Pins`. */
  readonly pinMaxMs: number;
  /** With less free than this no blob is stored. Bytes. */
  readonly reserveBytes: number;
}

/** Connections to the blob threads of peers. */
export interface BlobConnections extends BlobPeers {
  close(): void;
}

type Replication =
  | { readonly kind: "stored"; readonly copies: number }
  | { readonly kind: "failed"; readonly failure: BlobFailure; readonly message: string };

/** Stores blobs here and on enough peers. */
export interface Replicator {
  setMembers(members: readonly BlobMember[]): void;
  store(sha256: Uint8Array, bytes: Uint8Array, pinUntilMs: number): Promise<Replication>;
}

export interface BlobThreadOptions {
  /** Raft id of this node. */
  readonly ownId: number;
  /** The times of the store are those of the log (`appliedMs`). */
  readonly store: BlobStore;
  readonly pinMark: PinMark;
  /** Opens the keyspace that is in force at the time of the call. */
  readonly openReader: () => KeyspaceReader;
  /** Physical HLC milliseconds of the newest applied commit timestamp. */
  readonly appliedMs: () => number;
  /** Free bytes of the file system that holds the blobs. */
  readonly freeBytes: () => number;
  readonly gateways: readonly Channel<GatewayToBlob, BlobToGateway>[];
  readonly consensus: Channel<ConsensusToBlob, never>;
  /** The store thread. */
  readonly state: Channel<StoreToBlob, BlobToStore>;
  readonly control: Channel<ControlToBlob, BlobToControl>;
  /** Reads the files with this node's certificate again. @throws NetworkError */
  readonly reloadCertificate?: () => void;
  /** Begins to listen for peers, and to answer their requests by `server`. */
  readonly connect: (server: BlobServer) => BlobConnections;
  readonly replicate: (peers: BlobPeers, writeLocal: LocalWrites["store"]) => Replicator;
  readonly settings: BlobSettings;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: BlobMetrics;
  /** Tells the other threads, a few times a second, how many reachable blobs are not here; undefined: not known yet. */
  readonly publishMissing: (missing: number | undefined) => void;
  /** Reports that the thread cannot continue; the process must end. */
  readonly fatal: Fatal;
}
