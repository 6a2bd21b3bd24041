/**
 * The S3 application over a keyspace of two groups, each a log and a clock of its own. A bucket's rows lie in its group and
 * nowhere else, no transaction or view is of both, and what names two buckets (a copy, the list of buckets) asks both.
 */
import { expect, test } from "bun:test";
import type { KvClient, KvGroup } from "../../src/txn/types.ts";
import { harness } from "./support/harness.ts";
import { TestKv } from "./support/test-kv.ts";

const MIB = 1 << 20;

/** Buckets whose name begins with `b` are in the second group. */
class TwoGroups implements KvClient {
  readonly first = new TestKv();
  readonly second = new TestKv();
  readonly system: KvGroup = this.first;
  readonly groups: readonly KvGroup[] = [this.first, this.second];

  group(bucket: string): TestKv {
    return bucket.startsWith("b") ? this.second : this.first;
  }
}

async function twoGroups() {
  const kv = new TwoGroups();
  const h = harness({ deps: { kv } });
  for (const name of ["a-one", "b-one"]) expect((await h.call("PUT", `/${name}`)).status).toBe(200);
  return { kv, h };
}

function names(kv: TestKv, tag: string): string[] {
  return kv.rows(Buffer.from(`${tag}\0\u0001`)).map(({ key }) => Buffer.from(key).toString("latin1"));
}

test("what lies in a bucket lies in its group", async () => {
  const { kv, h } = await twoGroups();
  const large = new Uint8Array(5 * MIB).fill(7);
  for (const name of ["a-one", "b-one"]) {
    expect((await h.call("PUT", `/${name}/small`, { body: new Uint8Array([1, 2, 3]) })).status).toBe(200);
    expect((await h.call("PUT", `/${name}/large`, { body: large })).status).toBe(200);
    const started = await h.call("POST", `/${name}/parts?uploads`);
    const uploadId = started.tags("UploadId")[0] ?? "";
    const part = await h.call("PUT", `/${name}/parts?uploadId=${uploadId}&partNumber=1`, { body: large });
    const list = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${part.headers.get("etag")}</ETag></Part></CompleteMultipartUpload>`;
    const done = await h.call("POST", `/${name}/parts?uploadId=${uploadId}`, { body: Buffer.from(list) });
    expect([done.status, done.tags("Code")]).toEqual([200, []]);
    for (const key of ["large", "parts"]) {
      expect(Buffer.compare((await h.call("GET", `/${name}/${key}`)).bytes, large)).toBe(0);
    }
  }
  for (const tag of ["b", "g", "o", "c"]) {
    const [first, second] = [names(kv.first, tag), names(kv.second, tag)];
    expect([tag, first.length > 0, first.length === second.length]).toEqual([tag, true, true]);
    expect(first.every((key) => key.includes("a-one"))).toBe(true);
    expect(second.every((key) => key.includes("b-one"))).toBe(true);
  }
  expect(h.errors).toEqual([]);
});

test("a copy reads in the group of its source and writes in that of its target", async () => {
  const { kv, h } = await twoGroups();
  const large = new Uint8Array(5 * MIB).fill(9);
  await h.call("PUT", "/a-one/key", { body: large });
  const before = kv.first.sizes.length;
  const copied = await h.call("PUT", "/b-one/copy", { headers: { "x-amz-copy-source": "/a-one/key" } });
  expect([copied.status, kv.first.sizes.length]).toEqual([200, before]);
  expect(Buffer.compare((await h.call("GET", "/b-one/copy")).bytes, large)).toBe(0);
  const started = await h.call("POST", "/b-one/parts?uploads");
  const uploadId = started.tags("UploadId")[0] ?? "";
  const part = await h.call("PUT", `/b-one/parts?uploadId=${uploadId}&partNumber=1`, {
    headers: { "x-amz-copy-source": "/a-one/key" },
  });
  expect([part.status, part.tags("Code"), kv.first.sizes.length]).toEqual([200, [], before]);
  const missing = await h.call("PUT", "/a-one/back", { headers: { "x-amz-copy-source": "/b-one/key" } });
  expect([missing.status, missing.tags("Code")]).toEqual([404, ["NoSuchKey"]]);
});

test("the list of buckets is that of all groups, in order, page by page", async () => {
  const { h } = await twoGroups();
  for (const name of ["b-two", "a-two", "c-one"]) await h.call("PUT", `/${name}`);
  const all = ["a-one", "a-two", "b-one", "b-two", "c-one"];
  expect((await h.call("GET", "/")).tags("Name")).toEqual(all);
  for (const size of [1, 2, 3, 5]) {
    const seen: string[] = [];
    for (let token = ""; ; ) {
      const query = token === "" ? "" : `&continuation-token=${encodeURIComponent(token)}`;
      const page = await h.call("GET", `/?max-buckets=${size}${query}`);
      seen.push(...page.tags("Name"));
      token = page.tags("ContinuationToken")[0] ?? "";
      if (token === "") break;
      expect(page.tags("Name").length).toBe(size);
    }
    expect(seen).toEqual(all);
  }
  expect((await h.call("GET", "/?prefix=b-")).tags("Name")).toEqual(["b-one", "b-two"]);
});

test("a bucket that goes leaves the other group alone", async () => {
  const { kv, h } = await twoGroups();
  await h.call("PUT", "/b-one/key", { body: new Uint8Array([1]) });
  expect((await h.call("DELETE", "/b-one")).tags("Code")).toEqual(["BucketNotEmpty"]);
  const before = kv.first.sizes.length;
  expect((await h.call("DELETE", "/b-one/key")).status).toBe(204);
  expect((await h.call("DELETE", "/b-one")).status).toBe(204);
  expect((await h.call("HEAD", "/b-one")).status).toBe(404);
  expect([kv.first.sizes.length, (await h.call("HEAD", "/a-one")).status]).toEqual([before, 200]);
});
