/**
 * Requests and answers of the admin API, one schema each. The types, the OpenAPI document and the checks of the
 * admin application and the command line follow from the schemas. A field that is added later is `t.Optional`,
 * because nodes of two releases answer each other's command lines.
 */
import { Type } from "@sinclair/typebox";
import { type Static, t } from "elysia";
import { NODE_NAME, NODE_NAME_RULE } from "../config/members.ts";
import { CLUSTER_REFUSAL_CODES, FORBIDDEN, MEMBER_ROLES, NOT_LOCAL, NOT_READY_CODES } from "./codes.ts";

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

/** Elysia's own `t.Integer` accepts "3" for 3. */
const index = (description: string) => Type.Integer({ minimum: 0, description });
const UNKNOWN = "; null: not known to whoever looks";
const indexOrUnknown = (description: string) => t.Nullable(index(description + UNKNOWN));

export const clusterSchema = t.Object({
  clusterId: t.String({ description: "empty while it is not known: a node that joins" }),
  nodeId: t.String({ description: "the node that answers" }),
  view: t.UnionEnum(["leader", "own"], {
    description: "who looks: the leader, or (without an answer from one) the node that answers",
  }),
  leaderId: t.Nullable(t.String({ description: "null while no leader is known" })),
  term: index("current Raft term"),
  configurationIndex: t.Nullable(
    index(
      "the configuration in force: a change may name it and is refused when it is another; null: there is none yet",
    ),
  ),
  joint: t.Boolean({ description: "a change of voters is under way" }),
  transferTo: t.Nullable(t.String({ description: "the member that leadership is being handed to" })),
  commitIndex: index("highest log index known to be committed"),
  members: t.Array(
    t.Object({
      id: t.String(),
      peerAddress: t.Nullable(t.String({ description: "null: it listens to no peers (a single node)" })),
      role: t.UnionEnum(MEMBER_ROLES),
      change: t.Nullable(
        t.UnionEnum(["joining", "leaving"], {
          description: "by the change under way it gets a vote, or loses its own",
        }),
      ),
      match: indexOrUnknown("highest log index known to be on its disk"),
      applied: indexOrUnknown("highest log index applied there"),
      lag: indexOrUnknown("entries behind the leader's commit index"),
      reachable: t.Nullable(t.Boolean({ description: `seen so by whoever looks${UNKNOWN}` })),
      unreachableSeconds: t.Nullable(
        Type.Integer({ description: "seen so by the answering node; null when reachable" }),
      ),
      snapshot: t.Nullable(
        t.Boolean({ description: `a snapshot of everything is on its way to it${UNKNOWN}` }),
      ),
      registered: t.Nullable(
        t.Boolean({ description: `its data directory is known: only then may it vote${UNKNOWN}` }),
      ),
      hostId: t.Nullable(
        t.String({ description: "what its S3 answers call it: x-amz-id-2, HostId; null: not registered" }),
      ),
      version: t.Nullable(t.String()),
      problem: t.Nullable(
        t.String({
          description:
            "why it cannot be reached, was refused, or (reachable) did not get the snapshot it needs",
        }),
      ),
    }),
  ),
  draining: t.Optional(t.Boolean({ description: "the node that answers drains" })),
  advice: t.Array(t.String(), { description: "what is wrong and what to do next; empty when nothing is" }),
});

const nodeName = t.String({ pattern: NODE_NAME.source, description: NODE_NAME_RULE });
const guard = t.Optional(
  t.Nullable(
    t.Integer({
      minimum: 0,
      description:
        "configurationIndex of the status that was looked at; refused (409) when it is another by now",
    }),
  ),
);

export const memberParameter = t.Object({ name: nodeName });
/** Values of a query are text. */
export const guardQuery = t.Object({
  configurationIndex: t.Optional(
    t.String({ pattern: "^[0-9]{1,15}$", description: "as in the other changes" }),
  ),
});
export const guardBody = t.Object({ configurationIndex: guard });
export const learnerBody = t.Object({
  name: nodeName,
  address: t.String({ description: "HOST:PORT at which its peers reach it" }),
  configurationIndex: guard,
});
export const replaceBody = t.Object({ remove: nodeName, promote: nodeName, configurationIndex: guard });
export const transferBody = t.Object({
  to: t.Optional(t.Nullable(nodeName)),
  configurationIndex: guard,
});

export const doneSchema = t.Object({
  changed: t.Boolean({ description: "false: it was like that already" }),
  configurationIndex: index("the configuration in force now"),
});
export const refusedSchema = t.Object({ code: t.UnionEnum(CLUSTER_REFUSAL_CODES), message: t.String() });
/** The listener's answer before it looks at the route. */
export const forbiddenSchema = t.Object(
  { code: t.Union([t.Literal(FORBIDDEN), t.Literal(NOT_LOCAL)]), message: t.String() },
  { description: "a change needs role operator; bytes of objects pass over the admin socket only" },
);

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;

/** The answer of GET /v1/cluster. A value that the answering node does not know is null, never 0. */
export type ClusterStatus = DeepReadonly<Static<typeof clusterSchema>>;
export type MemberStatus = ClusterStatus["members"][number];
/** The answer to a change. */
export type ChangeDone = DeepReadonly<Static<typeof doneSchema>>;
