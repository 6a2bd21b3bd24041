/** Whatever the umask: nobody but the owner may read what a node writes, a copy that came as a snapshot included. */
import { expect, test } from "bun:test";
import { chmodSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { withCluster } from "./lib/cluster.ts";
import { NodeProcess, temporaryDirectory } from "./lib/node-process.ts";
import { S3Client } from "./lib/s3-client.ts";

/** Everything at and below `root` that somebody else could use, as `mode path`. */
function open(root: string): string[] {
  return ["", ...readdirSync(root, { recursive: true, encoding: "utf8" })].flatMap((name) => {
    const stat = statSync(join(root, name), { throwIfNoEntry: false });
    const mode = (stat?.mode ?? 0) & 0o777;
    const wanted = stat?.isDirectory() === true ? 0o700 : 0o600;
    return stat === undefined || mode === wanted ? [] : [`${mode.toString(8)} ${name}`];
  });
}

const withUmask = (umask: string) => ["sh", "-c", `umask ${umask}; exec "$@"`, "sh"];

async function fill(port: number): Promise<void> {
  const client = new S3Client(port);
  await client.expect(200, "PUT", "photos");
  await client.expect(200, "PUT", "photos/small", { body: Buffer.alloc(100, 1) });
  await client.expect(200, "PUT", "photos/large", { body: Buffer.alloc(5 << 20, 2) });
  client.close();
}

test.each(["0", "0022", "0777"])("one node, umask %s", async (umask) => {
  const dataDir = join(temporaryDirectory("private"), "data");
  // Without keys in the environment, so that there is a file of them.
  const env = { ELASTICKV_ROOT_ACCESS_KEY: "", ELASTICKV_ROOT_SECRET_KEY: "" };
  const keyless = await NodeProcess.start({ dataDir, env, wrapper: withUmask(umask) });
  expect(await keyless.stop()).toBe(0);
  const node = await NodeProcess.start({ dataDir, wrapper: withUmask(umask) });
  await fill(node.s3Port);
  expect(open(dataDir)).toEqual([]);
  expect(readdirSync(join(dataDir, "keyspace", "0000000001")).sort()).toContain("keyspace.db-wal");
  expect(await node.stop()).toBe(0);
  expect(open(dataDir)).toEqual([]);
});

test("a directory that an older release left open is closed at the next start, with a warning that names the mode", async () => {
  const dataDir = temporaryDirectory("private");
  const first = await NodeProcess.start({ dataDir });
  await fill(first.s3Port);
  expect(await first.stop()).toBe(0);
  for (const name of ["", ...readdirSync(dataDir, { recursive: true, encoding: "utf8" })]) {
    const path = join(dataDir, name);
    // Older releases had none; a secret that others could have read is refused, and not closed without a word.
    if (name === "cluster-secret") continue;
    chmodSync(path, statSync(path).isDirectory() ? 0o755 : 0o644);
  }
  const second = await NodeProcess.start({ dataDir });
  expect(open(dataDir)).toEqual([]);
  expect(second.stderr).toMatch(/level=warn.*the data directory was open to other users.*mode=0755/);
  expect(await second.stop()).toBe(0);
});

test("a directory that others may write to is refused, for good, and nothing in it is touched", async () => {
  const dataDir = temporaryDirectory("private");
  const first = await NodeProcess.start({ dataDir });
  expect(await first.stop()).toBe(0);
  chmodSync(dataDir, 0o777);
  const second = await NodeProcess.spawn({ dataDir });
  expect(await second.exitCode()).toBe(78);
  expect(second.stderr.trimEnd().split("\n").at(-1)).toContain(`"chmod 700 ${dataDir}"`);
  expect(statSync(dataDir).mode & 0o777).toBe(0o777);
});

test("three nodes with umask 0, and a fourth that gets a snapshot", async () => {
  // So short a log that the learner cannot be served from it.
  const places = Object.fromEntries(
    ["n1", "n2", "n3", "n4"].map((name) => [
      name,
      { host: "127.0.0.1", peerHost: "127.0.0.1", wrapper: withUmask("0") },
    ]),
  );
  const env = { ELASTICKV_RAFT_SNAPSHOT_COUNT: "1", ELASTICKV_RAFT_MAX_WAL_FILES: "1" };
  await withCluster({ proxied: false, places, env }, async (cluster) => {
    await fill(cluster.node("n1").s3Port);
    const joiner = await cluster.addNode("n4");
    expect((await cluster.command("n1", "add-learner", joiner.peer)).code).toBe(0);
    await cluster.start("n4");
    expect(joiner.running.stderr).toMatch(/msg="snapshot received".* outcome=arrived/);
    for (const { dataDir } of cluster.nodes) expect(open(dataDir)).toEqual([]);
  });
});
