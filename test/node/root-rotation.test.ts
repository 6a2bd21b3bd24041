/** Another access key for root: buckets and objects stay whose they were. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import {
  CreateBucketCommand,
  GetBucketAclCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";

const MAIN = resolve(import.meta.dir, "../../src/main.ts");
const SECRET = "testRootSecretKey0123456789";
const dataDir = mkdtempSync(join(tmpdir(), "elastickv-rotation-"));
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

/** Runs a node for as long as `work` takes. */
async function serving<T>(accessKeyId: string, work: (client: S3Client) => Promise<T>): Promise<T> {
  const child = Bun.spawn([process.execPath, MAIN, "serve", "--data-dir", dataDir], {
    env: {
      PATH: process.env["PATH"] ?? "",
      ELASTICKV_ROOT_ACCESS_KEY: accessKeyId,
      ELASTICKV_ROOT_SECRET_KEY: SECRET,
      ELASTICKV_S3_ADDRESS: "127.0.0.1:0",
      ELASTICKV_ADMIN_ADDRESS: "127.0.0.1:0",
      ELASTICKV_DISK_RESERVE: "0",
      ELASTICKV_NODE_ID: "n1",
    },
    stdout: "pipe",
    stderr: "ignore",
  });
  try {
    // The banner comes when the node serves.
    const { value } = await child.stdout.getReader().read();
    const endpoint = /http:\/\/127\.0\.0\.1:\d+/.exec(new TextDecoder().decode(value))?.[0];
    if (endpoint === undefined) throw new Error("the banner names no endpoint");
    const credentials = { accessKeyId, secretAccessKey: SECRET };
    const client = new S3Client({ region: "us-east-1", endpoint, forcePathStyle: true, credentials });
    const result = await work(client);
    client.destroy();
    return result;
  } finally {
    child.kill("SIGTERM");
    await child.exited;
  }
}

async function owners(client: S3Client): Promise<(string | undefined)[]> {
  const Bucket = "bucket";
  const { Owner } = await client.send(new ListBucketsCommand({}));
  const acl = await client.send(new GetBucketAclCommand({ Bucket }));
  const listed = await client.send(new ListObjectsV2Command({ Bucket, FetchOwner: true }));
  const objects = new Set(listed.Contents?.map((object) => object.Owner?.ID));
  return [Owner?.ID, acl.Owner?.ID, acl.Grants?.[0]?.Grantee?.ID, ...objects];
}

test("every answer names the same owner, and x-amz-expected-bucket-owner holds", async () => {
  const first = await serving("THEFIRSTACCESSKEY", async (client) => {
    await client.send(new CreateBucketCommand({ Bucket: "bucket" }));
    await client.send(new PutObjectCommand({ Bucket: "bucket", Key: "first", Body: "x" }));
    return owners(client);
  });
  const [owner] = first;
  expect(owner).toMatch(/^[0-9a-f]{64}$/);
  expect(first).toEqual([owner, owner, owner, owner]);
  const accessKeyId = "ANOTHERACCESSKEY";
  const later = await serving(accessKeyId, async (client) => {
    const ExpectedBucketOwner = owner;
    await client.send(
      new PutObjectCommand({ Bucket: "bucket", Key: accessKeyId, Body: "x", ExpectedBucketOwner }),
    );
    return owners(client);
  });
  expect(later).toEqual(first);
}, 60_000);
