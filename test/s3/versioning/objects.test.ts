/**
 * Writes and reads of versions. Pages: docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html and the others that are
 * named, and the user guide under docs.aws.amazon.com/AmazonS3/latest/userguide/.
 */
import { describe, expect, test } from "bun:test";
import { pattern } from "../support/harness.ts";
import { versionedBucket } from "./fixture.ts";

const ID = /^[0-9a-f]{48}$/;
const UNKNOWN = "0".repeat(48);

describe("PutObject: API_PutObject.html, userguide/manage-objects-versioned-bucket.html", () => {
  test("names the new version while versioning is enabled, and nothing else", async () => {
    const v = await versionedBucket("off");
    expect(await v.put("key", "1")).toBeUndefined();
    await v.set("Enabled");
    expect(await v.put("key", "2")).toMatch(ID);
    await v.set("Suspended");
    expect(await v.put("key", "3")).toBeUndefined();
  });

  test("ids are different, and the newer ones sort first", async () => {
    const v = await versionedBucket();
    const ids: string[] = [];
    for (let i = 0; i < 20; i++) ids.push((await v.put("key", "same body")) ?? "");
    expect(new Set(ids).size).toBe(20);
    expect(ids.toSorted()).toEqual(ids.toReversed());
    expect(new Set(ids.map((id) => id.slice(16))).size).toBe(20);
  });

  test("while suspended, the version null is replaced, wherever it is: userguide/AddingObjectstoVersionSuspendedBuckets.html", async () => {
    const v = await versionedBucket("off");
    await v.put("key", "null 1");
    await v.set("Enabled");
    const id = await v.put("key", "numbered");
    await v.set("Suspended");
    await v.put("key", "null 2");
    await v.put("key", "null 3");
    expect((await v.list()).map(({ versionId }) => versionId)).toEqual(["null", id ?? ""]);
    expect((await v.call("GET", "/bucket/key?versionId=null")).text).toBe("null 3");
  });

  test.each([
    ["If-None-Match over a delete marker", { "If-None-Match": "*" }, "marker", 200, undefined],
    ["If-None-Match over an object", { "If-None-Match": "*" }, "object", 412, "PreconditionFailed"],
    ["If-Match over a delete marker", { "If-Match": "*" }, "marker", 404, "NoSuchKey"],
    ["If-Match of the current version", { "If-Match": "current" }, "object", 200, undefined],
    ["If-Match of an older version", { "If-Match": "older" }, "object", 412, "PreconditionFailed"],
  ])("%s (userguide/conditional-writes.html)", async (_, headers, over, status, code) => {
    const v = await versionedBucket();
    await v.put("key", "older");
    await v.put("key", "current");
    if (over === "marker") await v.mark("key");
    const etag = (text: string): string =>
      text === "*" ? text : new Bun.CryptoHasher("md5").update(text).digest("hex");
    const [[name, value] = ["", ""]] = Object.entries(headers);
    const answer = await v.call("PUT", "/bucket/key", {
      body: "new",
      headers: { [name]: etag(value ?? "") },
    });
    expect([answer.status, answer.tag("Code")]).toEqual([status, code]);
  });
});

