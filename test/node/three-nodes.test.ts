/** Three processes without configured keys: one cluster, one pair of keys, and no way back for a wiped node. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { freePorts } from "../process/lib/node-process.ts";

const MAIN = resolve(import.meta.dir, "../../src/main.ts");

const SECRET = "0123456789abcdef".repeat(4);

let base: string;
const children: Bun.Subprocess[] = [];
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "elastickv-three-"));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  rmSync(base, { recursive: true, force: true });
});

function serve(name: string, list: string) {
  const ports = ["--s3-address", "127.0.0.1:0", "--admin-address", "127.0.0.1:0"];
  const words = [
    "serve",
    "--node-id",
    name,
    "--data-dir",
    join(base, name),
    "--initial-cluster",
    list,
    ...ports,
  ];
  const child = Bun.spawn([process.execPath, MAIN, ...words], {
    env: { PATH: process.env["PATH"] ?? "", ELASTICKV_DISK_RESERVE: "0", ELASTICKV_CLUSTER_SECRET: SECRET },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  children.push(child);
  return child;
}

test("one pair of keys for all, a graceful end, and a wiped directory is refused", async () => {
  const names = ["n1", "n2", "n3"];
  const addresses: string[] = [];
  const ports = await freePorts(names.length);
  for (const [i, name] of names.entries()) addresses.push(`${name}=127.0.0.1:${ports[i]}`);
  const list = addresses.join(",");
  const nodes = names.map((name) => serve(name, list));
  // The banner comes when a node serves.
  const banners = await Promise.all(
    nodes.map(async ({ stdout }) => new TextDecoder().decode((await stdout.getReader().read()).value)),
  );
  expect(banners.every((banner) => banner.includes("elastickv is ready."))).toBe(true);
  const files = names.map((name) => join(base, name, "root-credentials.env"));
  expect(new Set(files.map((path) => readFileSync(path, "utf8"))).size).toBe(1);
  for (const path of files) expect(statSync(path).mode & 0o777).toBe(0o600);
  const identities = names.map(
    (name) => JSON.parse(readFileSync(join(base, name, "node.json"), "utf8")) as Record<string, unknown>,
  );
  expect(new Set(identities.map(({ clusterId }) => clusterId)).size).toBe(1);
  expect(new Set(identities.map(({ instance }) => instance)).size).toBe(3);

  nodes[2]?.kill("SIGTERM");
  expect(await nodes[2]?.exited).toBe(0);
  rmSync(join(base, "n3"), { recursive: true });
  const wiped = serve("n3", list);
  const [stderr, code] = await Promise.all([new Response(wiped.stderr).text(), wiped.exited]);
  expect(code).toBe(78);
  expect(stderr).toMatch(/^elastickv: n[12] says: n3 is known with another data directory/m);
}, 60_000);
