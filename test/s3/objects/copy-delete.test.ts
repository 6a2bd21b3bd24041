import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { KvError } from "../../../src/txn/types.ts";
import { type Harness, harness, OWNER_ID, pattern } from "../support/harness.ts";

const MIB = 1024 * 1024;
const CHUNKS = Buffer.from("c\0\u0001");

async function prepared(size = 100): Promise<Harness> {
  const h = harness();
  await h.call("PUT", "/bucket");
  await h.call("PUT", "/other");
  await h.call("PUT", "/bucket/source", {
    body: pattern(size),
    headers: { "Content-Type": "text/a", "x-amz-meta-a": "1" },
  });
  return h;
}

test.each([0, 100, 65_537, 5 * MIB + 7])("a copy of %d bytes between buckets", async (size) => {
  const h = await prepared(size);
  const copy = await h.call("PUT", "/other/copy", { headers: { "x-amz-copy-source": "/bucket/source" } });
  const get = await h.call("GET", "/other/copy");
  expect([copy.status, copy.tag("ETag")]).toEqual([
    200,
    `&quot;${createHash("md5").update(pattern(size)).digest("hex")}&quot;`,
  ]);
  expect(Buffer.compare(get.bytes, pattern(size))).toBe(0);
  expect([get.headers.get("content-type"), get.headers.get("x-amz-meta-a")]).toEqual(["text/a", "1"]);
  await h.call("DELETE", "/bucket/source");
  expect(Buffer.compare((await h.call("GET", "/other/copy")).bytes, pattern(size))).toBe(0);
  expect([h.kv.buffers, h.admission.inUseBytes, h.errors]).toEqual([0, 0, []]);
});

test("a copy from a bucket that the client believes to be another owner's is refused", async () => {
  const h = await prepared();
  const copy = (owner: string) =>
    h.call("PUT", "/other/copy", {
      headers: { "x-amz-copy-source": "/bucket/source", "x-amz-source-expected-bucket-owner": owner },
    });
  expect([(await copy("123456789012")).tag("Code"), (await h.call("GET", "/other/copy")).status]).toEqual([
    "AccessDenied",
    404,
  ]);
  expect((await copy(OWNER_ID)).status).toBe(200);
});

test("metadata: copied or replaced; onto itself only when replaced, without moving a byte", async () => {
  const h = await prepared(4 * MIB);
  const source = { "x-amz-copy-source": "bucket/source" };
  const self = await h.call("PUT", "/bucket/source", { headers: source });
  expect([self.status, self.tag("Code")]).toEqual([400, "InvalidRequest"]);
  const chunks = h.kv.rows(CHUNKS).length;
  const replace = {
    ...source,
    "x-amz-metadata-directive": "REPLACE",
    "Content-Type": "text/b",
    "x-amz-meta-b": "2",
  };
  expect((await h.call("PUT", "/bucket/source", { headers: replace })).status).toBe(200);
  const get = await h.call("GET", "/bucket/source");
  expect(Buffer.compare(get.bytes, pattern(4 * MIB))).toBe(0);
  expect([
    get.headers.get("content-type"),
    get.headers.get("x-amz-meta-a"),
    get.headers.get("x-amz-meta-b"),
  ]).toEqual(["text/b", undefined, "2"]);
  expect(h.kv.rows(CHUNKS).length).toBe(chunks);
  expect(h.kv.rows(CHUNKS).some((row) => h.kv.isGarbage(row.key))).toBe(false);
  const wrong = await h.call("PUT", "/other/x", {
    headers: { ...source, "x-amz-metadata-directive": "MOVE" },
  });
  expect(wrong.tag("Code")).toBe("InvalidArgument");
  // With another checksum the bytes are read once, and the old ones become garbage.
  const sum = await h.call("PUT", "/bucket/source", {
    headers: { ...source, "x-amz-checksum-algorithm": "SHA256" },
  });
  expect(sum.tag("ChecksumSHA256")).toBe(
    createHash("sha256")
      .update(pattern(4 * MIB))
      .digest("base64"),
  );
  expect(h.kv.rows(CHUNKS).filter((row) => !h.kv.isGarbage(row.key)).length).toBe(4);
});

