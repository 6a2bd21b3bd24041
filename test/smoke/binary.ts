/**
 * `make smoke`: the binary as a stranger meets it, in an empty directory. Not part of `make test`, which needs no binary.
 * What it shows cannot be seen uncompiled: that every Worker and every asset is inside, and nothing around it is read.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FORMATS } from "../../src/node/formats.ts";
import { PLANTED } from "../../src/platform/planted.ts";
import { run } from "../support/run.ts";

const BINARY = join(import.meta.dir, "../..", process.env["ELASTICKV_TEST_BINARY"] ?? "dist/elastickv");
const START_LIMIT_MS = 20_000;

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "elastickv-smoke-"));
  // Bun would obey these; a server must not.
  writeFileSync(join(directory, "bunfig.toml"), 'preload = ["./preload.ts"]\n');
  writeFileSync(join(directory, "preload.ts"), 'require("node:fs").writeFileSync("preloaded", "");\n');
  writeFileSync(join(directory, ".env"), "ELASTICKV_NODE_ID=from-dot-env\n");
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Runs a command that is expected to end by itself. */
const elastickv = (...words: string[]) => run([BINARY, ...words], { cwd: directory, env: {} });

test("no planted bug is in the binary", async () => {
  const binary = Buffer.from(await Bun.file(BINARY).arrayBuffer());
  // What must be there, or the search itself finds nothing.
  expect(binary.includes("maxInflightBytes")).toBe(true);
  expect(Object.keys(PLANTED).filter((name) => binary.includes(name))).toEqual([]);
});

interface RunningNode {
  readonly banner: string;
  readonly s3: string;
  readonly admin: string;
  readonly accessKey: string;
  /** The exit code after SIGTERM, and everything on standard error. */
  stop(): Promise<{ code: number; err: string }>;
}

async function startNode(): Promise<RunningNode> {
  const child = Bun.spawn(
    [BINARY, "serve", "--data-dir", "data", "--s3-address", "127.0.0.1:0", "--admin-address", "127.0.0.1:0"],
    { cwd: directory, env: {}, stdin: "ignore", stdout: "pipe", stderr: "pipe" },
  );
  const err = new Response(child.stderr).text();
  const timer = setTimeout(() => child.kill("SIGKILL"), START_LIMIT_MS);
  let banner = "";
  const decoder = new TextDecoder();
  const reader = child.stdout.getReader();
  while (!/Data +\S+/.test(banner)) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`the node ended before it was ready:\n${banner}${await err}`);
    banner += decoder.decode(value, { stream: true });
  }
  clearTimeout(timer);
  const field = (pattern: RegExp): string => pattern.exec(banner)?.[1] ?? "";
  return {
    banner,
    s3: field(/S3 endpoint +(\S+)/),
    admin: field(/Admin +(\S+)\//),
    accessKey: field(/Access key +(\S+)/),
    stop: async () => {
      child.kill("SIGTERM");
      return { code: await child.exited, err: await err };
    },
  };
}

function metric(metrics: string, name: string): number {
  return Number(new RegExp(`^elastickv_${name} (\\S+)$`, "m").exec(metrics)?.[1]);
}

/** Each thread answers for itself: what is on its way from one to the next shows in only one of them. A node registers
 *  itself, and its root user, just after its start. */
async function settledMetrics(admin: string): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const metrics = await (await fetch(`${admin}/metrics`)).text();
    const last = metric(metrics, "raft_last_index");
    const counted = [metric(metrics, "wal_entries_total"), metric(metrics, "fsm_applied_entries_total")];
    const settled =
      metric(metrics, "raft_applied_index") === last && counted.every((entries) => entries === last - 1);
    if (settled || attempt === 50) return metrics;
    await Bun.sleep(100);
  }
}