describe("GetObject and HeadObject: API_GetObject.html, API_HeadObject.html", () => {
  test("a version by its id, and the current one without", async () => {
    const v = await versionedBucket();
    const first = await v.put("key", "first");
    const second = await v.put("key", "second");
    for (const method of ["GET", "HEAD"]) {
      for (const [target, id, length] of [
        ["/bucket/key", second, "6"],
        [`/bucket/key?versionId=${first}`, first, "5"],
        [`/bucket/key?versionId=${second}`, second, "6"],
      ]) {
        const answer = await v.call(method, target ?? "");
        expect([answer.status, answer.headers.get("x-amz-version-id")]).toEqual([200, id]);
        const { body } = answer.reply;
        expect(
          String(body.kind === "bytes" ? body.bytes.byteLength : body.kind === "head" ? body.length : -1),
        ).toBe(length ?? "");
      }
    }
  });

  test.each([
    ["", 400, "InvalidArgument", "Version id cannot be the empty string"],
    ["nonsense", 400, "InvalidArgument", "Invalid version id specified"],
    ["3HL4kqtJlcpXroDTDmJ%2BrmSpXd3dIbrHY", 400, "InvalidArgument", "Invalid version id specified"],
    [UNKNOWN, 404, "NoSuchVersion", undefined],
    ["null", 404, "NoSuchVersion", undefined],
  ])("versionId=%s is %i %s", async (versionId, status, code, message) => {
    const v = await versionedBucket();
    await v.put("key", "body");
    for (const method of ["GET", "HEAD"]) {
      const answer = await v.call(method, `/bucket/key?versionId=${versionId}`);
      expect(answer.status).toBe(status);
      if (method === "GET") expect(answer.tag("Code")).toBe(code);
      if (method === "GET" && message !== undefined) expect(answer.tag("Message")).toBe(message);
    }
  });

  test("a bucket that was never versioned has the version null, and names no version", async () => {
    const v = await versionedBucket("off");
    await v.put("key", "body");
    const answer = await v.call("GET", "/bucket/key?versionId=null");
    expect([answer.status, answer.text, answer.headers.has("x-amz-version-id")]).toEqual([
      200,
      "body",
      false,
    ]);
    const other = await v.call("GET", `/bucket/key?versionId=${UNKNOWN}`);
    expect([other.status, other.tag("Code")]).toEqual([400, "InvalidArgument"]);
  });

  test("a delete marker: 404 as the current version, 405 by its id (userguide/DeleteMarker.html)", async () => {
    const v = await versionedBucket();
    const older = await v.put("key", "body");
    const marker = await v.mark("key");
    for (const method of ["GET", "HEAD"]) {
      const current = await v.call(method, "/bucket/key");
      expect([
        current.status,
        current.headers.get("x-amz-delete-marker"),
        current.headers.get("x-amz-version-id"),
      ]).toEqual([404, "true", marker]);
      const named = await v.call(method, `/bucket/key?versionId=${marker}`);
      expect([
        named.status,
        named.headers.get("x-amz-delete-marker"),
        named.headers.get("allow"),
        named.headers.has("last-modified"),
      ]).toEqual([405, "true", "DELETE", true]);
    }
    expect((await v.call("GET", "/bucket/key")).tag("Code")).toBe("NoSuchKey");
    expect((await v.call("GET", `/bucket/key?versionId=${marker}`)).tag("Code")).toBe("MethodNotAllowed");
    expect((await v.call("GET", `/bucket/key?versionId=${older}`)).text).toBe("body");
    // The marker is not current any more.
    await v.put("key", "again");
    expect((await v.call("GET", `/bucket/key?versionId=${marker}`)).status).toBe(405);
  });

  test("range, part and conditions are about the named version", async () => {
    const v = await versionedBucket();
    const id = await v.put("key", "0123456789");
    await v.put("key", "other");
    const target = `/bucket/key?versionId=${id}`;
    const range = await v.call("GET", target, { headers: { Range: "bytes=2-4" } });
    expect([range.status, range.text]).toEqual([206, "234"]);
    const etag = range.headers.get("etag") ?? "";
    expect((await v.call("GET", target, { headers: { "If-None-Match": etag } })).status).toBe(304);
    expect((await v.call("GET", "/bucket/key", { headers: { "If-Match": etag } })).status).toBe(412);
  });
});

test("GetObjectAttributes by version: API_GetObjectAttributes.html", async () => {
  const v = await versionedBucket();
  const id = await v.put("key", "first");
  await v.put("key", "second one");
  const headers = { "x-amz-object-attributes": "ObjectSize,ETag" };
  const answer = await v.call("GET", `/bucket/key?attributes&versionId=${id}`, { headers });
  expect([answer.tag("ObjectSize"), answer.headers.get("x-amz-version-id")]).toEqual(["5", id]);
  const marker = await v.mark("key");
  const refused = await v.call("GET", `/bucket/key?attributes&versionId=${marker}`, { headers });
  expect([refused.status, refused.headers.get("x-amz-delete-marker")]).toEqual([405, "true"]);
});