test("a source of parts becomes one piece", async () => {
  const h = await prepared();
  const id = (await h.call("POST", "/bucket/big?uploads")).tag("UploadId");
  const etag = (
    await h.call("PUT", `/bucket/big?partNumber=1&uploadId=${id}`, { body: pattern(MIB + 5) })
  ).headers.get("etag");
  const body = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${etag}</ETag></Part></CompleteMultipartUpload>`;
  await h.call("POST", `/bucket/big?uploadId=${id}`, { body });
  const copy = await h.call("PUT", "/other/big", { headers: { "x-amz-copy-source": "bucket/big" } });
  expect(copy.tag("ETag")).toBe(
    `&quot;${createHash("md5")
      .update(pattern(MIB + 5))
      .digest("hex")}&quot;`,
  );
});

test.each([
  ["", "InvalidArgument", 400],
  ["bucket", "InvalidArgument", 400],
  ["/bucket/", "InvalidArgument", 400],
  ["%2Fbucket", "InvalidArgument", 400],
  ["%2F%2Fbucket%2Fsource", "InvalidArgument", 400],
  // The slash of the key is not another leading one.
  ["bucket/%2Fsource", "NoSuchKey", 404],
  ["bucket/source?versionId=abc", "InvalidArgument", 400],
  ["bucket/source?other=1", "InvalidArgument", 400],
  ["bucket/%zz", "InvalidArgument", 400],
  ["bucket/nothing", "NoSuchKey", 404],
  ["nowhere/key", "NoSuchBucket", 404],
  [`bucket/${"k".repeat(1025)}`, "KeyTooLongError", 400],
] as const)("copy source %j: %s", async (source, code, status) => {
  const h = await prepared();
  const answer = await h.call("PUT", "/other/x", { headers: { "x-amz-copy-source": source } });
  expect([answer.tag("Code"), answer.status]).toEqual([code, status]);
});

test("sources are percent-decoded once; null is a version", async () => {
  const h = await prepared();
  await h.call("PUT", "/bucket/a%20%3F%2B%E2%82%AC", { body: "found" });
  for (const source of [
    "bucket/a%20%3F%2B%E2%82%AC",
    "/bucket/a%20%3F%2B%E2%82%AC?versionId=null",
    "bucket%2Fa%20%3F%2B%E2%82%AC",
    "%2Fbucket%2Fa%20%3F%2B%E2%82%AC",
    // The bytes of UTF-8 as they are.
    "bucket/a%20%3F%2B\u00e2\u0082\u00ac",
    "%2fbucket/a%20%3F%2B%E2%82%AC?versionId=null",
  ]) {
    expect((await h.call("PUT", "/other/x", { headers: { "x-amz-copy-source": source } })).status).toBe(200);
    expect((await h.call("GET", "/other/x")).text).toBe("found");
  }
});

test("conditions on source and target", async () => {
  const h = await prepared();
  const etag = (await h.call("HEAD", "/bucket/source")).headers.get("etag") as string;
  const copy = async (headers: Record<string, string>) =>
    (await h.call("PUT", "/other/x", { headers: { "x-amz-copy-source": "bucket/source", ...headers } }))
      .status;
  const past = "Sat, 21 Nov 2026 07:00:00 GMT";
  expect(await copy({ "x-amz-copy-source-if-match": etag })).toBe(200);
  expect(await copy({ "x-amz-copy-source-if-match": '"x"' })).toBe(412);
  expect(await copy({ "x-amz-copy-source-if-none-match": etag })).toBe(412);
  expect(await copy({ "x-amz-copy-source-if-unmodified-since": past })).toBe(412);
  expect(
    await copy({ "x-amz-copy-source-if-match": etag, "x-amz-copy-source-if-unmodified-since": past }),
  ).toBe(200);
  expect(await copy({ "x-amz-copy-source-if-modified-since": past })).toBe(200);
  expect(await copy({ "If-None-Match": "*" })).toBe(412);
});

test("UploadPartCopy: whole and ranges", async () => {
  const h = await prepared(6 * MIB);
  const id = (await h.call("POST", "/other/big?uploads")).tag("UploadId");
  const part = (number: number, range?: string) =>
    h.call("PUT", `/other/big?partNumber=${number}&uploadId=${id}`, {
      headers: {
        "x-amz-copy-source": "bucket/source",
        ...(range === undefined ? {} : { "x-amz-copy-source-range": range }),
      },
    });
  for (const bad of ["bytes=0-", "bytes=5-2", "bytes=0-99999999", "0-5", "bytes=-5", "bytes=--5"]) {
    expect([bad, (await part(1, bad)).tag("Code")]).toEqual([bad, "InvalidArgument"]);
  }
  const first = await part(1);
  const second = await part(2, "bytes=100-200");
  expect([first.tag("ETag"), second.status]).toEqual([
    `&quot;${createHash("md5")
      .update(pattern(6 * MIB))
      .digest("hex")}&quot;`,
    200,
  ]);
  const listed = [first, second].map(
    (answer, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>${answer.tag("ETag")}</ETag></Part>`,
  );
  const done = await h.call("POST", `/other/big?uploadId=${id}`, {
    body: `<CompleteMultipartUpload>${listed.join("")}</CompleteMultipartUpload>`,
  });
  expect(done.status).toBe(200);
  const expected = Buffer.concat([pattern(6 * MIB), pattern(6 * MIB).subarray(100, 201)]);
  expect(Buffer.compare((await h.call("GET", "/other/big")).bytes, expected)).toBe(0);
});

