/**
 * Who sends a request. The admin socket belongs to the node's user (mode 0600) and needs no login; every other
 * request carries a bearer token (RFC 6750), also over loopback.
 */
import { type AdminRole, FORBIDDEN, type LoginCode } from "../api/codes.ts";
import type { SmallRequest } from "../http/small-server.ts";
import type { FailedLogins } from "./failed-logins.ts";
import { proxyOf } from "./proxy-signs.ts";
import type { AdminTokens } from "./types.ts";

/** Header of the internal request that names the caller; headers of clients are not passed on. */
export const CALLER_HEADER = "x-elastickv-caller";

export interface Caller {
  /** `local` over the socket, else the id of the token. */
  readonly by: string;
  readonly role: AdminRole;
}

/** Outcome of a login, for metrics. */
export type LoginOutcome = "token" | "none" | "bad-token" | "wrong-role" | "limited" | "unavailable";

export interface LoginDeps {
  readonly tokens: AdminTokens;
  readonly failures: FailedLogins;
  readonly onLogin: (outcome: LoginOutcome, address: string) => void;
}

const REALM = 'Bearer realm="elastickv admin"';
const HOW =
  "send Authorization: Bearer TOKEN; elastickv admin token create on the machine of any node makes a token";

/**
 * @param changes the request may change something: its role must be operator, and the leader says whether its token
 * is still valid.
 */
export async function login(
  request: Pick<SmallRequest, "ends" | "headers" | "httpVersion">,
  changes: boolean,
  deps: LoginDeps,
): Promise<Caller | Response> {
  const { ends, headers } = request;
  // A proxy on this machine has access to the socket, but its clients may not have it.
  if (ends.kind === "unix" && proxyOf(request) === undefined) return { by: "local", role: "operator" };
  const address = ends.kind === "unix" ? "the admin socket" : (ends.remoteAddress ?? "unknown");
  const token = bearerToken(headers);
  if (token === undefined) {
    deps.onLogin("none", address);
    return refusal(401, "LOGIN_REQUIRED", `the admin API needs a login: ${HOW}`, {
      "WWW-Authenticate": REALM,
    });
  }
  const checked = await deps.tokens.check(token, {
    freshly: changes,
    mayAsk: deps.failures.retryAfterSeconds(address) === 0,
  });
  switch (checked.kind) {
    case "unavailable":
      deps.onLogin("unavailable", address);
      return refusal(
        503,
        "LOGIN_UNAVAILABLE",
        changes
          ? "the token of a change is looked up at the leader, and no leader answers; the admin socket needs no token"
          : "this node cannot look up tokens yet; the admin socket needs none",
        { "Retry-After": "2" },
      );
    case "refused":
      return refused(address, deps);
    case "valid":
      if (changes && checked.role !== "operator") {
        deps.onLogin("wrong-role", address);
        return refusal(
          403,
          FORBIDDEN,
          `token ${checked.id} has role ${checked.role}; a change needs role operator`,
          { "WWW-Authenticate": `${REALM}, error="insufficient_scope"` },
        );
      }
      deps.onLogin("token", address);
      return { by: checked.id, role: checked.role };
  }
}

function refused(address: string, { failures, onLogin }: LoginDeps): Response {
  const seconds = failures.retryAfterSeconds(address);
  if (seconds > 0) {
    onLogin("limited", address);
    const message = `too many failed logins from ${address}: wait ${seconds} s`;
    return refusal(429, "TOO_MANY_FAILED_LOGINS", message, { "Retry-After": String(seconds) });
  }
  failures.failed(address);
  onLogin("bad-token", address);
  return refusal(401, "BAD_TOKEN", `this token is unknown, expired or revoked: ${HOW}`, {
    "WWW-Authenticate": `${REALM}, error="invalid_token"`,
  });
}

/** The token of `Authorization: Bearer`; undefined without one. Several such headers are one wrong token. @internal */
export function bearerToken(headers: Headers): string | undefined {
  return /^Bearer +(.*)$/i.exec(headers.get("authorization")?.trim() ?? "")?.[1]?.trim();
}

function refusal(
  status: number,
  code: LoginCode,
  message: string,
  headers: Record<string, string>,
): Response {
  return Response.json({ code, message }, { status, headers: { ...headers, "Cache-Control": "no-store" } });
}
