/** What an older node would lose is not written before every node is of this release (decision 176). */
import { expect, test } from "bun:test";
import { configuration, GET_ANY } from "../support/cors.ts";
import { type Answer, type Harness, harness } from "../support/harness.ts";
import { type Fields, FORM_TYPE, formBody, signed } from "../support/post-form.ts";
import { tagging } from "../support/tagging.ts";
import { TestKv } from "../support/test-kv.ts";

const TAGGED = { "x-amz-tagging": "a=b" };
const DOCUMENT = "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>";
const FORM: Fields = [
  ["key", "new"],
  ["tagging", DOCUMENT],
];
const WRITES: readonly [string, (h: Harness) => Promise<Answer>][] = [
  ["PutBucketTagging", (h) => h.call("PUT", "/bucket?tagging", { body: tagging([["a", "b"]]) })],
  ["PutBucketCors", (h) => h.call("PUT", "/bucket?cors", { body: configuration(GET_ANY) })],
  ["PutObjectTagging", (h) => h.call("PUT", "/bucket/key?tagging", { body: tagging([["a", "b"]]) })],
  ["PutObject", (h) => h.call("PUT", "/bucket/new", { body: "x", headers: TAGGED })],
  ["CreateMultipartUpload", (h) => h.call("POST", "/bucket/new?uploads", { headers: TAGGED })],
  [
    "CopyObject",
    (h) =>
      h.call("PUT", "/bucket/new", {
        headers: { ...TAGGED, "x-amz-tagging-directive": "REPLACE", "x-amz-copy-source": "/bucket/key" },
      }),
  ],
  [
    "PostObject",
    (h) =>
      h.call("POST", "/bucket", {
        anonymous: true,
        headers: FORM_TYPE,
        body: formBody(signed(FORM, [{ key: "new" }, { tagging: DOCUMENT }])),
      }),
  ],
];

async function prepared(kv: TestKv, versioningOpen: () => boolean): Promise<Harness> {
  const h = harness({ kv, deps: { versioningOpen } });
  await h.call("PUT", "/bucket");
  await h.call("PUT", "/bucket/key", { body: "content" });
  return h;
}

test.each(WRITES)("%s waits for the last node, and then for none", async (_, write) => {
  const kv = new TestKv();
  let open = false;
  const h = await prepared(kv, () => open);
  const refused = await write(h);
  expect([refused.status, refused.tag("Code")]).toEqual([503, "ServiceUnavailable"]);
  expect(refused.headers.has("retry-after")).toBe(true);
  expect((await h.call("GET", "/bucket/new")).status).toBe(404);
  open = true;
  expect((await write(h)).status).toBeLessThan(300);
  // Another gateway, or this one after a restart, that has not met every node.
  const other = await prepared(kv, () => false);
  expect((await write(other)).status).toBeLessThan(300);
});

test("reads, deletes and writes without any of it do not wait, and read nothing for it", async () => {
  const h = await prepared(new TestKv(), () => false);
  for (const target of ["/bucket?tagging", "/bucket?cors", "/bucket/key?tagging"]) {
    expect((await h.call("DELETE", target)).status).toBe(204);
  }
  expect((await h.call("GET", "/bucket/key?tagging")).status).toBe(200);
  const empty = { "x-amz-tagging": "" };
  expect((await h.call("PUT", "/bucket/new", { body: "x", headers: empty })).status).toBe(200);
});

test("the row is read once", async () => {
  const h = await prepared(new TestKv(), () => true);
  const put = async (): Promise<number> => {
    const before = h.kv.snapshots;
    await h.call("PUT", "/bucket/new", { body: "x", headers: TAGGED });
    return h.kv.snapshots - before;
  };
  // Every request opens its bucket.
  expect([await put(), await put(), await put()]).toEqual([2, 1, 1]);
});
