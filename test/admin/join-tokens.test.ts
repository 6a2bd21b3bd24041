/** POST /v1/cluster/join-tokens: who may ask, what is accepted, and how refusals are told. */
import { afterEach, expect, test } from "bun:test";
import { type AdminListener, startAdmin } from "../../src/admin/listener.ts";
import { type JoinTokenCode, JoinTokenRefused, type JoinTokenRequest } from "../../src/api/join.ts";
import { clusterStatus } from "./status.ts";
import { fakeTokens, OPERATOR, VIEWER } from "./tokens.ts";

const listeners: AdminListener[] = [];
afterEach(async () => {
  await Promise.all(listeners.splice(0).map((listener) => listener.close()));
});

async function start(refusal?: JoinTokenCode) {
  const asked: JoinTokenRequest[] = [];
  const listener = await startAdmin({
    address: { host: "127.0.0.1", port: 0 },
    deps: {
      readiness: () => ({ ready: true }),
      metrics: async () => "",
      cluster: async () => clusterStatus(),
      changeCluster: async () => ({ kind: "done", changed: true, configurationIndex: 7 }),
      joinToken: async (request) => {
        if (refusal !== undefined) throw new JoinTokenRefused(refusal, "no");
        asked.push(request);
        return { token: "ekj1.AAAA", expiresMs: 5 };
      },
      version: { version: "1.2.3", commit: "abc", bun: "1.4.5" },
      tokens: fakeTokens(),
    },
  });
  listeners.push(listener);
  const url = `http://127.0.0.1:${listener.address.port}/v1/cluster/join-tokens`;
  const post = (body: unknown, headers: Record<string, string> = {}) =>
    fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json", ...OPERATOR, ...headers },
      body: JSON.stringify(body),
    });
  return { asked, post };
}

test("a token is made for an operator", async () => {
  const { asked, post } = await start();
  const answer = await post({ expiresSeconds: 60, name: "n4", replaces: "n2" });
  expect(answer.status).toBe(200);
  expect(await answer.json()).toEqual({ token: "ekj1.AAAA", expiresMs: 5 });
  expect(asked).toEqual([{ expiresSeconds: 60, name: "n4", replaces: "n2" }]);
});

test("a viewer, a request without a login, or one of a page of another site, gets none", async () => {
  const { asked, post } = await start();
  expect((await post({ expiresSeconds: 60 }, VIEWER)).status).toBe(403);
  expect((await post({ expiresSeconds: 60 }, { Authorization: "" })).status).toBe(401);
  expect((await post({ expiresSeconds: 60 }, { Origin: "http://evil.example" })).status).toBe(403);
  expect(asked).toEqual([]);
});

test.each([
  {},
  { expiresSeconds: 0 },
  { expiresSeconds: 1.5 },
  { expiresSeconds: "60" },
  { expiresSeconds: 8 * 86_400 },
  { expiresSeconds: 60, name: "a/b" },
  { expiresSeconds: 60, replaces: "" },
])("%j is INVALID", async (body) => {
  const { asked, post } = await start();
  const answer = await post(body);
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({ code: "INVALID" });
  expect(asked).toEqual([]);
});

test.each([
  ["UNAVAILABLE", 503],
  ["NO_AUTHORITY", 409],
  ["TOO_MANY", 409],
  ["NAME_TAKEN", 409],
  ["UNKNOWN_MEMBER", 404],
] as const)("%s is %d", async (code, status) => {
  const answer = await (await start(code)).post({ expiresSeconds: 60 });
  expect(answer.status).toBe(status);
  expect(await answer.json()).toEqual({ code, message: "no" });
});
