/**
 * Policies of real nodes: what was acknowledged at one node is in force for the next request at every other one, signed
 * or not; and the command line that decides without a node.
 */
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  CreateBucketCommand,
  DeleteBucketPolicyCommand,
  GetBucketPolicyCommand,
  GetBucketPolicyStatusCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  PutPublicAccessBlockCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { run } from "../support/run.ts";
import { waitFor, withCluster } from "./lib/cluster.ts";
import { CREDENTIALS, serverCommand, temporaryDirectory } from "./lib/node-process.ts";

const CHANGES = 40;

function rootAt(port: number): S3Client {
  const { accessKey, secretKey } = CREDENTIALS;
  return new S3Client({
    region: "us-east-1",
    endpoint: `http://127.0.0.1:${port}`,
    forcePathStyle: true,
    credentials: { accessKeyId: accessKey, secretAccessKey: secretKey },
  });
}

const policy = (more: object): string =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: "arn:aws:s3:::pics/*", ...more },
    ],
  });

test("three nodes: a policy is in force at all of them as soon as it is acknowledged", async () => {
  await withCluster({ proxied: false }, async (cluster) => {
    const ports = ["n1", "n2", "n3"].map((name) => cluster.node(name).s3Port);
    const clients = ports.map(rootAt);
    const [first, second] = clients as [S3Client, S3Client];
    await first.send(new CreateBucketCommand({ Bucket: "pics" }));
    await first.send(new PutObjectCommand({ Bucket: "pics", Key: "a", Body: "A" }));
    const anonymous = (method: string, key: string, body?: string) =>
      Promise.all(
        ports.map(async (port) => {
          const init = body === undefined ? { method } : { method, body };
          const answer = await fetch(`http://127.0.0.1:${port}/pics/${key}`, init);
          await answer.arrayBuffer();
          return answer.status;
        }),
      );
    expect(await anonymous("GET", "a")).toEqual([403, 403, 403]);
    // A node that was not reached yet may run an earlier release.
    await waitFor(
      async () => {
        const put = new PutBucketPolicyCommand({ Bucket: "pics", Policy: policy({}) });
        return first.send(put).then(
          () => true,
          () => false,
        );
      },
      30_000,
      "every node has announced this release",
    );
    for (let i = 0; i < CHANGES; i++) {
      const client = clients[i % clients.length] as S3Client;
      const denies = i % 2 === 1;
      const Policy = policy(denies ? { Effect: "Deny", Sid: `change${i}` } : { Sid: `change${i}` });
      await client.send(new PutBucketPolicyCommand({ Bucket: "pics", Policy }));
      const expected = denies ? 403 : 200;
      expect([i, ...(await anonymous("GET", "a"))]).toEqual([i, expected, expected, expected]);
    }
    // Uploads of everybody, under the same admission as others.
    const Policy = policy({ Action: ["s3:GetObject", "s3:PutObject"], Resource: "arn:aws:s3:::pics/in/*" });
    await second.send(new PutBucketPolicyCommand({ Bucket: "pics", Policy }));
    expect(await anonymous("PUT", "in/x", "new")).toEqual([200, 200, 200]);
    expect(await anonymous("PUT", "out", "new")).toEqual([403, 403, 403]);
    expect(await anonymous("GET", "in/x")).toEqual([200, 200, 200]);
    expect((await first.send(new GetBucketPolicyCommand({ Bucket: "pics" }))).Policy).toBe(Policy);
    const status = await first.send(new GetBucketPolicyStatusCommand({ Bucket: "pics" }));
    expect(status.PolicyStatus?.IsPublic).toBe(true);
    const PublicAccessBlockConfiguration = { RestrictPublicBuckets: true };
    await first.send(new PutPublicAccessBlockCommand({ Bucket: "pics", PublicAccessBlockConfiguration }));
    expect(await anonymous("GET", "in/x")).toEqual([403, 403, 403]);
    await first.send(new DeleteBucketPolicyCommand({ Bucket: "pics" }));
    for (const client of clients) client.destroy();
  });
}, 120_000);

test("policy check and simulate", async () => {
  const path = join(temporaryDirectory("policies"), "policy.json");
  writeFileSync(path, policy({ Sid: "Read" }));
  const cli = (...words: string[]) => run([...serverCommand(), "policy", ...words]);
  expect(await cli("check", path)).toMatchObject({
    code: 0,
    out: `${path}: valid bucket policy, 1 statement, public\n`,
  });
  expect((await cli("check", path, "--bucket", "other")).code).toBe(1);
  const simulated = await cli("simulate", "s3:GetObject", "pics/a", "--bucket-policy", path);
  expect(simulated).toMatchObject({ code: 0, out: `allowed: bucket policy ${path}, statement 1 (Read)\n` });
  expect((await cli("simulate", "s3:PutObject", "pics/a", "--bucket-policy", path)).code).toBe(1);
  expect((await cli("simulate", "s3:PutObjects", "pics/a")).code).toBe(2);
});
