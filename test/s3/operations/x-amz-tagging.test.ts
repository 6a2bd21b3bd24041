/**
 * The tags that writes bring with them: `x-amz-tagging` of PutObject, CopyObject, CreateMultipartUpload. Pages: API
 * reference of each operation; S3 User Guide, "Categorizing your objects using tags" (limits, characters, copies).
 */
import { describe, expect, test } from "bun:test";
import { S3Error } from "../../../src/s3/protocol/errors.ts";
import {
  type Answer,
  type Harness,
  type HarnessOptions,
  OWNER_ID,
  policiesOnly,
} from "../support/harness.ts";
import {
  KEY_INVALID,
  manyTags,
  OBJECT_TAGS_TARGET,
  TAGGING_GUIDE,
  tagging,
  tagsOf,
  VALUE_INVALID,
  withObject,
} from "../support/tagging.ts";

interface HeaderCase {
  readonly value: string;
  readonly page: string;
  readonly tags?: string[][];
  readonly code?: string;
  readonly message?: string;
}

const ENCODING =
  "The header &apos;x-amz-tagging&apos; shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.";
const HEADERS: readonly HeaderCase[] = [
  {
    value: "tag1=value1&tag2=value2",
    page: "PutObject",
    tags: [
      ["tag1", "value1"],
      ["tag2", "value2"],
    ],
  },
  {
    value: "b&a=",
    page: "PutObject",
    tags: [
      ["a", ""],
      ["b", ""],
    ],
  },
  { value: "a+b=%20c%2B%C3%A9", page: "PutObject", tags: [["a b", " c+é"]] },
  { value: "&&a=1&", page: "PutObject", tags: [["a", "1"]] },
  { value: "", page: "PutObject", tags: [] },
  { value: "a=1&a=2", page: "PutObject", code: "InvalidArgument", message: ENCODING },
  { value: "TagSet=[{Key=s,Value=s}]", page: "PutObject", code: "InvalidArgument", message: ENCODING },
  { value: "a=%ff", page: "PutObject", code: "InvalidArgument", message: ENCODING },
  { value: "a=%2", page: "PutObject", code: "InvalidArgument", message: ENCODING },
  { value: "TagSet%3D%5B", page: TAGGING_GUIDE, code: "InvalidTag", message: KEY_INVALID },
  { value: "=a", page: "Tag", code: "InvalidTag", message: KEY_INVALID },
  { value: "a=%7B", page: TAGGING_GUIDE, code: "InvalidTag", message: VALUE_INVALID },
  {
    value: "aws:a=b",
    page: TAGGING_GUIDE,
    code: "InvalidTag",
    message: "Your TagKey cannot be prefixed with aws:",
  },
  {
    value: manyTags(11)
      .map(([key]) => `${key}=`)
      .join("&"),
    page: TAGGING_GUIDE,
    code: "BadRequest",
    message: "Object tags cannot be greater than 10",
  },
];