describe("commands", () => {
  test("version, help", async () => {
    const version = await elastickv("version");
    expect(version.code).toBe(0);
    expect(version.out).toMatch(/^elastickv \d+\.\d+\.\d+ \(\S+, bun 1\.4\.5\)\n$/);
    const json = JSON.parse((await elastickv("version", "--json")).out);
    expect(version.out).toContain(`elastickv ${json.version} (${json.commit}, `);
    expect([json.release.startsWith(json.version), json.commit]).not.toContain("source");
    expect(json.formats).toEqual(FORMATS);
    const help = await elastickv("serve", "--help");
    expect(help.code).toBe(0);
    expect(help.out).toContain("--data-dir PATH   ELASTICKV_DATA_DIR");
  });

  test.each([
    [["serve", "--data"], "unknown flag"],
    [["serve", "--s3-address", "x"], "--s3-address"],
    [["sevre"], "did you mean serve?"],
  ])("%j: one line, exit 2", async (words, text) => {
    const { out, err, code } = await elastickv(...words);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain(text);
    expect(err.trimEnd().split("\n")).toHaveLength(1);
  });

  test("a data directory that is a file is named", async () => {
    const { err, code } = await elastickv("serve", "--data-dir", ".env");
    expect(code).toBe(78);
    expect(err).toContain("data directory .env");
  });
});

describe("a node", () => {
  test("starts, answers from every thread, refuses a second one, stops, and starts again", async () => {
    const node = await startNode();
    const socket = join(directory, "data/admin.sock");
    try {
      for (const path of [
        "/healthz",
        "/readyz",
        "/v1/cluster",
        "/v1/version",
        "/",
        "/swagger",
        "/swagger/json",
      ]) {
        const local = await fetch(`http://localhost${path}`, { unix: socket });
        expect([path, local.status]).toEqual([path, 200]);
        const needsLogin = path.startsWith("/v1/") || path === "/swagger/json";
        expect([path, (await fetch(node.admin + path)).status]).toEqual([path, needsLogin ? 401 : 200]);
      }
      for (const asset of [
        "swagger-ui.js",
        "swagger-ui.css",
        "swagger-start.js",
        "console.js",
        "console.css",
      ]) {
        expect((await (await fetch(`${node.admin}/assets/${asset}`)).text()).length).toBeGreaterThan(50);
      }
      const metrics = await settledMetrics(node.admin);
      for (const thread of ["front", "log", "consensus", "store", "snapshot"]) {
        expect(metrics).toContain(`elastickv_thread_up{thread="${thread}"} 1`);
      }
      expect(metrics).not.toMatch(/elastickv_thread_up\{[^}]*\} 0/);
      expect(metric(metrics, "raft_commit_index")).toBeGreaterThan(0);
      // Index 1 is the initial membership: a position, not an entry.
      expect(metric(metrics, "wal_entries_total")).toBe(metric(metrics, "raft_last_index") - 1);
      expect(metric(metrics, "fsm_applied_entries_total")).toBe(metric(metrics, "raft_applied_index") - 1);
      const refused = await fetch(`${node.s3}/`);
      expect(refused.status).toBe(403);
      expect(await refused.text()).toContain("<Code>AccessDenied</Code>");

      expect(statSync(join(directory, "data/root-credentials.env")).mode & 0o777).toBe(0o600);
      expect(existsSync(join(directory, "preloaded"))).toBe(false);
      const cluster = (await (await fetch("http://localhost/v1/cluster", { unix: socket })).json()) as {
        nodeId: string;
      };
      expect(cluster.nodeId).toBe("n1");

      const sameDirectory = await elastickv(
        "serve",
        "--data-dir",
        "data",
        "--s3-address",
        ":0",
        "--admin-address",
        ":0",
      );
      expect(sameDirectory.code).toBe(1);
      expect(sameDirectory.err).toContain("data directory data is in use by another process");
      for (const [flag, url, name] of [
        ["--s3-address", node.s3, "S3 address"],
        ["--admin-address", node.admin, "admin address"],
      ] as const) {
        const other = flag === "--s3-address" ? "--admin-address" : "--s3-address";
        const address = url.slice("http://".length);
        const busy = await elastickv(
          "serve",
          "--data-dir",
          `other-${name[0]}`,
          flag,
          address,
          other,
          "127.0.0.1:0",
        );
        expect(busy.code).toBe(1);
        expect(busy.err).toContain(address);
        expect(busy.err).toContain("in use");
      }
    } finally {
      const { code, err } = await node.stop();
      expect([code, err.includes(" level=error ")]).toEqual([0, false]);
    }
    const again = await startNode();
    expect(again.accessKey).toBe(node.accessKey);
    expect((await again.stop()).code).toBe(0);
  }, 60_000);
});
