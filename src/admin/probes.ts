/**
 * Health, readiness and metrics, answered before host check and routing. They contain nothing useful to a web page,
 * and probes may know only the node's address: Prometheus sends any Host, HAProxy's `option httpchk` uses HTTP/1.0
 * without a Host (haproxy.org configuration manual, "option httpchk").
 */
import { METRICS_CONTENT_TYPE } from "../monitoring/collect.ts";
import type { AdminDeps, Readiness } from "./types.ts";

type ProbeDeps = Pick<AdminDeps, "readiness" | "metrics">;

/** A cached answer would show an old state. */
const NO_STORE = { "Cache-Control": "no-store" };

export const HEALTHY = { status: "ok" } as const;

const METRICS_PATH = "/metrics";

type Probe = (deps: ProbeDeps) => Promise<Response>;

const PROBES: ReadonlyMap<string, Probe> = new Map<string, Probe>([
  ["/healthz", async () => Response.json(HEALTHY, { headers: NO_STORE })],
  [
    "/readyz",
    async ({ readiness }) => {
      const now = readiness();
      return Response.json(readinessBody(now), { status: now.ready ? 200 : 503, headers: NO_STORE });
    },
  ],
  [METRICS_PATH, async (deps) => metricsResponse(await deps.metrics())],
]);

/**
 * @param path the path of the request line, without query. @param metricsLogin /metrics needs a login.
 * @returns undefined for any other path.
 */
export function probeAt(path: string, metricsLogin: boolean): Probe | undefined {
  return metricsLogin && path === METRICS_PATH ? undefined : PROBES.get(path);
}

export function readinessBody(readiness: Readiness) {
  return { ready: readiness.ready, reasons: readiness.ready ? [] : [...readiness.reasons] };
}

export function metricsResponse(text: string): Response {
  return new Response(text, { headers: { ...NO_STORE, "Content-Type": METRICS_CONTENT_TYPE } });
}
