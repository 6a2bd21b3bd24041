/** Users and their access keys. `listener.ts` has checked the caller. */
import { Elysia } from "elysia";
import {
  createdKeySchema,
  createdUserSchema,
  createKeyBody,
  createUserBody,
  doneSchema,
  type IamCode,
  IamError,
  iamRefusedSchema,
  keyListSchema,
  keyParameter,
  keyQuery,
  keyStateBody,
  nameParameter,
  rotateKeyBody,
  userListSchema,
  userSchema,
  userStateBody,
} from "../api/users.ts";
import { type Answering, answering } from "./answering.ts";
import type { AdminDeps } from "./types.ts";
import type { Iam } from "./user-types.ts";

const STATUS: Readonly<Record<IamCode, 400 | 404 | 409 | 503>> = {
  INVALID: 400,
  UNKNOWN_USER: 404,
  UNKNOWN_KEY: 404,
  UNKNOWN_GROUP: 404,
  UNKNOWN_POLICY: 404,
  EXISTS: 409,
  IN_USE: 409,
  TOO_MANY: 409,
  UNAVAILABLE: 503,
};
export const iamRefusals = {
  400: iamRefusedSchema,
  404: iamRefusedSchema,
  409: iamRefusedSchema,
  503: iamRefusedSchema,
};

export function askIam<T>({ iam }: Pick<AdminDeps, "iam">, set: Answering, work: (iam: Iam) => Promise<T>) {
  return answering(set, IamError, STATUS, () => {
    if (iam === undefined) throw new IamError("UNAVAILABLE", "this node has no users");
    return work(iam);
  });
}

export const DONE = { done: true } as const;
const tags = ["users"];

export function userRoutes(deps: Pick<AdminDeps, "iam">) {
  return new Elysia({ aot: false, strictPath: true })
    .get("/v1/users", ({ set }) => askIam(deps, set, ({ users }) => users.list()), {
      response: { 200: userListSchema, ...iamRefusals },
      detail: { summary: "All users, root first", tags },
    })
    .post("/v1/users", ({ body, set }) => askIam(deps, set, ({ users }) => users.create(body)), {
      body: createUserBody,
      response: { 200: createdUserSchema, ...iamRefusals },
      detail: {
        summary: "Make a user, with an access key unless it says otherwise",
        description: "The answer is the only place that shows a secret that was made.",
        tags,
      },
    })
    .get("/v1/users/:name", ({ params, set }) => askIam(deps, set, ({ users }) => users.show(params.name)), {
      params: nameParameter,
      response: { 200: userSchema, ...iamRefusals },
      detail: { summary: "One user, with its groups, policies and keys", tags },
    })
    .post(
      "/v1/users/:name/state",
      ({ body, params, set }) =>
        askIam(deps, set, async ({ users }) => {
          await users.disable(params.name, body.disabled);
          return DONE;
        }),
      {
        params: nameParameter,
        body: userStateBody,
        response: { 200: doneSchema, ...iamRefusals },
        detail: { summary: "Disable a user: none of its keys is valid then; or enable it again", tags },
      },
    )
    .delete(
      "/v1/users/:name",
      ({ params, set }) =>
        askIam(deps, set, async ({ users }) => {
          await users.delete(params.name);
          return DONE;
        }),
      {
        params: nameParameter,
        response: { 200: doneSchema, ...iamRefusals },
        detail: { summary: "Delete a user that owns no bucket, with its keys", tags },
      },
    )
    .use(keyRoutes(deps));
}

function keyRoutes(deps: Pick<AdminDeps, "iam">) {
  return new Elysia({ aot: false, strictPath: true })
    .get("/v1/keys", ({ query, set }) => askIam(deps, set, ({ keys }) => keys.list(query.user)), {
      query: keyQuery,
      response: { 200: keyListSchema, ...iamRefusals },
      detail: { summary: "Access keys, of one user or of all; never a secret", tags },
    })
    .post("/v1/keys", ({ body, set }) => askIam(deps, set, ({ keys }) => keys.create(body)), {
      body: createKeyBody,
      response: { 200: createdKeySchema, ...iamRefusals },
      detail: {
        summary: "Give a user, or root, another access key",
        description: "The answer is the only place that shows a secret that was made.",
        tags,
      },
    })
    .post(
      "/v1/keys/:accessKey/state",
      ({ body, params, set }) =>
        askIam(deps, set, async ({ keys }) => {
          await keys.enable(params.accessKey, body.enabled);
          return DONE;
        }),
      {
        params: keyParameter,
        body: keyStateBody,
        response: { 200: doneSchema, ...iamRefusals },
        detail: { summary: "Disable an access key, or enable it again", tags },
      },
    )
    .post(
      "/v1/keys/:accessKey/rotate",
      ({ body, params, set }) => askIam(deps, set, ({ keys }) => keys.rotate(params.accessKey, body.keepMs)),
      {
        params: keyParameter,
        body: rotateKeyBody,
        response: { 200: createdKeySchema, ...iamRefusals },
        detail: { summary: "Make another key for the same user, and let the old one expire", tags },
      },
    )
    .delete(
      "/v1/keys/:accessKey",
      ({ params, set }) =>
        askIam(deps, set, async ({ keys }) => {
          await keys.delete(params.accessKey);
          return DONE;
        }),
      {
        params: keyParameter,
        response: { 200: doneSchema, ...iamRefusals },
        detail: { summary: "Delete an access key", tags },
      },
    );
}
