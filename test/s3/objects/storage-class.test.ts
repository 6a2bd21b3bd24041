/**
 * x-amz-storage-class. API reference, PutObject and CopyObject ("If the x-amz-storage-class header is not used, the copied
 * object will be stored in the STANDARD Storage Class"), GetObject ("returned for all objects except for S3 Standard
 * storage class objects"), "List of error codes" (InvalidStorageClass, 400).
 */
import { expect, test } from "bun:test";
import { type Harness, harness } from "../support/harness.ts";

const READABLE = ["REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR"];

async function withBucket(): Promise<Harness> {
  const h = harness();
  await h.call("PUT", "/bucket");
  return h;
}

const asked = (storageClass: string) => ({ "x-amz-storage-class": storageClass });
const attributes = { "x-amz-object-attributes": "StorageClass" };

async function classesOf(h: Harness, key: string): Promise<unknown[]> {
  const named = (answer: Awaited<ReturnType<Harness["call"]>>) => answer.headers.get("x-amz-storage-class");
  const inList = async (query: string) =>
    (await h.call("GET", `/bucket?prefix=${key}${query}`)).tag("StorageClass");
  return [
    named(await h.call("GET", `/bucket/${key}`)),
    named(await h.call("HEAD", `/bucket/${key}`)),
    await inList(""),
    await inList("&list-type=2"),
    await inList("&versions"),
    (await h.call("GET", `/bucket/${key}?attributes`, { headers: attributes })).tag("StorageClass"),
  ];
}

test.each(READABLE)("%s is kept, and said wherever S3 says it", async (name) => {
  const h = await withBucket();
  const put = await h.call("PUT", "/bucket/key", { body: "x", headers: asked(name) });
  expect([put.status, put.headers.get("x-amz-storage-class")]).toEqual([200, undefined]);
  expect(await classesOf(h, "key")).toEqual([name, name, name, name, name, name]);
  const range = await h.call("GET", "/bucket/key", { headers: { Range: "bytes=0-0" } });
  expect(range.headers.get("x-amz-storage-class")).toBe(name);
});

test("STANDARD is left out of headers, asked for or not", async () => {
  const h = await withBucket();
  await h.call("PUT", "/bucket/key", { body: "x", headers: asked("STANDARD") });
  await h.call("PUT", "/bucket/other", { body: "x" });
  const standard = [undefined, undefined, "STANDARD", "STANDARD", "STANDARD", "STANDARD"];
  expect([await classesOf(h, "key"), await classesOf(h, "other")]).toEqual([standard, standard]);
});

test("an overwrite has the class of its own request", async () => {
  const h = await withBucket();
  await h.call("PUT", "/bucket/key", { body: "x", headers: asked("STANDARD_IA") });
  await h.call("PUT", "/bucket/key", { body: "y" });
  expect((await classesOf(h, "key"))[2]).toBe("STANDARD");
});

test("a copy is STANDARD unless it asks; onto itself the class is what changes", async () => {
  const h = await withBucket();
  const source = { "x-amz-copy-source": "/bucket/key" };
  const meta = { "x-amz-meta-colour": "blue", "Content-Type": "text/plain" };
  await h.call("PUT", "/bucket/key", { body: "x", headers: { ...asked("STANDARD_IA"), ...meta } });
  await h.call("PUT", "/bucket/plain", { headers: source });
  expect((await classesOf(h, "plain"))[2]).toBe("STANDARD");
  await h.call("PUT", "/bucket/asked", { headers: { ...source, ...asked("ONEZONE_IA") } });
  expect((await classesOf(h, "asked"))[2]).toBe("ONEZONE_IA");
  const nothing = await h.call("PUT", "/bucket/key", { headers: source });
  expect([nothing.status, nothing.tag("Code")]).toEqual([400, "InvalidRequest"]);
  const self = await h.call("PUT", "/bucket/key", { headers: { ...source, ...asked("GLACIER_IR") } });
  expect(self.status).toBe(200);
  const got = await h.call("GET", "/bucket/key");
  expect([got.text, got.headers.get("x-amz-storage-class"), got.headers.get("x-amz-meta-colour")]).toEqual([
    "x",
    "GLACIER_IR",
    "blue",
  ]);
  const back = await h.call("PUT", "/bucket/key", { headers: { ...source, ...asked("STANDARD") } });
  expect([back.status, (await classesOf(h, "key"))[2]]).toEqual([200, "STANDARD"]);
});

test("a multipart upload has the class that it was created with", async () => {
  const h = await withBucket();
  const created = await h.call("POST", "/bucket/key?uploads", { headers: asked("INTELLIGENT_TIERING") });
  const id = created.tag("UploadId");
  const part = await h.call("PUT", `/bucket/key?partNumber=1&uploadId=${id}`, { body: "x" });
  expect((await h.call("GET", "/bucket?uploads")).tag("StorageClass")).toBe("INTELLIGENT_TIERING");
  expect((await h.call("GET", `/bucket/key?uploadId=${id}`)).tag("StorageClass")).toBe("INTELLIGENT_TIERING");
  const body = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${part.headers.get("etag")}</ETag></Part></CompleteMultipartUpload>`;
  expect((await h.call("POST", `/bucket/key?uploadId=${id}`, { body })).status).toBe(200);
  const name = "INTELLIGENT_TIERING";
  expect(await classesOf(h, "key")).toEqual([name, name, name, name, name, name]);
});

/** GLACIER and DEEP_ARCHIVE cannot be read without RestoreObject; the others are no classes of general purpose buckets. */
test.each([
  "GLACIER",
  "DEEP_ARCHIVE",
  "EXPRESS_ONEZONE",
  "OUTPOSTS",
  "SNOW",
  "FSX_OPENZFS",
  "AWS_BACKUP_WARM",
  "standard",
  "NOPE",
  "",
])("%j is refused at once, with a code that no client repeats", async (name) => {
  const h = await withBucket();
  await h.call("PUT", "/bucket/source", { body: "x" });
  for (const [method, target, headers] of [
    ["PUT", "/bucket/key", {}],
    ["POST", "/bucket/key?uploads", {}],
    ["PUT", "/bucket/key", { "x-amz-copy-source": "/bucket/source" }],
  ] as const) {
    const answer = await h.call(method, target, { headers: { ...headers, ...asked(name) } });
    expect([answer.status, answer.tag("Code"), answer.tag("StorageClassRequested")]).toEqual([
      400,
      "InvalidStorageClass",
      name,
    ]);
  }
  expect((await h.call("HEAD", "/bucket/key")).status).toBe(404);
});