async function upload(h: Harness, headers: Record<string, string>): Promise<Answer> {
  const begun = await h.call("POST", "/bucket/new?uploads", { headers });
  if (begun.status !== 200) return begun;
  const id = begun.tag("UploadId");
  const part = await h.call("PUT", `/bucket/new?uploadId=${id}&partNumber=1`, { body: "part" });
  const body = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${part.headers.get("etag")}</ETag></Part></CompleteMultipartUpload>`;
  return h.call("POST", `/bucket/new?uploadId=${id}`, { body });
}

const WRITES: readonly [string, (h: Harness, headers: Record<string, string>) => Promise<Answer>][] = [
  ["PutObject", (h, headers) => h.call("PUT", "/bucket/new", { body: "x", headers })],
  ["CreateMultipartUpload", upload],
  [
    "CopyObject",
    (h, headers) =>
      h.call("PUT", "/bucket/new", {
        headers: { "x-amz-copy-source": "/bucket/key", "x-amz-tagging-directive": "REPLACE", ...headers },
      }),
  ],
];

describe.each(WRITES)("x-amz-tagging of %s", (_, write) => {
  test.each(HEADERS)("$value ($page)", async ({ value, tags, code, message }) => {
    const h = await withObject();
    const answer = await write(h, { "x-amz-tagging": value });
    expect([answer.status, answer.tag("Code")]).toEqual([code === undefined ? 200 : 400, code]);
    if (code !== undefined) {
      expect(answer.tag("Message")).toBe(message);
      expect((await h.call("GET", "/bucket/new")).status).toBe(404);
      return;
    }
    expect(await tagsOf(h, "new")).toEqual(tags ?? []);
  });
});

describe("tags of a copy", () => {
  const copy = (h: Harness, headers: Record<string, string>, to = "new") =>
    h.call("PUT", `/bucket/${to}`, { headers: { "x-amz-copy-source": "/bucket/key", ...headers } });

  async function tagged(options: HarnessOptions = {}): Promise<Harness> {
    const h = await withObject(options);
    await h.call("PUT", OBJECT_TAGS_TARGET, { body: tagging([["of", "source"]]) });
    return h;
  }

  test.each([
    [{}, [["of", "source"]]],
    [{ "x-amz-tagging-directive": "COPY" }, [["of", "source"]]],
    [{ "x-amz-tagging": "a=b" }, [["of", "source"]]],
    [{ "x-amz-tagging-directive": "REPLACE" }, []],
    [{ "x-amz-tagging-directive": "REPLACE", "x-amz-tagging": "a=b" }, [["a", "b"]]],
    [{ "x-amz-metadata-directive": "REPLACE" }, [["of", "source"]]],
  ] as [Record<string, string>, string[][]][])("%j (CopyObject)", async (headers, tags) => {
    const h = await tagged();
    expect((await copy(h, headers)).status).toBe(200);
    expect(await tagsOf(h, "new")).toEqual(tags);
    expect(await tagsOf(h)).toEqual([["of", "source"]]);
  });

  test("onto itself (CopyObject)", async () => {
    const h = await tagged();
    const headers = { "x-amz-metadata-directive": "REPLACE" };
    expect((await copy(h, headers, "key")).status).toBe(200);
    expect(await tagsOf(h)).toEqual([["of", "source"]]);
    const replaced = { ...headers, "x-amz-tagging-directive": "REPLACE", "x-amz-tagging": "now=this" };
    expect((await copy(h, replaced, "key")).status).toBe(200);
    expect(await tagsOf(h)).toEqual([["now", "this"]]);
    const unchanged = { "x-amz-tagging-directive": "REPLACE", "x-amz-tagging": "a=b" };
    expect((await copy(h, unchanged, "key")).tag("Code")).toBe("InvalidRequest");
  });

  test.each(["s3:GetObjectTagging arn:aws:s3:::bucket/key", "s3:PutObjectTagging arn:aws:s3:::bucket/new"])(
    "without %s: AccessDenied, and no count (Object tagging and access control policies)",
    async (denied) => {
      const root = { id: OWNER_ID, name: "root", accountId: "123456789012", displayName: "owner" };
      const iam = { root, user: () => root, policiesOf: () => [] };
      let on = false;
      const h = await tagged({
        deps: {
          authorizer: (question) => {
            if (on && denied === `${question.action} ${question.resource}`) throw new S3Error("AccessDenied");
            policiesOnly(iam)(question);
          },
        },
      });
      on = true;
      const answer = await copy(h, {});
      expect([answer.status, answer.tag("Code")]).toEqual([403, "AccessDenied"]);
      expect((await copy(h, { "x-amz-tagging-directive": "REPLACE" })).status).toBe(200);
      const count = (await h.call("GET", "/bucket/key")).headers.get("x-amz-tagging-count");
      expect(count).toBe(denied.startsWith("s3:Get") ? undefined : "1");
    },
  );
});
