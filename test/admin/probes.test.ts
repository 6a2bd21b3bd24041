/** Health, readiness and metrics as balancers and scrapers ask for them: by any name, or by none. */
import { afterEach, expect, test } from "bun:test";
import { type AdminListener, startAdmin } from "../../src/admin/listener.ts";
import { raw } from "./raw.ts";
import { clusterStatus } from "./status.ts";
import { fakeTokens } from "./tokens.ts";

const listeners: AdminListener[] = [];
afterEach(async () => {
  await Promise.all(listeners.splice(0).map((listener) => listener.close()));
});

async function start(ready = true): Promise<number> {
  const listener = await startAdmin({
    address: { host: "127.0.0.1", port: 0 },
    deps: {
      readiness: () =>
        ready ? { ready } : { ready, reasons: [{ code: "no-leader", message: "no leader is known" }] },
      metrics: async () => "elastickv_ready 1\n",
      cluster: async () => clusterStatus(),
      changeCluster: async () => ({ kind: "done", changed: true, configurationIndex: 7 }),
      version: { version: "1", commit: "a", bun: "1" },
      tokens: fakeTokens(),
    },
  });
  listeners.push(listener);
  return listener.address.port;
}

const PROBES = [
  ["/healthz", '{"status":"ok"}'],
  ["/readyz", '{"ready":true,"reasons":[]}'],
  ["/metrics", "elastickv_ready 1"],
] as const;

/** Prometheus by FQDN; a name that some page may have pointed here; short ones, which shift the path Elysia reads. */
const HOSTS = ["node-1.dc.example:9001", "evil.example", "a", "", "a b%%", "[::1"];

test.each(PROBES)("%s is answered whatever the Host says", async (path, body) => {
  const port = await start();
  for (const host of HOSTS) {
    const answer = await raw(port, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    expect([host, answer.split("\r\n")[0]]).toEqual([host, "HTTP/1.1 200 OK"]);
    expect(answer).toContain(body);
    expect(answer.toLowerCase()).toContain("cache-control: no-store");
  }
});

test.each(PROBES)("%s is answered in HTTP/1.0 without a Host, as HAProxy asks", async (path, body) => {
  const port = await start();
  for (const method of ["GET", "HEAD", "OPTIONS"]) {
    const answer = await raw(port, `${method} ${path} HTTP/1.0\r\n\r\n`);
    if (method === "OPTIONS") {
      // HAProxy's default method: not one of ours, and never a change. `option httpchk GET /readyz` is documented.
      expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
      continue;
    }
    expect(answer).toStartWith("HTTP/1.1 200 OK");
    expect(answer.includes(body)).toBe(method === "GET");
  }
});

test("not ready is 503, also without a Host", async () => {
  const answer = await raw(await start(false), "GET /readyz HTTP/1.0\r\n\r\n");
  expect(answer).toStartWith("HTTP/1.1 503 ");
  expect(answer).toContain('{"ready":false,"reasons":[{"code":"no-leader","message":"no leader is known"}]}');
});

test("a query is no matter; an absolute target is read as its path", async () => {
  const port = await start();
  for (const target of ["/readyz?verbose", "http://node-1.example:9001/readyz", "http://a/readyz?x"]) {
    const answer = await raw(port, `GET ${target} HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n`);
    expect([target, answer.split("\r\n")[0]]).toEqual([target, "HTTP/1.1 200 OK"]);
  }
});

test.each([
  "/v1/cluster",
  "/v1/version",
  "/swagger/json",
  "/",
  "/bc/healthz",
  "/healthz/",
  "//healthz",
  "/x/../healthz",
])("GET %s needs a Host that is known", async (path) => {
  const port = await start();
  for (const head of ["HTTP/1.1\r\nHost: evil.example", "HTTP/1.1\r\nHost: a", "HTTP/1.0"]) {
    const answer = await raw(port, `GET ${path} ${head}\r\nConnection: close\r\n\r\n`);
    expect([head, answer.split(" ")[1]]).toEqual([head, "421"]);
  }
});

test("HTTP/1.1 without a Host, two Hosts, or a target that is no path, are answered 400", async () => {
  const port = await start();
  const two = "GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n";
  expect(await raw(port, two)).toStartWith("HTTP/1.1 400 ");
  expect(await raw(port, "GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n")).toStartWith("HTTP/1.1 400 ");
  const star = "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  expect(await raw(port, star)).toStartWith("HTTP/1.1 400 ");
  const tunnel = "CONNECT evil.example:80 HTTP/1.1\r\nHost: evil.example\r\n\r\n";
  expect(await raw(port, tunnel)).toMatch(/^HTTP\/1\.1 40[05] /);
});
