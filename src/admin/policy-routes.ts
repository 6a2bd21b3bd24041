/** Groups, policies, and what policies are attached to. `listener.ts` has checked the caller. */
import { Elysia } from "elysia";
import {
  attachmentBody,
  doneSchema,
  groupListSchema,
  memberBody,
  memberParameter,
  namedBody,
  nameParameter,
  policyListSchema,
  putPolicyBody,
  shownPolicySchema,
} from "../api/users.ts";
import type { Answering } from "./answering.ts";
import type { AdminDeps } from "./types.ts";
import { askIam, DONE, iamRefusals } from "./user-routes.ts";
import type { Iam } from "./user-types.ts";

const tags = ["users"];
const response = { 200: doneSchema, ...iamRefusals };

type Deps = Pick<AdminDeps, "iam">;

function change(deps: Deps, set: Answering, work: (iam: Iam) => Promise<void>) {
  return askIam(deps, set, async (iam) => {
    await work(iam);
    return DONE;
  });
}

export function policyRoutes(deps: Deps) {
  return new Elysia({ aot: false, strictPath: true })
    .use(groupRoutes(deps))
    .get("/v1/policies", ({ set }) => askIam(deps, set, ({ policies }) => policies.list()), {
      response: { 200: policyListSchema, ...iamRefusals },
      detail: { summary: "All policies, and what each is attached to", tags },
    })
    .get(
      "/v1/policies/:name",
      ({ params, set }) => askIam(deps, set, ({ policies }) => policies.show(params.name)),
      {
        params: nameParameter,
        response: { 200: shownPolicySchema, ...iamRefusals },
        detail: { summary: "The document of a policy, as it was given", tags },
      },
    )
    .post(
      "/v1/policies/:name",
      ({ body, params, set }) => change(deps, set, ({ policies }) => policies.put(params.name, body.text)),
      {
        params: nameParameter,
        body: putPolicyBody,
        response,
        detail: { summary: "Make a policy, or replace its document", tags },
      },
    )
    .delete(
      "/v1/policies/:name",
      ({ params, set }) => change(deps, set, ({ policies }) => policies.delete(params.name)),
      {
        params: nameParameter,
        response,
        detail: { summary: "Delete a policy that is attached to nobody", tags },
      },
    )
    .post(
      "/v1/policies/:name/attachments",
      ({ body, params, set }) => change(deps, set, ({ policies }) => policies.attach(params.name, body)),
      {
        params: nameParameter,
        body: attachmentBody,
        response,
        detail: { summary: "Attach a policy to a user or a group", tags },
      },
    )
    .delete(
      "/v1/policies/:name/attachments",
      ({ params, query, set }) => change(deps, set, ({ policies }) => policies.detach(params.name, query)),
      {
        params: nameParameter,
        query: attachmentBody,
        response,
        detail: { summary: "Detach a policy from a user or a group", tags },
      },
    );
}

function groupRoutes(deps: Deps) {
  return new Elysia({ aot: false, strictPath: true })
    .get("/v1/groups", ({ set }) => askIam(deps, set, ({ groups }) => groups.list()), {
      response: { 200: groupListSchema, ...iamRefusals },
      detail: { summary: "All groups, with members and policies", tags },
    })
    .post("/v1/groups", ({ body, set }) => change(deps, set, ({ groups }) => groups.create(body.name)), {
      body: namedBody,
      response,
      detail: { summary: "Make a group", tags },
    })
    .delete(
      "/v1/groups/:name",
      ({ params, set }) => change(deps, set, ({ groups }) => groups.delete(params.name)),
      { params: nameParameter, response, detail: { summary: "Delete a group; its members stay", tags } },
    )
    .post(
      "/v1/groups/:name/members",
      ({ body, params, set }) => change(deps, set, ({ groups }) => groups.add(params.name, body.user)),
      {
        params: nameParameter,
        body: memberBody,
        response,
        detail: { summary: "Add a user to a group", tags },
      },
    )
    .delete(
      "/v1/groups/:name/members/:user",
      ({ params, set }) => change(deps, set, ({ groups }) => groups.remove(params.name, params.user)),
      {
        params: memberParameter,
        response,
        detail: { summary: "Remove a user from a group", tags },
      },
    );
}