const md5Header = (body: string) => ({ "Content-MD5": createHash("md5").update(body).digest("base64") });

test("DeleteObjects: results per key, quiet, batches, conditions", async () => {
  const h = await prepared();
  const keys = Array.from({ length: 200 }, (_, i) => `k${i}`);
  for (const key of keys) await h.call("PUT", `/bucket/${key}`, { body: key });
  const remove = async (inner: string) => {
    const body = `<Delete>${inner}</Delete>`;
    return h.call("POST", "/bucket?delete", { body, headers: md5Header(body) });
  };
  h.kv.sizes.length = 0;
  const all = await remove(keys.map((key) => `<Object><Key>${key}</Key></Object>`).join(""));
  expect([all.status, all.tags("Key").length, h.kv.sizes.length]).toEqual([200, 200, 4]);
  expect((await h.call("GET", "/bucket")).tags("Key")).toEqual(["source"]);
  await h.call("PUT", "/bucket/a%26b%20%01", { body: "x" });
  const etag = (await h.call("HEAD", "/bucket/source")).headers.get("etag") as string;
  const mixed = await remove(
    `<Quiet>true</Quiet><Object><Key>a&amp;b &#x1;</Key></Object><Object><Key>none</Key></Object><Object><Key>none</Key></Object>` +
      `<Object><Key>source</Key><VersionId>abc</VersionId></Object><Object><Key>source</Key><ETag>"wrong"</ETag></Object>` +
      `<Object><Key>${"k".repeat(1025)}</Key></Object>`,
  );
  expect(mixed.tags("Code")).toEqual(["NoSuchVersion", "PreconditionFailed", "KeyTooLongError"]);
  expect(mixed.text).not.toContain("<Deleted>");
  expect((await h.call("GET", "/bucket")).tags("Key")).toEqual(["source"]);
  expect(
    (await remove(`<Object><Key>source</Key><VersionId>null</VersionId><ETag>${etag}</ETag></Object>`)).text,
  ).toContain("<Deleted>");
  expect((await h.call("GET", "/bucket")).tags("Key")).toEqual([]);
});

test("DeleteObjects without an answer from the log: the whole request is a 503, which clients repeat", async () => {
  const h = harness();
  await h.call("PUT", "/bucket");
  const keys = Array.from({ length: 130 }, (_, i) => `k${i}`);
  for (const key of keys) await h.call("PUT", `/bucket/${key}`, { body: key });
  const body = `<Delete>${keys.map((key) => `<Object><Key>${key}</Key></Object>`).join("")}</Delete>`;
  const remove = () => h.call("POST", "/bucket?delete", { body, headers: md5Header(body) });
  let transactions = 0;
  h.kv.before = () => {
    // Of three batches one; the others are carried out.
    if (++transactions === 1) throw new KvError("UNAVAILABLE", "no leader");
  };
  const refused = await remove();
  expect([refused.status, refused.tag("Code")]).toEqual([503, "SlowDown"]);
  expect(refused.headers.get("x-amz-retry-after")).toMatch(/^[1-3]\d{3}$/);
  const again = await remove();
  expect([again.status, again.tags("Key").length, again.text.includes("<Error>")]).toEqual([200, 130, false]);
  expect((await h.call("GET", "/bucket")).tag("KeyCount") ?? "0").toBe("0");
  // A condition may have been met by what the first time has deleted: then each key has its own answer.
  await h.call("PUT", "/bucket/only", { body: "x" });
  h.kv.before = () => {
    throw new KvError("UNAVAILABLE", "no leader");
  };
  const conditional = "<Delete><Object><Key>only</Key><ETag>*</ETag></Object></Delete>";
  const answer = await h.call("POST", "/bucket?delete", {
    body: conditional,
    headers: md5Header(conditional),
  });
  expect([answer.status, answer.tag("Code")]).toEqual([200, "SlowDown"]);
});

