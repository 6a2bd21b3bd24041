/** Requests and answers about the bearer tokens of the admin API. */
import { Type } from "@sinclair/typebox";
import { type Static, t } from "elysia";
import { ADMIN_ROLES } from "./codes.ts";

/** Shortest and longest life of a token, in milliseconds. */
export const TOKEN_LIFE_MIN_MS = 60_000;
export const TOKEN_LIFE_MAX_MS = 3650 * 86_400_000;
const NOTE_MAX = 200;
/** Id of a token: 16 lower-case hex digits. */
export const TOKEN_ID = /^[0-9a-f]{16}$/;

/** Elysia fills in the first role where a request names none: the one with fewer rights. */
const role = t.UnionEnum(ADMIN_ROLES, {
  description: "viewer: may read; operator: may read and change",
});
const note = t.String({ maxLength: NOTE_MAX, description: "text for operators, never a secret" });
const expiresMs = t.Nullable(
  Type.Integer({ description: "Unix milliseconds; null: valid until it is revoked" }),
);

export const createTokenBody = t.Object({
  role,
  expiresInMs: t.Nullable(
    Type.Integer({
      minimum: TOKEN_LIFE_MIN_MS,
      maximum: TOKEN_LIFE_MAX_MS,
      description: "life of the token in milliseconds; null: until it is revoked",
    }),
  ),
  note: t.Optional(note),
});
export type CreateToken = Static<typeof createTokenBody>;

export const createdTokenSchema = t.Object({
  id: t.String(),
  token: t.String({ description: "the secret; it is shown only once" }),
  role,
  expiresMs,
});
export type CreatedToken = Static<typeof createdTokenSchema>;

export const tokenListSchema = t.Object({
  tokens: t.Array(
    t.Object({
      id: t.String(),
      role,
      note,
      createdMs: Type.Integer({ description: "Unix milliseconds" }),
      createdBy: t.String({ description: "local (the admin socket), or the id of a token" }),
      expiresMs,
      expired: t.Boolean({ description: "by the clock of the node that answers" }),
    }),
  ),
});
export type TokenList = Static<typeof tokenListSchema>;

export const tokenParameter = t.Object({ id: t.String({ pattern: TOKEN_ID.source }) });
export const revokedSchema = t.Object({ id: t.String() });

const ADMIN_TOKEN_CODES = [
  "INVALID",
  "UNKNOWN_TOKEN",
  "TOO_MANY_TOKENS",
  /** No leader answered in time. */
  "UNAVAILABLE",
] as const;
export type AdminTokenCode = (typeof ADMIN_TOKEN_CODES)[number];
export const tokenRefusedSchema = t.Object({ code: t.UnionEnum(ADMIN_TOKEN_CODES), message: t.String() });

/** A request about tokens was refused. */
export class AdminTokenError extends Error {
  readonly code: AdminTokenCode;
  constructor(code: AdminTokenCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AdminTokenError";
    this.code = code;
  }
}
