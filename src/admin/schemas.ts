import { t } from "elysia";
import { MEMBER_ROLES, NOT_READY_CODES } from "./types.ts";

/** Shapes of the answers, for validation and for the OpenAPI document. */

export const healthSchema = t.Object({ status: t.Literal("ok") });

export const readinessSchema = t.Object({
  ready: t.Boolean({ description: "a client that comes now is served" }),
  reasons: t.Array(
    t.Object(
      { code: t.UnionEnum(NOT_READY_CODES), message: t.String() },
      { description: "empty when ready" },
    ),
  ),
});

export const versionSchema = t.Object({ version: t.String(), commit: t.String(), bun: t.String() });

const index = (description: string) => t.Integer({ minimum: 0, description });

export const clusterSchema = t.Object({
  clusterId: t.String(),
  nodeId: t.String({ description: "the node that answers" }),
  leaderId: t.Nullable(t.String({ description: "null while no leader is known" })),
  term: index("current Raft term"),
  members: t.Array(
    t.Object({
      id: t.String(),
      peerAddress: t.Nullable(t.String()),
      role: t.UnionEnum(MEMBER_ROLES),
      match: index("highest log index known to be on its disk"),
      applied: index("highest log index applied there"),
      lag: index("entries behind the leader's commit index"),
      reachable: t.Boolean(),
    }),
  ),
});