describe("CopyObject and UploadPartCopy: API_CopyObject.html, API_UploadPartCopy.html", () => {
  const from = (source: string): { headers: Record<string, string> } => ({
    headers: { "x-amz-copy-source": `/bucket/${source}` },
  });

  test("of a version; the answer names both versions", async () => {
    const v = await versionedBucket();
    const id = await v.put("key", "first");
    await v.put("key", "second");
    const copy = await v.call("PUT", "/bucket/copy", from(`key?versionId=${id}`));
    expect([copy.status, copy.headers.get("x-amz-copy-source-version-id")]).toEqual([200, id]);
    expect(copy.headers.get("x-amz-version-id")).toMatch(ID);
    expect((await v.call("GET", "/bucket/copy")).text).toBe("first");
  });

  test.each([10, 200_000, 5 * 1024 * 1024])(
    "onto itself makes a version of %i bytes current again (userguide/RestoringPreviousVersions.html)",
    async (size) => {
      const v = await versionedBucket();
      const body = pattern(size).toString("latin1");
      const id = await v.put("key", body);
      await v.mark("key");
      const copy = await v.call("PUT", "/bucket/key", from(`key?versionId=${id}`));
      expect(copy.status).toBe(200);
      expect((await v.call("GET", "/bucket/key")).text).toBe(body);
      expect((await v.list()).map(({ kind }) => kind)).toEqual(["Version", "DeleteMarker", "Version"]);
      // Each version has content of its own.
      await v.call("DELETE", `/bucket/key?versionId=${id}`);
      expect((await v.call("GET", "/bucket/key")).text).toBe(body);
    },
  );

  test("onto itself with new metadata is a new version", async () => {
    const v = await versionedBucket();
    const id = await v.put("key", "body", { "x-amz-meta-a": "1" });
    const source = from("key");
    const headers = { ...source.headers, "x-amz-metadata-directive": "REPLACE", "x-amz-meta-a": "2" };
    const copy = await v.call("PUT", "/bucket/key", { headers });
    expect(copy.headers.get("x-amz-version-id")).not.toBe(id);
    const read = (query: string) => v.call("HEAD", `/bucket/key${query}`);
    expect((await read("")).headers.get("x-amz-meta-a")).toBe("2");
    expect((await read(`?versionId=${id}`)).headers.get("x-amz-meta-a")).toBe("1");
    const same = await v.call("PUT", "/bucket/key", source);
    expect([same.status, same.tag("Code")]).toEqual([400, "InvalidRequest"]);
  });

  test("a delete marker is no source", async () => {
    const v = await versionedBucket();
    const marker = await v.mark("key");
    const current = await v.call("PUT", "/bucket/copy", from("key"));
    expect([current.status, current.tag("Code")]).toEqual([404, "NoSuchKey"]);
    const named = await v.call("PUT", "/bucket/copy", from(`key?versionId=${marker}`));
    expect([named.status, named.tag("Code")]).toEqual([400, "InvalidRequest"]);
    const unknown = await v.call("PUT", "/bucket/copy", from(`key?versionId=${UNKNOWN}`));
    expect([unknown.status, unknown.tag("Code")]).toEqual([404, "NoSuchVersion"]);
    const malformed = await v.call("PUT", "/bucket/copy", from("key?versionId=x"));
    expect([malformed.status, malformed.tag("Code")]).toEqual([400, "InvalidArgument"]);
  });

  test("a part is copied from a version, and the completion names the new version", async () => {
    const v = await versionedBucket();
    const id = await v.put("key", "first");
    await v.put("key", "second");
    const uploadId = (await v.call("POST", "/bucket/key?uploads")).tag("UploadId");
    const part = await v.call(
      "PUT",
      `/bucket/key?uploadId=${uploadId}&partNumber=1`,
      from(`key?versionId=${id}`),
    );
    expect(part.headers.get("x-amz-copy-source-version-id")).toBe(id);
    const etag = part.tag("ETag");
    const body = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${etag}</ETag></Part></CompleteMultipartUpload>`;
    const complete = () => v.call("POST", `/bucket/key?uploadId=${uploadId}`, { body });
    const done = await complete();
    expect([done.status, done.tag("Code")]).toEqual([200, undefined]);
    const version = done.headers.get("x-amz-version-id");
    expect(version).toMatch(ID);
    expect((await complete()).headers.get("x-amz-version-id")).toBe(version);
    expect((await v.call("GET", "/bucket/key")).text).toBe("first");
    expect(await v.list()).toHaveLength(3);
    // API_CompleteMultipartUpload.html: the object of the completion is deleted like any version.
    await v.call("DELETE", `/bucket/key?versionId=${version}`);
    expect((await v.call("GET", "/bucket/key")).text).toBe("second");
  });
});
