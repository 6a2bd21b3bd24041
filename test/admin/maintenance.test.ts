/** The routes for work on all objects: shapes, codes, and who may ask. */
import { afterAll, afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AdminListener, startAdmin } from "../../src/admin/listener.ts";
import { MAINTENANCE_STATUS } from "../../src/admin/maintenance-routes.ts";
import type { Maintenance } from "../../src/admin/types.ts";
import { MAINTENANCE_CODES, MaintenanceError, type VerifyStep } from "../../src/api/maintenance.ts";
import { clusterStatus } from "./status.ts";
import { fakeTokens, OPERATOR } from "./tokens.ts";

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

const directory = mkdtempSync(join(tmpdir(), "elastickv-admin-"));
afterAll(() => rmSync(directory, { recursive: true }));

async function start(maintenance: Partial<Maintenance> | undefined) {
  const path = join(directory, `${listeners.length}.sock`);
  const listener = await startAdmin({
    address: { host: "127.0.0.1", port: 0 },
    socket: { path, required: true },
    deps: {
      readiness: () => ({ ready: true }),
      metrics: async () => "",
      cluster: async () => clusterStatus(),
      changeCluster: async () => ({ kind: "done", changed: true, configurationIndex: 7 }),
      version: { version: "1.2.3", commit: "abc", bun: "1.4.5" },
      tokens: fakeTokens(),
      maintenance: () => maintenance as Maintenance | undefined,
    },
  });
  listeners.push(listener);
  const base = `http://127.0.0.1:${listener.address.port}`;
  return {
    post: (path: string, body: unknown, headers: Record<string, string> = {}) =>
      fetch(`${base}${path}`, {
        method: "POST",
        headers: { "Content-Type": "application/json", ...OPERATOR, ...headers },
        body: JSON.stringify(body),
      }),
    local: (to: string, body: string | Uint8Array<ArrayBuffer>, type = "application/json") =>
      fetch(`http://localhost${to}`, {
        method: "POST",
        headers: { "Content-Type": type },
        body,
        unix: path,
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
    expect((await post("/v1/verify", {}, { Authorization: "" })).status).toBe(401);
    expect((await post("/v1/verify", {}, { "Content-Type": "application/octet-stream" })).status).toBe(415);
    expect((await get("/v1/verify")).status).toBe(401);
  });
});

describe("backup and restore", () => {
  const calls: unknown[] = [];
  const maintenance: Partial<Maintenance> = {
    backupPage: async (...call) => {
      calls.push(call);
      return new Uint8Array(3 << 20).fill(7);
    },
    restorePage: async (...call) => {
      calls.push(call);
    },
    restoreBlob: async (...call) => {
      calls.push(call);
      return 77;
    },
  };

  test("bytes go in and come out as they are, over the socket", async () => {
    const { local } = await start(maintenance);
    const page = await local("/v1/backup/page", JSON.stringify({ id: "0011223344", page: 2 }));
    expect([page.status, page.headers.get("content-type")]).toEqual([200, "application/octet-stream"]);
    expect(new Uint8Array(await page.arrayBuffer())).toEqual(new Uint8Array(3 << 20).fill(7));
    const bytes = new Uint8Array(5 << 20).fill(200);
    const sent = await local(
      "/v1/restore/page?id=0011223344&pinUntilMs=5",
      bytes,
      "application/octet-stream",
    );
    expect([sent.status, await sent.json()]).toEqual([200, {}]);
    const sha256 = "ab".repeat(32);
    const blob = await local(
      `/v1/restore/blob?id=0011223344&sha256=${sha256}`,
      bytes,
      "application/octet-stream",
    );
    expect(await blob.json()).toEqual({ pinUntilMs: 77 });
    expect(calls).toEqual([
      ["0011223344", 2],
      ["0011223344", bytes, 5],
      ["0011223344", Buffer.from(sha256, "hex"), bytes],
    ]);
  });

  test("not over TCP, where every user of the machine may connect; not too many bytes; not as JSON", async () => {
    const { post, local } = await start(maintenance);
    for (const path of ["/v1/backup/page", "/v1/backup/begin", "/v1/restore/begin"]) {
      const answer = await post(path, { id: "0011223344", page: 0 });
      expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([403, "NOT_LOCAL"]);
    }
    const path = "/v1/restore/page?id=0011223344&pinUntilMs=5";
    const big = await local(path, new Uint8Array((16 << 20) + 1), "application/octet-stream");
    expect(big.status).toBe(413);
    expect((await local(path, "{}")).status).toBe(400);
    expect((await local("/v1/restore/page", new Uint8Array(1), "application/octet-stream")).status).toBe(400);
  });
});
