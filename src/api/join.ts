/** The request and the answer of POST /v1/cluster/join-tokens, as in `schemas.ts`. */
import { Type } from "@sinclair/typebox";
import { type Static, t } from "elysia";
import { NODE_NAME, NODE_NAME_RULE } from "../config/members.ts";

const JOIN_TOKEN_CODES = [
  /** No leader, or this node has just started: the same request may succeed later. */
  "UNAVAILABLE",
  /** The cluster has no CA of its own: `elastickv setup` did not make it. */
  "NO_AUTHORITY",
  /** Too many tokens are valid. */
  "TOO_MANY",
  /** The name belongs to a member, or did, or is promised to another node. */
  "NAME_TAKEN",
  /** The member that is to be replaced is none. */
  "UNKNOWN_MEMBER",
] as const;
export type JoinTokenCode = (typeof JOIN_TOKEN_CODES)[number];

/** A join token was refused. */
export class JoinTokenRefused extends Error {
  readonly code: JoinTokenCode;
  constructor(code: JoinTokenCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "JoinTokenRefused";
    this.code = code;
  }
}

/** Longest life of a token, in seconds. */
export const MAX_TOKEN_SECONDS = 7 * 24 * 60 * 60;

const name = t.String({ pattern: NODE_NAME.source, description: NODE_NAME_RULE });

export const joinTokenBody = t.Object({
  expiresSeconds: Type.Integer({ minimum: 1, maximum: MAX_TOKEN_SECONDS, description: "life of the token" }),
  name: t.Optional(name),
  replaces: t.Optional(name),
});
export const joinTokenSchema = t.Object({
  token: t.String({ description: "secret: whoever has it may let one node in" }),
  expiresMs: Type.Integer({ description: "Unix milliseconds" }),
});
export const joinTokenRefusal = t.Object({ code: t.UnionEnum(JOIN_TOKEN_CODES), message: t.String() });

export type JoinTokenRequest = Readonly<Static<typeof joinTokenBody>>;
export type JoinTokenAnswer = Readonly<Static<typeof joinTokenSchema>>;