test("DeleteObjects: what it may not be", async () => {
  const h = await prepared();
  const code = async (body: string, headers: Record<string, string> = md5Header(body)) =>
    (await h.call("POST", "/bucket?delete", { body, headers })).tag("Code");
  const one = "<Object><Key>source</Key></Object>";
  expect(await code(`<Delete>${one}</Delete>`, {})).toBe("InvalidRequest");
  expect(await code(`<Delete>${one}</Delete>`, md5Header("other"))).toBe("BadDigest");
  expect(await code("<Delete></Delete>")).toBe("MalformedXML");
  expect(await code(`<Delete>${one.repeat(1001)}</Delete>`)).toBe("MalformedXML");
  expect(await code("<Delete><Object></Object></Delete>")).toBe("MalformedXML");
  expect(await code("<Delete><Object><Key></Key></Object></Delete>")).toBe("MalformedXML");
  expect(await code("<Delete><Object><Key>a</Key><Key>b</Key></Object></Delete>")).toBe("MalformedXML");
  expect(await code(`<!DOCTYPE d [<!ENTITY x "y">]><Delete>${one}</Delete>`)).toBe("MalformedXML");
  expect((await h.call("GET", "/bucket/source")).status).toBe(200);
  const body = `<Delete>${one}</Delete>`;
  expect((await h.call("POST", "/nowhere?delete", { body, headers: md5Header(body) })).tag("Code")).toBe(
    "NoSuchBucket",
  );
});

test.each([
  [{ "x-amz-server-side-encryption": "AES256" }, "NotImplemented"],
  [{ "x-amz-server-side-encryption-customer-algorithm": "AES256" }, "NotImplemented"],
  [{ "x-amz-acl": "public-read" }, "AccessControlListNotSupported"],
  [{ "x-amz-grant-read": "id=1" }, "AccessControlListNotSupported"],
  [{ "x-amz-tagging": "a=b=c" }, "InvalidArgument"],
  [{ "x-amz-object-lock-legal-hold": "ON" }, "InvalidRequest"],
  [{ "x-amz-website-redirect-location": "x" }, "InvalidRedirectLocation"],
  [{ "x-amz-storage-class": "GLACIER" }, "InvalidStorageClass"],
  [{ "x-amz-storage-class": "FAST" }, "InvalidStorageClass"],
  [{ "X-Amz-Write-Offset-Bytes": "1" }, "NotImplemented"],
] as [Record<string, string>, string][])("%j is refused, nothing stored", async (headers, code) => {
  const h = await prepared();
  for (const [method, target] of [
    ["PUT", "/bucket/new"],
    ["POST", "/bucket/new?uploads"],
  ] as const) {
    const answer = await h.call(method, target, { headers, body: "x" });
    expect([answer.tag("Code"), answer.bodyRead]).toEqual([code, 0]);
  }
  expect((await h.call("GET", "/bucket/new")).status).toBe(404);
});

test("access and tags of an object", async () => {
  const h = await prepared();
  expect((await h.call("GET", "/bucket/source?acl")).tag("Permission")).toBe("FULL_CONTROL");
  expect((await h.call("GET", "/bucket/source?tagging")).text).toContain("<TagSet></TagSet>");
  expect((await h.call("GET", "/bucket/none?acl")).tag("Code")).toBe("NoSuchKey");
  const attributes = await h.call("GET", "/bucket/source?attributes", {
    headers: { "x-amz-object-attributes": "ETag,ObjectSize" },
  });
  expect(attributes.tag("ObjectSize")).toBe("100");
  expect(
    (
      await h.call("GET", "/bucket/source?attributes", { headers: { "x-amz-object-attributes": "Colour" } })
    ).tag("Code"),
  ).toBe("InvalidArgument");
  const none = await h.call("GET", "/bucket/source?attributes");
  expect([none.tag("Code"), none.tag("Message")]).toEqual([
    "InvalidRequest",
    "The x-amz-object-attributes header specifying the attributes to be retrieved is either missing or empty",
  ]);
});
