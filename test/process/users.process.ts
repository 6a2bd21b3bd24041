/** Users of a real cluster: made at one node, used at another, kept out, rotated, there after a restart and in a snapshot. */
import { expect, test } from "bun:test";
import { renameSync } from "node:fs";
import { join } from "node:path";
import {
  CreateBucketCommand,
  GetBucketAclCommand,
  GetObjectCommand,
  ListBucketsCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { FORM_TYPE, signedBySdk } from "../support/assume-role.ts";
import { run } from "../support/run.ts";
import { waitFor, withCluster } from "./lib/cluster.ts";
import { CREDENTIALS, NodeProcess, serverCommand, temporaryDirectory } from "./lib/node-process.ts";
import { filesWith } from "./lib/secret-files.ts";

interface Pair {
  readonly accessKey: string;
  readonly secretKey: string;
  readonly sessionToken?: string;
}

/** Runs the command line at a node's admin socket. @returns standard output. @throws Error with standard error */
async function cli(dataDir: string, line: string, input = ""): Promise<string> {
  const words = [...serverCommand(), ...line.split(" "), "--admin-socket", join(dataDir, "admin.sock")];
  const { code, out, err } = await run(words, { input });
  if (code !== 0) throw new Error(`${line}: exit ${code}: ${err}`);
  return out;
}

function pairOf(stdout: string): Pair {
  const of = (name: string) => new RegExp(`^ELASTICKV_${name}_KEY=(.*)$`, "m").exec(stdout)?.[1] ?? "";
  return { accessKey: of("ACCESS"), secretKey: of("SECRET") };
}

/** Every request once: what it is answered is the answer. */
function clientOf(port: number, { accessKey, secretKey, sessionToken }: Pair): S3Client {
  return new S3Client({
    region: "us-east-1",
    endpoint: `http://127.0.0.1:${port}`,
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: {
      accessKeyId: accessKey,
      secretAccessKey: secretKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
    },
  });
}

/** `ok`, or the error code of the answer. */
async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "ok";
  } catch (error) {
    return (error as { name: string }).name;
  }
}

const get = (port: number, pair: Pair) => {
  const client = clientOf(port, pair);
  return codeOf(client.send(new GetObjectCommand({ Bucket: "anns", Key: "key" }))).finally(() =>
    client.destroy(),
  );
};

/** Temporary credentials of a user, from one node. */
async function assumed(port: number, { accessKey, secretKey }: Pair): Promise<Pair> {
  const host = `127.0.0.1:${port}`;
  const parameters = { Version: "2011-06-15", Action: "AssumeRole", RoleSessionName: "test" };
  const body = new URLSearchParams({
    ...parameters,
    RoleArn: "arn:aws:iam::000000000000:role/any",
  }).toString();
  const request = { method: "POST", host, path: "/", body, headers: { "content-type": FORM_TYPE } };
  const headers = await signedBySdk("sts", { accessKeyId: accessKey, secretAccessKey: secretKey }, request);
  const text = await (await fetch(`http://${host}/`, { method: "POST", headers, body })).text();
  const of = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1] ?? "";
  const pair = {
    accessKey: of("AccessKeyId"),
    secretKey: of("SecretAccessKey"),
    sessionToken: of("SessionToken"),
  };
  if (pair.sessionToken === "") throw new Error(text);
  return pair;
}

/** A compiled binary of the release before users. */
const OLD_BINARY = process.env["ELASTICKV_TEST_OLD_BINARY"] ?? "";
const CANARY = "aCanarySecretThatLiesInNoFile0123456789";

