import { swagger } from "@elysiajs/swagger";
import { Elysia } from "elysia";
import type { ClusterStatus } from "../api/schemas.ts";
import { clusterSchema, healthSchema, readinessSchema, versionSchema } from "../api/schemas.ts";
import { clusterRoutes } from "./cluster-routes.ts";
import { joinRoutes } from "./join-routes.ts";
import { maintenanceRoutes } from "./maintenance-routes.ts";
import { operationRoutes } from "./operation-routes.ts";
import { policyRoutes } from "./policy-routes.ts";
import { HEALTHY, metricsResponse, readinessBody } from "./probes.ts";
import { tokenRoutes } from "./token-routes.ts";
import type { AdminDeps } from "./types.ts";
import { userRoutes } from "./user-routes.ts";

/**
 * The API alone, without listener, host check and pages. The request must be an absolute URL with a fixed host
 * (`listener.ts`).
 */
export interface AdminApp {
  handle(request: Request): Promise<Response>;
}

/**
 * `aot: false`: the compiled mode reads the source text of handlers, and minifying changes the text. The API is not
 * on a hot path.
 */
export function createAdminApp(deps: AdminDeps, onError: (error: unknown) => void): AdminApp {
  return new Elysia({ aot: false, strictPath: true })
    .onError(({ code, error, set }) => {
      if (code === "NOT_FOUND") {
        set.status = 404;
        return { error: "no such page; /swagger lists what there is" };
      }
      if (code === "VALIDATION") {
        set.status = 400;
        return {
          code: "INVALID",
          message: `the request is not what /swagger describes: ${badRequest(error)}`,
        };
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
          components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
          security: [{ token: [] }],
        },
      }),
    )
    .get("/healthz", () => HEALTHY, {
      response: healthSchema,
      detail: { summary: "Alive", description: "200 as long as the process answers.", tags: ["health"] },
    })
    .get(
      "/readyz",
      ({ set }) => {
        const readiness = deps.readiness();
        set.status = readiness.ready ? 200 : 503;
        return readinessBody(readiness);
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
    .get("/metrics", async () => metricsResponse(await deps.metrics()), {
      detail: { summary: "Metrics", description: "Prometheus text format.", tags: ["monitoring"] },
    })
    .get("/v1/version", () => ({ ...deps.version }), {
      response: versionSchema,
      detail: { summary: "What runs here", tags: ["cluster"] },
    })
    .get("/v1/cluster", async () => plainCluster(await deps.cluster()), {
      response: clusterSchema,
      detail: {
        summary: "The cluster as its leader sees it; without a leader, as this node does",
        tags: ["cluster"],
      },
    })
    .use(clusterRoutes(deps))
    .use(joinRoutes(deps))
    .use(tokenRoutes(deps))
    .use(maintenanceRoutes(deps))
    .use(operationRoutes(deps))
    .use(userRoutes(deps))
    .use(policyRoutes(deps));
}

/** Returns a mutable copy, because the response schema has no readonly arrays. */
function plainCluster(cluster: ClusterStatus) {
  return {
    ...cluster,
    members: cluster.members.map((member) => ({ ...member })),
    advice: [...cluster.advice],
  };
}

/** The first validation error, in one line. */
function badRequest(error: unknown): string {
  const { all, message } = error as {
    all?: readonly { path?: string; summary?: string }[];
    message?: string;
  };
  const first = Array.isArray(all) ? all[0] : undefined;
  if (first?.summary !== undefined) return `${first.path ?? ""} ${first.summary}`.trim();
  return (message ?? String(error)).replaceAll(/\s+/g, " ").slice(0, 300);
}
