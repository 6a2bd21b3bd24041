/** The secret of a cluster in the life of one: it grows from a node that began alone, and the secret is replaced under load. */
import { expect, test } from "bun:test";
import { copyFileSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SLOTS, type Slot } from "../../src/peer/lanes.ts";
import { realNetwork } from "../../src/platform/network/real-network.ts";
import { raftIdOf } from "../../src/raft/engine/raft-id.ts";
import { Speaker } from "../peer/support/speaker.ts";
import { makeCertificates } from "../platform/support/certificates.ts";
import { needs } from "../platform/support/needs.ts";
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
    ...["cluster", "add-learner", `n2=${LOOPBACK}:${peerB}`, "--admin-socket", first.adminSocket],
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

test.if(needs("openssl"))(
  "certificates without a secret: they are bound to names and known addresses, and nothing less will do",
  async () => {
    const certificates = makeCertificates();
    // One for all, which bears the host of every address here, and no name.
    const ours = certificates.node("somebody", "IP:127.0.0.1");
    const env = {
      ELASTICKV_CLUSTER_SECRET: "",
      ELASTICKV_PEER_CERT_FILE: ours.certFile,
      ELASTICKV_PEER_KEY_FILE: ours.keyFile,
      ELASTICKV_PEER_CA_FILE: ours.caFile,
    };
    try {
      await withCluster({ env, proxied: false }, async (cluster) => {
        for (const { dataDir } of cluster.nodes)
          expect(existsSync(join(dataDir, "cluster-secret"))).toBe(false);
        const client = cluster.client("n1");
        expect((await client.call("PUT", "kept")).status).toBe(200);
        const { instance, clusterId, incarnations } = JSON.parse(
          readFileSync(join(cluster.node("n2").dataDir, "node.json"), "utf8"),
        ) as { instance: string; clusterId: string; incarnations: string[] };
        const evil = certificates.node("evil");
        const target = { host: LOOPBACK, port: cluster.node("n1").advertisedPort };
        const hello = {
          ...{
            clusterId,
            id: raftIdOf("n2"),
            name: "n2",
            instance,
            protocol: 2,
            version: "0",
            capabilities: [],
          },
          // An address that the certificate does bear.
          ...{ address: "evil.example:1", boot: incarnations.at(-1) ?? "" },
        };
        for (const name of ["n2", "n9"]) {
          const speaker = new Speaker(realNetwork(evil), target);
          const said = { ...hello, name, id: raftIdOf(name) };
          speaker.prove(
            new Uint8Array(0),
            { hello: said, slot: SLOTS[3] as Slot, maxFrameBytes: 1 << 20 },
            false,
          );
          await waitFor(() => speaker.heard.length === 3, 10_000, "judged");
          expect(speaker.heard[2]?.verdict).toMatchObject({ ok: false, code: 7 });
          const heard = Buffer.concat(speaker.raw).toString("latin1");
          for (const secret of [clusterId, instance]) expect(heard).not.toContain(secret);
          speaker.close();
        }
        expect((await client.call("PUT", "kept/one", { body: "one" })).status).toBe(200);
        await cluster.converged();
      });
    } finally {
      certificates.remove();
    }
  },
  120_000,
);