test("three nodes and a learner by snapshot", async () => {
  const env = { ELASTICKV_RAFT_SNAPSHOT_COUNT: "1", ELASTICKV_RAFT_MAX_WAL_FILES: "1" };
  await withCluster({ env, proxied: false }, async (cluster) => {
    const [n1, n2, n3] = ["n1", "n2", "n3"].map((name) => cluster.node(name));
    if (n1 === undefined || n2 === undefined || n3 === undefined)
      throw new Error("three nodes were asked for");
    const root: Pair = CREDENTIALS;
    // Made at one node, used at the others within the replication delay.
    await cli(n1.dataDir, "user create ann --access-key AKIAANN --secret-key-stdin", CANARY);
    const ann: Pair = { accessKey: "AKIAANN", secretKey: CANARY };
    const atN2 = clientOf(n2.s3Port, ann);
    await waitFor(
      async () => (await codeOf(atN2.send(new ListBucketsCommand({})))) === "ok",
      5_000,
      "known at n2",
    );
    await atN2.send(new CreateBucketCommand({ Bucket: "anns" }));
    await atN2.send(new PutObjectCommand({ Bucket: "anns", Key: "key", Body: "anns bytes" }));
    const acl = await atN2.send(new GetBucketAclCommand({ Bucket: "anns" }));
    const shown = JSON.parse(await cli(n3.dataDir, "user show ann --json"));
    expect([acl.Owner?.ID, acl.Owner?.DisplayName]).toEqual([shown.id, "ann"]);
    atN2.destroy();
    for (const { s3Port } of cluster.nodes) expect(await get(s3Port, ann)).toBe("ok");

    // Another user is a stranger; root is not.
    const bob = pairOf(await cli(n3.dataDir, "user create bob"));
    await waitFor(async () => (await get(n1.s3Port, bob)) === "AccessDenied", 5_000, "known at n1");
    expect(await get(n2.s3Port, root)).toBe("ok");
    expect(await codeOf(cli(n1.dataDir, "user delete ann"))).toBe("Error");

    // A session that one node issues is known at all, and ends with its key.
    const session = await assumed(n1.s3Port, ann);
    for (const { s3Port } of cluster.nodes) expect(await get(s3Port, session)).toBe("ok");

    // Disabled at one node: no request that begins afterwards opens a bucket, at any node.
    for (const { dataDir } of cluster.nodes) {
      await cli(dataDir, "key disable AKIAANN");
      for (const { s3Port } of cluster.nodes) {
        expect(await get(s3Port, ann)).toBe("InvalidAccessKeyId");
        expect(await get(s3Port, session)).toBe("InvalidToken");
      }
      await cli(dataDir, "key enable AKIAANN");
      for (const { s3Port } of cluster.nodes) {
        await waitFor(async () => (await get(s3Port, ann)) === "ok", 5_000, "enabled again");
      }
    }

    // Rotated, root's configured key too, while the cluster runs.
    const second = pairOf(await cli(n2.dataDir, "key rotate AKIAANN --keep 0"));
    const newRoot = pairOf(await cli(n3.dataDir, `key rotate ${root.accessKey} --keep 0`));
    const holds = async (): Promise<void> => {
      for (const { s3Port } of cluster.nodes) {
        for (const pair of [second, newRoot]) {
          await waitFor(async () => (await get(s3Port, pair)) === "ok", 5_000, "the new key is known");
        }
        for (const pair of [ann, root]) expect(await get(s3Port, pair)).toBe("InvalidAccessKeyId");
        expect(await get(s3Port, bob)).toBe("AccessDenied");
      }
    };
    await holds();

    // A learner gets them by snapshot.
    const { peer } = await cluster.addNode("n4");
    expect((await cluster.command(await cluster.leader(), "add-learner", peer)).code).toBe(0);
    await cluster.start("n4");
    expect(cluster.node("n4").running.stderr).toMatch(/msg="snapshot received".* outcome=arrived/);
    await cluster.converged();
    await holds();

    const secrets = [CANARY, bob.secretKey, second.secretKey, newRoot.secretKey, session.secretKey];
    const nowhere = (): void => {
      for (const { name, dataDir } of cluster.nodes) {
        for (const secret of secrets) expect([name, filesWith(dataDir, secret)]).toEqual([name, []]);
        expect(filesWith(dataDir, "anns bytes").length).toBeGreaterThan(0);
      }
    };
    nowhere();
    // All at once down and up again: what was changed stays changed, with the first request.
    for (const { name } of cluster.nodes) expect(await cluster.stop(name)).toBe(0);
    nowhere();
    await Promise.all(cluster.nodes.map(({ name }) => cluster.start(name)));
    await holds();
    for (const { running } of cluster.nodes) {
      for (const secret of secrets) expect(running.stderr + running.stdout).not.toContain(secret);
    }
  });
}, 180_000);

