/** Codes of the admin API. */

/** Reasons why a node is not ready. */
export const NOT_READY_CODES = [
  "starting",
  "replaying-log",
  "forming",
  "joining",
  "no-leader",
  "catching-up",
  "sealing-key",
  "disk-full",
  "out-of-descriptors",
  "draining",
  "fenced",
  "stopping",
] as const;
export type NotReadyCode = (typeof NOT_READY_CODES)[number];

export const MEMBER_ROLES = ["leader", "follower", "candidate", "learner"] as const;

/** Reasons why a change of the cluster was refused. */
export const CLUSTER_REFUSAL_CODES = [
  "NO_LEADER",
  /** The decision was made on another configuration: look at the status again. */
  "STALE_CONFIGURATION",
  "CHANGE_IN_PROGRESS",
  "UNKNOWN_MEMBER",
  "ALREADY_MEMBER",
  /** The name or the data directory was removed before and cannot be used again. */
  "REMOVED_MEMBER",
  "NOT_A_LEARNER",
  "NOT_CAUGHT_UP",
  /** The node was never met, so the data directory of the new voter is not known. */
  "NOT_REGISTERED",
  "WOULD_LOSE_QUORUM",
  "LAST_VOTER",
  "INVALID",
  "TRANSFER_FAILED",
  "TIMEOUT",
] as const;
export type ClusterRefusalCode = (typeof CLUSTER_REFUSAL_CODES)[number];

/** Code of the 403 for a change by a token of role viewer. */
export const FORBIDDEN = "FORBIDDEN";

/** Code of the 403 for a request that is answered only on the admin socket. */
export const NOT_LOCAL = "NOT_LOCAL";

/** Roles of those who use the admin API, weakest first. */
export const ADMIN_ROLES = ["viewer", "operator"] as const;
export type AdminRole = (typeof ADMIN_ROLES)[number];

/** Codes of the answers to a request without a sufficient login. */
export type LoginCode =
  /** 401: the request carries no token. */
  | "LOGIN_REQUIRED"
  /** 401: the token is unknown, expired or revoked. */
  | "BAD_TOKEN"
  /** 403: a token of role viewer asked for a change. */
  | typeof FORBIDDEN
  /** 429: too many failed logins from this address. */
  | "TOO_MANY_FAILED_LOGINS"
  /** 503: the node cannot look up tokens now. */
  | "LOGIN_UNAVAILABLE";
