/** A start that cannot go on ends the process, however far it came and whatever stops it; a stop is one stop. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { loadConfig } from "../../src/config/load.ts";
import { ThreadMetrics } from "../../src/monitoring/thread-metrics.ts";
import { keyspaceDirectory, loadIdentity, walDirectory } from "../../src/node/data-directory.ts";
import { Node } from "../../src/node/node.ts";
import { realDisk } from "../../src/platform/disk/real-disk.ts";
import { systemRandom } from "../../src/platform/random.ts";
import { EntryType } from "../../src/raft/core/types.ts";
import { Wal } from "../../src/raft/log/wal.ts";
import { raw } from "../admin/raw.ts";
import { RawClient } from "../http/raw-client.ts";
import { S3Client } from "../process/lib/s3-client.ts";
import { noLog } from "../support/no-log.ts";

const MAIN = resolve(import.meta.dir, "../../src/main.ts");
/** Far above what a start takes here; a process that is still there then hangs. */
const HANG_MS = 15_000;

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "elastickv-start-"));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const ENVIRONMENT = {
  ELASTICKV_ROOT_ACCESS_KEY: "TESTROOTACCESSKEY",
  ELASTICKV_ROOT_SECRET_KEY: "testRootSecretKey0123456789",
  ELASTICKV_S3_ADDRESS: "127.0.0.1:0",
  ELASTICKV_ADMIN_ADDRESS: "127.0.0.1:0",
  ELASTICKV_DISK_RESERVE: "0",
  ELASTICKV_NODE_ID: "n1",
};

function startHere(): Promise<Node> {
  return Node.start({
    config: loadConfig(new Map(), { ...ENVIRONMENT, ELASTICKV_DATA_DIR: dataDir }).config,
    log: noLog,
    metrics: new ThreadMetrics("front"),
    onFatal: (message) => {
      throw new Error(message);
    },
    onFenced: (message) => {
      throw new Error(message);
    },
    onExhausted: (message) => {
      throw new Error(message);
    },
    onOverdue: () => {
      throw new Error("out of memory");
    },
  });
}

function spawnNode() {
  return Bun.spawn([process.execPath, MAIN, "serve", "--data-dir", dataDir], {
    env: { PATH: process.env["PATH"] ?? "", ...ENVIRONMENT },
    stdout: "pipe",
    stderr: "pipe",
  });
}

/** A first start, ended as it should be. */
async function serveOnce(): Promise<void> {
  const child = spawnNode();
  // The banner comes when the node serves.
  await child.stdout.getReader().read();
  child.kill("SIGTERM");
  expect(await child.exited).toBe(0);
}

/** Runs `serve` on the data directory until it ends by itself. */
async function serve(): Promise<{ code: number | "hangs"; stderr: string }> {
  const child = spawnNode();
  const stderr = new Response(child.stderr).text();
  const code = await Promise.race([child.exited, Bun.sleep(HANG_MS).then(() => "hangs" as const)]);
  child.kill("SIGKILL");
  return { code, stderr: await stderr };
}

test("an entry that cannot be applied, met while the log is replayed, ends the process", async () => {
  await serveOnce();
  const { clusterId, nodeId } = loadIdentity(
    dataDir,
    { nodeId: "n1", initialClusterId: undefined, joins: false },
    systemRandom,
  );
  const { wal, recovered } = Wal.open({
    disk: realDisk,
    directory: walDirectory(dataDir),
    identity: { clusterId, nodeId },
  });
  const index = recovered.lastIndex + 1;
  const { hardState } = recovered;
  const data = new TextEncoder().encode("this is no command of the state machine");
  wal.append({
    entries: [{ index, term: hardState.term, type: EntryType.Normal, data }],
    hardState: { ...hardState, commit: index },
  });
  wal.close();
  const { code, stderr } = await serve();
  expect(stderr).toContain("cannot be read");
  expect(code).toBe(78);
}, 30_000);

test("an error that nobody foresaw during the start ends the process", async () => {
  await serveOnce();
  rmSync(join(dataDir, "LOCK"));
  mkdirSync(join(dataDir, "LOCK"));
  const { code, stderr } = await serve();
  expect(stderr).toContain("LOCK");
  // Nobody but the operator makes a file of it again.
  expect(code).toBe(78);
}, 30_000);

test("SIGTERM during the start ends it like one that served", async () => {
  const child = spawnNode();
  // The settings are logged first of all.
  await child.stderr.getReader().read();
  child.kill("SIGTERM");
  expect(await child.exited).toBe(0);
  expect(child.signalCode).toBeNull();
}, 30_000);

