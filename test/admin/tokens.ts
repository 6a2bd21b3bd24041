import type { AdminTokens } from "../../src/admin/types.ts";
import { AdminTokenError } from "../../src/api/admin-tokens.ts";

/** Tokens of a double: they name their role. */
export const OPERATOR = { Authorization: "Bearer operator" };
export const VIEWER = { Authorization: "Bearer viewer" };

/** Knows the tokens `operator` and `viewer`. @param asked receives every check */
export function fakeTokens(asked: unknown[] = []): AdminTokens {
  return {
    check: async (token, options) => {
      asked.push([token, options]);
      if (token === "away") return { kind: "unavailable" };
      if (token !== "operator" && token !== "viewer") return { kind: "refused" };
      return { kind: "valid", id: `id-${token}`, role: token };
    },
    create: async ({ role, expiresInMs }, createdBy) => ({
      id: "0123456789abcdef",
      token: `made by ${createdBy}`,
      role,
      expiresMs: expiresInMs,
    }),
    list: async () => ({ tokens: [] }),
    revoke: async (id) => {
      if (id !== "0123456789abcdef") throw new AdminTokenError("UNKNOWN_TOKEN", `there is no token ${id}`);
    },
  };
}
