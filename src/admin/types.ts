/** What the admin application shows, and where it gets it from. */

export interface AdminDeps {
  readiness(): Readiness;
  /** All rooms' metrics in Prometheus' text format. */
  metrics(): Promise<string>;
  cluster(): ClusterStatus;
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
  "no-leader",
  "catching-up",
  "disk-full",
  "stopping",
] as const;
export type NotReadyCode = (typeof NOT_READY_CODES)[number];

export interface ClusterStatus {
  readonly clusterId: string;
  readonly nodeId: string;
  /** Null while no leader is known. */
  readonly leaderId: string | null;
  readonly term: number;
  readonly members: readonly MemberStatus[];
}

export interface MemberStatus {
  readonly id: string;
  /** Null when it listens to no peers (a single node). */
  readonly peerAddress: string | null;
  readonly role: MemberRole;
  /** Highest log index known to be on its disk. */
  readonly match: number;
  /** Highest log index applied there. */
  readonly applied: number;
  /** Entries it is behind the leader's commit index. */
  readonly lag: number;
  readonly reachable: boolean;
}

export const MEMBER_ROLES = ["leader", "follower", "candidate", "learner"] as const;
export type MemberRole = (typeof MEMBER_ROLES)[number];

export interface VersionInfo {
  readonly version: string;
  readonly commit: string;
  readonly bun: string;
}
