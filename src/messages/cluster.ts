/** Questions about the cluster and changes of it: from the admin API, through any node, to the leader's consensus thread. */
import type { ClusterRefusalCode } from "../api/codes.ts";
import type { ClusterStatus, MemberStatus } from "../api/schemas.ts";

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

/** The cluster as its leader sees it, or as another node does that has no answer from one. What it cannot know is null. It
 *  travels between nodes as JSON; its fields are those of the admin API (`api/schemas.ts`), but for what only the answering
 *  node adds. */
export interface ClusterView
  extends Omit<ClusterStatus, "clusterId" | "nodeId" | "leaderId" | "members" | "advice"> {
  /** Name of the leader. */
  readonly leader: string | null;
  readonly firstIndex: number;
  readonly lastIndex: number;
  readonly members: readonly MemberView[];
}

export interface MemberView extends Omit<MemberStatus, "id" | "peerAddress" | "unreachableSeconds"> {
  readonly name: string;
  /** Empty when it listens to no peers. */
  readonly address: string;
}

/** Begins the problem of a member that can be reached. */
export const SNAPSHOT_FAILED = "the last snapshot did not arrive: ";
