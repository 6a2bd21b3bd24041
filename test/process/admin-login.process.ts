/** Logins of the admin API against the binary: tokens of one node at three, roles, revocation, the socket, kills. */
import { afterAll, expect, test } from "bun:test";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../support/run.ts";
import { waitFor, withCluster } from "./lib/cluster.ts";
import {
  cleanUp,
  LOOPBACK,
  type NodeProcess,
  serverCommand,
  temporaryDirectory,
} from "./lib/node-process.ts";

afterAll(cleanUp);

const cli = (words: readonly string[], env: Record<string, string> = {}) =>
  run([...serverCommand(), ...words], { env: { PATH: process.env["PATH"] ?? "", ...env } });

const socketOf = ({ adminSocket }: NodeProcess) => ["--admin-socket", adminSocket];
const addressOf = ({ adminPort }: NodeProcess) => ["--admin-address", `${LOOPBACK}:${adminPort}`];

async function over(node: NodeProcess, path: string, token?: string, method = "GET"): Promise<number> {
  const headers = {
    ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    ...(method === "GET" ? {} : { "Content-Type": "application/json" }),
  };
  const url = `http://${LOOPBACK}:${node.adminPort}${path}`;
  const body = method === "GET" ? {} : { body: "{}" };
  const answer = await fetch(url, { method, headers, keepalive: false, ...body });
  await answer.arrayBuffer();
  return answer.status;
}

async function create(node: NodeProcess, ...words: readonly string[]) {
  const made = await cli(["admin", "token", "create", ...words, ...socketOf(node)]);
  expect([made.code, made.err]).toEqual([0, expect.stringContaining("it is not shown again")]);
  expect(made.out).toMatch(/^ekv_admin_[0-9a-f]{16}_[A-Za-z0-9_-]{43}\n$/);
  return made.out.trim();
}

/** Every file below the directory that holds the text. */
function holders(directory: string, text: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => readFileSync(path).includes(text));
}

test(
  "tokens of one node count at all three, by role, until they are revoked; kills change nothing of that",
  () =>
    withCluster({}, async (cluster) => {
      const node = (name: string) => cluster.node(name).running;
      for (const name of ["n1", "n2", "n3"]) {
        for (const path of ["/v1/cluster", "/v1/version", "/v1/admin/tokens", "/swagger/json"]) {
          expect([name, path, await over(node(name), path)]).toEqual([name, path, 401]);
        }
        for (const path of ["/healthz", "/readyz", "/metrics", "/"])
          expect(await over(node(name), path)).toBe(200);
      }
      const viewer = await create(node("n1"), "--role", "viewer", "--note", "for the dashboard");
      const operator = await create(node("n2"), "--role", "operator", "--expires", "2d");
      for (const name of ["n1", "n2", "n3"]) {
        expect(await over(node(name), "/v1/cluster", viewer)).toBe(200);
        expect(await over(node(name), "/v1/cluster/transfer-leader", viewer, "POST")).toBe(403);
      }
      // The command line: over loopback without a token, with one in a variable, and with one in a file.
      const handOver = ["cluster", "transfer-leader", ...addressOf(node("n3"))];
      const refused = await cli(handOver);
      expect([refused.code, refused.err]).toEqual([1, expect.stringContaining("LOGIN_REQUIRED")]);
      expect((await cli(handOver, { ELASTICKV_ADMIN_TOKEN: operator })).code).toBe(0);
      const file = join(temporaryDirectory("token"), "token");
      writeFileSync(file, `${operator}\n`, { mode: 0o600 });
      const withFile = { ELASTICKV_ADMIN_TOKEN_FILE: file };
      await waitFor(async () => (await cli(handOver, withFile)).code === 0, 30_000, "handed over again");
      await waitFor(() => node("n3").stderr.includes("admin change"), 5_000, "an audit line");
      const audit = node("n3")
        .stderr.split("\n")
        .find((line) => line.includes("admin change"));
      expect(audit).toContain(`by=${operator.split("_")[2]}`);
      expect(audit).toContain("path=/v1/cluster/transfer-leader");
      expect(audit).not.toContain(operator);

      const listed = await cli(["admin", "token", "list", ...socketOf(node("n3"))]);
      expect(listed.out).toContain("for the dashboard");
      for (const token of [viewer, operator]) {
        expect(listed.out).toContain(token.split("_")[2] ?? "");
        expect(listed.out).not.toContain(token);
        for (const { dataDir } of cluster.nodes) expect(holders(dataDir, token)).toEqual([]);
      }
      // They are there after all nodes were killed.
      for (const { name } of cluster.nodes) await cluster.kill(name);
      await Promise.all(cluster.nodes.map(({ name }) => cluster.spawn(name)));
      await cluster.ready();
      expect(await over(node("n2"), "/v1/cluster", viewer)).toBe(200);

      const id = viewer.split("_")[2] ?? "";
      const revoked = await cli(["admin", "token", "revoke", id, ...addressOf(node("n1"))], withFile);
      expect([revoked.code, revoked.out]).toEqual([0, `token ${id} is revoked\n`]);
      for (const name of ["n1", "n2", "n3"]) {
        await waitFor(
          async () => (await over(node(name), "/v1/cluster", viewer)) === 401,
          10_000,
          `known on ${name}`,
        );
      }
      const again = await cli(["admin", "token", "revoke", id, ...socketOf(node("n2"))]);
      expect([again.code, again.err]).toEqual([1, expect.stringContaining("UNKNOWN_TOKEN")]);

      // Without a majority: no change with a token that nobody can vouch for; reading, and the socket, go on.
      await cluster.kill("n2");
      await cluster.kill("n3");
      await waitFor(
        async () => (await over(node("n1"), "/v1/cluster/transfer-leader", operator, "POST")) === 503,
        30_000,
        "refused without a leader",
      );
      expect(await over(node("n1"), "/v1/cluster", operator)).toBe(200);
      expect((await node("n1").admin("/v1/cluster")).status).toBe(200);
    }),
  180_000,
);

