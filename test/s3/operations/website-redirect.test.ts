/**
 * `x-amz-website-redirect-location`. Pages: PutObject, CopyObject, CreateMultipartUpload, GetObject, HeadObject of the
 * API reference; S3 User Guide, "(Optional) Configuring a webpage redirect".
 */
import { describe, expect, test } from "bun:test";
import { type Answer, type Harness, harness } from "../support/harness.ts";
import { FORM_TYPE, formBody, signed } from "../support/post-form.ts";

const NAME = "x-amz-website-redirect-location";

async function prepared(): Promise<Harness> {
  const h = harness();
  await h.call("PUT", "/bucket");
  await h.call("PUT", "/bucket/source", { body: "source", headers: { [NAME]: "/of-source" } });
  return h;
}

async function upload(h: Harness, headers: Record<string, string>): Promise<Answer> {
  const begun = await h.call("POST", "/bucket/key?uploads", { headers });
  if (begun.status !== 200) return begun;
  const id = begun.tag("UploadId");
  const part = await h.call("PUT", `/bucket/key?uploadId=${id}&partNumber=1`, { body: "part" });
  const body = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${part.headers.get("etag")}</ETag></Part></CompleteMultipartUpload>`;
  return h.call("POST", `/bucket/key?uploadId=${id}`, { body });
}

const copy = (h: Harness, headers: Record<string, string>, to = "key"): Promise<Answer> =>
  h.call("PUT", `/bucket/${to}`, { headers: { "x-amz-copy-source": "/bucket/source", ...headers } });

const WRITES: readonly [string, (h: Harness, headers: Record<string, string>) => Promise<Answer>][] = [
  ["PutObject", (h, headers) => h.call("PUT", "/bucket/key", { body: "x", headers })],
  ["CreateMultipartUpload", upload],
  ["CopyObject", copy],
  [
    "PostObject",
    (h, headers) => {
      const fields = [["key", "key"], ...Object.entries(headers)] as [string, string][];
      const conditions = fields.map(([name]) => ["starts-with", `$${name}`, ""]);
      const body = formBody(signed(fields, conditions));
      return h.call("POST", "/bucket", { anonymous: true, headers: FORM_TYPE, body });
    },
  ],
];

const redirectOf = async (h: Harness, key = "key"): Promise<(string | undefined)[]> => {
  const answers = [await h.call("GET", `/bucket/${key}`), await h.call("HEAD", `/bucket/${key}`)];
  return answers.map(({ headers }) => headers.get(NAME));
};

describe.each(WRITES)("%s", (_, write) => {
  test.each([
    "/another.html",
    "http://www.example.com/",
    "https://example.com/a?b#c",
    `/${"a".repeat(2047)}`,
  ])("%s is kept and given back", async (location) => {
    const h = await prepared();
    expect((await write(h, { [NAME]: location })).status).toBeLessThan(300);
    expect(await redirectOf(h)).toEqual([location, location]);
  });

  test("without it there is none, also of a copy", async () => {
    const h = await prepared();
    expect((await write(h, {})).status).toBeLessThan(300);
    expect(await redirectOf(h)).toEqual([undefined, undefined]);
  });

  test.each(["another.html", "ftp://example.com/", "", "javascript:alert(1)", `/${"a".repeat(2048)}`])(
    "%j is InvalidRedirectLocation",
    async (location) => {
      const h = await prepared();
      const answer = await write(h, { [NAME]: location });
      expect([answer.status, answer.tag("Code")]).toEqual([400, "InvalidRedirectLocation"]);
      expect((await h.call("GET", "/bucket/key")).status).toBe(404);
    },
  );
});

describe("a copy of an object onto itself (CopyObject)", () => {
  test("may change nothing but the redirect", async () => {
    const h = await prepared();
    expect((await copy(h, {}, "source")).tag("Code")).toBe("InvalidRequest");
    expect((await copy(h, { [NAME]: "/new" }, "source")).status).toBe(200);
    expect(await redirectOf(h, "source")).toEqual(["/new", "/new"]);
    expect((await copy(h, { "x-amz-metadata-directive": "REPLACE" }, "source")).status).toBe(200);
    expect(await redirectOf(h, "source")).toEqual([undefined, undefined]);
    expect((await h.call("GET", "/bucket/source")).text).toBe("source");
  });
});
