/** Versions and locks by @aws-sdk/client-s3 over a real socket: its parser and its errors are those of most clients. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  GetObjectLegalHoldCommand,
  GetObjectLockConfigurationCommand,
  GetObjectRetentionCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectLockConfigurationCommand,
  PutObjectRetentionCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { startEdge } from "../../../src/http/edge.ts";
import type { Edge } from "../../../src/http/options.ts";
import { systemClock } from "../../../src/platform/clock.ts";
import { createS3Application } from "../../../src/s3/app.ts";
import { Authenticator } from "../../../src/s3/auth/authenticator.ts";
import { harness, OWNER_ID } from "../support/harness.ts";

const credentials = { accessKeyId: "AKIATEST", secretAccessKey: "secret-of-the-test" };
const DAY = 86_400_000;
const Bucket = "bucket";
let edge: Edge;
let client: S3Client;
const h = harness();

beforeAll(async () => {
  const { accessKeyId: accessKey, secretAccessKey: secretKey } = credentials;
  const authenticator = new Authenticator({
    credentials: {
      find: (key) => (key === accessKey ? { userId: OWNER_ID, accessKey, secretKey } : undefined),
    },
    clock: systemClock,
  });
  const application = createS3Application({ ...h.deps, clock: systemClock, authenticator });
  edge = await startEdge({ host: "127.0.0.1", port: 0, application });
  client = new S3Client({
    region: "us-east-1",
    endpoint: `http://127.0.0.1:${edge.port}`,
    forcePathStyle: true,
    credentials,
  });
});

afterAll(async () => {
  client.destroy();
  await edge.close(0);
});

test("versions: made, read, listed, restored, deleted", async () => {
  await client.send(new CreateBucketCommand({ Bucket }));
  await client.send(new PutObjectCommand({ Bucket, Key: "key", Body: "null" }));
  const VersioningConfiguration = { Status: "Enabled" } as const;
  await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
  expect((await client.send(new GetBucketVersioningCommand({ Bucket }))).Status).toBe("Enabled");
  const first = await client.send(new PutObjectCommand({ Bucket, Key: "key", Body: "first" }));
  await client.send(new PutObjectCommand({ Bucket, Key: "key", Body: "second" }));
  const marker = await client.send(new DeleteObjectCommand({ Bucket, Key: "key" }));
  expect([marker.DeleteMarker, marker.VersionId?.length]).toEqual([true, 48]);
  const gone = client.send(new GetObjectCommand({ Bucket, Key: "key" }));
  await expect(gone).rejects.toMatchObject({ name: "NoSuchKey", $metadata: { httpStatusCode: 404 } });
  const { VersionId } = first;
  const read = await client.send(new GetObjectCommand({ Bucket, Key: "key", VersionId }));
  expect([await read.Body?.transformToString(), read.VersionId]).toEqual(["first", VersionId]);
  const named = client.send(new HeadObjectCommand({ Bucket, Key: "key", VersionId: marker.VersionId }));
  await expect(named).rejects.toMatchObject({ $metadata: { httpStatusCode: 405 } });
  const CopySource = `${Bucket}/key?versionId=${VersionId}`;
  const restored = await client.send(new CopyObjectCommand({ Bucket, Key: "key", CopySource }));
  expect(restored.CopySourceVersionId).toBe(VersionId);
  const versions: string[] = [];
  let page: ListObjectVersionsCommandOutput | undefined;
  do {
    const markers = { KeyMarker: page?.NextKeyMarker, VersionIdMarker: page?.NextVersionIdMarker };
    page = await client.send(new ListObjectVersionsCommand({ Bucket, MaxKeys: 2, ...markers }));
    versions.push(...(page.Versions ?? []).map((version) => `${version.VersionId} ${version.IsLatest}`));
    versions.push(...(page.DeleteMarkers ?? []).map((version) => `marker ${version.IsLatest}`));
  } while (page.IsTruncated === true);
  expect(versions).toHaveLength(5);
  expect(versions[0]).toBe(`${restored.VersionId} true`);
  expect([versions.at(-1), versions.filter((one) => one === "marker false").length]).toEqual([
    "null false",
    1,
  ]);
  const Objects = [VersionId, marker.VersionId, restored.VersionId].map((id) => ({
    Key: "key",
    VersionId: id,
  }));
  const { Deleted, Errors } = await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
  expect([Deleted?.map((one) => one.DeleteMarker ?? false), Errors]).toEqual([
    [false, true, false],
    undefined,
  ]);
  const now = await client.send(new GetObjectCommand({ Bucket, Key: "key" }));
  expect(await now.Body?.transformToString()).toBe("second");
});

test("locks: of the bucket, of a write, changed, and in the way", async () => {
  await client.send(new CreateBucketCommand({ Bucket: "locked", ObjectLockEnabledForBucket: true }));
  const at = { Bucket: "locked", Key: "key" };
  await client.send(
    new PutObjectLockConfigurationCommand({
      Bucket: "locked",
      ObjectLockConfiguration: {
        ObjectLockEnabled: "Enabled",
        Rule: { DefaultRetention: { Mode: "GOVERNANCE", Days: 1 } },
      },
    }),
  );
  const configuration = await client.send(new GetObjectLockConfigurationCommand({ Bucket: "locked" }));
  expect(configuration.ObjectLockConfiguration?.Rule?.DefaultRetention).toEqual({
    Mode: "GOVERNANCE",
    Days: 1,
  });
  const { VersionId } = await client.send(
    new PutObjectCommand({ ...at, Body: "x", ObjectLockLegalHoldStatus: "ON" }),
  );
  const until = new Date(Math.floor(Date.now() / 1000) * 1000 + 5 * DAY);
  const Retention = { Mode: "COMPLIANCE", RetainUntilDate: until } as const;
  await client.send(new PutObjectRetentionCommand({ ...at, Retention }));
  expect((await client.send(new GetObjectRetentionCommand(at))).Retention).toEqual(Retention);
  expect((await client.send(new GetObjectLegalHoldCommand(at))).LegalHold?.Status).toBe("ON");
  await client.send(new PutObjectLegalHoldCommand({ ...at, LegalHold: { Status: "OFF" } }));
  const head = await client.send(new HeadObjectCommand(at));
  expect([head.ObjectLockMode, head.ObjectLockRetainUntilDate, head.ObjectLockLegalHoldStatus]).toEqual([
    "COMPLIANCE",
    until,
    "OFF",
  ]);
  const bypass = { ...at, VersionId, BypassGovernanceRetention: true };
  await expect(client.send(new DeleteObjectCommand(bypass))).rejects.toMatchObject({ name: "AccessDenied" });
  h.kv.advanceTo(until.getTime() + 1);
  await client.send(new DeleteObjectCommand({ ...at, VersionId }));
});
