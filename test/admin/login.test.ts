/** Who may ask what: logins over TCP, roles, failed logins, audit lines. Loopback is no exception. */
import { afterEach, describe, expect, test } from "bun:test";
import { FAILURES_MAX, FailedLogins, WINDOW_MS } from "../../src/admin/failed-logins.ts";
import { type AdminListener, type AnsweredChange, startAdmin } from "../../src/admin/listener.ts";
import { bearerToken } from "../../src/admin/login.ts";
import type { MemberChange } from "../../src/messages/cluster.ts";
import { raw } from "./raw.ts";
import { clusterStatus } from "./status.ts";
import { fakeTokens, OPERATOR, VIEWER } from "./tokens.ts";

const listeners: AdminListener[] = [];
afterEach(async () => {
  await Promise.all(listeners.splice(0).map((listener) => listener.close()));
});

async function start(metricsLogin = false) {
  const asked: MemberChange[] = [];
  const checks: [string, { freshly: boolean; mayAsk: boolean }][] = [];
  const changes: AnsweredChange[] = [];
  const outcomes: string[] = [];
  let nowMs = 0;
  const listener = await startAdmin({
    address: { host: "127.0.0.1", port: 0 },
    metricsLogin,
    clock: { monotonicMs: () => nowMs },
    onChange: (change) => changes.push(change),
    onLogin: (outcome) => outcomes.push(outcome),
    deps: {
      readiness: () => ({ ready: true }),
      metrics: async () => "elastickv_ready 1\n",
      cluster: async () => clusterStatus(),
      changeCluster: async (change) => {
        asked.push(change);
        return { kind: "done", changed: true, configurationIndex: 7 };
      },
      version: { version: "1", commit: "a", bun: "1" },
      tokens: fakeTokens(checks),
    },
  });
  listeners.push(listener);
  const { port } = listener.address;
  const send = (method: string, path: string, headers: Record<string, string> = {}, body?: string) =>
    fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers: { ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
      ...(body === undefined ? {} : { body }),
    });
  const pass = (ms: number): void => {
    nowMs += ms;
  };
  return { asked, checks, changes, outcomes, send, port, pass };
}

const READS = [
  "/v1/cluster",
  "/v1/version",
  "/v1/migration",
  "/v1/admin/tokens",
  "/v1/users",
  "/v1/keys",
  "/v1/groups",
  "/v1/policies",
  "/swagger/json",
  "/v1/none",
];
const CHANGES = [
  ["POST", "/v1/cluster/learners", '{"name":"n4","address":"h4:9002"}'],
  ["POST", "/v1/cluster/members/n4/promote", "{}"],
  ["DELETE", "/v1/cluster/members/n3", undefined],
  ["POST", "/v1/cluster/replace", '{"remove":"n3","promote":"n4"}'],
  ["POST", "/v1/cluster/transfer-leader", "{}"],
] as const;
const CHANGES_OF_USERS = [
  ["POST", "/v1/users", '{"name":"ann"}'],
  ["POST", "/v1/keys/AKIAANN/rotate", '{"keepMs":0}'],
  ["POST", "/v1/policies/mine", '{"text":"{}"}'],
  ["DELETE", "/v1/groups/staff/members/ann", undefined],
] as const;
const ALL_CHANGES = [...CHANGES, ...CHANGES_OF_USERS];

