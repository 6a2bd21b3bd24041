/** Drain of this node, and the update lock of the cluster. `listener.ts` has checked the caller. */
import { Elysia } from "elysia";
import {
  acquireBody,
  drainSchema,
  releaseQuery,
  type UpdateLockCode,
  UpdateLockError,
  updateLockChangeSchema,
  updateLockRefusal,
  updateLockSchema,
} from "../api/operations.ts";
import { forbiddenSchema } from "../api/schemas.ts";
import { type Answering, answering } from "./answering.ts";
import type { AdminDeps, UpdateLocks } from "./types.ts";

const UPDATE_LOCK_STATUS: Readonly<Record<UpdateLockCode, 400 | 409 | 503>> = {
  INVALID: 400,
  HELD: 409,
  UNAVAILABLE: 503,
  TIMEOUT: 503,
};

const refusals = {
  400: updateLockRefusal,
  403: forbiddenSchema,
  409: updateLockRefusal,
  503: updateLockRefusal,
};
const tags = ["update"];

export function operationRoutes({ drain, updateLocks }: Pick<AdminDeps, "drain" | "updateLocks">) {
  const routes = new Elysia({ aot: false, strictPath: true });
  if (drain !== undefined) {
    routes
      .get("/v1/node/drain", () => drain.status(), {
        response: drainSchema,
        detail: { summary: "How far the drain of this node is", tags },
      })
      .post("/v1/node/drain", () => drain.begin("elastickv drain"), {
        response: { 200: drainSchema, 403: forbiddenSchema },
        detail: { summary: "Give this node's work to the others, before it is stopped", tags },
      })
      .delete("/v1/node/drain", () => drain.end(), {
        response: { 200: drainSchema, 403: forbiddenSchema },
        detail: { summary: "End the drain: this node takes work again", tags },
      });
  }
  if (updateLocks !== undefined) {
    const ask = <T>(set: Answering, work: (locks: UpdateLocks) => Promise<T>) =>
      answering(set, UpdateLockError, UPDATE_LOCK_STATUS, () => work(updateLocks));
    routes
      .get("/v1/cluster/update-lock", ({ set }) => ask(set, (locks) => locks.show()), {
        response: { 200: updateLockSchema, ...refusals },
        detail: { summary: "Who updates the cluster now", tags },
      })
      .post("/v1/cluster/update-lock", ({ body, set }) => ask(set, (locks) => locks.acquire(body.owner)), {
        body: acquireBody,
        response: { 200: updateLockChangeSchema, ...refusals },
        detail: { summary: "Take the update lock, or keep it", tags },
      })
      .delete(
        "/v1/cluster/update-lock",
        ({ query, set }) => ask(set, (locks) => locks.release(query.owner, query.force === "true")),
        {
          query: releaseQuery,
          response: { 200: updateLockChangeSchema, ...refusals },
          detail: { summary: "Give the update lock back", tags },
        },
      );
  }
  return routes;
}
