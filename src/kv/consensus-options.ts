/**
 * What a consensus room is given: by `consensus-worker.ts` in a node, by tests and the simulator in one thread. The same
 * room runs in both.
 */
import type { LogFormat, Logger, LogLevel } from "../monitoring/log.ts";
import type { Clock } from "../platform/clock.ts";
import type { NetworkAddress } from "../platform/network.ts";
import type { Random } from "../platform/random.ts";
import type { Timers } from "../platform/timers.ts";
import type { BasicStatus, Entry, SnapshotMetadata } from "../raft/core/index.ts";
import type { PeerBoot } from "../raft/engine/boots.ts";
import type { Member } from "../raft/engine/types.ts";
import type { Transport, TransportOptions } from "../raft/transport/types.ts";
import type { RecoveredLog, WalBatch } from "../raft/wal/types.ts";
import type { Channel, PortLike } from "../rooms/channel.ts";
import type { PublishedState } from "../rooms/published-state.ts";
import type { Fatal } from "../rooms/worker-host.ts";
import type { AppliedState } from "../store/types.ts";
import type {
  ConsensusToFront,
  ConsensusToSnapshot,
  ConsensusToStore,
  FrontToConsensus,
  SnapshotToConsensus,
  StoreToConsensus,
} from "./messages.ts";

/** A node as the operator writes it: "name=host:port". */
export interface NamedAddress {
  readonly name: string;
  /** host:port of its peer listener. */
  readonly address: string;
}

/** Who this node is: DATA/node.json, and what the settings say. */
export interface ClusterIdentity {
  /** "" = joining, and not known yet: nothing is asked of the log and store rooms before the `roster-kept` that answers
   *  the `keep-roster` with the id. They may be started before it or after. */
  readonly clusterId: string;
  readonly name: string;
  /** 32 hex digits, made with the data directory. */
  readonly instance: string;
  /** What `keep-roster` gave on an earlier day; undefined = never formed (or joined). */
  readonly roster: readonly Member[] | undefined;
  /** The starts of this directory, newest last: the last is this one. Empty: none are kept (a node without peers). */
  readonly boots: readonly string[];
  /** What `keep-boots` gave last. */
  readonly peerBoots: readonly PeerBoot[];
  /** The data directory is new: an empty log is the first start and not a loss. */
  readonly initializing: boolean;
}

export interface RaftSettings {
  readonly tickMs: number;
  readonly electionTicks: number;
  readonly heartbeatTicks: number;
  readonly maxInflightMsgs: number;
  readonly maxInflightBytes: number;
  readonly maxSizePerMsgBytes: number;
  readonly maxUncommittedBytes: number;
  /** Bytes of committed entries handed to the store room at a time. */
  readonly maxCommittedBytesPerReady: number;
  /** Entries kept behind the applied position for slow followers. */
  readonly snapshotCount: number;
  /** Bytes of applied entries that stay in memory for followers that are a little behind; default RETAIN_BYTES. */
  readonly retainBytes?: number;
}

export const RETAIN_BYTES = 32 << 20;

/** Nobody is behind a node without peers. */
export function retainBytesOf({ peer, raft }: Pick<ConsensusAssembly, "peer" | "raft">): number {
  return peer === undefined ? 0 : (raft.retainBytes ?? RETAIN_BYTES);
}

/** The log room as the consensus room sees it. */
export interface LogRoomPort {
  /** What the log said when it was opened. */
  opened(): Promise<RecoveredLog>;
  /** Answered through `onAppended` once it (and everything before it) is on disk. */
  append(id: number, batch: WalBatch): void;
  onAppended(receive: (id: number) => void): void;
  /** Entries in [low, high): at least one, at most about `maxBytes`. Rejects with LogRoomError, code COMPACTED or
   *  UNAVAILABLE when the log does not have the first of them. */
  read(low: number, high: number, maxBytes: number): Promise<readonly Entry[]>;
  /** The state up to the marker is durable elsewhere; entries at or below `throughIndex` may go. */
  compact(marker: SnapshotMetadata, throughIndex: number): void;
}

export type TransportCallbacks = Pick<
  TransportOptions,
  | "hello"
  | "certify"
  | "admit"
  | "keep"
  | "onMessage"
  | "onUnreachable"
  | "onRefused"
  | "onProblem"
  | "onStranger"
  | "onHello"
  | "allocate"
>;

export interface PeerLink {
  /** Where peers reach this node: host:port. */
  readonly advertise: string;
  /** Each peer proves its name by certificate; without it whoever knows the cluster's secret is believed. */
  readonly tls: boolean;
  /** Makes the transport (not started): `(callbacks) => new PeerTransport(...)`. Called once. */
  readonly transport: (callbacks: TransportCallbacks) => Transport;
}

export interface MemberObservation {
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

export interface ConsensusRoomMetrics {
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

const nothing = (): void => {};
/** For tests and the simulator. */
export const NO_CONSENSUS_METRICS: ConsensusRoomMetrics = {
  proposed: nothing,
  dropped: nothing,
  forwarded: nothing,
  readIndexRound: nothing,
  snapshot: nothing,
  tickLateness: nothing,
  observe: nothing,
};

/** What `assembleConsensus` takes. */
export interface ConsensusAssembly {
  readonly identity: ClusterIdentity;
  /** Every member of the cluster that is to be formed, this node too; empty = a node alone (or one that joins). */
  readonly initialCluster: readonly NamedAddress[];
  /** Members of a cluster that this node is to join; empty = it does not join. */
  readonly join: readonly NamedAddress[];
  /** undefined = no peers, no listener. */
  readonly peer: PeerLink | undefined;
  readonly raft: RaftSettings;
  readonly clock: Clock;
  /** Ticks, deadlines, pauses: the room makes its own ticks from `start` on. */
  readonly timers: Timers;
  readonly random: Random;
  readonly published: PublishedState;
  readonly front: Channel<FrontToConsensus, ConsensusToFront>;
  readonly store: Channel<StoreToConsensus, ConsensusToStore>;
  readonly snapshots: Channel<SnapshotToConsensus, ConsensusToSnapshot>;
  readonly log: LogRoomPort;
  readonly metrics: ConsensusRoomMetrics;
  readonly logger: Logger;
  /** The release of this program, for hellos and the status page. */
  readonly version: string;
  readonly fatal: Fatal;
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
  readonly published: SharedArrayBuffer;
  readonly frontPort: PortLike;
  readonly storePort: PortLike;
  readonly logPort: PortLike;
  readonly snapshotPort: PortLike;
  readonly metricsPort: PortLike;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
}

/** What `assembleConsensus(options: ConsensusAssembly): AssembledConsensus` answers, at once. */
export interface AssembledConsensus {
  /** `start()`: everything begins, ticks included. `stop()`: the end of timers and connections (mail `stop` does it too). */
  readonly room: { start(): void; stop(): void };
  /** Log and keyspace are open and belong together; not before `start`, and when this node has yet to learn its cluster's id
   *  not before it has. Rejects with RecoveryError or LogRoomError; then the room has ended. */
  readonly opened: Promise<{ readonly recovered: RecoveredLog; readonly applied: AppliedState }>;
}
