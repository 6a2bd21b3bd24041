/** The secret of a cluster in the life of one: it grows from a node that began alone, and the secret is replaced under load. */
import { expect, test } from "bun:test";
import { copyFileSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { waitFor, withCluster } from "./lib/cluster.ts";
import { freePorts, LOOPBACK, NodeProcess, serverCommand, temporaryDirectory } from "./lib/node-process.ts";
import { RegisterLoad } from "./lib/register-load.ts";
import { S3Client } from "./lib/s3-client.ts";

test("a node that began alone lets another one in that has a copy of the secret it has made", async () => {
  const root = temporaryDirectory("alone");
  const [s3 = 0, admin = 0, peer = 0, s3b = 0, adminB = 0, peerB = 0] = await freePorts(6);
  const dataDir = join(root, "n1");
  const first = await NodeProcess.start({ dataDir, s3Port: s3, adminPort: admin });
  const client = new S3Client(s3);
  expect((await client.call("PUT", "kept")).status).toBe(200);
  expect((await client.call("PUT", "kept/one", { body: "one" })).status).toBe(200);
  expect(await first.stop()).toBe(0);
  const secret = join(dataDir, "cluster-secret");
  expect(statSync(secret).mode & 0o777).toBe(0o600);
  const made = readFileSync(secret, "utf8");

  const again = await NodeProcess.start({
    dataDir,
    s3Port: s3,
    adminPort: admin,
    args: ["--peer-address", `${LOOPBACK}:${peer}`],
  });
  expect(readFileSync(secret, "utf8")).toBe(made);
  const add = Bun.spawnSync([
    ...serverCommand(),
    ...["cluster", "add-learner", `n2=${LOOPBACK}:${peerB}`, "--admin-address", `${LOOPBACK}:${admin}`],
  ]);
  expect([add.exitCode, add.stdout.toString()]).toEqual([
    0,
    expect.stringContaining("--cluster-secret-file"),
  ]);
  const copy = join(root, "copy");
  copyFileSync(secret, copy);
  const second = await NodeProcess.start({
    dataDir: join(root, "n2"),
    s3Port: s3b,
    adminPort: adminB,
    args: [
      ...["--node-id", "n2", "--peer-address", `${LOOPBACK}:${peerB}`],
      ...["--join", `n1=${LOOPBACK}:${peer}`, "--cluster-secret-file", copy],
    ],
  });
  expect((await new S3Client(s3b).call("GET", "kept/one")).body.toString()).toBe("one");
  await Promise.all([again.kill(), second.kill()]);
}, 120_000);

test("the secret is replaced in three rounds of restarts, and the cluster serves throughout", async () => {
  const secrets = { old: "0011223344556677".repeat(4), fresh: "8899aabbccddeeff".repeat(4) };
  const file = join(temporaryDirectory("secret"), "cluster-secret");
  const write = (...lines: string[]) => writeFileSync(file, `${lines.join("\n")}\n`, { mode: 0o600 });
  write(secrets.old);
  // The variable of the other tests would be a second source.
  const env = { ELASTICKV_CLUSTER_SECRET: "", ELASTICKV_CLUSTER_SECRET_FILE: file };
  await withCluster({ env }, async (cluster) => {
    const load = await RegisterLoad.start(cluster);
    await load.progress();
    for (const round of [[secrets.old, secrets.fresh], [secrets.fresh, secrets.old], [secrets.fresh]]) {
      write(...round);
      for (const { name } of cluster.nodes) {
        expect(await cluster.stop(name)).toBe(0);
        await cluster.start(name);
        await cluster.converged();
      }
      await load.progress();
    }
    for (const { running } of cluster.nodes) expect(running.stderr).not.toContain("UNAUTHENTICATED");
    // The old one is worth nothing any more, and says so.
    write(secrets.old);
    await cluster.stop("n3");
    const left = await cluster.spawn("n3");
    await waitFor(() => left.stderr.includes("UNAUTHENTICATED"), 20_000, "refused");
    await load.progress();
    await cluster.kill("n3");
    write(secrets.fresh);
    await cluster.start("n3");
    await cluster.converged();
    await load.finish();
  });
}, 240_000);
