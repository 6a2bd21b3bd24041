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

/** The cluster as its leader sees it, or as another node does that has no answer from one. What it cannot know is null. */
export interface ClusterView {
  /** Who looks: the leader, or the node that was asked (`own`). */
  readonly view: "leader" | "own";
  readonly leader: string | null;
  readonly term: number;
  /** null: it has none yet. */
  readonly configurationIndex: number | null;
  /** A joint change is under way. */
  readonly joint: boolean;
  /** The member that leadership is being handed to; null: none, or not known. */
  readonly transferTo: string | null;
  readonly commitIndex: number;
  readonly firstIndex: number;
  readonly lastIndex: number;
  readonly members: readonly MemberView[];
}

export interface MemberView {
  readonly name: string;
  readonly address: string;
  readonly role: "leader" | "follower" | "candidate" | "learner";
  /** By the joint change under way it gets a vote, or loses its own. */
  readonly change: "joining" | "leaving" | null;
  /** Log index known to be on its disk, and applied there. */
  readonly match: number | null;
  readonly applied: number | null;
  /** Entries behind the leader's commit index. */
  readonly lag: number | null;
  readonly reachable: boolean | null;
  /** A keyspace snapshot is on its way to it. */
  readonly snapshot: boolean | null;
  readonly registered: boolean | null;
  /** What its S3 answers call it (host-id.ts); null while it is not registered. */
  readonly hostId: string | null;
  readonly version: string | null;
  /** Why it cannot be reached, was refused, or did not get the snapshot that it needs; null when nothing is wrong. */
  readonly problem: string | null;
}

/** Begins the problem of a member that can be reached. */
export const SNAPSHOT_FAILED = "the last snapshot did not arrive: ";