/** A binary of the release before, of the same peer protocol; without it the test is skipped. */
const OLD_BINARY = process.env["ELASTICKV_TEST_OLD_BINARY"] ?? "";

test.skipIf(OLD_BINARY === "")(
  "a node of the release before keeps tokens, and knows them after its upgrade",
  () =>
    withCluster({ own: { n3: { command: [OLD_BINARY] } } }, async (cluster) => {
      const node = (name: string) => cluster.node(name).running;
      const token = await create(node("n1"), "--role", "operator");
      await cluster.converged();
      await cluster.stop("n3");
      await cluster.start("n3");
      await cluster.converged();
      expect((await node("n3").admin("/v1/cluster")).status).toBe(200);
      expect(await over(node("n2"), "/v1/cluster", token)).toBe(200);
      await cluster.stop("n3");
      cluster.own.delete("n3");
      await cluster.start("n3");
      expect(await over(node("n3"), "/v1/cluster", token)).toBe(200);
      expect(await over(node("n3"), "/v1/cluster")).toBe(401);
    }),
  120_000,
);

test("a token file that others may read, and a token that is none, are named and not used", async () => {
  const file = join(temporaryDirectory("token"), "token");
  writeFileSync(file, "ekv_admin_x", { mode: 0o644 });
  expect(statSync(file).mode & 0o777).toBe(0o644);
  const words = ["cluster", "status", "--admin-address", `${LOOPBACK}:1`];
  const open = await cli(words, { ELASTICKV_ADMIN_TOKEN_FILE: file });
  expect([open.code, open.err]).toEqual([2, expect.stringContaining(`${file} is open to other users`)]);
  const both = await cli(words, { ELASTICKV_ADMIN_TOKEN_FILE: file, ELASTICKV_ADMIN_TOKEN: "x" });
  expect([both.code, both.err]).toEqual([2, expect.stringContaining("are both set")]);
  const none = await cli(words, { ELASTICKV_ADMIN_TOKEN: "a b" });
  expect([none.code, none.err]).toEqual([2, expect.stringContaining("ELASTICKV_ADMIN_TOKEN holds no token")]);
  expect(none.err).not.toContain("a b");
});
