/**
 * Options of a consensus thread. `consensus-worker.ts` gives them in a node; tests and the simulator give them in
 * one thread. The same code runs in both.
 */
import type {
  BlobsHere,
  ClusterContext,
  ClusterIdentity,
  NamedAddress,
  RaftSettings,
} from "../cluster/types.ts";
import type { ConsensusToBlob } from "../messages/blobs.ts";
import type {
  ConsensusToControl,
  ConsensusToGateway,
  ConsensusToSnapshot,
  ConsensusToStore,
  ControlToConsensus,
  GatewayToConsensus,
  SnapshotToConsensus,
  StoreToConsensus,
} from "../messages/messages.ts";
import type { LogFormat, LogLevel, SharedLogLevel } from "../monitoring/log.ts";
import type { Clock } from "../platform/clock.ts";
import type { NetworkAddress } from "../platform/network.ts";
import type { Random } from "../platform/random.ts";
import type { ServiceManagerAddress } from "../platform/service-manager.ts";
import type { BasicStatus, Entry, SnapshotMetadata } from "../raft/core/index.ts";
import type { RecoveredLog, WalBatch } from "../raft/log/types.ts";
import type { Channel, PortLike } from "../threads/channel.ts";
import type { PublishedState } from "../threads/shared-state.ts";
import type { Fatal } from "../threads/worker-host.ts";

const RETAIN_BYTES = 32 << 20;

/** Bytes of applied entries that a leader keeps in memory for followers. A node without peers has no follower. */
export function retainBytesOf({ peer, raft }: Pick<ConsensusThreadOptions, "peer" | "raft">): number {
  return peer === undefined ? 0 : (raft.retainBytes ?? RETAIN_BYTES);
}

/** The log thread as the consensus thread sees it. */
export interface LogThreadPort {
  /** Resolves with the content of the log as it was found when the log was opened. */
  opened(): Promise<RecoveredLog>;
  /** Answered through `onAppended` once this append, and every append before it, is on disk. */
  append(id: number, batch: WalBatch): void;
  onAppended(receive: (id: number) => void): void;
  /**
   * Reads entries in [low, high): at least one, at most about `maxBytes`. Rejects with LogThreadError, code
   * COMPACTED or UNAVAILABLE, when the log does not have entry `low`.
   */
  read(low: number, high: number, maxBytes: number): Promise<readonly Entry[]>;
  /** The state up to the marker is durable elsewhere. The log may drop entries at or below `throughIndex`. */
  compact(marker: SnapshotMetadata, throughIndex: number): void;
}

interface MemberObservation {
  readonly name: string;
  readonly role: "voter" | "learner";
  /** Entries behind the leader's commit. Only a leader reports the lag. */
  readonly lag: number;
  readonly reachable: boolean;
}

export interface ConsensusObservation {
  readonly status: BasicStatus;
  readonly appliedIndex: number;
  readonly hlcPhysicalMs: number;
  readonly hlcCeilingMs: number;
  readonly hlcSkewMs: number;
  /** This node has a valid lease: it serves reads without asking another node. */
  readonly leaseValid: boolean;
  /** Empty unless this node leads. */
  readonly members: readonly MemberObservation[];
}

export interface ConsensusThreadMetrics {
  proposed(entries: number): void;
  dropped(entries: number): void;
  /** Counts proposals of this node that were sent to the leader on another node. */
  forwarded(entries: number): void;
  /** Counts one request for a read-index round. */
  readIndexRound(): void;
  snapshot(direction: "sent" | "received", outcome: "finished" | "failed"): void;
  tickLateness(seconds: number): void;
  /** Called once a tick. */
  observe(observation: ConsensusObservation): void;
}

/** Options of a ConsensusThread. */
export interface ConsensusThreadOptions extends ClusterContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly published: PublishedState;
  readonly control: Channel<ControlToConsensus, ConsensusToControl>;
  /** Channels in the order of the gateway indexes, which the store uses too. */
  readonly gateways: readonly Channel<GatewayToConsensus, ConsensusToGateway>[];
  readonly store: Channel<StoreToConsensus, ConsensusToStore>;
  readonly snapshots: Channel<SnapshotToConsensus, ConsensusToSnapshot>;
  /** The blob thread, on a node that has one. */
  readonly blob?: Pick<Channel<never, ConsensusToBlob>, "send"> | undefined;
  readonly log: LogThreadPort;
  readonly metrics: ConsensusThreadMetrics;
  readonly fatal: Fatal;
  /** Called at the end of each tick. */
  readonly alive?: (() => void) | undefined;
}

/** The message that main posts once to the consensus Worker. */
export interface ConsensusWorkerInit {
  readonly identity: ClusterIdentity;
  readonly initialCluster: readonly NamedAddress[];
  readonly join: readonly NamedAddress[];
  readonly peer:
    | {
        readonly listen: NetworkAddress;
        /** host:port. */
        readonly advertise: string;
        readonly lanes: 4 | 2;
        readonly tls?: {
          readonly certFile: string;
          readonly keyFile: string;
          readonly caFile: string;
          /** The CA is the cluster's own: nodes without a certificate may ask to join. */
          readonly joins: boolean;
        };
        /** Secrets of the cluster, 32 bytes each (PeerAuthentication). */
        readonly secrets: readonly Uint8Array[];
      }
    | undefined;
  readonly blobs?: BlobsHere;
  readonly raft: RaftSettings;
  /** Maximum number of log segments that the log keeps once nothing needs the older segments. */
  readonly maxWalFiles: number;
  readonly version: string;
  /** Service manager (systemd) that receives the thread's watchdog messages. */
  readonly serviceManager: ServiceManagerAddress | undefined;
  readonly published: SharedArrayBuffer;
  readonly controlPort: PortLike;
  readonly gatewayPorts: readonly PortLike[];
  readonly storePort: PortLike;
  readonly logPort: PortLike;
  readonly snapshotPort: PortLike;
  readonly blobPort?: PortLike;
  readonly metricsPort: PortLike;
  readonly logLevel: LogLevel | SharedLogLevel;
  readonly logFormat: LogFormat;
}
