/** More than 400 lines: what PUT stores and GET returns, header by header. */
import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { objectKey } from "../../../src/s3/records/keys.ts";
import { type Harness, harness, pattern } from "../support/harness.ts";

const MIB = 1024 * 1024;

async function withBucket(): Promise<Harness> {
  const h = harness();
  expect((await h.call("PUT", "/bucket")).status).toBe(200);
  return h;
}

const md5 = (bytes: Uint8Array): string => createHash("md5").update(bytes).digest("hex");

test.each([0, 1, 4096, 65_536, 65_537, MIB, MIB + 1, 3 * MIB, 3 * MIB + 1, 6 * MIB, 7 * MIB + 12_345])(
  "an object of %d bytes comes back as it went in",
  async (size) => {
    const h = await withBucket();
    const body = pattern(size);
    const put = await h.call("PUT", "/bucket/key", { body });
    expect([put.status, put.headers.get("etag")]).toEqual([200, `"${md5(body)}"`]);
    const get = await h.call("GET", "/bucket/key");
    expect(get.status).toBe(200);
    expect(Buffer.compare(get.bytes, body)).toBe(0);
    const head = await h.call("HEAD", "/bucket/key");
    expect(head.reply.body).toEqual({ kind: "head", length: size });
    expect(head.headers.get("etag")).toBe(put.headers.get("etag") as string);
    expect([h.kv.buffers, h.admission.inUseBytes, h.errors]).toEqual([0, 0, []]);
  },
);

test("small: one entry; up to three chunks: one entry; more: full batches, then the rest with the manifest", async () => {
  for (const [size, entries] of [
    [100, 1],
    [3 * MIB, 1],
    [3 * MIB + 1, 2],
    [6 * MIB, 2],
    [10 * MIB, 4],
  ] as const) {
    const h = await withBucket();
    h.kv.sizes.length = 0;
    await h.call("PUT", "/bucket/key", { body: pattern(size) });
    expect(h.kv.sizes.length).toBe(entries);
    expect(h.kv.rows(Buffer.from("a\0\u0001")).length).toBe(0);
  }
});

test("keys are byte-exact and different", async () => {
  const h = await withBucket();
  const targets = [
    "a/../b",
    "b",
    "a//b",
    "a/b",
    "/lead",
    "%2F",
    "%252F",
    "a+b",
    "a%20b",
    "%E2%82%AC",
    "%F0%9F%98%80",
    ".",
    "..",
    "%00",
  ];
  for (const target of targets) await h.call("PUT", `/bucket/${target}`, { body: target });
  for (const target of targets) expect((await h.call("GET", `/bucket/${target}`)).text).toBe(target);
  expect((await h.call("GET", "/bucket?list-type=2")).tag("KeyCount")).toBe(String(targets.length));
});

test("metadata and content headers come back", async () => {
  const h = await withBucket();
  await h.call("PUT", "/bucket/key", {
    body: "x",
    headers: {
      "Content-Type": "text/plain; charset=utf-8",
      "Content-Encoding": "aws-chunked,gzip",
      "Content-Disposition": 'attachment; filename="a b"',
      "Content-Language": "de",
      "Cache-Control": "no-store",
      Expires: "Wed, 21 Oct 2026 07:28:00 GMT",
      "X-Amz-Meta-Colour": "Blue",
      "x-amz-meta-utf8": Buffer.from("grün", "utf8").toString("latin1"),
    },
  });
  for (const method of ["GET", "HEAD"]) {
    const { headers } = await h.call(method, "/bucket/key");
    expect(headers.get("content-type")).toBe("text/plain; charset=utf-8");
    expect(headers.get("content-encoding")).toBe("gzip");
    expect(headers.get("content-disposition")).toBe('attachment; filename="a b"');
    expect(headers.get("content-language")).toBe("de");
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("expires")).toBe("Wed, 21 Oct 2026 07:28:00 GMT");
    expect(headers.get("x-amz-meta-colour")).toBe("Blue");
    expect(headers.get("x-amz-meta-utf8")).toBe(`=?UTF-8?B?${Buffer.from("grün").toString("base64")}?=`);
  }
  const large = await h.call("PUT", "/bucket/key2", {
    body: "x",
    headers: { "x-amz-meta-a": "b".repeat(2048) },
  });
  expect([large.status, large.tag("Code")]).toEqual([400, "MetadataTooLarge"]);
  const exact = await h.call("PUT", "/bucket/key2", {
    body: "x",
    headers: { "x-amz-meta-a": "b".repeat(2047) },
  });
  expect(exact.status).toBe(200);
});

