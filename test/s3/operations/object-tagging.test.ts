/**
 * PutObjectTagging, GetObjectTagging, DeleteObjectTagging, and the tags that writes bring with them. Pages: API
 * reference of each operation; S3 User Guide, "Categorizing your objects using tags" (limits, characters, copies).
 */
import { describe, expect, test } from "bun:test";
import { policyAuthorizer } from "../../../src/s3/auth/policy-authorizer.ts";
import { S3Error } from "../../../src/s3/protocol/errors.ts";
import {
  type Answer,
  type Harness,
  type HarnessOptions,
  harness,
  OWNER_ID,
  pattern,
} from "../support/harness.ts";
import { tagging } from "../support/tagging.ts";

const TAGS = "/bucket/key?tagging";

async function prepared(options: HarnessOptions = {}): Promise<Harness> {
  const h = harness(options);
  await h.call("PUT", "/bucket");
  await h.call("PUT", "/bucket/key", { body: "content", headers: { "x-amz-meta-a": "b" } });
  return h;
}

/** Tags as `[key, value]`. */
async function tagsOf(h: Harness, key = "key"): Promise<string[][]> {
  const answer = await h.call("GET", `/bucket/${key}?tagging`);
  const values = answer.tags("Value");
  return answer.tags("Key").map((name, i) => [name, values[i] as string]);
}

const many = (count: number): [string, string][] => Array.from({ length: count }, (_, i) => [`k${i}`, "v"]);
const GUIDE = "Categorizing your objects using tags";
const KEY_INVALID = "The TagKey you have provided is invalid";
const VALUE_INVALID = "The TagValue you have provided is invalid";

interface Refusal {
  readonly does: string;
  readonly page: string;
  readonly body: string;
  readonly code: string;
  readonly message?: string;
}

const REFUSALS: readonly Refusal[] = [
  { does: "no body", page: "PutObjectTagging", body: "", code: "MissingRequestBodyError" },
  { does: "no XML", page: "PutObjectTagging", body: "tags", code: "MalformedXML" },
  { does: "no tag set", page: "Tagging", body: "<Tagging></Tagging>", code: "MalformedXML" },
  {
    does: "11 tags",
    page: GUIDE,
    body: tagging(many(11)),
    code: "BadRequest",
    message: "Object tags cannot be greater than 10",
  },
  { does: "an empty key", page: "Tag", body: tagging([["", ""]]), code: "InvalidTag", message: KEY_INVALID },
  {
    does: "a key of 129 characters",
    page: GUIDE,
    body: tagging([["k".repeat(129), ""]]),
    code: "InvalidTag",
    message: KEY_INVALID,
  },
  {
    does: "a key of 65 characters that are two units of UTF-16 each",
    page: GUIDE,
    body: tagging([["𝒜".repeat(65), ""]]),
    code: "InvalidTag",
    message: KEY_INVALID,
  },
  {
    does: "a value of 257 characters",
    page: GUIDE,
    body: tagging([["k", "v".repeat(257)]]),
    code: "InvalidTag",
    message: VALUE_INVALID,
  },
  {
    does: "a character that tags do not have",
    page: GUIDE,
    body: tagging([["k", "a\tb"]]),
    code: "InvalidTag",
    message: VALUE_INVALID,
  },
  {
    does: "one key twice",
    page: GUIDE,
    body: tagging([
      ["k", "1"],
      ["k", "1"],
    ]),
    code: "InvalidTag",
    message: "Cannot provide multiple Tags with the same key",
  },
  {
    does: "a key with the prefix of AWS",
    page: GUIDE,
    body: tagging([["aws:x", ""]]),
    code: "InvalidTag",
    message: "Your TagKey cannot be prefixed with aws:",
  },
];

