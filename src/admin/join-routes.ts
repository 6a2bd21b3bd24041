/** Join tokens. `listener.ts` has checked that the caller is an operator. */
import { Elysia } from "elysia";
import {
  type JoinTokenCode,
  JoinTokenRefused,
  joinTokenBody,
  joinTokenRefusal,
  joinTokenSchema,
} from "../api/join.ts";
import { forbiddenSchema } from "../api/schemas.ts";
import { answering } from "./answering.ts";
import type { AdminDeps } from "./types.ts";

const STATUS: Readonly<Record<JoinTokenCode, 404 | 409 | 503>> = {
  UNAVAILABLE: 503,
  NO_AUTHORITY: 409,
  TOO_MANY: 409,
  NAME_TAKEN: 409,
  UNKNOWN_MEMBER: 404,
};

export function joinRoutes(deps: Pick<AdminDeps, "joinToken">) {
  return new Elysia({ aot: false, strictPath: true }).post(
    "/v1/cluster/join-tokens",
    ({ body, set }) =>
      answering(set, JoinTokenRefused, STATUS, async () => {
        if (deps.joinToken === undefined) {
          throw new JoinTokenRefused("NO_AUTHORITY", "this node has no peers");
        }
        return await deps.joinToken(body);
      }),
    {
      body: joinTokenBody,
      response: {
        200: joinTokenSchema,
        403: forbiddenSchema,
        404: joinTokenRefusal,
        409: joinTokenRefusal,
        503: joinTokenRefusal,
      },
      detail: { summary: "A token that lets one node in, once", tags: ["cluster"] },
    },
  );
}