test.each([
  ["bytes=0-0", 206, "bytes 0-0/3000000", 0, 1],
  ["bytes=5-", 206, "bytes 5-2999999/3000000", 5, 3_000_000],
  ["bytes=-7", 206, "bytes 2999993-2999999/3000000", 2_999_993, 3_000_000],
  ["bytes=1048570-1048590", 206, "bytes 1048570-1048590/3000000", 1_048_570, 1_048_591],
  ["bytes=1048576-2097151", 206, "bytes 1048576-2097151/3000000", 1_048_576, 2_097_152],
  ["bytes=100-99999999", 206, "bytes 100-2999999/3000000", 100, 3_000_000],
  ["bytes=-99999999", 206, "bytes 0-2999999/3000000", 0, 3_000_000],
  ["bytes=0-1,5-6", 200, undefined, 0, 3_000_000],
  ["bytes=9-5", 200, undefined, 0, 3_000_000],
  ["bytes=-", 200, undefined, 0, 3_000_000],
  ["bytes=5-2", 200, undefined, 0, 3_000_000],
  ["bytes=-1-4", 200, undefined, 0, 3_000_000],
  ["bytes=9000000-1", 200, undefined, 0, 3_000_000],
  ["bytes=--5", 200, undefined, 0, 3_000_000],
  ["items=0-5", 200, undefined, 0, 3_000_000],
  ["bytes=a-b", 200, undefined, 0, 3_000_000],
] as const)("Range: %s", async (range, status, contentRange, start, end) => {
  const h = await withBucket();
  const body = pattern(3_000_000);
  await h.call("PUT", "/bucket/key", { body });
  const get = await h.call("GET", "/bucket/key", { headers: { Range: range } });
  expect([get.status, get.headers.get("content-range")]).toEqual([status, contentRange]);
  expect(Buffer.compare(get.bytes, body.subarray(start, end))).toBe(0);
  const head = await h.call("HEAD", "/bucket/key", { headers: { Range: range } });
  expect([head.status, head.reply.body]).toEqual([status, { kind: "head", length: end - start }]);
});

test.each([
  ["bytes=10-", 10],
  ["bytes=10-20", 10],
  ["bytes=-0", 10],
  ["bytes=0-", 0],
  ["bytes=-5", 0],
])("Range: %s of %d bytes is not satisfiable", async (range, size) => {
  const h = await withBucket();
  await h.call("PUT", "/bucket/key", { body: pattern(size) });
  const get = await h.call("GET", "/bucket/key", { headers: { Range: range } });
  expect([get.status, get.tag("Code"), get.headers.get("content-range")]).toEqual([
    416,
    "InvalidRange",
    `bytes */${size}`,
  ]);
});

test("If-Range decides whether the range counts", async () => {
  const h = await withBucket();
  const { headers } = await h.call("PUT", "/bucket/key", { body: "0123456789" });
  const etag = headers.get("etag") as string;
  const date = "Sat, 21 Nov 2026 08:00:00 GMT";
  const status = async (ifRange: string) =>
    (await h.call("GET", "/bucket/key", { headers: { Range: "bytes=0-3", "If-Range": ifRange } })).status;
  expect(await status(etag)).toBe(206);
  expect(await status('"other"')).toBe(200);
  expect(await status(`W/${etag}`)).toBe(200);
  expect(await status(date)).toBe(206);
  expect(await status("Sat, 21 Nov 2026 07:00:00 GMT")).toBe(200);
});

