/**
 * Health, readiness and metrics, answered before host check and routing. They hold nothing that a web page could use, and who
 * asks for them knows no more of this node than its address: Prometheus by any name (a Host of its own), HAProxy's
 * `option httpchk` in HTTP/1.0 without a Host (haproxy.org configuration manual, "option httpchk").
 */
import { METRICS_CONTENT_TYPE } from "../monitoring/collect.ts";
import type { AdminDeps, Readiness } from "./types.ts";

type ProbeDeps = Pick<AdminDeps, "readiness" | "metrics">;

/** Stale health is worse than none. */
const NO_STORE = { "Cache-Control": "no-store" };

export const HEALTHY = { status: "ok" } as const;

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
  ["/metrics", async (deps) => metricsResponse(await deps.metrics())],
]);

/** @param path as on the request line, without query. @returns undefined for any other path. */
export function probeAt(path: string): Probe | undefined {
  return PROBES.get(path);
}

export function readinessBody(readiness: Readiness) {
  return { ready: readiness.ready, reasons: readiness.ready ? [] : [...readiness.reasons] };
}

export function metricsResponse(text: string): Response {
  return new Response(text, { headers: { ...NO_STORE, "Content-Type": METRICS_CONTENT_TYPE } });
}