describe("without a token", () => {
  test("health, readiness, metrics and the pages are answered, and nothing else", async () => {
    const { send, outcomes } = await start();
    for (const path of ["/healthz", "/readyz", "/metrics", "/", "/swagger", "/assets/console.js"]) {
      expect([path, (await send("GET", path)).status]).toEqual([path, 200]);
    }
    expect(outcomes).toEqual([]);
    for (const path of READS) {
      const response = await send("GET", path);
      expect([path, response.status]).toEqual([path, 401]);
      expect(response.headers.get("www-authenticate")).toBe('Bearer realm="elastickv admin"');
      expect(await response.json()).toMatchObject({ code: "LOGIN_REQUIRED" });
    }
    expect(new Set(outcomes)).toEqual(new Set(["none"]));
  });

  test.each(ALL_CHANGES)("%s %s is refused over loopback too", async (method, path, body) => {
    const { asked, changes, send } = await start();
    expect((await send(method, path, {}, body)).status).toBe(401);
    expect(asked).toEqual([]);
    expect(changes).toEqual([]);
  });

  test.each(["PUT", "PATCH", "POST", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "MKCOL"])(
    "%s is refused on every path, known or not",
    async (method) => {
      const { port } = await start();
      for (const path of ["/", "/healthz", "/metrics", "/v1/cluster", "/v2/anything", "/v1/cluster/x"]) {
        const head = `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`;
        expect([path, (await raw(port, head)).split(" ")[1]]).toEqual([path, "401"]);
      }
    },
  );

  test("the body of a change is not waited for", async () => {
    const { port } = await start();
    const head = "POST /v1/cluster/replace HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 60000\r\n\r\n";
    expect(await raw(port, head)).toStartWith("HTTP/1.1 401 ");
  });

  test("with admin-metrics-login /metrics needs one, health does not", async () => {
    const { send } = await start(true);
    expect((await send("GET", "/metrics")).status).toBe(401);
    expect((await send("GET", "/healthz")).status).toBe(200);
    const answer = await send("GET", "/metrics", VIEWER);
    expect([answer.status, await answer.text()]).toEqual([200, "elastickv_ready 1\n"]);
  });

  test("a name that a page may have pointed here is not answered (DNS rebinding)", async () => {
    const { port } = await start();
    for (const host of ["evil.example", "", "localhost.evil.example"]) {
      const head = `GET /v1/cluster HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
      expect(await raw(port, head)).toStartWith("HTTP/1.1 421 ");
    }
  });
});

describe("with a token", () => {
  test("of role viewer everything is read", async () => {
    const { send, checks } = await start();
    for (const path of ["/v1/cluster", "/v1/version", "/v1/admin/tokens", "/swagger/json"]) {
      expect([path, (await send("GET", path, VIEWER)).status]).toEqual([path, 200]);
    }
    expect((await send("GET", "/v1/none", VIEWER)).status).toBe(404);
    // Reading asks nobody but this node.
    expect(checks.every(([, { freshly }]) => !freshly)).toBe(true);
  });

  test.each(ALL_CHANGES)("of role viewer %s %s is 403", async (method, path, body) => {
    const { asked, send, outcomes } = await start();
    const response = await send(method, path, VIEWER, body);
    expect(response.status).toBe(403);
    expect(response.headers.get("www-authenticate")).toContain('error="insufficient_scope"');
    expect(await response.json()).toMatchObject({ code: "FORBIDDEN" });
    expect(asked).toEqual([]);
    expect(outcomes).toEqual(["wrong-role"]);
  });

  test.each(CHANGES)(
    "of role operator %s %s is carried out, and told to the audit log",
    async (method, path, body) => {
      const { asked, changes, checks, send } = await start();
      expect((await send(method, path, OPERATOR, body)).status).toBe(200);
      expect(asked).toHaveLength(1);
      // A revocation counts at once for changes: the leader is asked.
      expect(checks).toEqual([["operator", { freshly: true, mayAsk: true }]]);
      expect(changes).toEqual([{ method, path, status: 200, by: "id-operator", remoteAddress: "127.0.0.1" }]);
    },
  );

  test("any name will do, and a proxy may be on the way", async () => {
    const { port } = await start();
    for (const more of ["", "Via: 1.1 proxy\r\n", "X-Forwarded-For: 203.0.113.9\r\n"]) {
      const head = `GET /v1/cluster HTTP/1.1\r\nHost: node-1.dc.example\r\nAuthorization: Bearer viewer\r\nConnection: close\r\n${more}\r\n`;
      expect(await raw(port, head)).toStartWith("HTTP/1.1 200 ");
    }
  });

  test("a page of another site changes nothing even so", async () => {
    const { asked, send } = await start();
    const response = await send("POST", CHANGES[1][1], { ...OPERATOR, Origin: "http://evil.example" }, "{}");
    expect(response.status).toBe(403);
    expect(asked).toEqual([]);
  });

  test("bytes of objects pass over the socket only", async () => {
    const { send } = await start();
    const response = await send("POST", "/v1/backup/begin", OPERATOR, "{}");
    expect([response.status, await response.json()]).toEqual([
      403,
      expect.objectContaining({ code: "NOT_LOCAL" }),
    ]);
  });

  test("a body above the limit is refused, announced or not", async () => {
    const { asked, port } = await start();
    const head =
      "POST /v1/cluster/replace HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer operator\r\nContent-Type: application/json\r\n";
    expect(await raw(port, `${head}Content-Length: 70000\r\n\r\n`)).toStartWith("HTTP/1.1 413 ");
    const chunk = `${(70_000).toString(16)}\r\n${" ".repeat(70_000)}\r\n0\r\n\r\n`;
    expect(await raw(port, `${head}Transfer-Encoding: chunked\r\n\r\n${chunk}`)).toStartWith("HTTP/1.1 413 ");
    expect(asked).toEqual([]);
  });

  test("tokens are made, listed and revoked by an operator; the maker is written down", async () => {
    const { send } = await start();
    const path = "/v1/admin/tokens";
    const made = await send("POST", path, OPERATOR, '{"role":"viewer","expiresInMs":60000}');
    expect([made.status, await made.json()]).toEqual([
      200,
      { id: "0123456789abcdef", token: "made by id-operator", role: "viewer", expiresMs: 60_000 },
    ]);
    expect(
      (await send(
        "POST",
        path,
        { ...OPERATOR, "X-Elastickv-Caller": "local" },
        '{"role":"viewer","expiresInMs":null}',
      ).then((answer) => answer.json())) as object,
    ).toMatchObject({ token: "made by id-operator" });
    for (const body of [
      '{"role":"root","expiresInMs":60000}',
      '{"role":"viewer","expiresInMs":1}',
      '{"role":"viewer"}',
    ]) {
      expect([body, (await send("POST", path, OPERATOR, body)).status]).toEqual([body, 400]);
    }
    expect((await send("DELETE", `${path}/0123456789abcdef`, OPERATOR)).status).toBe(200);
    const unknown = await send("DELETE", `${path}/0000000000000000`, OPERATOR);
    expect([unknown.status, await unknown.json()]).toEqual([
      404,
      expect.objectContaining({ code: "UNKNOWN_TOKEN" }),
    ]);
    expect((await send("DELETE", `${path}/nonsense`, OPERATOR)).status).toBe(400);
    expect((await send("POST", path, VIEWER, '{"role":"operator","expiresInMs":60000}')).status).toBe(403);
  });
});

describe("with a wrong token", () => {
  const WRONG = { Authorization: "Bearer wrong" };

  test("401 says so, and the token is not in the answer", async () => {
    const { send } = await start();
    const response = await send("GET", "/v1/cluster", WRONG);
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toContain('error="invalid_token"');
    const text = await response.text();
    expect(text).toContain("BAD_TOKEN");
    expect(text).not.toContain("wrong");
  });

  test("after many failures 429 for a while; a valid token is accepted all the time", async () => {
    const { checks, send, pass } = await start();
    for (let i = 0; i < FAILURES_MAX; i++) expect((await send("GET", "/v1/cluster", WRONG)).status).toBe(401);
    const limited = await send("GET", "/v1/cluster", WRONG);
    expect(limited.status).toBe(429);
    expect(Number(limited.headers.get("retry-after"))).toBe(WINDOW_MS / 1000);
    expect(checks.at(-1)).toEqual(["wrong", { freshly: false, mayAsk: false }]);
    expect((await send("GET", "/v1/cluster", VIEWER)).status).toBe(200);
    pass(WINDOW_MS);
    expect((await send("GET", "/v1/cluster", WRONG)).status).toBe(401);
  });

  test("while tokens cannot be looked up: 503, for a change and for reading", async () => {
    const { asked, send } = await start();
    const away = { Authorization: "Bearer away" };
    const read = await send("GET", "/v1/cluster", away);
    expect([read.status, await read.json()]).toEqual([
      503,
      expect.objectContaining({ code: "LOGIN_UNAVAILABLE" }),
    ]);
    expect((await send("POST", CHANGES[1][1], away, "{}")).status).toBe(503);
    expect(asked).toEqual([]);
  });
});

test("Authorization as RFC 6750 has it, and nothing else", () => {
  const of = (value: string) => bearerToken(new Headers({ Authorization: value }));
  expect(of("Bearer abc")).toBe("abc");
  expect(of("bearer   abc ")).toBe("abc");
  expect(of("Basic abc")).toBeUndefined();
  expect(of("Bearerabc")).toBeUndefined();
  expect(bearerToken(new Headers())).toBeUndefined();
  const twice = new Headers([
    ["Authorization", "Bearer operator"],
    ["Authorization", "Bearer viewer"],
  ]);
  expect(bearerToken(twice)).toBe("operator, Bearer viewer");
});

test("failed logins are counted by network address, and a bounded number of addresses is remembered", () => {
  let nowMs = 0;
  const failures = new FailedLogins({ monotonicMs: () => nowMs });
  for (let i = 0; i < FAILURES_MAX; i++) failures.failed("2001:db8::1");
  expect(failures.retryAfterSeconds("2001:db8::2")).toBeGreaterThan(0);
  expect(failures.retryAfterSeconds("2001:db8:1::2")).toBe(0);
  nowMs = WINDOW_MS;
  expect(failures.retryAfterSeconds("2001:db8::1")).toBe(0);
  for (let i = 0; i < FAILURES_MAX; i++) failures.failed("10.0.0.1");
  for (let i = 0; i < 5_000; i++) failures.failed(`10.1.${i >> 8}.${i & 255}`);
  expect(failures.retryAfterSeconds("10.0.0.1")).toBe(0);
});
