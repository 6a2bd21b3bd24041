/**
 * Conditions beside the ETag: API reference, DeleteObject (x-amz-if-match-size, x-amz-if-match-last-modified-time),
 * DeleteObjects (Size, LastModifiedTime) and AbortMultipartUpload (x-amz-if-match-initiated-time): 412 when it does not
 * match, 204 when it does or when there is nothing.
 */
import { expect, test } from "bun:test";
import { type Harness, harness } from "../support/harness.ts";

const SIZE = "x-amz-if-match-size";
const MODIFIED = "x-amz-if-match-last-modified-time";
const INITIATED = "x-amz-if-match-initiated-time";

async function prepared(): Promise<Harness> {
  const h = harness();
  await h.call("PUT", "/bucket");
  await h.call("PUT", "/bucket/key", { body: "12345" });
  return h;
}

const lastModified = async (h: Harness, path = "/bucket/key"): Promise<string> =>
  (await h.call("HEAD", path)).headers.get("last-modified") ?? "";

test("size and time: both must match", async () => {
  const h = await prepared();
  const when = await lastModified(h);
  const remove = async (headers: Record<string, string>) => {
    const answer = await h.call("DELETE", "/bucket/key", { headers });
    return [answer.status, answer.tag("Condition")];
  };
  expect(await remove({ [SIZE]: "4" })).toEqual([412, SIZE]);
  expect(await remove({ [MODIFIED]: "Sat, 01 Jan 2000 00:00:00 GMT" })).toEqual([412, MODIFIED]);
  expect(await remove({ [SIZE]: "5", [MODIFIED]: "2000-01-01T00:00:00Z" })).toEqual([412, MODIFIED]);
  expect(await remove({ [SIZE]: "5", "If-Match": '"other"' })).toEqual([412, "If-Match"]);
  expect((await h.call("HEAD", "/bucket/key")).status).toBe(200);
  expect(await remove({ [SIZE]: "5", [MODIFIED]: when })).toEqual([204, undefined]);
  expect((await h.call("HEAD", "/bucket/key")).status).toBe(404);
  expect(await remove({ [SIZE]: "5" })).toEqual([204, undefined]);
  expect(await remove({ [SIZE]: "5", "If-Match": "*" })).toEqual([404, undefined]);
});

test("it is decided at apply: an object that is replaced in between is looked at again", async () => {
  const h = await prepared();
  h.kv.before = async () => {
    h.kv.before = undefined;
    await h.call("PUT", "/bucket/key", { body: "123456" });
  };
  const answer = await h.call("DELETE", "/bucket/key", { headers: { [SIZE]: "5" } });
  expect([answer.status, answer.tag("Condition")]).toEqual([412, SIZE]);
  expect((await h.call("GET", "/bucket/key")).text).toBe("123456");
});

test("DeleteObjects decides per key", async () => {
  const h = await prepared();
  for (const key of ["a", "b", "c", "d"]) await h.call("PUT", `/bucket/${key}`, { body: "12345" });
  const when = await lastModified(h, "/bucket/a");
  const object = (key: string, more: string) => `<Object><Key>${key}</Key>${more}</Object>`;
  const body = `<Delete>${[
    object("a", `<Size>5</Size><LastModifiedTime>${when}</LastModifiedTime>`),
    object("b", "<Size>6</Size>"),
    object("c", "<LastModifiedTime>yesterday</LastModifiedTime>"),
    object("none", "<Size>6</Size>"),
    object("d", ""),
  ].join("")}</Delete>`;
  const md5 = new Bun.CryptoHasher("md5").update(body).digest("base64");
  const answer = await h.call("POST", "/bucket?delete", { headers: { "Content-MD5": md5 }, body });
  expect(answer.tags("Code")).toEqual(["PreconditionFailed", "InvalidArgument"]);
  expect((await h.call("GET", "/bucket")).tags("Key")).toEqual(["b", "c", "key"]);
});

test("an element that nobody knows is no condition to drop", async () => {
  const h = await prepared();
  const body = "<Delete><Object><Key>key</Key><IfColour>blue</IfColour></Object></Delete>";
  const md5 = new Bun.CryptoHasher("md5").update(body).digest("base64");
  const answer = await h.call("POST", "/bucket?delete", { headers: { "Content-MD5": md5 }, body });
  expect([answer.status, answer.tag("Code")]).toEqual([400, "MalformedXML"]);
  expect((await h.call("HEAD", "/bucket/key")).status).toBe(200);
});

test("an upload is aborted if it began then", async () => {
  const h = await prepared();
  const id = (await h.call("POST", "/bucket/key?uploads")).tag("UploadId") ?? "";
  const abort = async (initiated: string, upload = id) => {
    const headers = { [INITIATED]: initiated };
    const answer = await h.call("DELETE", `/bucket/key?uploadId=${upload}`, { headers });
    return [answer.status, answer.tag("Code")];
  };
  const began = (await h.call("GET", "/bucket?uploads")).tag("Initiated") ?? "";
  expect(await abort("Sat, 01 Jan 2000 00:00:00 GMT")).toEqual([412, "PreconditionFailed"]);
  expect(await abort("once")).toEqual([400, "InvalidArgument"]);
  expect((await h.call("GET", "/bucket?uploads")).tags("UploadId")).toEqual([id]);
  expect(await abort(new Date(began).toUTCString())).toEqual([204, undefined]);
  expect((await h.call("GET", "/bucket?uploads")).tags("UploadId")).toEqual([]);
  expect(await abort(began)).toEqual([204, undefined]);
  expect(await abort(began, "rubbish")).toEqual([204, undefined]);
  expect((await h.call("DELETE", `/bucket/key?uploadId=${id}`)).tag("Code")).toBe("NoSuchUpload");
});

test("in a bucket that is not there it is NoSuchBucket, whatever the id", async () => {
  const h = await prepared();
  for (const id of ["rubbish", "", "0".repeat(44)]) {
    const answer = await h.call("DELETE", `/nowhere/key?uploadId=${id}`);
    expect([answer.status, answer.tag("Code")]).toEqual([404, "NoSuchBucket"]);
  }
  // Also when it was there a moment ago.
  await h.call("DELETE", "/bucket/key");
  await h.call("DELETE", "/bucket");
  expect((await h.call("DELETE", "/bucket/key?uploadId=rubbish")).tag("Code")).toBe("NoSuchBucket");
});