test("a node alone seals with a key of its own; when that is lost, root works on, and users get new keys", async () => {
  const dataDir = join(temporaryDirectory("users"), "data");
  const start = () => NodeProcess.start({ dataDir });
  const first = await start();
  await cli(dataDir, "user create ann --access-key AKIAANN --secret-key-stdin", CANARY);
  const ann: Pair = { accessKey: "AKIAANN", secretKey: CANARY };
  const client = clientOf(first.s3Port, ann);
  await client.send(new CreateBucketCommand({ Bucket: "anns" }));
  await client.send(new PutObjectCommand({ Bucket: "anns", Key: "key", Body: "x" }));
  client.destroy();
  expect(await first.stop()).toBe(0);
  expect(filesWith(dataDir, CANARY)).toEqual([]);
  const second = await start();
  expect(await get(second.s3Port, ann)).toBe("ok");
  expect(await second.stop()).toBe(0);
  const nodeKey = join(dataDir, "node.key");
  renameSync(nodeKey, `${nodeKey}.away`);
  const lost = await start();
  expect(await get(lost.s3Port, CREDENTIALS)).toBe("ok");
  expect(await get(lost.s3Port, ann)).toBe("InvalidAccessKeyId");
  expect(lost.stderr).toContain("the access keys of users cannot be opened");
  expect(await lost.stop()).toBe(0);
  renameSync(`${nodeKey}.away`, nodeKey);
  const back = await start();
  expect(await get(back.s3Port, ann)).toBe("ok");
  expect(await back.stop()).toBe(0);
}, 120_000);

test.skipIf(OLD_BINARY === "")(
  "a member of the release before keeps users and does not know them; after its upgrade it does",
  async () => {
    await withCluster({ proxied: false, own: { n3: { command: [OLD_BINARY] } } }, async (cluster) => {
      const [n1, n2, n3] = ["n1", "n2", "n3"].map((name) => cluster.node(name));
      if (n1 === undefined || n2 === undefined || n3 === undefined)
        throw new Error("three nodes were asked for");
      // The old one leads.
      const leader = await cluster.leader();
      if (leader !== "n3") {
        expect(await cluster.command(leader, "transfer-leader", "n3")).toMatchObject({ code: 0 });
      }
      await cli(n1.dataDir, "user create ann --access-key AKIAANN --secret-key-stdin", CANARY);
      const ann: Pair = { accessKey: "AKIAANN", secretKey: CANARY };
      const client = clientOf(n1.s3Port, ann);
      await client.send(new CreateBucketCommand({ Bucket: "anns" }));
      await client.send(new PutObjectCommand({ Bucket: "anns", Key: "key", Body: "x" }));
      client.destroy();
      await waitFor(async () => (await get(n2.s3Port, ann)) === "ok", 5_000, "known at n2");
      expect(await get(n3.s3Port, ann)).toBe("InvalidAccessKeyId");
      const newRoot = pairOf(await cli(n2.dataDir, `key rotate ${CREDENTIALS.accessKey} --keep 0`));
      await waitFor(async () => (await get(n1.s3Port, newRoot)) === "ok", 5_000, "known at n1");
      expect(await get(n1.s3Port, CREDENTIALS)).toBe("InvalidAccessKeyId");
      expect(await get(n3.s3Port, CREDENTIALS)).toBe("ok");
      // What root writes at the old one belongs to the bucket's owner all the same.
      const atOld = clientOf(n3.s3Port, CREDENTIALS);
      await atOld.send(new PutObjectCommand({ Bucket: "anns", Key: "key", Body: "y" }));
      atOld.destroy();
      expect(await get(n1.s3Port, ann)).toBe("ok");

      cluster.own.delete("n3");
      expect(await cluster.stop("n3")).toBe(0);
      await cluster.start("n3");
      expect(await get(n3.s3Port, ann)).toBe("ok");
      expect(await get(n3.s3Port, newRoot)).toBe("ok");
      expect(await get(n3.s3Port, CREDENTIALS)).toBe("InvalidAccessKeyId");
    });
  },
  120_000,
);