test("conditional reads in the order of RFC 9110", async () => {
  const h = await withBucket();
  const etag = (await h.call("PUT", "/bucket/key", { body: "x" })).headers.get("etag") as string;
  const before = "Sat, 21 Nov 2026 07:00:00 GMT";
  const at = "Sat, 21 Nov 2026 08:00:00 GMT";
  const table: [Record<string, string>, number][] = [
    [{ "If-Match": etag }, 200],
    [{ "If-Match": etag.slice(1, -1) }, 200],
    [{ "If-Match": "*" }, 200],
    [{ "If-Match": '"x", "y"' }, 412],
    [{ "If-Match": `"x", ${etag}` }, 200],
    [{ "If-None-Match": etag }, 304],
    [{ "If-None-Match": '"x"' }, 200],
    [{ "If-None-Match": "*" }, 304],
    [{ "If-Modified-Since": before }, 200],
    [{ "If-Modified-Since": at }, 304],
    [{ "If-Unmodified-Since": before }, 412],
    [{ "If-Unmodified-Since": at }, 200],
    [{ "If-Modified-Since": "nonsense" }, 200],
    [{ "If-Match": etag, "If-Unmodified-Since": before }, 200],
    [{ "If-None-Match": '"x"', "If-Modified-Since": at }, 200],
    [{ "If-None-Match": etag, "If-Modified-Since": before }, 304],
    [{ "If-Match": '"x"', "If-None-Match": etag }, 412],
  ];
  for (const method of ["GET", "HEAD"]) {
    for (const [headers, status] of table) {
      const answer = await h.call(method, "/bucket/key", { headers });
      expect([JSON.stringify(headers), answer.status]).toEqual([JSON.stringify(headers), status]);
      if (status === 304)
        expect([answer.headers.get("etag"), answer.reply.body.kind]).toEqual([etag, "none"]);
    }
  }
});

test("a 304 carries the caching headers that its 200 would have carried (RFC 9110 section 15.4.5)", async () => {
  const h = await withBucket();
  const headers = { "Cache-Control": "max-age=60", Expires: "Wed, 21 Oct 2026 07:28:00 GMT" };
  const etag = (await h.call("PUT", "/bucket/key", { body: "x", headers })).headers.get("etag") as string;
  const answer = await h.call("GET", "/bucket/key", { headers: { "If-None-Match": etag } });
  expect([answer.status, answer.headers.get("cache-control"), answer.headers.get("expires")]).toEqual([
    304,
    headers["Cache-Control"],
    headers.Expires,
  ]);
});

