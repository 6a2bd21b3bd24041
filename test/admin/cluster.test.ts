/** Changes of the cluster over the admin API: what reaches the leader, what refusals become, who may ask at all. */
import { afterEach, describe, expect, test } from "bun:test";
import { REFUSAL_STATUS } from "../../src/admin/cluster-routes.ts";
import { type AdminListener, startAdmin } from "../../src/admin/listener.ts";
import type { ChangeReply } from "../../src/admin/types.ts";
import type { MemberChange } from "../../src/messages/cluster.ts";
import { clusterStatus } from "./status.ts";
import { fakeTokens, OPERATOR } from "./tokens.ts";

const listeners: AdminListener[] = [];
afterEach(async () => {
  await Promise.all(listeners.splice(0).map((listener) => listener.close()));
});

async function start(reply: ChangeReply = { kind: "done", changed: true, configurationIndex: 7 }) {
  const asked: [MemberChange, number | null][] = [];
  const listener = await startAdmin({
    address: { host: "127.0.0.1", port: 0 },
    deps: {
      readiness: () => ({ ready: true }),
      metrics: async () => "",
      cluster: async () => clusterStatus(),
      changeCluster: async (change, guard) => {
        asked.push([change, guard]);
        return reply;
      },
      version: { version: "1", commit: "a", bun: "1" },
      tokens: fakeTokens(),
    },
  });
  listeners.push(listener);
  const base = `http://127.0.0.1:${listener.address.port}`;
  const send = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    fetch(`${base}${path}`, {
      method,
      headers: {
        ...OPERATOR,
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
  return { asked, send, base };
}

describe("changes", () => {
  test.each([
    [
      "POST",
      "/v1/cluster/learners",
      { name: "n4", address: "H4:9002" },
      { kind: "add-learner", name: "n4", address: "h4:9002" },
    ],
    ["POST", "/v1/cluster/members/n4/promote", {}, { kind: "promote", name: "n4" }],
    ["POST", "/v1/cluster/members/n4/promote", "", { kind: "promote", name: "n4" }],
    ["DELETE", "/v1/cluster/members/n3", undefined, { kind: "remove", name: "n3" }],
    [
      "POST",
      "/v1/cluster/replace",
      { remove: "n3", promote: "n4" },
      { kind: "replace", remove: "n3", promote: "n4" },
    ],
    ["POST", "/v1/cluster/transfer-leader", { to: "n2" }, { kind: "transfer-leader", to: "n2" }],
    ["POST", "/v1/cluster/transfer-leader", {}, { kind: "transfer-leader", to: null }],
  ] as const)("%s %s", async (method, path, body, change) => {
    const { asked, send } = await start();
    const response = await send(method, path, body);
    expect([response.status, await response.json()]).toEqual([200, { changed: true, configurationIndex: 7 }]);
    expect(asked).toEqual([[change as MemberChange, null]]);
  });

  test("the configuration that was looked at goes along", async () => {
    const { asked, send } = await start();
    await send("POST", "/v1/cluster/replace", { remove: "a", promote: "b", configurationIndex: 12 });
    await send("DELETE", "/v1/cluster/members/a?configurationIndex=13");
    expect(asked.map(([, guard]) => guard)).toEqual([12, 13]);
  });

  test.each(Object.entries(REFUSAL_STATUS))(
    "%s is answered %d, with code and message",
    async (code, status) => {
      const { send } = await start({
        kind: "refused",
        code: code as keyof typeof REFUSAL_STATUS,
        message: "because",
      });
      const response = await send("POST", "/v1/cluster/members/n4/promote", {});
      expect([response.status, await response.json()]).toEqual([status, { code, message: "because" }]);
    },
  );
});

describe("bad requests do not reach the leader", () => {
  test.each([
    ["POST", "/v1/cluster/learners", { name: "n4" }],
    ["POST", "/v1/cluster/learners", { name: "-", address: "h:1" }],
    ["POST", "/v1/cluster/learners", { name: "n4", address: ":9002" }],
    ["POST", "/v1/cluster/learners", { name: "n4", address: "nowhere" }],
    ["POST", "/v1/cluster/learners", "not json"],
    ["POST", "/v1/cluster/replace", { remove: "n3", promote: "n4", configurationIndex: -1 }],
    ["DELETE", "/v1/cluster/members/n3?configurationIndex=x", undefined],
  ] as const)("%s %s %j", async (method, path, body) => {
    const { asked, send } = await start();
    const response = await send(method, path, body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: "INVALID", message: expect.any(String) });
    expect(asked).toEqual([]);
  });

  test("paths that change nothing take no POST", async () => {
    const { send } = await start();
    for (const path of ["/v1/cluster", "/healthz", "/"])
      expect((await send("POST", path, {})).status).toBe(405);
  });
});

describe("pages of other sites", () => {
  const CHANGE = ["POST", "/v1/cluster/transfer-leader"] as const;
  test.each([
    [{ Origin: "http://evil.example" }],
    [{ Origin: "null" }],
    [{ "Sec-Fetch-Site": "cross-site" }],
    [{ "Sec-Fetch-Site": "same-site" }],
  ])("%j is refused", async (headers) => {
    const { asked, send } = await start();
    expect((await send(...CHANGE, {}, headers)).status).toBe(403);
    expect(asked).toEqual([]);
  });

  test("a form cannot send JSON", async () => {
    const { asked, send } = await start();
    for (const type of ["text/plain", "application/x-www-form-urlencoded"]) {
      expect((await send(...CHANGE, "{}", { "Content-Type": type })).status).toBe(415);
    }
    expect(asked).toEqual([]);
  });

  test("nobody gets leave to send anything from elsewhere", async () => {
    const response = await (await start()).send("OPTIONS", "/v1/cluster/members/n1");
    expect(response.status).toBe(405);
    expect(response.headers.get("access-control-allow-origin")).toBeNull();
  });

  test("our own page may", async () => {
    const { asked, send, base } = await start();
    expect((await send(...CHANGE, {}, { Origin: base, "Sec-Fetch-Site": "same-origin" })).status).toBe(200);
    expect(asked).toHaveLength(1);
  });
});
