/** Questions about the cluster and changes of it: from the admin API, through any node, to the leader's consensus room. */

export type ClusterRequest =
  | { readonly kind: "status" }
  | {
      readonly kind: "change";
      readonly change: MemberChange;
      /** The configuration the decision was made on (ClusterView.configurationIndex); null = whatever it is. */
      readonly configurationIndex: number | null;
    };

export type MemberChange =
  | { readonly kind: "add-learner"; readonly name: string; readonly address: string }
  | { readonly kind: "promote"; readonly name: string }
  | { readonly kind: "remove"; readonly name: string }
  /** One joint change: `promote`, a learner that has caught up, becomes a voter as `remove` leaves. */
  | { readonly kind: "replace"; readonly remove: string; readonly promote: string }
  /** `to` null: whoever is furthest. */
  | { readonly kind: "transfer-leader"; readonly to: string | null };

export type ClusterReply =
  | { readonly kind: "status"; readonly view: ClusterView }
  /** `changed` false: it was like that already (a request that is made again). Answered once applied by the leader. */
  | { readonly kind: "done"; readonly changed: boolean; readonly configurationIndex: number }
  | { readonly kind: "refused"; readonly code: ClusterRefusalCode; readonly message: string };

export const CLUSTER_REFUSAL_CODES = [
  "NO_LEADER",
  /** The configuration is not the one the decision was made on: look again. */
  "STALE_CONFIGURATION",
  "CHANGE_IN_PROGRESS",
  "UNKNOWN_MEMBER",
  "ALREADY_MEMBER",
  /** The name or the data directory was removed before and may not come back. */
  "REMOVED_MEMBER",
  "NOT_A_LEARNER",
  "NOT_CAUGHT_UP",
  /** The node was never met, so nobody knows whose data directory would vote. */
  "NOT_REGISTERED",
  "WOULD_LOSE_QUORUM",
  "LAST_VOTER",
  "INVALID",
  "TRANSFER_FAILED",
  "TIMEOUT",
] as const;
export type ClusterRefusalCode = (typeof CLUSTER_REFUSAL_CODES)[number];

/** The cluster as the answering node's leader sees it (or, without one, the node itself: `leaderId` null). */
export interface ClusterView {
  readonly leader: string | null;
  readonly term: number;
  readonly configurationIndex: number;
  /** A joint change is under way. */
  readonly joint: boolean;
  readonly commitIndex: number;
  readonly firstIndex: number;
  readonly lastIndex: number;
  readonly members: readonly MemberView[];
}

export interface MemberView {
  readonly name: string;
  readonly address: string;
  readonly role: "leader" | "follower" | "candidate" | "learner";
  /** Log index known to be on its disk, and applied there; 0 when the answering node cannot know. */
  readonly match: number;
  readonly applied: number;
  /** Entries behind the leader's commit index. */
  readonly lag: number;
  readonly reachable: boolean;
  /** A keyspace snapshot is on its way to it. */
  readonly snapshot: boolean;
  readonly registered: boolean;
  /** What its S3 answers call it (host-id.ts); null while it is not registered. */
  readonly hostId: string | null;
  readonly version: string | null;
  /** Why it cannot be reached, was refused, or did not get the snapshot that it needs; null when nothing is wrong. */
  readonly problem: string | null;
}

/** Begins the problem of a member that can be reached. */
export const SNAPSHOT_FAILED = "the last snapshot did not arrive: ";
