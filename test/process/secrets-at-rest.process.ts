/** The root secret of a cluster lies in no file of any node, but where the operator is told that it does. */
import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { type Cluster, waitFor, withCluster } from "./lib/cluster.ts";
import { NodeProcess, serverCommand, temporaryDirectory } from "./lib/node-process.ts";
import { S3Client } from "./lib/s3-client.ts";
import { filesWith } from "./lib/secret-files.ts";

/** No keys in the environment: the cluster makes a pair. */
const KEYLESS = { ELASTICKV_ROOT_ACCESS_KEY: "", ELASTICKV_ROOT_SECRET_KEY: "" };
/** The log is so short that a joining node gets a snapshot. */
const env = { ...KEYLESS, ELASTICKV_RAFT_SNAPSHOT_COUNT: "1", ELASTICKV_RAFT_MAX_WAL_FILES: "1" };
/**
 * What may hold the secret: the operator's own copy, 0600, which the README prints. The node key lies beside it, so sealing it
 * would hide it from nobody (decision 064). With the node key elsewhere the file is not there.
 */
const OPERATORS_COPY = "root-credentials.env";

function keysIn(dataDir: string): { accessKey: string; secretKey: string } {
  const content = readFileSync(join(dataDir, OPERATORS_COPY), "utf8");
  const of = (name: string) => new RegExp(`^ELASTICKV_ROOT_${name}_KEY=(.*)$`, "m").exec(content)?.[1] ?? "";
  return { accessKey: of("ACCESS"), secretKey: of("SECRET") };
}

async function serves(port: number, keys: { accessKey: string; secretKey: string }): Promise<void> {
  const client = new S3Client(port, 2, keys);
  await client.expect(200, "GET", "");
  client.close();
}

async function addLearner(cluster: Cluster, name: string): Promise<void> {
  const node = await cluster.addNode(name);
  expect((await cluster.command(await cluster.leader(), "add-learner", node.peer)).code).toBe(0);
}

test("three nodes and a learner by snapshot: the secret is in no keyspace, log or snapshot, and the learner serves", async () => {
  await withCluster({ env, proxied: false }, async (cluster) => {
    const [first] = cluster.nodes;
    const keys = keysIn(first?.dataDir ?? "");
    expect(keys.secretKey).toHaveLength(40);
    const client = new S3Client(first?.s3Port ?? 0, 4, keys);
    await client.expect(200, "PUT", "canary");
    // The search finds what is there: in rows, in the log, and in what a snapshot carries.
    await client.expect(200, "PUT", "canary/findme", {
      body: Buffer.from("THE-CANARY-THAT-IS-IN-THE-CLEAR"),
    });
    client.close();
    await addLearner(cluster, "n4");
    await cluster.start("n4");
    expect(cluster.node("n4").running.stderr).toMatch(/msg="snapshot received".* outcome=arrived/);
    await cluster.converged();
    for (const { name, dataDir, s3Port } of cluster.nodes) {
      await serves(s3Port, keys);
      expect([name, filesWith(dataDir, keys.secretKey)]).toEqual([name, [OPERATORS_COPY]]);
      expect(filesWith(dataDir, "THE-CANARY-THAT-IS-IN-THE-CLEAR").join()).toContain("keyspace.db");
      expect(keysIn(dataDir)).toEqual(keys);
    }
    // And after a stop, when SQLite has copied its -wal back.
    for (const { name, dataDir } of cluster.nodes) {
      expect(await cluster.stop(name)).toBe(0);
      expect([name, filesWith(dataDir, keys.secretKey)]).toEqual([name, [OPERATORS_COPY]]);
    }
  });
}, 120_000);

test("a learner waits for its box, and /readyz says so", async () => {
  await withCluster({ env, proxied: false, size: 1 }, async (cluster) => {
    await addLearner(cluster, "n2");
    const joining = await cluster.spawn("n2");
    const reasons: string[] = [];
    await waitFor(
      async () => {
        const { status, text } = await joining.admin("/readyz");
        reasons.push(text);
        return status === 200;
      },
      30_000,
      "ready",
    );
    expect(reasons.join()).toContain('"code":"sealing-key"');
  });
}, 60_000);

test("a lost node key ends the start for good, and the last line says what to do; put back, the node serves", async () => {
  await withCluster({ env, proxied: false }, async (cluster) => {
    const { dataDir, s3Port } = cluster.node("n3");
    const keys = keysIn(dataDir);
    expect(await cluster.stop("n3")).toBe(0);
    const path = join(dataDir, "node.key");
    renameSync(path, `${path}.away`);
    const failed = await cluster.spawn("n3");
    expect(await failed.exitCode()).toBe(78);
    expect(failed.stderr.trimEnd().split("\n").at(-1)).toMatch(
      /node\.key is missing: .*replace n3 by a node with a new name/,
    );
    expect(existsSync(path)).toBe(false);
    renameSync(`${path}.away`, path);
    await cluster.start("n3");
    await serves(s3Port, keys);
  });
}, 60_000);

test("with the node key outside of the data directory nothing in it holds the secret, and `credentials show` opens it", async () => {
  const base = temporaryDirectory("outside");
  const dataDir = join(base, "data");
  const first = await NodeProcess.start({ dataDir, env: KEYLESS });
  const keys = keysIn(dataDir);
  expect(await first.stop()).toBe(0);
  const keyDirectory = join(base, "secrets");
  mkdirSync(keyDirectory, { mode: 0o700 });
  const nodeKey = join(keyDirectory, "node.key");
  await Bun.write(nodeKey, `${Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64")}\n`);
  const away = { ...KEYLESS, CREDENTIALS_DIRECTORY: keyDirectory };
  const second = await NodeProcess.start({ dataDir, env: away });
  await serves(second.s3Port, keys);
  expect(filesWith(dataDir, keys.secretKey)).toEqual([]);
  expect(await second.stop()).toBe(0);
  const show = (...words: string[]) =>
    Bun.spawnSync([...serverCommand(), "credentials", "show", "--data-dir", dataDir, ...words], { env: {} });
  expect(show("--node-key-file", nodeKey).stdout.toString()).toContain(keys.secretKey);
  const without = show();
  expect([without.exitCode, without.stderr.toString()]).toEqual([
    78,
    expect.stringContaining("--node-key-file"),
  ]);
  const third = await NodeProcess.spawn({ dataDir, env: KEYLESS });
  expect(await third.exitCode()).toBe(78);
  expect(third.stderr.trimEnd().split("\n").at(-1)).toContain("--node-key-file");
});
