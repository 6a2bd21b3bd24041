import { afterEach, describe, expect, test } from "bun:test";
import { isKnownHost, knownHosts } from "../../src/admin/host-guard.ts";
import { type AdminListener, type AdminOptions, startAdmin } from "../../src/admin/listener.ts";
import { PAGES } from "../../src/admin/pages.ts";
import type { AdminDeps, Readiness } from "../../src/admin/types.ts";
import type { ClusterStatus } from "../../src/api/schemas.ts";
import { StartError } from "../../src/platform/start-error.ts";
import { raw } from "./raw.ts";
import { fakeTokens, OPERATOR } from "./tokens.ts";

const CLUSTER: ClusterStatus = {
  clusterId: "c-1",
  nodeId: "n1",
  view: "leader",
  leaderId: "n1",
  term: 2,
  configurationIndex: 1,
  joint: false,
  transferTo: null,
  commitIndex: 9,
  members: [
    {
      id: "n1",
      peerAddress: null,
      role: "leader",
      change: null,
      match: 9,
      applied: 9,
      lag: 0,
      reachable: true,
      unreachableSeconds: null,
      snapshot: false,
      registered: true,
      hostId: null,
      version: "1.2.3",
      problem: null,
    },
  ],
  advice: [],
};

const listeners: AdminListener[] = [];
afterEach(async () => {
  await Promise.all(listeners.splice(0).map((listener) => listener.close()));
});

async function start(
  deps: Partial<AdminDeps> = {},
  hosts: string[] = [],
  onError: (error: unknown) => void = () => {},
) {
  const listener = await startAdmin({
    address: { host: "127.0.0.1", port: 0 },
    hosts,
    onError,
    deps: {
      readiness: () => ({ ready: true }),
      metrics: async () => "elastickv_ready 1\n",
      cluster: async () => CLUSTER,
      changeCluster: async () => ({ kind: "done", changed: true, configurationIndex: 7 }),
      version: { version: "1.2.3", commit: "abc", bun: "1.4.5" },
      tokens: fakeTokens(),
      ...deps,
    },
  });
  listeners.push(listener);
  const base = `http://127.0.0.1:${listener.address.port}`;
  return {
    get: (path: string, init?: RequestInit) =>
      fetch(`${base}${path}`, { ...init, headers: { ...OPERATOR, ...init?.headers } }),
    listener,
  };
}

describe("health", () => {
  test("/healthz", async () => {
    const response = await (await start()).get("/healthz");
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: "ok" });
  });

  test("/readyz when ready", async () => {
    const response = await (await start()).get("/readyz");
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ ready: true, reasons: [] });
  });

  test("/readyz says why not, with 503, and follows the node", async () => {
    let readiness: Readiness = {
      ready: false,
      reasons: [{ code: "no-leader", message: "no leader is known" }],
    };
    const { get } = await start({ readiness: () => readiness });
    const response = await get("/readyz");
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({
      ready: false,
      reasons: [{ code: "no-leader", message: "no leader is known" }],
    });
    readiness = { ready: true };
    expect((await get("/readyz")).status).toBe(200);
  });
});

