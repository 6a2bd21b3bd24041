import type { AdminDeps } from "../../src/admin/types.ts";
import { clusterStatus } from "./status.ts";
import { fakeTokens } from "./tokens.ts";

/** What the admin application needs in any case: a ready node without a leader. */
export const ADMIN_DEPS: AdminDeps = {
  readiness: () => ({ ready: true }),
  metrics: async () => "",
  cluster: async () => clusterStatus({}),
  changeCluster: async () => ({ kind: "refused", code: "NO_LEADER", message: "" }),
  version: { version: "1", commit: "c", bun: "b" },
  tokens: fakeTokens(),
};