test("headers that a presigned URL carries in its query count as headers", async () => {
  const h = await withBucket();
  const put = (query: string, headers: Record<string, string> = {}) =>
    h.call("PUT", `/bucket/key?X-Amz-Signature=0&${query}`, { body: "x", headers });
  const meta = async () => (await h.call("GET", "/bucket/key")).headers.get("x-amz-meta-a");
  expect((await put("x-amz-meta-a=b%20c")).status).toBe(200);
  expect(await meta()).toBe("b c");
  expect((await put("X-Amz-Meta-A=voil%C3%A0")).status).toBe(200);
  expect(await meta()).toBe("=?UTF-8?B?dm9pbMOg?=");
  expect((await put("x-amz-meta-a=query", { "x-amz-meta-a": "header" })).status).toBe(200);
  expect(await meta()).toBe("header");
  const code = async (query: string) => (await put(query)).tag("Code");
  expect(await code("x-amz-server-side-encryption=AES256")).toBe("NotImplemented");
  expect(await code("x-amz-acl=public-read")).toBe("AccessControlListNotSupported");
  // What could not have come as a header would break, or forge, the answer to every GET.
  expect(await code("x-amz-meta-a=b%0D%0AX-Evil:%201")).toBe("InvalidArgument");
  expect(await code("x-amz-meta-a%0D%0AX-Evil:%201=b")).toBe("InvalidArgument");
  expect(await code("x-amz-meta-a%20b=c")).toBe("InvalidArgument");
  // The checksum of the body that the signer did not have, as the SDK for JavaScript presigns it.
  expect((await put("x-amz-checksum-crc32=AAAAAA%3D%3D&x-amz-sdk-checksum-algorithm=CRC32")).status).toBe(
    200,
  );
  expect((await put("x-amz-meta-a=b&X-Amz-Meta-A=c")).status).toBe(200);
  expect(await meta()).toBe("b,c");
  expect((await put("x-amz-tagging=a%3Db%26c%3D%2Bd")).status).toBe(200);
  const tags = await h.call("GET", "/bucket/key?tagging");
  expect([tags.tags("Key"), tags.tags("Value")]).toEqual([
    ["a", "c"],
    ["b", " d"],
  ]);
});

test("conditional writes", async () => {
  const h = await withBucket();
  const put = (headers: Record<string, string>) => h.call("PUT", "/bucket/key", { body: "x", headers });
  expect((await put({ "If-Match": '"x"' })).tag("Code")).toBe("NoSuchKey");
  const etag = (await put({ "If-None-Match": "*" })).headers.get("etag") as string;
  const again = await put({ "If-None-Match": "*" });
  expect([again.status, again.tag("Code"), again.bodyRead]).toEqual([412, "PreconditionFailed", 0]);
  expect((await put({ "If-Match": '"x"' })).status).toBe(412);
  expect((await put({ "If-Match": etag })).status).toBe(200);
  expect((await put({ "If-None-Match": '"x"' })).tag("Code")).toBe("NotImplemented");
  expect((await put({ "If-Match": etag, "If-None-Match": "*" })).status).toBe(501);
  expect((await h.call("DELETE", "/bucket/key", { headers: { "If-Match": '"x"' } })).status).toBe(412);
  expect((await h.call("DELETE", "/bucket/key", { headers: { "If-Match": etag } })).status).toBe(204);
  expect((await h.call("DELETE", "/bucket/key", { headers: { "If-Match": etag } })).status).toBe(404);
  expect((await h.call("DELETE", "/bucket/key")).status).toBe(204);
});

test("a conditional write is decided at apply: of many at once exactly one wins", async () => {
  const h = await withBucket();
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, i) =>
      h.call("PUT", "/bucket/key", {
        body: pattern(i % 2 === 0 ? 10 : 2 * MIB, i + 1),
        headers: { "If-None-Match": "*" },
      }),
    ),
  );
  expect(answers.map((answer) => answer.status).sort()).toEqual([200, ...Array<number>(9).fill(412)]);
  const etag = (await h.call("HEAD", "/bucket/key")).headers.get("etag") as string;
  const swaps = await Promise.all(
    Array.from({ length: 8 }, (_, i) =>
      h.call("PUT", "/bucket/key", { body: `new ${i}`, headers: { "If-Match": etag } }),
    ),
  );
  expect(swaps.filter((answer) => answer.status === 200).length).toBe(1);
  expect(swaps.filter((answer) => answer.status === 412).length).toBe(7);
  expect([h.kv.buffers, h.admission.inUseBytes]).toEqual([0, 0]);
});

test("who keeps changing the object under a conditional write gets it a 409", async () => {
  const h = await withBucket();
  const body = "same";
  const etag = (await h.call("PUT", "/bucket/key", { body })).headers.get("etag") as string;
  h.kv.before = async () => {
    await h.call("PUT", "/bucket/key", { body });
  };
  const answer = await h.call("PUT", "/bucket/key", { body: "other", headers: { "If-Match": etag } });
  expect([answer.status, answer.tag("Code")]).toEqual([409, "ConditionalRequestConflict"]);
});