describe("api", () => {
  test("/metrics is the page it was given", async () => {
    const response = await (await start()).get("/metrics");
    expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(await response.text()).toBe("elastickv_ready 1\n");
  });
  test("/v1/cluster has the published shape", async () =>
    expect(await (await (await start()).get("/v1/cluster")).json()).toEqual(
      structuredClone(CLUSTER) as never,
    ));
  test("no leader is null", async () => {
    const { get } = await start({ cluster: async () => ({ ...CLUSTER, leaderId: null }) });
    expect(await (await get("/v1/cluster")).json()).toMatchObject({ leaderId: null });
  });
  test("what is not known is null, in every field that may be", async () => {
    const members = CLUSTER.members.map((member) => ({
      ...member,
      ...{ match: null, applied: null, lag: null, reachable: null, snapshot: null, registered: null },
    }));
    const unknown: ClusterStatus = { ...CLUSTER, view: "own", configurationIndex: null, members };
    const { get } = await start({ cluster: async () => unknown });
    const response = await get("/v1/cluster");
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual(structuredClone(unknown) as never);
  });
  test("/v1/version", async () =>
    expect(await (await (await start()).get("/v1/version")).json()).toEqual({
      version: "1.2.3",
      commit: "abc",
      bun: "1.4.5",
    }));

  test("an unknown path is 404, another method 405", async () => {
    const { get } = await start();
    const missing = await get("/nope");
    expect(missing.status).toBe(404);
    expect(await missing.json()).toHaveProperty("error");
    const posted = await get("/healthz", { method: "POST", body: "x" });
    expect(posted.status).toBe(405);
    expect(posted.headers.get("allow")).toBe("GET, HEAD");
  });

  test("HEAD has the length and no body", async () => {
    const response = await (await start()).get("/healthz", { method: "HEAD" });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-length")).toBe("15");
    expect(await response.text()).toBe("");
  });

  test("a failing handler gives no details to the client and all of them to the log", async () => {
    const errors: unknown[] = [];
    const failing = () => Promise.reject(new Error("secret detail"));
    const response = await (await start({ metrics: failing }, [], (error) => errors.push(error))).get(
      "/metrics",
    );
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("secret detail");
    expect(String(errors[0])).toContain("secret detail");
  });
});

