/** @aws-sdk/client-s3 over a real socket: edge, SigV4, aws-chunked bodies and the application together. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { Readable } from "node:stream";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetBucketVersioningCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  ListPartsCommand,
  PutObjectCommand,
  paginateListObjectsV2,
  S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { startEdge } from "../../../src/http/edge.ts";
import type { Edge } from "../../../src/http/options.ts";
import { systemClock } from "../../../src/platform/clock.ts";
import { createS3Application } from "../../../src/s3/app.ts";
import { Authenticator } from "../../../src/s3/auth/authenticator.ts";
import { harness, OWNER_ID, pattern } from "../support/harness.ts";

const MIB = 1024 * 1024;
const credentials = { accessKeyId: "AKIATEST", secretAccessKey: "secret-of-the-test" };

let edge: Edge;
let client: S3Client;
const h = harness();

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
  const application = createS3Application({ ...h.deps, clock: systemClock, authenticator });
  edge = await startEdge({ host: "127.0.0.1", port: 0, application });
  client = clientOf(credentials);
  await client.send(new CreateBucketCommand({ Bucket: "bucket" }));
});

afterAll(async () => {
  client.destroy();
  await edge.close(0);
});

function clientOf(keys: typeof credentials): S3Client {
  return new S3Client({
    endpoint: `http://127.0.0.1:${edge.port}`,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: keys,
    maxAttempts: 1,
  });
}

const nameOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return "no error";
  } catch (error) {
    return (error as Error).name;
  }
};

const bytesOf = async (body: { transformToByteArray(): Promise<Uint8Array> } | undefined): Promise<Buffer> =>
  Buffer.from((await body?.transformToByteArray()) ?? new Uint8Array(0));

test("buckets", async () => {
  await client.send(new HeadBucketCommand({ Bucket: "bucket" }));
  expect((await client.send(new ListBucketsCommand({}))).Buckets?.map((bucket) => bucket.Name)).toEqual([
    "bucket",
  ]);
  expect(
    (await client.send(new GetBucketLocationCommand({ Bucket: "bucket" }))).LocationConstraint,
  ).toBeUndefined();
  expect((await client.send(new GetBucketVersioningCommand({ Bucket: "bucket" }))).Status).toBeUndefined();
  expect(await nameOf(client.send(new HeadBucketCommand({ Bucket: "missing" })))).toBe("NotFound");
  expect(await nameOf(client.send(new DeleteBucketCommand({ Bucket: "missing" })))).toBe("NoSuchBucket");
  expect(await nameOf(client.send(new CreateBucketCommand({ Bucket: "Bad_Name" })))).toBe(
    "InvalidBucketName",
  );
});

test.each([0, 5, 70_000, 5 * MIB + 1])("an object of %d bytes", async (size) => {
  const Body = pattern(size);
  const put = await client.send(
    new PutObjectCommand({
      Bucket: "bucket",
      Key: `size/${size}`,
      Body,
      ContentType: "text/x",
      Metadata: { Colour: "Blue" },
    }),
  );
  expect(put.ChecksumCRC32).toBeDefined();
  const get = await client.send(
    new GetObjectCommand({ Bucket: "bucket", Key: `size/${size}`, ChecksumMode: "ENABLED" }),
  );
  expect([get.ContentLength, get.ContentType, get.Metadata, get.ETag, get.ChecksumCRC32]).toEqual([
    size,
    "text/x",
    { colour: "Blue" },
    put.ETag as string,
    put.ChecksumCRC32 as string,
  ]);
  expect(Buffer.compare(await bytesOf(get.Body), Body)).toBe(0);
  if (size > 10) {
    const range = await client.send(
      new GetObjectCommand({ Bucket: "bucket", Key: `size/${size}`, Range: "bytes=5-9" }),
    );
    expect(Buffer.compare(await bytesOf(range.Body), Body.subarray(5, 10))).toBe(0);
  }
});

test.each(["a/../b", "./x", "a//b", "/lead", "sp ace+plus%2F", "é€\u{1F600}", "~(1)*'!", "x?y#z&w=1;,@:$"])(
  "the key %j",
  async (Key) => {
    await client.send(new PutObjectCommand({ Bucket: "bucket", Key, Body: Key }));
    expect(
      (await bytesOf((await client.send(new GetObjectCommand({ Bucket: "bucket", Key }))).Body)).toString(),
    ).toBe(Key);
    const list = await client.send(new ListObjectsV2Command({ Bucket: "bucket", Prefix: Key }));
    expect(list.Contents?.map((item) => item.Key)).toEqual([Key]);
    await client.send(new DeleteObjectCommand({ Bucket: "bucket", Key }));
  },
);

test("all checksum algorithms", async () => {
  for (const ChecksumAlgorithm of ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"] as const) {
    const Key = `sum/${ChecksumAlgorithm}`;
    // The SDK needs an optional package for some of these: then it says so before it sends anything.
    const put = await nameOf(
      client.send(new PutObjectCommand({ Bucket: "bucket", Key, Body: pattern(100_000), ChecksumAlgorithm })),
    );
    if (put !== "no error") {
      expect([ChecksumAlgorithm, put]).toEqual(["CRC64NVME", "Error"]);
      continue;
    }
    const head = await client.send(new HeadObjectCommand({ Bucket: "bucket", Key, ChecksumMode: "ENABLED" }));
    expect(head[`Checksum${ChecksumAlgorithm}`]).toBeDefined();
  }
});

test("the checksums of 2026: MD5 is the SDK's own, the others are given to it", async () => {
  const given = {
    ChecksumMD5: "kAFQmDzST7DWlj99KOF/cg==",
    ChecksumSHA512:
      "3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw==",
    ChecksumXXHASH64: "RLws9a13CZk=",
    ChecksumXXHASH3: "eK9flIkvOVA=",
    ChecksumXXHASH128: "BrBatnM6YYV4r1+UiS85UA==",
  };
  const Bucket = "bucket";
  for (const [name, value] of Object.entries(given) as [keyof typeof given, string][]) {
    const put = await client.send(new PutObjectCommand({ Bucket, Key: name, Body: "abc", [name]: value }));
    expect(put[name]).toBe(value);
    const attributes = await client.send(
      new GetObjectAttributesCommand({ Bucket, Key: name, ObjectAttributes: ["Checksum", "ObjectSize"] }),
    );
    expect([attributes.Checksum?.[name], attributes.ObjectSize]).toEqual([value, 3]);
    const wrong = client.send(new PutObjectCommand({ Bucket, Key: name, Body: "abd", [name]: value }));
    expect(await nameOf(wrong)).toBe("BadDigest");
  }
  for (const Body of ["abc", Readable.from([Buffer.from("abc")])]) {
    const put = new PutObjectCommand({
      Bucket,
      Key: "own",
      Body,
      ContentLength: 3,
      ChecksumAlgorithm: "MD5",
    });
    expect((await client.send(put)).ChecksumMD5).toBe(given.ChecksumMD5);
  }
});

test("lists in pages", async () => {
  for (let i = 0; i < 25; i++) {
    await client.send(new PutObjectCommand({ Bucket: "bucket", Key: `list/${i % 5}/${i}`, Body: "x" }));
  }
  const keys: (string | undefined)[] = [];
  for await (const page of paginateListObjectsV2(
    { client, pageSize: 4 },
    { Bucket: "bucket", Prefix: "list/" },
  )) {
    keys.push(...(page.Contents ?? []).map((item) => item.Key));
  }
  expect(keys.length).toBe(25);
  const rolled = await client.send(
    new ListObjectsCommand({ Bucket: "bucket", Prefix: "list/", Delimiter: "/", MaxKeys: 3 }),
  );
  expect([rolled.CommonPrefixes?.map((item) => item.Prefix), rolled.NextMarker, rolled.IsTruncated]).toEqual([
    ["list/0/", "list/1/", "list/2/"],
    "list/2/",
    true,
  ]);
  const versions = await client.send(new ListObjectVersionsCommand({ Bucket: "bucket", Prefix: "list/0" }));
  expect(versions.Versions?.map((version) => version.VersionId)).toEqual(Array<string>(5).fill("null"));
  const removed = await client.send(
    new DeleteObjectsCommand({
      Bucket: "bucket",
      Delete: { Objects: keys.map((Key) => ({ Key: Key as string })) },
    }),
  );
  expect([removed.Deleted?.length, removed.Errors]).toEqual([25, undefined]);
});

test("multipart with a copied part", async () => {
  const Bucket = "bucket";
  const Key = "multi";
  const source = pattern(6 * MIB, 5);
  await client.send(new PutObjectCommand({ Bucket, Key: "source é", Body: source }));
  const { UploadId } = await client.send(
    new CreateMultipartUploadCommand({ Bucket, Key, ChecksumAlgorithm: "CRC32" }),
  );
  const first = await client.send(
    new UploadPartCommand({
      Bucket,
      Key,
      UploadId,
      PartNumber: 1,
      Body: pattern(5 * MIB, 6),
      ChecksumAlgorithm: "CRC32",
    }),
  );
  const CopySource = `bucket/${encodeURIComponent("source é")}`;
  const second = await client.send(
    new UploadPartCopyCommand({
      Bucket,
      Key,
      UploadId,
      PartNumber: 2,
      CopySource,
      CopySourceRange: "bytes=10-99",
    }),
  );
  expect((await client.send(new ListPartsCommand({ Bucket, Key, UploadId }))).Parts?.length).toBe(2);
  expect((await client.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads?.length).toBe(1);
  const done = await client.send(
    new CompleteMultipartUploadCommand({
      Bucket,
      Key,
      UploadId,
      MultipartUpload: {
        Parts: [
          { PartNumber: 1, ETag: first.ETag, ChecksumCRC32: first.ChecksumCRC32 },
          {
            PartNumber: 2,
            ETag: second.CopyPartResult?.ETag,
            ChecksumCRC32: second.CopyPartResult?.ChecksumCRC32,
          },
        ],
      },
    }),
  );
  expect([done.ETag?.endsWith('-2"'), done.ChecksumCRC32?.endsWith("-2")]).toEqual([true, true]);
  const get = await client.send(new GetObjectCommand({ Bucket, Key, ChecksumMode: "ENABLED" }));
  expect(
    Buffer.compare(await bytesOf(get.Body), Buffer.concat([pattern(5 * MIB, 6), source.subarray(10, 100)])),
  ).toBe(0);
  const attributes = await client.send(
    new GetObjectAttributesCommand({
      Bucket,
      Key,
      ObjectAttributes: ["ETag", "Checksum", "ObjectParts", "ObjectSize"],
    }),
  );
  expect([attributes.ObjectParts?.TotalPartsCount, attributes.ObjectParts?.Parts?.length]).toEqual([2, 2]);
  const aborted = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }));
  await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId: aborted.UploadId }));
  expect(
    await nameOf(
      client.send(
        new UploadPartCommand({ Bucket, Key, UploadId: aborted.UploadId, PartNumber: 1, Body: "x" }),
      ),
    ),
  ).toBe("NoSuchUpload");
  expect(await nameOf(client.send(new DeleteBucketCommand({ Bucket })))).toBe("BucketNotEmpty");
});

test("copies, conditions, errors", async () => {
  const Bucket = "bucket";
  const put = await client.send(new PutObjectCommand({ Bucket, Key: "c", Body: "one", IfNoneMatch: "*" }));
  expect(
    await nameOf(client.send(new PutObjectCommand({ Bucket, Key: "c", Body: "two", IfNoneMatch: "*" }))),
  ).toBe("PreconditionFailed");
  await client.send(new PutObjectCommand({ Bucket, Key: "c", Body: "two", IfMatch: put.ETag }));
  const copy = await client.send(new CopyObjectCommand({ Bucket, Key: "d", CopySource: "bucket/c" }));
  expect(copy.CopyObjectResult?.ETag).toBeDefined();
  expect(
    await nameOf(
      client.send(new GetObjectCommand({ Bucket, Key: "d", IfNoneMatch: copy.CopyObjectResult?.ETag })),
    ),
  ).not.toBe("no error");
  expect(await nameOf(client.send(new GetObjectCommand({ Bucket, Key: "none" })))).toBe("NoSuchKey");
  expect(await nameOf(client.send(new HeadObjectCommand({ Bucket, Key: "none" })))).toBe("NotFound");
  expect(await nameOf(client.send(new GetObjectCommand({ Bucket, Key: "d", Range: "bytes=100-" })))).toBe(
    "InvalidRange",
  );
  const stranger = clientOf({ ...credentials, secretAccessKey: "wrong" });
  expect(await nameOf(stranger.send(new ListBucketsCommand({})))).toBe("SignatureDoesNotMatch");
  expect(
    await nameOf(stranger.send(new PutObjectCommand({ Bucket, Key: "x", Body: pattern(3 * MIB) }))),
  ).toBe("SignatureDoesNotMatch");
  stranger.destroy();
  expect(h.errors).toEqual([]);
  expect([h.kv.buffers, h.admission.inUseBytes]).toEqual([0, 0]);
});
