/** Requests and answers about updates of a node: drain, and the lock that one updater holds. As in `schemas.ts`. */
import { Type } from "@sinclair/typebox";
import { type Static, t } from "elysia";

const count = (description: string) => Type.Integer({ minimum: 0, description });

// ---- drain -------------------------------------------------------------------------------------------------------

export const drainSchema = t.Object({
  nodeId: t.String(),
  draining: t.Boolean({ description: "readyz is 503; each S3 answer closes its connection" }),
  drained: t.Boolean({
    description:
      "no S3 request is in flight, another member is known to lead (or this node is the only voter), and the node drains",
  }),
  seconds: t.Nullable(count("since the drain began; null: the node does not drain")),
  inFlight: count("S3 requests that have no complete answer"),
  uploads: count("of these, requests whose body has not arrived completely"),
  oldestSeconds: t.Nullable(count("age of the oldest request in flight")),
  connections: count("open S3 connections"),
  leading: t.Boolean({ description: "this node leads" }),
  onlyVoter: t.Boolean({ description: "no other member can lead" }),
  leaderId: t.Nullable(t.String({ description: "null: no leader is known" })),
});
export type DrainStatus = Static<typeof drainSchema>;

// ---- update lock -------------------------------------------------------------------------------------------------

const UPDATE_LOCK_CODES = [
  /** Another owner has the lock. */
  "HELD",
  "INVALID",
  /** No leader, or this node has just started: the same request may succeed later. */
  "UNAVAILABLE",
  /** The outcome is not known. The same request can be sent again. */
  "TIMEOUT",
] as const;
export type UpdateLockCode = (typeof UPDATE_LOCK_CODES)[number];

export class UpdateLockError extends Error {
  readonly code: UpdateLockCode;
  constructor(code: UpdateLockCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "UpdateLockError";
    this.code = code;
  }
}

/** 1 to 200 characters, no control characters, not only white space. */
const LOCK_OWNER = /^(?=.*\S)[ -~\u00a0-\u2027\u202a-\uffff]{1,200}$/;
export const LOCK_OWNER_RULE = "1 to 200 characters, none of them a control character";

export function isLockOwner(text: string): boolean {
  return LOCK_OWNER.test(text);
}

const owner = t.String({ pattern: LOCK_OWNER.source, description: LOCK_OWNER_RULE });

export const acquireBody = t.Object({ owner });
export const releaseQuery = t.Object({
  owner,
  // Not a UnionEnum: Elysia would fill in its first value where the query has none.
  force: t.Optional(t.String({ pattern: "^(true|false)$", description: "true: whoever has the lock" })),
});

export const updateLockSchema = t.Object({
  lock: t.Nullable(
    t.Object({
      owner: t.Nullable(t.String({ description: "null: the row cannot be read by this release" })),
      takenMs: count("Unix milliseconds, as the leader stamped them"),
      ageSeconds: count("since then, by the clock of the node that answers"),
    }),
  ),
});
export const updateLockChangeSchema = t.Object({
  ...updateLockSchema.properties,
  changed: t.Boolean({ description: "false: it was like that already" }),
});
export const updateLockRefusal = t.Object({ code: t.UnionEnum(UPDATE_LOCK_CODES), message: t.String() });

export type UpdateLock = Static<typeof updateLockSchema>;
export type UpdateLockChange = Static<typeof updateLockChangeSchema>;
