/** verify, migrate, backup and restore with real processes: three nodes, and a fresh one that a backup is restored into. */
import { expect, test } from "bun:test";
import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { run } from "../support/run.ts";
import { waitFor, withCluster } from "./lib/cluster.ts";
import {
  CREDENTIALS,
  freePorts,
  NodeProcess,
  serverCommand,
  temporaryDirectory,
} from "./lib/node-process.ts";
import { S3Client } from "./lib/s3-client.ts";

const MIB = 1 << 20;

/** Bytes that do not repeat: equal chunks would be one blob. */
function bytes(length: number, seed: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 4));
  let state = seed;
  for (let i = 0; i < words.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    words[i] = state;
  }
  return new Uint8Array(words.buffer, 0, length);
}

/** Keys of the nodes here, for a backup that lies in one of them. */
const S3_KEYS = {
  AWS_ACCESS_KEY_ID: CREDENTIALS.accessKey,
  AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretKey,
};

const cli = (dataDir: string, ...words: string[]) =>
  run([...serverCommand(), ...words, "--admin-socket", join(dataDir, "admin.sock")], {
    env: { PATH: process.env["PATH"] ?? "", ...S3_KEYS },
  });

const json = async (dataDir: string, ...words: string[]) => {
  const { code, out, err } = await cli(dataDir, ...words, "--json");
  if (out === "") throw new Error(`${words.join(" ")}: exit code ${code}: ${err}`);
  return { code, report: JSON.parse(out) as Record<string, unknown> };
};

/** Another node is the S3 endpoint that the backup goes to. */
async function backupToEndpoint(dataDir: string): Promise<void> {
  const [s3Port = 0, adminPort = 0] = await freePorts(2);
  const endpoint = await NodeProcess.start({ dataDir: temporaryDirectory("endpoint"), s3Port, adminPort });
  try {
    const client = new S3Client(s3Port);
    await client.expect(200, "PUT", "backups");
    client.close();
    const where = ["s3://backups/daily", "--s3-endpoint", `http://127.0.0.1:${s3Port}`];
    expect((await cli(dataDir, "backup", "verify", ...where)).err).toContain("no complete backup");
    expect(await json(dataDir, "backup", ...where)).toMatchObject({ code: 0, report: { copied: 16 } });
    expect(await json(dataDir, "backup", ...where)).toMatchObject({ code: 0, report: { copied: 0 } });
    expect(await cli(dataDir, "backup", "verify", ...where)).toMatchObject({ code: 0, err: "" });
  } finally {
    await endpoint.kill();
  }
}

test("three nodes: what went through the log migrates; all is verified, backed up, and restored elsewhere", async () => {
  const target = temporaryDirectory("backup");
  const bodies = new Map<string, Uint8Array>([
    ["inline", bytes(1_000, 1)],
    ["log", bytes(3 * MIB + 5, 2)],
    ["blobs", bytes(9 * MIB + 1, 3)],
  ]);
  await withCluster({ env: { ELASTICKV_S3_BLOB_OFFLOAD: "false" } }, async (cluster) => {
    const dir = (name: string): string => cluster.node(name).dataDir;
    let client = cluster.client("n1");
    await client.expect(200, "PUT", "bucket");
    const upload = async (key: string): Promise<void> => {
      await client.expect(200, "PUT", `bucket/${key}`, { body: bodies.get(key) as Uint8Array });
    };
    await upload("inline");
    await upload("log");
    expect(await json(dir("n1"), "migrate", "status")).toMatchObject({
      report: { state: "never", open: false },
    });
    for (const { name } of cluster.nodes) {
      await cluster.stop(name);
      await cluster.start(name, { ELASTICKV_S3_BLOB_OFFLOAD: "true" });
    }
    await cluster.ready();
    client = cluster.client("n2");
    await waitFor(
      async () => (await json(dir("n1"), "migrate", "status")).report["open"] === true,
      30_000,
      "every member stores blobs",
    );
    await upload("blobs");
    expect(await cli(dir("n3"), "migrate", "start")).toMatchObject({ code: 0 });
    const watched = await cli(dir("n2"), "migrate", "status", "--watch");
    expect(watched.out).toStartWith("done: 1 objects, 3.0 MiB");
    for (const [key, body] of bodies) {
      const { body: found } = await client.expect(200, "GET", `bucket/${key}`);
      expect([key, Buffer.compare(found, body)]).toEqual([key, 0]);
    }

    await waitFor(
      async () => (await cli(dir("n1"), "verify")).code === 0,
      30_000,
      "a copy of every blob on every node",
    );
    const whole = await json(dir("n2"), "verify", "--deep");
    expect(whole).toMatchObject({ code: 0, report: { objects: 3, blobs: 14, copies: 42, counts: {} } });

    const first = await json(dir("n1"), "backup", target);
    expect(first).toMatchObject({ code: 0, report: { copied: 14, counts: { objects: 3 } } });
    bodies.set("later", bytes(2 * MIB, 9));
    await upload("later");
    expect(await json(dir("n3"), "backup", target)).toMatchObject({ code: 0, report: { copied: 2 } });
    expect((await cli(dir("n1"), "restore", target)).err).toContain("NOT_EMPTY");

    // A node that is down: nothing is lost, but not all could be asked.
    await cluster.kill("n3");
    const down = await json(dir("n1"), "verify");
    expect(down).toMatchObject({ code: 3, report: { unreachable: ["n3"] } });
  });

  expect(await cli(target, "backup", "verify", target)).toMatchObject({ code: 0, err: "" });
  const dataDir = temporaryDirectory("restored");
  const [s3Port = 0, adminPort = 0] = await freePorts(2);
  const node = await NodeProcess.start({ dataDir, s3Port, adminPort });
  try {
    const restored = await json(dataDir, "restore", target);
    expect(restored).toMatchObject({ code: 0, report: { verified: true, restored: 16 } });
    const client = new S3Client(s3Port);
    for (const [key, body] of bodies) {
      const { body: found } = await client.expect(200, "GET", `bucket/${key}`);
      expect([key, Buffer.compare(found, body)]).toEqual([key, 0]);
    }
    client.close();
    expect((await json(dataDir, "verify", "--deep")).code).toBe(0);
    await backupToEndpoint(dataDir);
    // Content is lost: verify says so.
    await node.stop();
    const blobs = join(dataDir, "blobs");
    expect(existsSync(blobs)).toBe(true);
    for (const name of readdirSync(blobs)) {
      if (statSync(join(blobs, name)).isFile()) rmSync(join(blobs, name));
      else rmSync(join(blobs, name), { recursive: true });
    }
    const again = await NodeProcess.start({ dataDir, s3Port, adminPort });
    const lost = await json(dataDir, "verify");
    expect(lost).toMatchObject({ code: 1, report: { counts: { lost: 16 } } });
    await again.stop();
  } finally {
    await node.kill();
  }
}, 120_000);
