/** Requests about the cluster: the admin API sends them, through any node, to the consensus thread of the leader. */
import type { ClusterRefusalCode } from "../api/codes.ts";
import type { ClusterStatus, MemberStatus } from "../api/schemas.ts";

export type ClusterRequest =
  | { readonly kind: "status" }
  | {
      readonly kind: "change";
      readonly change: MemberChange;
      /**
       * The configuration of the caller's decision (ClusterView.configurationIndex); null accepts any configuration.
       */
      readonly configurationIndex: number | null;
    };

export type MemberChange =
  | { readonly kind: "add-learner"; readonly name: string; readonly address: string }
  | { readonly kind: "promote"; readonly name: string }
  | { readonly kind: "remove"; readonly name: string }
  /** One joint change: the learner `promote`, which has caught up, becomes a voter while `remove` leaves. */
  | { readonly kind: "replace"; readonly remove: string; readonly promote: string }
  /** `to` null: the leader chooses the member whose log is the furthest. */
  | { readonly kind: "transfer-leader"; readonly to: string | null };

export type ClusterReply =
  | { readonly kind: "status"; readonly view: ClusterView }
  /** `changed` false: the cluster already was as requested (a repeated request). The leader answers after apply. */
  | { readonly kind: "done"; readonly changed: boolean; readonly configurationIndex: number }
  | { readonly kind: "refused"; readonly code: ClusterRefusalCode; readonly message: string };

/**
 * The cluster as its leader sees it, or as another node sees it that gets no answer from a leader. Unknown values
 * are null. The view travels between nodes as JSON. Its fields are those of the admin API (`api/schemas.ts`), except
 * the fields that only the answering node adds.
 */
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
  /** The address of the member; empty when the member has no listener for peers. */
  readonly address: string;
}

/** The beginning of the problem text of a reachable member whose snapshot failed. */
export const SNAPSHOT_FAILED = "the last snapshot did not arrive: ";