describe("PutObjectTagging", () => {
  test.each(REFUSALS)("$does is $code ($page)", async ({ body, code, message }) => {
    const h = await prepared();
    await h.call("PUT", TAGS, { body: tagging([["kept", "yes"]]) });
    const answer = await h.call("PUT", TAGS, { body });
    expect([answer.status, answer.tag("Code")]).toEqual([400, code]);
    if (message !== undefined) expect(answer.tag("Message")).toBe(message);
    expect(await tagsOf(h)).toEqual([["kept", "yes"]]);
  });

  test.each([
    ["inline", 7, {}],
    ["in the log", 3 << 20, {}],
    ["without bytes", 0, {}],
  ])(
    "replaces the set of an object %s; bytes, ETag, Last-Modified stay (PutObjectTagging)",
    async (_, size) => {
      const h = await prepared();
      const body = pattern(size);
      await h.call("PUT", "/bucket/key", {
        body,
        headers: { "x-amz-meta-a": "b", "x-amz-tagging": "old=1" },
      });
      const before = await h.call("HEAD", "/bucket/key");
      h.clock.now += 5000;
      expect((await h.call("PUT", TAGS, { body: tagging(many(10)) })).status).toBe(200);
      const after = await h.call("GET", "/bucket/key");
      for (const name of ["etag", "last-modified", "x-amz-meta-a", "content-type"]) {
        expect([name, after.headers.get(name)]).toEqual([name, before.headers.get(name)]);
      }
      expect(after.bytes.equals(body)).toBe(true);
      expect([before, after].map((answer) => answer.headers.get("x-amz-tagging-count"))).toEqual(["1", "10"]);
      expect(await tagsOf(h)).toEqual(many(10));
    },
  );

  test("an empty set deletes the tags (Categorizing your objects using tags)", async () => {
    const h = await prepared();
    await h.call("PUT", TAGS, { body: tagging(many(3)) });
    expect((await h.call("PUT", TAGS, { body: tagging([]) })).status).toBe(200);
    expect(await tagsOf(h)).toEqual([]);
    expect((await h.call("HEAD", "/bucket/key")).headers.has("x-amz-tagging-count")).toBe(false);
  });

  test("an object that is written meanwhile gets the tags itself, not its predecessor's row", async () => {
    const h = await prepared();
    let raced = false;
    h.kv.before = async () => {
      if (!raced) await h.call("PUT", "/bucket/key", { body: "new content" });
      raced = true;
    };
    expect((await h.call("PUT", TAGS, { body: tagging([["k", "v"]]) })).status).toBe(200);
    expect((await h.call("GET", "/bucket/key")).text).toBe("new content");
    expect(await tagsOf(h)).toEqual([["k", "v"]]);
  });

  test("an object that is deleted meanwhile stays deleted", async () => {
    const h = await prepared();
    h.kv.before = async () => {
      await h.call("DELETE", "/bucket/key");
    };
    const answer = await h.call("PUT", TAGS, { body: tagging([["k", "v"]]) });
    expect([answer.status, answer.tag("Code")]).toEqual([404, "NoSuchKey"]);
    expect((await h.call("GET", "/bucket/key")).status).toBe(404);
  });

  test("an object that never rests is a conflict", async () => {
    const h = await prepared();
    let writes = 0;
    const rewrite = async (): Promise<void> => {
      await h.call("PUT", "/bucket/key", { body: `${++writes}` });
      h.kv.before = rewrite;
    };
    h.kv.before = rewrite;
    const answer = await h.call("PUT", TAGS, { body: tagging([["k", "v"]]) });
    expect([answer.status, answer.tag("Code")]).toEqual([409, "ConditionalRequestConflict"]);
  });
});

describe("GetObjectTagging, DeleteObjectTagging", () => {
  test("an object without tags has an empty set (GetObjectTagging)", async () => {
    const h = await prepared();
    const answer = await h.call("GET", TAGS);
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "application/xml"]);
    expect(answer.text).toContain("<TagSet></TagSet>");
  });

  test("deletes the set, and again with success (DeleteObjectTagging)", async () => {
    const h = await prepared();
    await h.call("PUT", TAGS, { body: tagging(many(2)) });
    for (let i = 0; i < 2; i++) {
      const answer = await h.call("DELETE", TAGS);
      expect([answer.status, answer.text]).toEqual([204, ""]);
    }
    expect(await tagsOf(h)).toEqual([]);
    expect((await h.call("GET", "/bucket/key")).text).toBe("content");
  });
});