test("the keyspace of another cluster is refused by name", async () => {
  await serveOnce();
  const foreign = join(dataDir, "..", `${basename(dataDir)}-foreign`);
  renameSync(dataDir, foreign);
  try {
    await serveOnce();
    const { clusterId } = JSON.parse(readFileSync(join(foreign, "node.json"), "utf8")) as {
      clusterId: string;
    };
    rmSync(keyspaceDirectory(dataDir), { recursive: true });
    cpSync(keyspaceDirectory(foreign), keyspaceDirectory(dataDir), { recursive: true });
    const { code, stderr } = await serve();
    expect(stderr).toContain(`keyspace.db belongs to cluster ${clusterId}`);
    expect(code).toBe(78);
  } finally {
    rmSync(foreign, { recursive: true, force: true });
  }
}, 30_000);

test("a second stop waits for the first", async () => {
  const node = await startHere();
  const ended: string[] = [];
  await Promise.all([
    node.stop().then(() => ended.push("first")),
    node.stop().then(() => ended.push("second")),
  ]);
  expect(ended).toEqual(["first", "second"]);
}, 30_000);

test("the command line finds a node by its socket, proxy or not; the admin API shows nothing that is secret", async () => {
  const node = await startHere();
  try {
    const cluster = async (...words: string[]) => {
      const child = Bun.spawn([process.execPath, MAIN, "cluster", ...words], {
        env: {
          PATH: process.env["PATH"] ?? "",
          ELASTICKV_DATA_DIR: dataDir,
          HTTP_PROXY: "http://127.0.0.1:9",
        },
        stdout: "pipe",
        stderr: "pipe",
      });
      return { out: await new Response(child.stdout).text(), code: await child.exited };
    };
    expect(statSync(join(dataDir, "admin.sock")).mode & 0o777).toBe(0o600);
    const overSocket = await cluster("status");
    expect(overSocket.out).toContain("leader n1");
    const { host, port } = node.adminAddress;
    const overAddress = await cluster("status", "--admin-address", `${host}:${port}`);
    expect([overSocket.code, overAddress.code]).toEqual([0, 1]);
    for (const path of [
      "/healthz",
      "/readyz",
      "/metrics",
      "/v1/cluster",
      "/v1/version",
      "/swagger/json",
      "/",
    ]) {
      const page = await (
        await fetch(`http://localhost${path}`, { unix: join(dataDir, "admin.sock") })
      ).text();
      expect(page).not.toContain(ENVIRONMENT.ELASTICKV_ROOT_ACCESS_KEY);
      expect(page).not.toContain(ENVIRONMENT.ELASTICKV_ROOT_SECRET_KEY);
    }
  } finally {
    await node.stop();
  }
  expect(existsSync(join(dataDir, "admin.sock"))).toBe(false);
}, 30_000);

test("health on the S3 port: without signature, Host or name of a node; MinIO's until there is a bucket minio", async () => {
  const node = await startHere();
  const { port } = node.s3Address;
  const client = new S3Client(port, 4, {
    accessKey: ENVIRONMENT.ELASTICKV_ROOT_ACCESS_KEY,
    secretKey: ENVIRONMENT.ELASTICKV_ROOT_SECRET_KEY,
  });
  const ask = async (path: string, init?: RequestInit) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, init);
    return [response.status, await response.text()];
  };
  try {
    expect(await ask("/-/healthy")).toEqual([200, '{"status":"ok"}']);
    expect(await ask("/-/ready")).toEqual([200, '{"ready":true,"reasons":[]}']);
    expect(await ask("/-/ready", { method: "HEAD" })).toEqual([200, ""]);
    for (const check of ["live", "ready", "cluster"]) {
      expect(await ask(`/minio/health/${check}`)).toEqual([200, ""]);
    }
    const old = await raw(port, "GET /-/ready HTTP/1.0\r\n\r\n");
    expect(old).toStartWith("HTTP/1.1 200 ");
    expect(old).not.toMatch(/n1|x-amz-/);
    await client.expect(200, "PUT", "minio");
    await client.expect(200, "PUT", "minio/health/live", { body: "an object" });
    // Nobody's: the bucket's own, which takes a signature to read.
    expect((await ask("/minio/health/live"))[0]).toBe(403);
    expect((await client.expect(200, "GET", "minio/health/live")).body.toString()).toBe("an object");
    await client.expect(204, "DELETE", "minio/health/live");
    await client.expect(204, "DELETE", "minio");
    expect((await ask("/minio/health/live"))[0]).toBe(200);
  } finally {
    client.close();
    await node.stop();
  }
}, 30_000);

test("while the node stops, the S3 port says that it is alive and not ready", async () => {
  const node = await startHere();
  const client = await RawClient.open(node.s3Address.port);
  const ask = async (path: string) => {
    await client.send(`GET ${path} HTTP/1.1\r\nHost: lb\r\n\r\n`);
    const { status, body } = await client.response();
    return [status, body.toString()];
  };
  expect(await ask("/-/ready")).toEqual([200, '{"ready":true,"reasons":[]}']);
  // A connection that is open keeps the listener for a moment.
  const stopped = node.stop();
  expect(await ask("/-/ready")).toEqual([503, '{"ready":false,"reasons":[{"code":"stopping"}]}']);
  client.destroy();
  await stopped;
}, 30_000);
