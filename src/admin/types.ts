/** What the admin application shows, and where it gets it from. */
import type { NotReadyCode } from "../api/codes.ts";
import type { ClusterStatus } from "../api/schemas.ts";
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

interface VersionInfo {
  readonly version: string;
  readonly commit: string;
  readonly bun: string;
}
