/** The routes for work on all objects: shapes, codes, and who may ask. */
import { afterEach, describe, expect, test } from "bun:test";
import { type AdminListener, startAdmin } from "../../src/admin/listener.ts";
import { MAINTENANCE_STATUS } from "../../src/admin/maintenance-routes.ts";
import type { Maintenance } from "../../src/admin/types.ts";
import { MAINTENANCE_CODES, MaintenanceError, type VerifyStep } from "../../src/api/maintenance.ts";
import { clusterStatus } from "./status.ts";

const listeners: AdminListener[] = [];
afterEach(async () => {
  await Promise.all(listeners.splice(0).map((listener) => listener.close()));
});

const STEP: VerifyStep = {
  cursor: "next",
  objects: 3,
  bytes: 10,
  blobs: 1,
  copies: 3,
  verifiedBytes: 0,
  problems: [{ bucket: "b", key: "k", kind: "lost", detail: "gone" }],
  counts: { lost: 1 },
  unreachable: [],
};

async function start(maintenance: Partial<Maintenance> | undefined) {
  const listener = await startAdmin({
    address: { host: "127.0.0.1", port: 0 },
    deps: {
      readiness: () => ({ ready: true }),
      metrics: async () => "",
      cluster: async () => clusterStatus(),
      changeCluster: async () => ({ kind: "done", changed: true, configurationIndex: 7 }),
      version: { version: "1.2.3", commit: "abc", bun: "1.4.5" },
      maintenance: () => maintenance as Maintenance | undefined,
    },
  });
  listeners.push(listener);
  const base = `http://127.0.0.1:${listener.address.port}`;
  return {
    post: (path: string, body: unknown, headers: Record<string, string> = {}) =>
      fetch(`${base}${path}`, {
        method: "POST",
        headers: { "Content-Type": "application/json", ...headers },
        body: JSON.stringify(body),
      }),
    get: (path: string) => fetch(`${base}${path}`),
  };
}

describe("POST /v1/verify", () => {
  test("passes the request on, and answers with the step", async () => {
    const asked: unknown[] = [];
    const { post } = await start({
      verify: async (request) => {
        asked.push(request);
        return STEP;
      },
    });
    const response = await post("/v1/verify", { cursor: null, deep: true, maxBytes: 5 });
    expect([response.status, await response.json()]).toEqual([200, STEP]);
    expect(asked).toEqual([{ cursor: null, deep: true, maxBytes: 5 }]);
  });

  test("is refused with a code", async () => {
    for (const code of MAINTENANCE_CODES) {
      const { post } = await start({
        verify: async () => {
          throw new MaintenanceError(code, "why");
        },
      });
      const response = await post("/v1/verify", { cursor: null, deep: false });
      expect([response.status, await response.json()]).toEqual([
        MAINTENANCE_STATUS[code],
        { code, message: "why" },
      ]);
    }
  });

  test("before the keyspace is open: later", async () => {
    const { post } = await start(undefined);
    const response = await post("/v1/verify", { cursor: null, deep: false });
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([
      503,
      "UNAVAILABLE",
    ]);
  });

  test("another shape, another page and another machine are refused", async () => {
    const { post, get } = await start({ verify: async () => STEP });
    expect((await post("/v1/verify", { cursor: 3, deep: true })).status).toBe(400);
    expect((await post("/v1/verify", { cursor: null })).status).toBe(400);
    expect((await post("/v1/verify", {}, { Origin: "http://evil.example" })).status).toBe(403);
    expect((await post("/v1/verify", {}, { "X-Forwarded-For": "1.2.3.4" })).status).toBe(403);
    expect((await post("/v1/verify", {}, { "Content-Type": "application/octet-stream" })).status).toBe(415);
    expect((await get("/v1/verify")).status).toBe(404);
  });
});
