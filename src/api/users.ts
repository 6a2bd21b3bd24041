/** Requests and answers about users, access keys, groups and policies. */
import { Type } from "@sinclair/typebox";
import { type Static, t } from "elysia";
import { ACCESS_KEY_RULE, SECRET_KEY_RULE } from "../config/root-credentials.ts";

/** Names of users, groups and policies, as in IAM. */
export const IAM_NAME = /^[A-Za-z0-9+=,.@_-]{1,64}$/;
export const IAM_NAME_RULE = "1 to 64 letters, digits or + = , . @ _ -";
/** Root has a name too, and no row. */
export const ROOT_NAME = "root";
/** As large as a bucket policy of S3 may be. */
export const POLICY_BYTES_MAX = 20_480;
/** Policies attached to one user or group. */
export const ATTACHED_MAX = 20;
export const KEY_LIFE_MIN_MS = 60_000;
export const KEY_LIFE_MAX_MS = 3650 * 86_400_000;
export const TEXT_MAX = 200;

const name = t.String({ pattern: IAM_NAME.source, description: IAM_NAME_RULE });
const displayName = t.String({ maxLength: TEXT_MAX, description: "what answers of S3 show of an owner" });
const description = t.String({ maxLength: TEXT_MAX, description: "text for operators, never a secret" });
const policies = t.Array(name, { maxItems: ATTACHED_MAX, description: "names of policies" });
const accessKey = t.String({ pattern: ACCESS_KEY_RULE.source });
const secretKey = t.String({
  pattern: SECRET_KEY_RULE.source,
  description: "the secret; no answer shows it again",
});
const createdMs = Type.Integer({ description: "Unix milliseconds" });
const expiresMs = t.Nullable(
  Type.Integer({ description: "Unix milliseconds; null: valid until it is disabled or deleted" }),
);
const expiresInMs = t.Nullable(
  Type.Integer({
    minimum: KEY_LIFE_MIN_MS,
    maximum: KEY_LIFE_MAX_MS,
    description: "null: it does not expire",
  }),
);

const keySchema = t.Object({
  accessKey: t.String(),
  user: t.String(),
  enabled: t.Boolean(),
  createdMs: t.Nullable(createdMs),
  expiresMs,
  expired: t.Boolean({ description: "by the clock of the node that answers" }),
  description,
  configured: t.Boolean({ description: "true: the secret is root's, from the settings of the nodes" }),
});
export type KeyShown = Static<typeof keySchema>;
export const keyListSchema = t.Object({ keys: t.Array(keySchema) });
export type KeyList = Static<typeof keyListSchema>;

export const userSchema = t.Object({
  name: t.String(),
  id: t.String({ description: "the canonical id: 64 hex digits" }),
  accountId: t.String({ description: "12 digits" }),
  arn: t.String(),
  displayName,
  disabled: t.Boolean(),
  createdMs: t.Nullable(createdMs),
  policies: t.Array(t.String()),
  groups: t.Array(t.String()),
  keys: t.Array(keySchema),
});
export type UserShown = Static<typeof userSchema>;
export const userListSchema = t.Object({ users: t.Array(userSchema) });
export type UserList = Static<typeof userListSchema>;

export const createdKeySchema = t.Object({
  accessKey: t.String(),
  secretKey: t.Nullable(t.String({ description: "shown only here; null: the request gave the secret" })),
  expiresMs,
});
export type CreatedKey = Static<typeof createdKeySchema>;

const givenKey = {
  accessKey: t.Optional(accessKey),
  secretKey: t.Optional(secretKey),
  expiresInMs: t.Optional(expiresInMs),
  description: t.Optional(description),
};
export const createUserBody = t.Object({
  name,
  displayName: t.Optional(displayName),
  policies: t.Optional(policies),
  withoutKey: t.Optional(t.Boolean({ description: "true: the user gets no access key yet" })),
  ...givenKey,
});
export type CreateUser = Static<typeof createUserBody>;
export const createdUserSchema = t.Object({ user: userSchema, key: t.Nullable(createdKeySchema) });
export type CreatedUser = Static<typeof createdUserSchema>;

export const createKeyBody = t.Object({ user: name, ...givenKey });
export type CreateKey = Static<typeof createKeyBody>;
export const rotateKeyBody = t.Object({
  keepMs: Type.Integer({
    minimum: 0,
    maximum: KEY_LIFE_MAX_MS,
    description: "how long the old key stays valid, in milliseconds",
  }),
});

export const userStateBody = t.Object({ disabled: t.Boolean() });
export const keyStateBody = t.Object({ enabled: t.Boolean() });
export const keyQuery = t.Object({ user: t.Optional(name) });

const groupSchema = t.Object({
  name: t.String(),
  createdMs,
  members: t.Array(t.String({ description: "name of a user" })),
  policies: t.Array(t.String()),
});
export const groupListSchema = t.Object({ groups: t.Array(groupSchema) });
export type GroupList = Static<typeof groupListSchema>;

const policySchema = t.Object({
  name: t.String(),
  canned: t.Boolean({ description: "true: every cluster has it, and nobody can change it" }),
  createdMs: t.Nullable(createdMs),
  changedMs: t.Nullable(createdMs),
  users: t.Array(t.String()),
  groups: t.Array(t.String()),
});
export const policyListSchema = t.Object({ policies: t.Array(policySchema) });
export type PolicyList = Static<typeof policyListSchema>;
export const shownPolicySchema = t.Object({ name: t.String(), text: t.String() });
export type ShownPolicy = Static<typeof shownPolicySchema>;
export const putPolicyBody = t.Object({
  text: t.String({ maxLength: POLICY_BYTES_MAX, description: "the document; it is kept as it is given" }),
});

/** A user or a group, exactly one. */
export const attachmentBody = t.Object({ user: t.Optional(name), group: t.Optional(name) });
export type Attachment = Static<typeof attachmentBody>;

export const namedBody = t.Object({ name });
export const memberBody = t.Object({ user: name });
export const nameParameter = t.Object({ name });
export const memberParameter = t.Object({ name, user: name });
export const keyParameter = t.Object({ accessKey });
export const doneSchema = t.Object({ done: t.Literal(true) });

const IAM_CODES = [
  "INVALID",
  "UNKNOWN_USER",
  "UNKNOWN_KEY",
  "UNKNOWN_GROUP",
  "UNKNOWN_POLICY",
  /** The name, or the access key, is taken. */
  "EXISTS",
  /** What is to go is needed: a user with buckets, an attached policy, a canned one. */
  "IN_USE",
  "TOO_MANY",
  /** No leader answered in time, or this node has no sealing key. */
  "UNAVAILABLE",
] as const;
export type IamCode = (typeof IAM_CODES)[number];
export const iamRefusedSchema = t.Object({ code: t.UnionEnum(IAM_CODES), message: t.String() });

/** A request about users was refused. */
export class IamError extends Error {
  readonly code: IamCode;
  constructor(code: IamCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "IamError";
    this.code = code;
  }
}