describe("tags of versions (PutObjectTagging, GetObjectTagging, DeleteObjectTagging, versionId)", () => {
  async function versioned(): Promise<{ h: Harness; ids: string[] }> {
    const h = harness();
    await h.call("PUT", "/bucket");
    await h.call("PUT", "/bucket/key", { body: "null" });
    const body = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    await h.call("PUT", "/bucket?versioning", { body });
    const ids = ["null"];
    for (const content of ["one", "two"]) {
      const put = await h.call("PUT", "/bucket/key", {
        body: content,
        headers: { "x-amz-tagging": `of=${content}` },
      });
      ids.push(put.headers.get("x-amz-version-id") ?? "");
    }
    return { h, ids };
  }

  const tags = async (h: Harness, id: string): Promise<[string[], string | undefined]> => {
    const answer = await h.call("GET", `${TAGS}&versionId=${id}`);
    return [answer.tags("Value"), answer.headers.get("x-amz-version-id")];
  };

  test("each version has its own; bytes and order of the versions stay", async () => {
    const { h, ids } = await versioned();
    expect(await Promise.all(ids.map((id) => tags(h, id)))).toEqual([
      [[], "null"],
      [["one"], ids[1]],
      [["two"], ids[2]],
    ]);
    for (const id of ids) {
      const put = await h.call("PUT", `${TAGS}&versionId=${id}`, { body: tagging([["k", `tag ${id}`]]) });
      expect([put.status, put.headers.get("x-amz-version-id")]).toEqual([200, id]);
    }
    for (const [i, id] of ids.entries()) {
      expect(await tags(h, id)).toEqual([[`tag ${id}`], id]);
      expect((await h.call("GET", `/bucket/key?versionId=${id}`)).text).toBe(
        ["null", "one", "two"][i] as string,
      );
    }
    expect((await h.call("GET", "/bucket?versions")).tags("VersionId")).toEqual(ids.toReversed());
    const deleted = await h.call("DELETE", `${TAGS}&versionId=${ids[1]}`);
    expect([deleted.status, deleted.headers.get("x-amz-version-id")]).toEqual([204, ids[1]]);
    expect(await tags(h, ids[1] as string)).toEqual([[], ids[1]]);
    expect((await h.call("GET", TAGS)).tags("Value")).toEqual([`tag ${ids[2]}`]);
  });

  test("tags of a version stay with it when it becomes current again, or is replaced meanwhile", async () => {
    const { h, ids } = await versioned();
    let raced = false;
    h.kv.before = async () => {
      if (!raced) await h.call("DELETE", `/bucket/key?versionId=${ids[2]}`);
      raced = true;
    };
    await h.call("PUT", `${TAGS}&versionId=${ids[1]}`, { body: tagging([["k", "v"]]) });
    expect(await tags(h, ids[1] as string)).toEqual([["v"], ids[1]]);
    expect((await h.call("GET", "/bucket/key")).text).toBe("one");
    raced = false;
    h.kv.before = async () => {
      if (!raced) await h.call("PUT", "/bucket/key", { body: "three" });
      raced = true;
    };
    await h.call("PUT", `${TAGS}&versionId=${ids[1]}`, { body: tagging([["k", "w"]]) });
    expect(await tags(h, ids[1] as string)).toEqual([["w"], ids[1]]);
    expect((await h.call("GET", TAGS)).tags("Value")).toEqual([]);
  });

  test("a delete marker has none; neither has a version that is not there", async () => {
    const { h, ids } = await versioned();
    const marker = (await h.call("DELETE", "/bucket/key")).headers.get("x-amz-version-id");
    expect((await h.call("GET", TAGS)).tag("Code")).toBe("NoSuchKey");
    for (const method of ["GET", "PUT", "DELETE"]) {
      const body = method === "PUT" ? tagging([["k", "v"]]) : "";
      const of = async (id: string | null | undefined) =>
        (await h.call(method, `${TAGS}&versionId=${id}`, { body })).tag("Code");
      expect(await of(marker)).toBe("MethodNotAllowed");
      expect(await of((ids[1] as string).replace(/.$/, (digit) => (digit === "0" ? "1" : "0")))).toBe(
        "NoSuchVersion",
      );
    }
    expect(await tags(h, ids[2] as string)).toEqual([["two"], ids[2]]);
  });

  test("a copy of a version takes its tags", async () => {
    const { h, ids } = await versioned();
    const headers = { "x-amz-copy-source": `/bucket/key?versionId=${ids[1]}` };
    expect((await h.call("PUT", "/bucket/copy", { headers })).status).toBe(200);
    expect((await h.call("GET", "/bucket/copy?tagging")).tags("Value")).toEqual(["one"]);
  });
});

describe.each(["PUT", "GET", "DELETE"])("%s ?tagging", (method) => {
  const body = method === "PUT" ? tagging([["k", "v"]]) : "";
  test.each([
    ["/nowhere/key?tagging", 404, "NoSuchBucket"],
    ["/bucket/none?tagging", 404, "NoSuchKey"],
    ["/bucket/key?tagging&versionId=", 400, "InvalidArgument"],
  ])("%s is %d %s", async (target, status, code) => {
    const h = await prepared();
    const answer = await h.call(method, target, { body });
    expect([answer.status, answer.tag("Code")]).toEqual([status, code]);
  });

  test("versionId=null names the object", async () => {
    const h = await prepared();
    expect((await h.call(method, `${TAGS}&versionId=null`, { body })).status).toBeLessThan(300);
  });
});

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
  { value: "TagSet%3D%5B", page: GUIDE, code: "InvalidTag", message: KEY_INVALID },
  { value: "=a", page: "Tag", code: "InvalidTag", message: KEY_INVALID },
  { value: "a=%7B", page: GUIDE, code: "InvalidTag", message: VALUE_INVALID },
  { value: "aws:a=b", page: GUIDE, code: "InvalidTag", message: "Your TagKey cannot be prefixed with aws:" },
  {
    value: many(11)
      .map(([key]) => `${key}=`)
      .join("&"),
    page: GUIDE,
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
    const h = await prepared();
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
    const h = await prepared(options);
    await h.call("PUT", TAGS, { body: tagging([["of", "source"]]) });
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
            policyAuthorizer({ iam, onUnreadable: () => {} })(question);
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
