// @aws-sdk/client-s3 against elastickv; runs in Node and in Bun. Usage: aws-sdk.mjs LABEL; ENDPOINT, PREFIX and the keys
// come from the environment. Prints one `ok`/`FAIL` line a check, like lib.sh.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import * as sdk from "@aws-sdk/client-s3";

const label = process.argv[2];
const Bucket = `${process.env.PREFIX}-${label}`;
const MIB = 1024 * 1024;
const s3 = new sdk.S3Client({
  endpoint: process.env.ENDPOINT,
  region: "us-east-1",
  forcePathStyle: true,
  maxAttempts: 1,
});

const md5 = (bytes) => createHash("md5").update(bytes).digest("hex");
const send = (name, input) => s3.send(new sdk[`${name}Command`]({ Bucket, ...input }));
const put = (Key, Body, more = {}) => send("PutObject", { Key, Body, ...more });
const get = async (Key, more = {}) =>
  Buffer.from(await (await send("GetObject", { Key, ...more })).Body.transformToByteArray());
const refused = (name, promise) =>
  assert.rejects(promise, (error) => {
    assert.equal(error.name, name, `${error}`);
    return true;
  });

const checks = {
  async bucket() {
    await send("CreateBucket", {});
    assert.ok((await s3.send(new sdk.ListBucketsCommand({}))).Buckets.some(({ Name }) => Name === Bucket));
    await refused("NotFound", s3.send(new sdk.HeadBucketCommand({ Bucket: `${Bucket}-none` })));
  },

  async "put and get, every size around a chunk"() {
    for (const size of [
      0,
      1,
      65_535,
      65_536,
      65_537,
      MIB - 1,
      MIB,
      MIB + 1,
      3 * MIB,
      3 * MIB + 1,
      7 * MIB + 11,
    ]) {
      const body = randomBytes(size);
      const { ETag } = await put("sized", body);
      assert.equal(ETag, `"${md5(body)}"`);
      assert.ok((await get("sized")).equals(body), `${size} bytes`);
    }
  },

  async "every checksum, as header and as trailer"() {
    const body = randomBytes(300_000);
    for (const ChecksumAlgorithm of ["CRC32", "CRC32C", "SHA1", "SHA256", "CRC64NVME"]) {
      const answer = await put("sum", body, { ChecksumAlgorithm });
      assert.ok(answer[`Checksum${ChecksumAlgorithm}`], ChecksumAlgorithm);
      const stream = Readable.from([body.subarray(0, 100_000), body.subarray(100_000)]);
      await put("sum-stream", stream, { ChecksumAlgorithm, ContentLength: body.length });
      const got = await send("GetObject", { Key: "sum-stream", ChecksumMode: "ENABLED" });
      assert.equal(got[`Checksum${ChecksumAlgorithm}`], answer[`Checksum${ChecksumAlgorithm}`]);
      assert.ok(Buffer.from(await got.Body.transformToByteArray()).equals(body), ChecksumAlgorithm);
    }
    await refused("BadDigest", put("wrong", body, { ChecksumCRC32: "AAAAAA==" }));
    await refused("NotFound", send("HeadObject", { Key: "wrong" }));
  },

  async "conditional writes"() {
    const { ETag } = await put("once", "one", { IfNoneMatch: "*" });
    await refused("PreconditionFailed", put("once", "two", { IfNoneMatch: "*" }));
    await put("once", "three", { IfMatch: ETag });
    await refused("PreconditionFailed", put("once", "four", { IfMatch: ETag }));
    assert.equal((await get("once")).toString(), "three");
    const race = await Promise.allSettled(
      Array.from({ length: 16 }, (_, i) => put("race", `writer ${i}`, { IfNoneMatch: "*" })),
    );
    assert.equal(race.filter(({ status }) => status === "fulfilled").length, 1);
    const winner = race.findIndex(({ status }) => status === "fulfilled");
    assert.equal((await get("race")).toString(), `writer ${winner}`);
  },

  async "conditional complete"() {
    const { UploadId } = await send("CreateMultipartUpload", { Key: "race" });
    const { ETag } = await send("UploadPart", { Key: "race", UploadId, PartNumber: 1, Body: "late" });
    const input = { Key: "race", UploadId, MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] } };
    await refused("PreconditionFailed", send("CompleteMultipartUpload", { ...input, IfNoneMatch: "*" }));
    await send("CompleteMultipartUpload", input);
    assert.equal((await get("race")).toString(), "late");
  },

  async "multipart, parts in parallel"() {
    const parts = Array.from({ length: 6 }, (_, i) => randomBytes(i === 5 ? 1234 : 5 * MIB + i));
    const { UploadId } = await send("CreateMultipartUpload", { Key: "parts" });
    const sent = await Promise.all(
      parts.map((Body, i) => send("UploadPart", { Key: "parts", UploadId, PartNumber: i + 1, Body })),
    );
    await send("CompleteMultipartUpload", {
      Key: "parts",
      UploadId,
      MultipartUpload: {
        Parts: sent.map(({ ETag, ChecksumCRC32 }, i) => ({ PartNumber: i + 1, ETag, ChecksumCRC32 })),
      },
    });
    const whole = Buffer.concat(parts);
    assert.ok((await get("parts")).equals(whole));
    assert.ok(
      (await get("parts", { Range: "bytes=5242000-5244000" })).equals(whole.subarray(5_242_000, 5_244_001)),
    );
    const second = await send("GetObject", { Key: "parts", PartNumber: 2 });
    assert.equal(second.PartsCount, 6);
    assert.ok(Buffer.from(await second.Body.transformToByteArray()).equals(parts[1]));
  },

  async "list, copy, delete many"() {
    const keys = Array.from({ length: 120 }, (_, i) => `many/${String(i).padStart(3, "0")} ü+`);
    await Promise.all(keys.map((key) => put(key, key)));
    const found = [];
    for await (const page of sdk.paginateListObjectsV2(
      { client: s3, pageSize: 50 },
      { Bucket, Prefix: "many/" },
    )) {
      found.push(...page.Contents.map(({ Key }) => Key));
    }
    assert.deepEqual(found, keys);
    await send("CopyObject", { Key: "copied", CopySource: `${Bucket}/${encodeURIComponent(keys[7])}` });
    assert.equal((await get("copied")).toString(), keys[7]);
    const { Deleted, Errors } = await send("DeleteObjects", {
      Delete: { Objects: keys.map((Key) => ({ Key })) },
    });
    assert.equal(Deleted.length, keys.length);
    assert.equal(Errors, undefined);
  },

  async "odd keys"() {
    const keys = [
      "a/../b",
      "./x",
      "//lead",
      "x//y",
      "%2F",
      "a+b",
      "a b",
      "é😀",
      "~(1)*!'",
      "q?a=b#c",
      "k".repeat(1024),
    ];
    for (const key of keys) {
      await put(key, key);
      assert.equal((await get(key)).toString(), key);
      const { Contents } = await send("ListObjectsV2", { Prefix: key, EncodingType: "url" });
      assert.ok(
        Contents.some(({ Key }) => decodeURIComponent(Key.replaceAll("+", " ")) === key || Key === key),
        key,
      );
      await send("DeleteObject", { Key: key });
      await refused("NotFound", send("HeadObject", { Key: key }));
    }
  },

  async "an upload that is given up half-way leaves nothing"() {
    const abort = new AbortController();
    const body = Readable.from(
      (async function* () {
        yield randomBytes(2 * MIB);
        abort.abort();
        yield randomBytes(2 * MIB);
      })(),
    );
    const command = new sdk.PutObjectCommand({ Bucket, Key: "given-up", Body: body, ContentLength: 4 * MIB });
    await assert.rejects(s3.send(command, { abortSignal: abort.signal }));
    await refused("NotFound", send("HeadObject", { Key: "given-up" }));
  },

  async clean() {
    for await (const { Contents } of sdk.paginateListObjectsV2({ client: s3 }, { Bucket })) {
      await send("DeleteObjects", { Delete: { Objects: (Contents ?? []).map(({ Key }) => ({ Key })) } });
    }
    await send("DeleteBucket", {});
  },
};

let failed = 0;
for (const [name, run] of Object.entries(checks)) {
  const begin = Date.now();
  try {
    await run();
    console.log(`ok ${label}: ${name} (${Math.round((Date.now() - begin) / 1000)} s)`);
  } catch (error) {
    failed++;
    console.log(`FAIL ${label}: ${name}\n    ${String(error?.stack ?? error).replaceAll("\n", "\n    ")}`);
  }
}
s3.destroy();
process.exit(failed === 0 ? 0 : 1);