test("what an overwrite or delete supersedes becomes garbage, what is current does not", async () => {
  const h = await withBucket();
  const chunks = () => h.kv.rows(Buffer.from("c\0\u0001"));
  await h.call("PUT", "/bucket/key", { body: pattern(4 * MIB, 1) });
  const old = chunks();
  expect(old.length).toBe(4);
  expect(old.some((row) => h.kv.isGarbage(row.key))).toBe(false);
  await h.call("PUT", "/bucket/key", { body: pattern(4 * MIB, 2) });
  expect(old.every((row) => h.kv.isGarbage(row.key))).toBe(true);
  const current = chunks().filter((row) => !old.some((before) => Buffer.compare(before.key, row.key) === 0));
  expect(current.length).toBe(4);
  expect(current.some((row) => h.kv.isGarbage(row.key))).toBe(false);
  await h.call("DELETE", "/bucket/key");
  expect(chunks().every((row) => h.kv.isGarbage(row.key))).toBe(true);
});

test("a chunk that rotted is never sent: an error before the first byte, a cut connection later", async () => {
  const h = await withBucket();
  await h.call("PUT", "/bucket/key", { body: pattern(3 * MIB) });
  const chunks = h.kv.rows(Buffer.from("c\0\u0001"));
  const real = h.kv.getImmutable.bind(h.kv);
  h.kv.getImmutable = async (key) => {
    const row = await real(key);
    const index = chunks.findIndex((chunk) => Buffer.compare(chunk.key, key) === 0);
    return row !== undefined && index === spoiled ? { ...row, payload: pattern(MIB, 99) } : row;
  };
  let spoiled = 0;
  const first = await h.call("GET", "/bucket/key");
  expect([first.status, first.tag("Code")]).toEqual([500, "InternalError"]);
  expect(first.text).not.toContain("CRC");
  spoiled = 2;
  await expect(h.call("GET", "/bucket/key")).rejects.toThrow("CRC");
  expect((await h.call("GET", "/bucket/key", { headers: { Range: "bytes=0-5" } })).status).toBe(206);
});

test("checksums are verified, stored and returned on request", async () => {
  const h = await withBucket();
  const body = pattern(200_000);
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE(crc32(body));
  const headers = { "x-amz-checksum-crc32": crc.toString("base64") };
  const put = await h.call("PUT", "/bucket/key", { body, headers });
  expect([
    put.status,
    put.headers.get("x-amz-checksum-crc32"),
    put.headers.get("x-amz-checksum-type"),
  ]).toEqual([200, crc.toString("base64"), "FULL_OBJECT"]);
  expect((await h.call("GET", "/bucket/key")).headers.has("x-amz-checksum-crc32")).toBe(false);
  const enabled = { "x-amz-checksum-mode": "ENABLED" };
  expect((await h.call("GET", "/bucket/key", { headers: enabled })).headers.get("x-amz-checksum-crc32")).toBe(
    crc.toString("base64"),
  );
  const range = await h.call("GET", "/bucket/key", { headers: { ...enabled, Range: "bytes=0-9" } });
  expect(range.headers.has("x-amz-checksum-crc32")).toBe(false);
  for (const bad of [
    { "x-amz-checksum-crc32": "AAAAAA==" },
    { "Content-MD5": Buffer.alloc(16).toString("base64") },
  ]) {
    for (const size of [100, 200_000, 5 * MIB]) {
      const answer = await h.call("PUT", "/bucket/bad", { body: pattern(size), headers: bad });
      expect([answer.status, answer.tag("Code")]).toEqual([400, "BadDigest"]);
      expect((await h.call("GET", "/bucket/bad")).status).toBe(404);
    }
  }
  expect([h.kv.buffers, h.admission.inUseBytes]).toEqual([0, 0]);
  // What the failed attempts had written is garbage.
  const live = h.kv.rows(Buffer.from("c\0\u0001")).filter((row) => !h.kv.isGarbage(row.key));
  expect(live.length).toBe(1);
  expect(h.kv.rows(Buffer.from("a\0\u0001")).length).toBe(0);
});

