/**
 * Load with the AWS SDK for JavaScript in Node and its default retries. Arguments and output: ../load.ts. Each worker is one client with
 * objects of its own, so it knows what every answer must be. Before the end everything is read back.
 */
import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import * as sdk from "@aws-sdk/client-s3";

const [endpoint, Bucket, stopFile, largeBytes] = process.argv.slice(2);
const PART = Buffer.alloc(5 * 1024 * 1024, "p");
const LARGE_PART_BYTES = 16 * 1024 * 1024;
const READ_BACK = 100;
const totals = { operations: 0, retries: 0, longest: 0, uploads: [], downloads: [], errors: [] };
const s3 = new sdk.S3Client({
  endpoint,
  region: "us-east-1",
  forcePathStyle: true,
  credentials: { accessKeyId: process.env.ACCESS_KEY, secretAccessKey: process.env.SECRET_KEY },
});

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

async function call(name, input) {
  const begin = performance.now();
  const answer = await s3.send(new sdk[`${name}Command`]({ Bucket, ...input }));
  if (name === "GetObject") answer.content = Buffer.from(await answer.Body.transformToByteArray());
  count(answer, performance.now() - begin);
  return answer;
}

function count({ $metadata }, pauseMs) {
  totals.operations++;
  totals.retries += $metadata.attempts - 1;
  totals.longest = Math.max(totals.longest, pauseMs / 1000);
}

async function expectContent(Key, content) {
  if (!(await call("GetObject", { Key })).content.equals(content))
    throw new Error(`${Key} is not what was written`);
}

async function small(Key) {
  const content = randomBytes(2000);
  await call("PutObject", { Key, Body: content });
  await expectContent(Key, content);
  const { Contents = [] } = await call("ListObjectsV2", { Prefix: Key });
  if (Contents.length !== 1 || Contents[0].Key !== Key) throw new Error(`${Key} is not listed`);
  return content;
}

async function multipart(Key) {
  const last = randomBytes(1000);
  await upload(Key, [PART, last]);
  const content = Buffer.concat([PART, last]);
  await expectContent(Key, content);
  return content;
}

async function upload(Key, bodies) {
  const { UploadId } = await call("CreateMultipartUpload", { Key });
  const Parts = [];
  for (const Body of bodies) {
    const PartNumber = Parts.length + 1;
    Parts.push({ PartNumber, ETag: (await call("UploadPart", { Key, UploadId, PartNumber, Body })).ETag });
  }
  await call("CompleteMultipartUpload", { Key, UploadId, MultipartUpload: { Parts } });
}

/** One GET, read as a stream. A stream that breaks is an error: the SDK does not ask for the rest. */
async function largeDownload() {
  const begin = Date.now() / 1000;
  const sent = performance.now();
  const answer = await s3.send(new sdk.GetObjectCommand({ Bucket, Key: LARGE }));
  count(answer, performance.now() - sent);
  const digest = createHash("sha256");
  let last = performance.now();
  for await (const piece of answer.Body) {
    totals.longest = Math.max(totals.longest, (performance.now() - last) / 1000);
    digest.update(piece);
    last = performance.now();
  }
  if (digest.digest("hex") !== largeDigest) throw new Error(`${LARGE} is not what was written`);
  totals.downloads.push([begin, Date.now() / 1000]);
}

async function work(name, operation, pauseMs) {
  const written = [];
  for (let turn = 0; !existsSync(stopFile); turn++) {
    const key = `${name}/${String(turn).padStart(6, "0")}`;
    try {
      const content = await operation(key);
      if (content !== undefined) written.push([key, sha256(content)]);
    } catch (error) {
      // Everything that a program with default retries would have seen.
      totals.errors.push(`${new Date().toISOString()} ${name} ${turn}: ${error}`);
    }
    await sleep(pauseMs);
  }
  for (const [key, digest] of written.slice(-READ_BACK)) {
    try {
      if (sha256((await call("GetObject", { Key: key })).content) !== digest)
        throw new Error("is not what was written");
    } catch (error) {
      totals.errors.push(`${name} read back ${key}: ${error}`);
    }
  }
}

const LARGE = "aws-sdk-large";
const whole = createHash("sha256");
let largeDigest = "";
const workers = [
  ["aws-sdk-small-0", small, 100],
  ["aws-sdk-small-1", small, 100],
  ["aws-sdk-multi", multipart, 1000],
];
if (Number(largeBytes) > 0) {
  await upload(LARGE, largeParts());
  largeDigest = whole.digest("hex");
  workers.push(["aws-sdk-large", largeDownload, 15_000]);
}
Object.assign(totals, { operations: 0, retries: 0, longest: 0 });
console.log("ready");
await Promise.all(workers.map((words) => work(...words)));
console.log(JSON.stringify(totals));

function* largeParts() {
  for (let left = Number(largeBytes); left > 0; left -= LARGE_PART_BYTES) {
    const part = randomBytes(Math.min(left, LARGE_PART_BYTES));
    whole.update(part);
    yield part;
  }
}
