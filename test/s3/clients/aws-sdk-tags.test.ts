/** Tags, CORS, request payment and redirects by @aws-sdk/client-s3 over a real socket. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCorsCommand,
  DeleteBucketTaggingCommand,
  DeleteObjectTaggingCommand,
  GetBucketCorsCommand,
  GetBucketRequestPaymentCommand,
  GetBucketTaggingCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  PutBucketCorsCommand,
  PutBucketRequestPaymentCommand,
  PutBucketTaggingCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { startEdge } from "../../../src/http/edge.ts";
import type { Edge } from "../../../src/http/options.ts";
import { systemClock } from "../../../src/platform/clock.ts";
import { createS3Application } from "../../../src/s3/app.ts";
import { Authenticator } from "../../../src/s3/auth/authenticator.ts";
import { harness, OWNER_ID } from "../support/harness.ts";

const credentials = { accessKeyId: "AKIATEST", secretAccessKey: "secret-of-the-test" };
const Bucket = "bucket";
const Key = "a key/ü";

let edge: Edge;
let client: S3Client;

beforeAll(async () => {
  const root = {
    userId: OWNER_ID,
    accessKey: credentials.accessKeyId,
    secretKey: credentials.secretAccessKey,
  };
  const authenticator = new Authenticator({
    credentials: { find: (accessKey) => (accessKey === root.accessKey ? root : undefined) },
    clock: systemClock,
  });
  const application = createS3Application({ ...harness().deps, clock: systemClock, authenticator });
  edge = await startEdge({ host: "127.0.0.1", port: 0, application });
  client = new S3Client({
    endpoint: `http://127.0.0.1:${edge.port}`,
    region: "us-east-1",
    forcePathStyle: true,
    credentials,
    maxAttempts: 1,
  });
  await client.send(new CreateBucketCommand({ Bucket }));
});

afterAll(async () => {
  client.destroy();
  await edge.close(0);
});

const nameOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return "no error";
  } catch (error) {
    return (error as Error).name;
  }
};

const TagSet = [
  { Key: "a b", Value: "ü+=" },
  { Key: "b", Value: "" },
];

test("tags of a bucket", async () => {
  expect(await nameOf(client.send(new GetBucketTaggingCommand({ Bucket })))).toBe("NoSuchTagSet");
  await client.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet } }));
  expect((await client.send(new GetBucketTaggingCommand({ Bucket }))).TagSet).toEqual(TagSet);
  const twice = { TagSet: [...TagSet, ...TagSet] };
  expect(await nameOf(client.send(new PutBucketTaggingCommand({ Bucket, Tagging: twice })))).toBe(
    "InvalidTag",
  );
  await client.send(new DeleteBucketTaggingCommand({ Bucket }));
  expect(await nameOf(client.send(new GetBucketTaggingCommand({ Bucket })))).toBe("NoSuchTagSet");
});

test("tags of objects: put, written, copied, uploaded in parts, counted, deleted", async () => {
  const tagsOf = async (key: string) =>
    (await client.send(new GetObjectTaggingCommand({ Bucket, Key: key }))).TagSet;
  const Tagging = "a%20b=%C3%BC%2B%3D&b=";
  await client.send(new PutObjectCommand({ Bucket, Key, Body: "content", Tagging }));
  expect(await tagsOf(Key)).toEqual(TagSet);
  expect((await client.send(new GetObjectCommand({ Bucket, Key }))).TagCount).toBe(2);
  const CopySource = `${Bucket}/${encodeURIComponent(Key)}`;
  await client.send(new CopyObjectCommand({ Bucket, Key: "copy", CopySource }));
  expect(await tagsOf("copy")).toEqual(TagSet);
  await client.send(
    new CopyObjectCommand({ Bucket, Key: "copy", CopySource, TaggingDirective: "REPLACE", Tagging: "c=d" }),
  );
  expect(await tagsOf("copy")).toEqual([{ Key: "c", Value: "d" }]);
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: "parts", Tagging }));
  const part = { Bucket, Key: "parts", UploadId, PartNumber: 1, Body: "part" };
  const { ETag } = await client.send(new UploadPartCommand(part));
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
  await client.send(new CompleteMultipartUploadCommand({ Bucket, Key: "parts", UploadId, MultipartUpload }));
  expect(await tagsOf("parts")).toEqual(TagSet);
  await client.send(new PutObjectTaggingCommand({ Bucket, Key, Tagging: { TagSet: [] } }));
  expect((await client.send(new HeadObjectCommand({ Bucket, Key }))).TagCount).toBeUndefined();
  await client.send(new PutObjectTaggingCommand({ Bucket, Key, Tagging: { TagSet } }));
  await client.send(new DeleteObjectTaggingCommand({ Bucket, Key }));
  expect(await tagsOf(Key)).toEqual([]);
});

test("CORS rules", async () => {
  expect(await nameOf(client.send(new GetBucketCorsCommand({ Bucket })))).toBe("NoSuchCORSConfiguration");
  const CORSRules = [
    {
      ID: "one",
      AllowedMethods: ["GET", "PUT"],
      AllowedOrigins: ["http://a"],
      AllowedHeaders: ["*"],
      ExposeHeaders: ["ETag"],
      MaxAgeSeconds: 0,
    },
    { AllowedMethods: ["GET"], AllowedOrigins: ["*"] },
  ];
  await client.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules } }));
  expect((await client.send(new GetBucketCorsCommand({ Bucket }))).CORSRules).toEqual(CORSRules);
  await client.send(new DeleteBucketCorsCommand({ Bucket }));
  expect(await nameOf(client.send(new GetBucketCorsCommand({ Bucket })))).toBe("NoSuchCORSConfiguration");
});

test("request payment and redirect", async () => {
  const RequestPaymentConfiguration = { Payer: "Requester" } as const;
  await client.send(new PutBucketRequestPaymentCommand({ Bucket, RequestPaymentConfiguration }));
  expect((await client.send(new GetBucketRequestPaymentCommand({ Bucket }))).Payer).toBe("Requester");
  const put = {
    Bucket,
    Key,
    Body: "x",
    WebsiteRedirectLocation: "/there",
    RequestPayer: "requester",
  } as const;
  expect((await client.send(new PutObjectCommand(put))).RequestCharged).toBe("requester");
  const head = await client.send(new HeadObjectCommand({ Bucket, Key, RequestPayer: "requester" }));
  expect([head.WebsiteRedirectLocation, head.RequestCharged]).toEqual(["/there", "requester"]);
});
