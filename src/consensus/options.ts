/**
 * What a consensus thread is given: by `consensus-worker.ts` in a node, by tests and the simulator in one thread. The same
 * thread runs in both.
 */
import type { ClusterContext, ClusterIdentity, NamedAddress, RaftSettings } from "../cluster/types.ts";
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
import type { LogFormat, LogLevel } from "../monitoring/log.ts";
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

/** Nobody is behind a node without peers. */
export function retainBytesOf({ peer, raft }: Pick<ConsensusThreadOptions, "peer" | "raft">): number {
  return peer === undefined ? 0 : (raft.retainBytes ?? RETAIN_BYTES);
}

/** The log thread as the consensus thread sees it. */
export interface LogThreadPort {
  /** What the log said when it was opened. */
  opened(): Promise<RecoveredLog>;
  /** Answered through `onAppended` once it (and everything before it) is on disk. */
  append(id: number, batch: WalBatch): void;
  onAppended(receive: (id: number) => void): void;
  /** Entries in [low, high): at least one, at most about `maxBytes`. Rejects with LogThreadError, code COMPACTED or
   *  UNAVAILABLE when the log does not have the first of them. */
  read(low: number, high: number, maxBytes: number): Promise<readonly Entry[]>;
  /** The state up to the marker is durable elsewhere; entries at or below `throughIndex` may go. */
  compact(marker: SnapshotMetadata, throughIndex: number): void;
}

interface MemberObservation {
  readonly name: string;
  readonly role: "voter" | "learner";
  /** Entries behind the leader's commit; only while this node leads. */
  readonly lag: number;
  readonly reachable: boolean;
}

export interface ConsensusObservation {
  readonly status: BasicStatus;
  readonly appliedIndex: number;
  readonly hlcPhysicalMs: number;
  readonly hlcCeilingMs: number;
  readonly hlcSkewMs: number;
  /** This node serves reads without asking anybody at this moment. */
  readonly leaseValid: boolean;
  /** Empty unless this node leads. */
  readonly members: readonly MemberObservation[];
}

export interface ConsensusThreadMetrics {
  proposed(entries: number): void;
  dropped(entries: number): void;
  /** Proposals of this node sent to the leader on another one. */
  forwarded(entries: number): void;
  /** One read-index round asked for. */
  readIndexRound(): void;
  snapshot(direction: "sent" | "received", outcome: "finished" | "failed"): void;
  tickLateness(seconds: number): void;
  /** Once a tick. */
  observe(observation: ConsensusObservation): void;
}

/** What a ConsensusThread is made with. */
export interface ConsensusThreadOptions extends ClusterContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly published: PublishedState;
  readonly control: Channel<ControlToConsensus, ConsensusToControl>;
  /** In the order in which the store knows them. */
  readonly gateways: readonly Channel<GatewayToConsensus, ConsensusToGateway>[];
  readonly store: Channel<StoreToConsensus, ConsensusToStore>;
  readonly snapshots: Channel<SnapshotToConsensus, ConsensusToSnapshot>;
  readonly log: LogThreadPort;
  readonly metrics: ConsensusThreadMetrics;
  readonly fatal: Fatal;
  /** Called at the end of each tick. */
  readonly alive?: (() => void) | undefined;
}

/** What main posts to the consensus Worker, once. */
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
        readonly tls?: { readonly certFile: string; readonly keyFile: string; readonly caFile: string };
        /** Of the cluster, 32 bytes each (PeerAuthentication). */
        readonly secrets: readonly Uint8Array[];
      }
    | undefined;
  readonly raft: RaftSettings;
  /** Log segments kept at most once nothing needs the older ones. */
  readonly maxWalFiles: number;
  readonly version: string;
  /** Whom the thread tells that it lives. */
  readonly serviceManager: ServiceManagerAddress | undefined;
  readonly published: SharedArrayBuffer;
  readonly controlPort: PortLike;
  readonly gatewayPorts: readonly PortLike[];
  readonly storePort: PortLike;
  readonly logPort: PortLike;
  readonly snapshotPort: PortLike;
  readonly metricsPort: PortLike;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
}
