import { swagger } from "@elysiajs/swagger";
import { Elysia } from "elysia";
import { METRICS_CONTENT_TYPE } from "../monitoring/collect.ts";
import { clusterSchema, healthSchema, readinessSchema, versionSchema } from "./schemas.ts";
import type { AdminDeps, ClusterStatus } from "./types.ts";

/** The API alone, without listener, host check and pages. Answers an absolute URL with a fixed host (`listener.ts`). */
export interface AdminApp {
  handle(request: Request): Promise<Response>;
}

/**
 * `aot: false`: the compiled mode reads the source text of handlers to decide what they need, and minifying changes that
 * text. Nothing here is hot.
 */
export function createAdminApp(deps: AdminDeps, onError: (error: unknown) => void): AdminApp {
  return new Elysia({ aot: false, strictPath: true })
    .onError(({ code, error, set }) => {
      if (code === "NOT_FOUND") {
        set.status = 404;
        return { error: "no such page; /swagger lists what there is" };
      }
      onError(error);
      set.status = 500;
      return { error: "internal error; the log of this node says more" };
    })
    .use(
      swagger({
        path: "/swagger",
        documentation: {
          info: {
            title: "elastickv admin API",
            version: deps.version.version,
            description: "Health, metrics and cluster of one node.",
          },
        },
      }),
    )
    .get("/healthz", () => ({ status: "ok" as const }), {
      response: healthSchema,
      detail: { summary: "Alive", description: "200 as long as the process answers.", tags: ["health"] },
    })
    .get(
      "/readyz",
      ({ set }) => {
        const readiness = deps.readiness();
        set.status = readiness.ready ? 200 : 503;
        return { ready: readiness.ready, reasons: readiness.ready ? [] : [...readiness.reasons] };
      },
      {
        response: { 200: readinessSchema, 503: readinessSchema },
        detail: {
          summary: "Ready",
          description: "200 when a client that comes now is served, else 503 with the reasons.",
          tags: ["health"],
        },
      },
    )
    .get(
      "/metrics",
      async () => new Response(await deps.metrics(), { headers: { "Content-Type": METRICS_CONTENT_TYPE } }),
      { detail: { summary: "Metrics", description: "Prometheus text format.", tags: ["monitoring"] } },
    )
    .get("/v1/version", () => ({ ...deps.version }), {
      response: versionSchema,
      detail: { summary: "What runs here", tags: ["cluster"] },
    })
    .get("/v1/cluster", () => plainCluster(deps.cluster()), {
      response: clusterSchema,
      detail: { summary: "The cluster as this node sees it", tags: ["cluster"] },
    });
}

/** A copy that the response schema, which knows no readonly arrays, can type. */
function plainCluster(cluster: ClusterStatus) {
  return { ...cluster, members: cluster.members.map((member) => ({ ...member })) };
}
