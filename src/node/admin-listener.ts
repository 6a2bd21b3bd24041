/** The admin listener of a node: settings, tokens, audit lines. */
import { type AdminListener, startAdmin } from "../admin/listener.ts";
import type { AdminDeps } from "../admin/types.ts";
import { adminSocketPlace } from "../config/admin-socket.ts";
import type { Config } from "../config/config.ts";
import type { Certificates } from "../http/tls-certificates.ts";
import type { Logger } from "../monitoring/log.ts";
import type { ThreadMetrics } from "../monitoring/thread-metrics.ts";
import { systemClock } from "../platform/clock.ts";
import { systemRandom } from "../platform/random.ts";
import type { Timers } from "../platform/timers.ts";
import type { SealingKey } from "../secrets/sealing-key.ts";
import { ReplicatedAdminTokens } from "./admin-tokens.ts";
import type { NodeKv } from "./node-kv.ts";
import { makeIam } from "./users/iam.ts";

export interface AdminListenerParts {
  /** undefined: the node has not made its threads yet. */
  readonly front: () => Pick<NodeKv, "kv" | "users" | "readable"> | undefined;
  readonly timers: Timers;
  readonly metrics: ThreadMetrics;
  readonly log: Logger;
  readonly certificates: Certificates | undefined;
  /** The cluster's sealing key; undefined: this node does not have it yet. Makes the key of a node alone. */
  readonly sealing: () => Promise<SealingKey | undefined>;
  readonly rootAccessKey: () => string | undefined;
}

/** @throws StartError naming the address or the path */
export function listenForAdmin(
  config: Config,
  deps: Omit<AdminDeps, "tokens" | "iam">,
  { front, timers, metrics, log, certificates, sealing, rootAccessKey }: AdminListenerParts,
): Promise<AdminListener> {
  const logins = metrics.counter("adminLogins");
  const tokens = new ReplicatedAdminTokens({
    keyspace: () => {
      const kv = front();
      // Before the first linearizable read, a revoked token may still look valid.
      return kv?.readable === true ? { group: kv.kv.system, rows: kv.users } : undefined;
    },
    clock: systemClock,
    timers,
    random: systemRandom,
  });
  const iam = makeIam({
    kv: () => {
      const kv = front();
      return kv?.readable === true ? kv.kv : undefined;
    },
    sealing,
    rootAccessKey,
    clock: systemClock,
    timers,
    random: systemRandom,
  });
  return startAdmin({
    address: config.adminAddress,
    socket: adminSocketPlace(config, process.env, process.pid),
    hosts: config.adminHosts,
    certificates,
    metricsLogin: config.adminMetricsLogin,
    deps: { ...deps, tokens, iam },
    onLogin: (outcome, address) => {
      logins.labels({ outcome }).inc();
      if (outcome === "bad-token" || outcome === "wrong-role")
        log.warn("admin login refused", { outcome, address });
    },
    onChange: ({ method, path, status, by, remoteAddress }) =>
      log.info("admin change", { method, path, status, by, address: remoteAddress }),
    onError: (error) => log.error("admin request failed", { error }),
    onWarning: (message) => log.warn(message),
  });
}
