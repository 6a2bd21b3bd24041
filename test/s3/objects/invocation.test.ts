/** A conditional write that is repeated because its answer was lost. S3 itself answers 412 to the repetition. */
import { expect, test } from "bun:test";
import { KvError } from "../../../src/kv/types.ts";
import { type Harness, harness, pattern } from "../support/harness.ts";

const MIB = 1024 * 1024;
const ID = { "amz-sdk-invocation-id": "b5f4c2de-7f0e-4f4b-9a44-1d2a8c6d9f10" };
const OTHER = { "amz-sdk-invocation-id": "00000000-7f0e-4f4b-9a44-1d2a8c6d9f10" };
const ABSENT = { "If-None-Match": "*" };

async function prepared(): Promise<Harness> {
  const h = harness();
  await h.call("PUT", "/bucket");
  return h;
}

/** The next transaction is carried out, and nobody learns of it. */
function loseAnswer(h: Harness): void {
  h.kv.after = () => {
    h.kv.after = undefined;
    throw new KvError("TIMEOUT", "lost");
  };
}

for (const size of [5, 3 * MIB + 5]) {
  test(`PutObject of ${size} bytes: the answer is lost, the repetition gets it, and the object is written once`, async () => {
    const h = await prepared();
    const body = pattern(size);
    // The last of its transactions carries the manifest.
    let transactions = 0;
    const last = size < MIB ? 1 : 2;
    h.kv.after = () => {
      if (++transactions === last) throw new KvError("TIMEOUT", "lost");
    };
    const headers = { ...ABSENT, ...ID, "x-amz-checksum-crc32": crc32(body) };
    const lost = await h.call("PUT", "/bucket/key", { body, headers });
    expect([lost.status, lost.tag("Code")]).toEqual([503, "ServiceUnavailable"]);
    h.kv.after = undefined;
    const written = await h.call("HEAD", "/bucket/key");
    expect(written.status).toBe(200);
    const again = await h.call("PUT", "/bucket/key", { body, headers });
    expect([again.status, again.bodyRead]).toEqual([200, size]);
    expect(again.headers.get("etag")).toBe(written.headers.get("etag") as string);
    expect(again.headers.get("x-amz-checksum-crc32")).toBe(crc32(body));
    expect((await h.call("HEAD", "/bucket/key")).headers.get("last-modified")).toBe(
      written.headers.get("last-modified") as string,
    );
    // Nobody else is taken for it.
    expect((await h.call("PUT", "/bucket/key", { body, headers: ABSENT })).status).toBe(412);
    expect((await h.call("PUT", "/bucket/key", { body, headers: { ...ABSENT, ...OTHER } })).status).toBe(412);
  });
}

test("another body under the same name is another write", async () => {
  const h = await prepared();
  const headers = { ...ABSENT, ...ID };
  expect((await h.call("PUT", "/bucket/key", { body: "first", headers })).status).toBe(200);
  const other = await h.call("PUT", "/bucket/key", { body: "other", headers });
  expect([other.status, other.tag("Code")]).toEqual([412, "PreconditionFailed"]);
  // And so is the same under another key.
  await h.call("PUT", "/bucket/taken", { body: "first" });
  expect((await h.call("PUT", "/bucket/taken", { body: "first", headers })).status).toBe(412);
  expect((await h.call("GET", "/bucket/key")).text).toBe("first");
});

test("the first attempt commits while the second one is decided: both are one write", async () => {
  const h = await prepared();
  const headers = { ...ABSENT, ...ID };
  h.kv.before = async () => {
    h.kv.before = undefined;
    expect((await h.call("PUT", "/bucket/key", { body: "body", headers })).status).toBe(200);
  };
  const second = await h.call("PUT", "/bucket/key", { body: "body", headers });
  expect(second.status).toBe(200);
  expect((await h.call("GET", "/bucket/key")).text).toBe("body");
});

test("If-Match: compare-and-set is counted once; after somebody else's write the repetition fails", async () => {
  const h = await prepared();
  const first = (await h.call("PUT", "/bucket/key", { body: "1" })).headers.get("etag") as string;
  const headers = { "If-Match": first, ...ID };
  loseAnswer(h);
  expect((await h.call("PUT", "/bucket/key", { body: "2", headers })).status).toBe(503);
  const again = await h.call("PUT", "/bucket/key", { body: "2", headers });
  expect(again.status).toBe(200);
  const second = again.headers.get("etag") as string;
  expect((await h.call("PUT", "/bucket/key", { body: "3", headers: { "If-Match": second } })).status).toBe(
    200,
  );
  expect((await h.call("PUT", "/bucket/key", { body: "2", headers })).status).toBe(412);
  expect((await h.call("GET", "/bucket/key")).text).toBe("3");
});

test("CopyObject under a condition: the repetition gets the answer of the first", async () => {
  const h = await prepared();
  await h.call("PUT", "/bucket/source", { body: "source" });
  const headers = { "x-amz-copy-source": "/bucket/source", ...ABSENT, ...ID };
  loseAnswer(h);
  expect((await h.call("PUT", "/bucket/copy", { headers })).status).toBe(503);
  const again = await h.call("PUT", "/bucket/copy", { headers });
  expect([again.status, again.tag("ETag")]).toEqual([200, "&quot;36cd38f49b9afa08222c0dc9ebfe35eb&quot;"]);
  const anybody = { "x-amz-copy-source": "/bucket/source", ...ABSENT };
  expect((await h.call("PUT", "/bucket/copy", { headers: anybody })).status).toBe(412);
});

test("CompleteMultipartUpload under a condition is known by its upload, without a name", async () => {
  const h = await prepared();
  const uploadId = (await h.call("POST", "/bucket/key?uploads")).tag("UploadId");
  const part = await h.call("PUT", `/bucket/key?partNumber=1&uploadId=${uploadId}`, { body: "part" });
  const etag = part.headers.get("etag");
  const body = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${etag}</ETag></Part></CompleteMultipartUpload>`;
  loseAnswer(h);
  const complete = () => h.call("POST", `/bucket/key?uploadId=${uploadId}`, { body, headers: ABSENT });
  expect((await complete()).status).toBe(503);
  expect((await complete()).status).toBe(200);
});

test("without a condition nothing is remembered: repeating is harmless", async () => {
  const h = await prepared();
  await h.call("PUT", "/bucket/key", { body: "x", headers: ID });
  expect((await h.call("PUT", "/bucket/key", { body: "x", headers: { ...ABSENT, ...ID } })).status).toBe(412);
});

function crc32(bytes: Uint8Array): string {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(Bun.hash.crc32(bytes));
  return sum.toString("base64");
}
