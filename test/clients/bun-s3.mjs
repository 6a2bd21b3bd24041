// Bun's own S3 client, with an endpoint and no region: it signs for `auto`. ENDPOINT, PREFIX and the keys come from the environment.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import * as sdk from "@aws-sdk/client-s3";

const label = "bun-s3";
const bucket = `${process.env.PREFIX}-${label}`;
const MIB = 1024 * 1024;
for (const name of ["AWS_REGION", "AWS_DEFAULT_REGION", "S3_REGION"]) delete process.env[name];
const s3 = new Bun.S3Client({
  endpoint: process.env.ENDPOINT,
  bucket,
  accessKeyId: process.env.AWS_ACCESS_KEY_ID,
  secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY,
});
// Bun makes no buckets, and lists no unfinished uploads.
const admin = new sdk.S3Client({ endpoint: process.env.ENDPOINT, region: "us-east-1", forcePathStyle: true });
const send = (name, input = {}) => admin.send(new sdk[`${name}Command`]({ Bucket: bucket, ...input }));

const ODD_KEYS = [
  "plus+plus",
  "sp ace",
  "100%",
  "%2F",
  "q?x=1&y=2",
  "h#ash",
  "a=b/c=d",
  "semi;colon,comma",
  "at@dollar$",
  "tilde~",
  "!'()*",
  "quote\"<>&'",
  "[br]{ace}|^`",
  "äöü",
  "日本語",
  "😀/🚀",
];

const bytes = async (key, begin, end) => Buffer.from(await s3.file(key).slice(begin, end).arrayBuffer());
const whole = async (key) => Buffer.from(await s3.file(key).arrayBuffer());
const refused = (code, promise) =>
  assert.rejects(promise, (error) => {
    assert.equal(error.code, code, `${error}`);
    return true;
  });

const checks = {
  async "write, read, stat"() {
    await send("CreateBucket");
    for (const size of [0, 1, 65_536, MIB + 1, 4 * MIB]) {
      const body = randomBytes(size);
      assert.equal(await s3.write("sized", body, { type: "x/y" }), size);
      assert.ok((await whole("sized")).equals(body), `${size} bytes`);
      const { etag, size: told, type } = await s3.stat("sized");
      assert.deepEqual(
        [etag, told, type],
        [`"${createHash("md5").update(body).digest("hex")}"`, size, "x/y"],
      );
    }
    assert.equal(await s3.exists("sized"), true);
    assert.equal(await s3.exists("nothing"), false);
    await refused("NoSuchKey", s3.file("nothing").text());
  },

  async ranges() {
    const body = randomBytes(3 * MIB);
    await s3.write("ranged", body);
    for (const [begin, end] of [
      [0, 1],
      [MIB - 3, 2 * MIB + 5],
      [3 * MIB - 1, 3 * MIB],
    ]) {
      assert.ok((await bytes("ranged", begin, end)).equals(body.subarray(begin, end)), `${begin}-${end}`);
    }
    assert.ok((await bytes("ranged", 2 * MIB)).equals(body.subarray(2 * MIB)));
  },

  async "a writer's parts"() {
    const body = randomBytes(27 * MIB + 3);
    const writer = s3.file("large").writer({ partSize: 5 * MIB, queueSize: 4, retry: 3, type: "x/z" });
    for (let at = 0; at < body.length; at += 1_300_007) {
      writer.write(body.subarray(at, at + 1_300_007));
      if (at % 3 === 0) await writer.flush();
    }
    await writer.end();
    assert.ok((await whole("large")).equals(body));
    assert.match((await s3.stat("large")).etag, /-\d+"$/);
    const hash = new Bun.CryptoHasher("sha256");
    for await (const chunk of s3.file("large").stream()) hash.update(chunk);
    assert.equal(hash.digest("hex"), createHash("sha256").update(body).digest("hex"));
    assert.equal((await send("ListMultipartUploads")).Uploads, undefined);
  },

  async "a response and a file as the body"() {
    const body = randomBytes(6 * MIB);
    await s3.write("from", body);
    await s3.write("to", s3.file("from"));
    assert.ok((await whole("to")).equals(body));
    await s3.write("response", new Response(body.subarray(0, 1000)));
    assert.ok((await whole("response")).equals(body.subarray(0, 1000)));
  },

  async "odd keys and listings"() {
    for (const key of ODD_KEYS) {
      await s3.write(`odd/${key}`, key);
      assert.equal(await s3.file(`odd/${key}`).text(), key);
    }
    const names = ODD_KEYS.map((key) => `odd/${key}`).sort((a, b) =>
      Buffer.compare(Buffer.from(a), Buffer.from(b)),
    );
    const found = [];
    for (let token; ; ) {
      const page = await s3.list({
        prefix: "odd/",
        maxKeys: 5,
        continuationToken: token,
        encodingType: "url",
      });
      found.push(...page.contents.map(({ key }) => decodeURIComponent(key)));
      token = page.nextContinuationToken;
      if (!page.isTruncated) break;
    }
    assert.deepEqual(found, names);
    const flat = await s3.list({ prefix: "odd/", delimiter: "/" });
    assert.equal(flat.commonPrefixes.length, 2);
    assert.equal(flat.contents.length, ODD_KEYS.length - 2);
  },

  async presigned() {
    const put = s3.presign("pre signed+1", { method: "PUT", expiresIn: 60 });
    assert.equal((await fetch(put, { method: "PUT", body: "by url" })).status, 200);
    const get = s3.presign("pre signed+1", { expiresIn: 60 });
    assert.equal(await (await fetch(get)).text(), "by url");
    assert.equal((await fetch(get, { method: "DELETE" })).status, 403);
  },

  async "40 refused uploads of 4 MiB say why"() {
    const body = randomBytes(4 * MIB);
    const bad = new Map();
    for (let i = 0; i < 40; i++) {
      try {
        await s3.write("x", body, { bucket: `${bucket}-none` });
        bad.set("accepted", 1);
      } catch (error) {
        if (error.code !== "NoSuchBucket") bad.set(`${error}`, (bad.get(`${error}`) ?? 0) + 1);
      }
    }
    assert.deepEqual([...bad], []);
  },

  async "a wrong secret"() {
    await refused("SignatureDoesNotMatch", s3.file("sized", { secretAccessKey: "wrong" }).text());
  },

  async "another region than ours"() {
    // No region was set on the server: what a configuration for another service has is taken.
    for (const region of ["auto", "garage", "eu-central-1", "us-east-1"]) {
      assert.equal(await s3.file("odd/sp ace", { region }).text(), "sp ace", region);
    }
  },

  async clean() {
    for await (const { Contents } of sdk.paginateListObjectsV2({ client: admin }, { Bucket: bucket })) {
      for (const { Key } of Contents ?? []) await s3.delete(Key);
    }
    await send("DeleteBucket");
  },
};

console.log(`# ${label}: Bun ${Bun.version}`);
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
admin.destroy();
process.exit(failed === 0 ? 0 : 1);
