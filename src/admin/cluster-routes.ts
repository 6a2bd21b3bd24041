/**
 * Changes of the cluster through the admin API. `listener.ts` has checked that the caller is an operator. The leader
 * decides which change is allowed.
 */
import { Elysia } from "elysia";
import type { ClusterRefusalCode } from "../api/codes.ts";
import {
  doneSchema,
  forbiddenSchema,
  guardBody,
  guardQuery,
  learnerBody,
  memberParameter,
  refusedSchema,
  replaceBody,
  transferBody,
} from "../api/schemas.ts";
import { formatAddress } from "../config/address.ts";
import { parsePeerAddress } from "../config/members.ts";
import type { MemberChange } from "../messages/cluster.ts";
import type { Answering } from "./answering.ts";
import type { AdminDeps } from "./types.ts";

/** 409: the current state does not allow the change; 503: a later attempt may succeed. @internal */
export const REFUSAL_STATUS: Readonly<Record<ClusterRefusalCode, 400 | 404 | 409 | 503>> = {
  NO_LEADER: 503,
  STALE_CONFIGURATION: 409,
  CHANGE_IN_PROGRESS: 409,
  UNKNOWN_MEMBER: 404,
  ALREADY_MEMBER: 409,
  REMOVED_MEMBER: 409,
  NOT_A_LEARNER: 409,
  NOT_CAUGHT_UP: 409,
  NOT_REGISTERED: 409,
  WOULD_LOSE_QUORUM: 409,
  LAST_VOTER: 409,
  INVALID: 400,
  TRANSFER_FAILED: 503,
  TIMEOUT: 503,
};

const response = {
  200: doneSchema,
  400: refusedSchema,
  403: forbiddenSchema,
  404: refusedSchema,
  409: refusedSchema,
  503: refusedSchema,
};
const tags = ["cluster"];

export function clusterRoutes(deps: Pick<AdminDeps, "changeCluster">) {
  const ask = async (set: Answering, change: MemberChange, guard: number | null | undefined) => {
    const reply = await deps.changeCluster(change, guard ?? null);
    if (reply.kind === "done")
      return { changed: reply.changed, configurationIndex: reply.configurationIndex };
    set.status = REFUSAL_STATUS[reply.code];
    return { code: reply.code, message: reply.message };
  };
  return new Elysia({ aot: false, strictPath: true })
    .post(
      "/v1/cluster/learners",
      ({ body, set }) => {
        let address: string;
        try {
          address = formatAddress(parsePeerAddress(body.address));
        } catch (error) {
          set.status = 400;
          const message = `address ${error instanceof Error ? error.message : String(error)}`;
          return { code: "INVALID" as const, message };
        }
        return ask(set, { kind: "add-learner", name: body.name, address }, body.configurationIndex);
      },
      { body: learnerBody, response, detail: { summary: "Let a new node in, without a vote", tags } },
    )
    .post(
      "/v1/cluster/members/:name/promote",
      ({ params, body, set }) => ask(set, { kind: "promote", name: params.name }, body.configurationIndex),
      {
        params: memberParameter,
        body: guardBody,
        response,
        detail: { summary: "Give a learner a vote", tags },
      },
    )
    .delete(
      "/v1/cluster/members/:name",
      ({ params, query, set }) =>
        ask(
          set,
          { kind: "remove", name: params.name },
          query.configurationIndex === undefined ? null : Number(query.configurationIndex),
        ),
      {
        params: memberParameter,
        query: guardQuery,
        response,
        detail: { summary: "Take a member out for good", tags },
      },
    )
    .post(
      "/v1/cluster/replace",
      ({ body, set }) =>
        ask(set, { kind: "replace", remove: body.remove, promote: body.promote }, body.configurationIndex),
      {
        body: replaceBody,
        response,
        detail: { summary: "A learner takes a voter's place, in one change", tags },
      },
    )
    .post(
      "/v1/cluster/transfer-leader",
      ({ body, set }) => ask(set, { kind: "transfer-leader", to: body.to ?? null }, body.configurationIndex),
      { body: transferBody, response, detail: { summary: "Hand leadership over", tags } },
    );
}
