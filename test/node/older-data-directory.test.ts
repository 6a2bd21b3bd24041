/**
 * A data directory that release 0.1.0 (fdb49bf) left when it was killed opens, and holds what it held: kept in test/fixtures, made by
 * that release's own binary (a small object, one of six chunks with a checksum, an empty one, a deleted one, a multipart object, and
 * an upload that had not ended).
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CompleteMultipartUploadCommand,
  GetObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  S3Client,
} from "@aws-sdk/client-s3";
import { loadConfig } from "../../src/config/load.ts";
import { ThreadMetrics } from "../../src/monitoring/thread-metrics.ts";
import { Node } from "../../src/node/node.ts";
import { noLog } from "../support/no-log.ts";

const FIXTURE = join(import.meta.dir, "../fixtures/data-directory-0.1.0-fdb49bf.tar.gz");
const UPLOAD_ID = "01a221acc62922c76275f6ef118a85d5f00ca92e521b";
const PART_ETAG = '"b4f684f12bef01ac1772edecd76ac161"';
const KEYS = { accessKeyId: "TESTROOTACCESSKEY", secretAccessKey: "testRootSecretKey0123456789" };

let dataDir: string;
let node: Node;
let client: S3Client;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "elastickv-older-"));
  const unpacked = Bun.spawnSync(["tar", "-xzf", FIXTURE, "-C", dataDir]);
  expect(unpacked.stderr.toString()).toBe("");
  const { config } = loadConfig(new Map(), {
    ELASTICKV_ROOT_ACCESS_KEY: KEYS.accessKeyId,
    ELASTICKV_ROOT_SECRET_KEY: KEYS.secretAccessKey,
    ELASTICKV_S3_ADDRESS: "127.0.0.1:0",
    ELASTICKV_ADMIN_ADDRESS: "127.0.0.1:0",
    ELASTICKV_DISK_RESERVE: "0",
    ELASTICKV_NODE_ID: "n1",
    ELASTICKV_DATA_DIR: dataDir,
  });
  const fail = (message: string): void => {
    throw new Error(message);
  };
  node = await Node.start({
    config,
    log: noLog,
    metrics: new ThreadMetrics("front"),
    onFatal: fail,
    onFenced: fail,
    onExhausted: fail,
    onOverdue: () => fail("out of memory"),
  });
  client = new S3Client({
    region: "us-east-1",
    endpoint: `http://127.0.0.1:${node.s3Address.port}`,
    forcePathStyle: true,
    credentials: KEYS,
  });
});

afterAll(async () => {
  client.destroy();
  await node.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

async function get(Key: string) {
  const answer = await client.send(new GetObjectCommand({ Bucket: "kept", Key, ChecksumMode: "ENABLED" }));
  return { answer, bytes: Buffer.from((await answer.Body?.transformToByteArray()) ?? []) };
}

test("what was acknowledged is listed and read", async () => {
  const listed = await client.send(new ListObjectsV2Command({ Bucket: "kept" }));
  expect(listed.Contents?.map(({ Key, Size }) => [Key, Size])).toEqual([
    ["empty", 0],
    ["folder/large", 5 * 2 ** 20 + 17],
    ["parts", 5 * 2 ** 20 + 1000],
    ["small", 14],
  ]);
  const small = await get("small");
  expect(small.bytes.toString()).toBe("a small object");
  expect([small.answer.ContentType, small.answer.Metadata]).toEqual([
    "text/plain",
    { who: "an older release" },
  ]);
  const large = await get("folder/large");
  expect(large.bytes.equals(Buffer.alloc(5 * 2 ** 20 + 17, "large "))).toBe(true);
  expect(large.answer.ChecksumSHA256).toBeString();
  const parts = await get("parts");
  expect(parts.bytes.subarray(0, 7).toString()).toBe("part 1 ");
  expect(parts.bytes.subarray(5 * 2 ** 20).equals(Buffer.alloc(1000, "part 2 "))).toBe(true);
  expect((await get("empty")).bytes.length).toBe(0);
  await expect(get("gone")).rejects.toMatchObject({ name: "NoSuchKey" });
});

test("an upload that had not ended can be completed", async () => {
  await client.send(
    new CompleteMultipartUploadCommand({
      Bucket: "kept",
      Key: "unfinished",
      UploadId: UPLOAD_ID,
      MultipartUpload: { Parts: [{ PartNumber: 1, ETag: PART_ETAG }] },
    }),
  );
  expect((await get("unfinished")).bytes.equals(Buffer.alloc(2000, "first "))).toBe(true);
});

test("everything is the same owner's as before users had ids", async () => {
  const owner = new Bun.CryptoHasher("sha256").update(`elastickv owner ${KEYS.accessKeyId}`).digest("hex");
  const { Owner } = await client.send(new ListBucketsCommand({}));
  const listed = await client.send(new ListObjectsV2Command({ Bucket: "kept", FetchOwner: true }));
  const objects = new Set(listed.Contents?.map((object) => object.Owner?.ID));
  expect([Owner?.ID, ...objects]).toEqual([owner, owner]);
});

test("its files belong to one user alone now", () => {
  const open = readdirSync(dataDir, { recursive: true, encoding: "utf8" }).filter(
    (name) => (statSync(join(dataDir, name)).mode & 0o077) !== 0,
  );
  expect(open).toEqual([]);
});