test("response-* overrides are for signed requests", async () => {
  const h = harness({ deps: { authorizer: () => {} } });
  await h.call("PUT", "/bucket");
  await h.call("PUT", "/bucket/key", { body: "x" });
  const target = "/bucket/key?response-content-type=text%2Fcss&response-cache-control=no-cache";
  const signed = await h.call("GET", target);
  expect([signed.headers.get("content-type"), signed.headers.get("cache-control")]).toEqual([
    "text/css",
    "no-cache",
  ]);
  expect((await h.call("GET", target, { anonymous: true })).tag("Code")).toBe("InvalidRequest");
  expect((await h.call("GET", "/bucket/key?response-content-type=a%0Ab")).tag("Code")).toBe(
    "InvalidArgument",
  );
});

test("parts of an object that has none", async () => {
  const h = await withBucket();
  await h.call("PUT", "/bucket/key", { body: "0123" });
  const one = await h.call("GET", "/bucket/key?partNumber=1");
  expect([one.status, one.text, one.headers.get("content-range")]).toEqual([206, "0123", "bytes 0-3/4"]);
  expect((await h.call("GET", "/bucket/key?partNumber=2")).tag("Code")).toBe("InvalidPartNumber");
  expect((await h.call("GET", "/bucket/key?partNumber=0")).tag("Code")).toBe("InvalidArgument");
  const both = await h.call("GET", "/bucket/key?partNumber=1", { headers: { Range: "bytes=0-1" } });
  expect(both.tag("Code")).toBe("InvalidRequest");
});

test("versions: null is the only one", async () => {
  const h = await withBucket();
  await h.call("PUT", "/bucket/key", { body: "x" });
  expect((await h.call("GET", "/bucket/key?versionId=null")).status).toBe(200);
  expect((await h.call("GET", "/bucket/key?versionId=abc")).tag("Code")).toBe("InvalidArgument");
  expect((await h.call("GET", "/bucket/key?versionId=")).tag("Code")).toBe("InvalidArgument");
  expect((await h.call("DELETE", "/bucket/key?versionId=abc")).status).toBe(400);
  expect((await h.call("DELETE", "/bucket/key?versionId=null")).status).toBe(204);
});

test("the object row names its generation: a bucket made again starts empty", async () => {
  const h = await withBucket();
  await h.call("PUT", "/bucket/key", { body: "x" });
  await h.call("DELETE", "/bucket/key");
  expect((await h.call("DELETE", "/bucket")).status).toBe(204);
  await h.call("PUT", "/bucket");
  expect((await h.call("GET", "/bucket/key")).status).toBe(404);
  expect(objectKey({ bucket: "b", generation: 1n }, "k")).not.toEqual(
    objectKey({ bucket: "b", generation: 2n }, "k"),
  );
});

test("keys have 1024 bytes at most, of UTF-8, not characters", async () => {
  const h = await withBucket();
  const put = async (key: string) => h.call("PUT", `/bucket/${encodeURIComponent(key)}`, { body: "x" });
  expect((await put("k".repeat(1024))).status).toBe(200);
  expect((await put("é".repeat(512))).status).toBe(200);
  for (const key of ["k".repeat(1025), "é".repeat(513), "k".repeat(2048)]) {
    const answer = await put(key);
    expect([answer.status, answer.tag("Code"), answer.bodyRead]).toEqual([400, "KeyTooLongError", 0]);
  }
  expect((await h.call("GET", "/bucket?list-type=2")).tag("KeyCount")).toBe("2");
});