describe("openapi", () => {
  test("/swagger/json describes every API path", async () => {
    const document = (await (await (await start()).get("/swagger/json")).json()) as {
      openapi: string;
      paths: Record<string, Record<string, { summary?: string; responses?: object }>>;
    };
    expect(document.openapi).toStartWith("3.");
    expect(Object.keys(document.paths).sort()).toEqual([
      "/healthz",
      "/metrics",
      "/readyz",
      "/v1/admin/tokens",
      "/v1/admin/tokens/{id}",
      "/v1/backup/begin",
      "/v1/backup/blob",
      "/v1/backup/end",
      "/v1/backup/page",
      "/v1/cluster",
      "/v1/cluster/join-tokens",
      "/v1/cluster/learners",
      "/v1/cluster/members/{name}",
      "/v1/cluster/members/{name}/promote",
      "/v1/cluster/replace",
      "/v1/cluster/transfer-leader",
      "/v1/groups",
      "/v1/groups/{name}",
      "/v1/groups/{name}/members",
      "/v1/groups/{name}/members/{user}",
      "/v1/keys",
      "/v1/keys/{accessKey}",
      "/v1/keys/{accessKey}/rotate",
      "/v1/keys/{accessKey}/state",
      "/v1/migration",
      "/v1/policies",
      "/v1/policies/{name}",
      "/v1/policies/{name}/attachments",
      "/v1/restore/begin",
      "/v1/restore/blob",
      "/v1/restore/end",
      "/v1/restore/page",
      "/v1/users",
      "/v1/users/{name}",
      "/v1/users/{name}/state",
      "/v1/verify",
      "/v1/version",
    ]);
    for (const path of Object.values(document.paths)) {
      for (const operation of Object.values(path)) expect(operation.summary).toBeString();
    }
    expect(Object.keys(document.paths["/readyz"]?.["get"]?.responses ?? {})).toEqual(["200", "503"]);
    expect(Object.keys(document.paths["/v1/cluster/replace"]?.["post"]?.responses ?? {})).toEqual(
      expect.arrayContaining(["200", "400", "404", "409", "503"]),
    );
  });

  test("the pages load everything from this listener", async () => {
    const { get } = await start();
    for (const page of ["/", "/swagger"]) {
      const response = await get(page);
      expect(response.status).toBe(200);
      expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
      expect(response.headers.get("content-security-policy")).toContain("default-src 'self'");
      const html = await response.text();
      expect(html).not.toMatch(/https?:|\/\/[a-z]/i);
      const loads = [...html.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, target]) => target ?? "");
      expect(loads.length).toBeGreaterThan(2);
      for (const target of loads) expect([target, (await get(target)).status]).toEqual([target, 200]);
    }
  });

  test("no asset loads anything from elsewhere", async () => {
    const { get } = await start();
    for (const path of PAGES.keys()) {
      const response = await get(path);
      expect(response.status).toBe(200);
      const text = await response.text();
      expect(text.length).toBeGreaterThan(50);
      expect(text).not.toMatch(/unpkg\.com|jsdelivr|cdnjs|googleapis|gstatic/i);
      expect(text).not.toMatch(/@import\s|url\(\s*["']?(?:https?:)?\/\//i);
      expect(text).not.toMatch(/(?:src|href)=["'](?:https?:)?\/\//i);
      expect(text).not.toMatch(/import\(\s*["']https?:/i);
    }
    expect(await (await get("/assets/swagger-ui.js")).text()).toContain("SwaggerUIBundle");
  });

  test("the plugin's own page, which loads from a CDN, cannot be reached", async () => {
    const { get } = await start();
    for (const path of [
      "/swagger",
      "/swagger/",
      "//swagger",
      "/swagger?x=1",
      "/./swagger",
      "/%73wagger",
      "/swagger%2F",
    ]) {
      expect(await (await get(path)).text()).not.toMatch(/https?:\/\//);
    }
  });
});

describe("host names", () => {
  test.each([
    "127.0.0.1",
    "127.0.0.1:9001",
    "[::1]:9001",
    "localhost",
    "LOCALHOST:1",
    "x.localhost",
    "node-1:9001",
    "node-1.",
  ])("%s is known", (host) => expect(isKnownHost(host, knownHosts(["node-1"]))).toBe(true));
  test.each([
    "",
    "evil.example",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "[evil]:1",
    "a b",
    "node-1:x",
    "127.0.0.1:9001:1",
  ])("%j is not", (host) => expect(isKnownHost(host, knownHosts(["node-1"]))).toBe(false));

  test("a foreign name is answered 421; one the operator listed is served", async () => {
    const { listener } = await start({}, ["admin.example"]);
    const ask = (host: string, target: string) =>
      raw(listener.address.port, `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    expect(await ask("evil.example", "/")).toStartWith("HTTP/1.1 421 ");
    expect(await ask("admin.example", "/")).toStartWith("HTTP/1.1 200 ");
  });

  test("a short host name does not shift the path that is routed", async () => {
    const { listener } = await start({}, ["a"]);
    const answer = await raw(
      listener.address.port,
      "GET /bc/healthz HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer viewer\r\nConnection: close\r\n\r\n",
    );
    expect(answer).toStartWith("HTTP/1.1 404 ");
  });
});

describe("listening", () => {
  const at = (address: AdminOptions["address"]) =>
    startAdmin({
      address,
      deps: {
        readiness: () => ({ ready: true }),
        metrics: async () => "",
        cluster: async () => CLUSTER,
        changeCluster: async () => ({ kind: "done", changed: true, configurationIndex: 7 }),
        version: { version: "", commit: "", bun: "" },
        tokens: fakeTokens(),
      },
    });

  test("a busy port is an error that names it", async () => {
    const { listener } = await start();
    const refused = at(listener.address);
    await expect(refused).rejects.toThrow(StartError);
    await expect(refused).rejects.toThrow(`admin address 127.0.0.1:${listener.address.port} is in use`);
  });

  test("an address of another machine is an error that names it", async () => {
    const refused = at({ host: "192.0.2.1", port: 9001 });
    await expect(refused).rejects.toThrow(StartError);
    await expect(refused).rejects.toThrow("admin address 192.0.2.1:9001");
  });

  test("after close the port is free", async () => {
    const { listener } = await start();
    await listener.close();
    listeners.splice(0);
    expect(fetch(`http://127.0.0.1:${listener.address.port}/healthz`)).rejects.toThrow();
  });
});
