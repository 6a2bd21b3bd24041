/** What the admin application shows, and where it gets it from. */
import type { ClusterReply, MemberChange } from "../messages/cluster.ts";

export type ChangeReply = Exclude<ClusterReply, { kind: "status" }>;

export interface AdminDeps {
  readiness(): Readiness;
  /** All threads' metrics in Prometheus' text format. */
  metrics(): Promise<string>;
  /** As the leader sees it; without one, as this node does. */
  cluster(): Promise<ClusterStatus>;
  /** Carried out by the leader, wherever it is asked. Answered `done` or `refused`. */
  changeCluster(change: MemberChange, configurationIndex: number | null): Promise<ChangeReply>;
  readonly version: VersionInfo;
}

/** Ready = a client that comes now is served. */
export type Readiness =
  | { readonly ready: true }
  | { readonly ready: false; readonly reasons: readonly NotReadyReason[] };

export interface NotReadyReason {
  readonly code: NotReadyCode;
  /** For people: what is missing, and what to do about it. */
  readonly message: string;
}

export const NOT_READY_CODES = [
  "starting",
  "replaying-log",
  "forming",
  "joining",
  "no-leader",
  "catching-up",
  "sealing-key",
  "disk-full",
  "out-of-descriptors",
  "fenced",
  "stopping",
] as const;
type NotReadyCode = (typeof NOT_READY_CODES)[number];

/** What is not known to whoever looks is null, never 0. */
export interface ClusterStatus {
  /** Empty while it is not known: a node that joins. */
  readonly clusterId: string;
  /** The node that answers. */
  readonly nodeId: string;
  /** Who looks: the leader; `own`: the node that answers, without an answer from a leader. */
  readonly view: "leader" | "own";
  /** Null while no leader is known. */
  readonly leaderId: string | null;
  readonly term: number;
  /** What a change is guarded by. Null while there is none. */
  readonly configurationIndex: number | null;
  /** A joint change is under way. */
  readonly joint: boolean;
  /** The member that leadership is being handed to. */
  readonly transferTo: string | null;
  readonly commitIndex: number;
  readonly members: readonly MemberStatus[];
  /** Plain sentences: what is wrong and what to do next. Empty when nothing is. */
  readonly advice: readonly string[];
}

export interface MemberStatus {
  readonly id: string;
  /** Null when it listens to no peers (a single node). */
  readonly peerAddress: string | null;
  readonly role: MemberRole;
  /** By the joint change under way it gets a vote, or loses its own. */
  readonly change: "joining" | "leaving" | null;
  /** Highest log index known to be on its disk. */
  readonly match: number | null;
  /** Highest log index applied there. */
  readonly applied: number | null;
  /** Entries it is behind the leader's commit index. */
  readonly lag: number | null;
  readonly reachable: boolean | null;
  /** Since when the answering node has seen it unreachable, in seconds; null when it is reachable, or that is not known. */
  readonly unreachableSeconds: number | null;
  /** A snapshot of everything is on its way to it. */
  readonly snapshot: boolean | null;
  /** Its data directory is known to the cluster: only then may it vote. */
  readonly registered: boolean | null;
  /** What its S3 answers call it (`x-amz-id-2`, `<HostId>`); null while it is not registered. */
  readonly hostId: string | null;
  readonly version: string | null;
  /** Why it cannot be reached, was refused, or (when it can be reached) did not get the snapshot that it needs. */
  readonly problem: string | null;
}

export const MEMBER_ROLES = ["leader", "follower", "candidate", "learner"] as const;
type MemberRole = (typeof MEMBER_ROLES)[number];

interface VersionInfo {
  readonly version: string;
  readonly commit: string;
  readonly bun: string;
}
