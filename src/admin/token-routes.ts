/** Tokens of the admin API: create, list, revoke. `listener.ts` has checked the caller. */
import { Elysia } from "elysia";
import {
  type AdminTokenCode,
  AdminTokenError,
  createdTokenSchema,
  createTokenBody,
  revokedSchema,
  tokenListSchema,
  tokenParameter,
  tokenRefusedSchema,
} from "../api/admin-tokens.ts";
import { type Answering, answering } from "./answering.ts";
import { CALLER_HEADER } from "./login.ts";
import type { AdminDeps, AdminTokens } from "./types.ts";

const STATUS: Readonly<Record<AdminTokenCode, 400 | 404 | 409 | 503>> = {
  INVALID: 400,
  UNKNOWN_TOKEN: 404,
  TOO_MANY_TOKENS: 409,
  UNAVAILABLE: 503,
};
const refusals = {
  400: tokenRefusedSchema,
  404: tokenRefusedSchema,
  409: tokenRefusedSchema,
  503: tokenRefusedSchema,
};
const tags = ["login"];

export function tokenRoutes({ tokens }: Pick<AdminDeps, "tokens">) {
  const ask = <T>(set: Answering, work: (tokens: AdminTokens) => Promise<T>) =>
    answering(set, AdminTokenError, STATUS, () => work(tokens));
  return new Elysia({ aot: false, strictPath: true })
    .get("/v1/admin/tokens", ({ set }) => ask(set, (directory) => directory.list()), {
      response: { 200: tokenListSchema, ...refusals },
      detail: { summary: "All tokens, without their secrets", tags },
    })
    .post(
      "/v1/admin/tokens",
      ({ body, headers, set }) =>
        ask(set, (directory) => directory.create(body, headers[CALLER_HEADER] ?? "local")),
      {
        body: createTokenBody,
        response: { 200: createdTokenSchema, ...refusals },
        detail: { summary: "Make a token; the answer is the only place that shows it", tags },
      },
    )
    .delete(
      "/v1/admin/tokens/:id",
      ({ params, set }) =>
        ask(set, async (directory) => {
          await directory.revoke(params.id);
          return { id: params.id };
        }),
      {
        params: tokenParameter,
        response: { 200: revokedSchema, ...refusals },
        detail: { summary: "Revoke a token", tags },
      },
    );
}
