/**
 * PutObjectTagging, GetObjectTagging, DeleteObjectTagging, and the tags that writes bring with them. Pages: API
 * reference of each operation; S3 User Guide, "Categorizing your objects using tags" (limits, characters, copies).
 * More than 400 lines: the three operations and the writes that take tags share their worlds.
 */
import { describe, expect, test } from "bun:test";
import { type Harness, harness, pattern } from "../support/harness.ts";
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
    page: TAGGING_GUIDE,
    body: tagging(manyTags(11)),
    code: "BadRequest",
    message: "Object tags cannot be greater than 10",
  },
  { does: "an empty key", page: "Tag", body: tagging([["", ""]]), code: "InvalidTag", message: KEY_INVALID },
  {
    does: "a key of 129 characters",
    page: TAGGING_GUIDE,
    body: tagging([["k".repeat(129), ""]]),
    code: "InvalidTag",
    message: KEY_INVALID,
  },
  {
    does: "a key of 65 characters that are two units of UTF-16 each",
    page: TAGGING_GUIDE,
    body: tagging([["𝒜".repeat(65), ""]]),
    code: "InvalidTag",
    message: KEY_INVALID,
  },
  {
    does: "a value of 257 characters",
    page: TAGGING_GUIDE,
    body: tagging([["k", "v".repeat(257)]]),
    code: "InvalidTag",
    message: VALUE_INVALID,
  },
  {
    does: "a character that tags do not have",
    page: TAGGING_GUIDE,
    body: tagging([["k", "a\tb"]]),
    code: "InvalidTag",
    message: VALUE_INVALID,
  },
  {
    does: "one key twice",
    page: TAGGING_GUIDE,
    body: tagging([
      ["k", "1"],
      ["k", "1"],
    ]),
    code: "InvalidTag",
    message: "Cannot provide multiple Tags with the same key",
  },
  {
    does: "a key with the prefix of AWS",
    page: TAGGING_GUIDE,
    body: tagging([["aws:x", ""]]),
    code: "InvalidTag",
    message: "Your TagKey cannot be prefixed with aws:",
  },
];

describe("PutObjectTagging", () => {
  test.each(REFUSALS)("$does is $code ($page)", async ({ body, code, message }) => {
    const h = await withObject();
    await h.call("PUT", OBJECT_TAGS_TARGET, { body: tagging([["kept", "yes"]]) });
    const answer = await h.call("PUT", OBJECT_TAGS_TARGET, { body });
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
      const h = await withObject();
      const body = pattern(size);
      await h.call("PUT", "/bucket/key", {
        body,
        headers: { "x-amz-meta-a": "b", "x-amz-tagging": "old=1" },
      });
      const before = await h.call("HEAD", "/bucket/key");
      h.clock.now += 5000;
      expect((await h.call("PUT", OBJECT_TAGS_TARGET, { body: tagging(manyTags(10)) })).status).toBe(200);
      const after = await h.call("GET", "/bucket/key");
      for (const name of ["etag", "last-modified", "x-amz-meta-a", "content-type"]) {
        expect([name, after.headers.get(name)]).toEqual([name, before.headers.get(name)]);
      }
      expect(after.bytes.equals(body)).toBe(true);
      expect([before, after].map((answer) => answer.headers.get("x-amz-tagging-count"))).toEqual(["1", "10"]);
      expect(await tagsOf(h)).toEqual(manyTags(10));
    },
  );

  test("an empty set deletes the tags (Categorizing your objects using tags)", async () => {
    const h = await withObject();
    await h.call("PUT", OBJECT_TAGS_TARGET, { body: tagging(manyTags(3)) });
    expect((await h.call("PUT", OBJECT_TAGS_TARGET, { body: tagging([]) })).status).toBe(200);
    expect(await tagsOf(h)).toEqual([]);
    expect((await h.call("HEAD", "/bucket/key")).headers.has("x-amz-tagging-count")).toBe(false);
  });

  test("an object that is written meanwhile gets the tags itself, not its predecessor's row", async () => {
    const h = await withObject();
    let raced = false;
    h.kv.before = async () => {
      if (!raced) await h.call("PUT", "/bucket/key", { body: "new content" });
      raced = true;
    };
    expect((await h.call("PUT", OBJECT_TAGS_TARGET, { body: tagging([["k", "v"]]) })).status).toBe(200);
    expect((await h.call("GET", "/bucket/key")).text).toBe("new content");
    expect(await tagsOf(h)).toEqual([["k", "v"]]);
  });

  test("an object that is deleted meanwhile stays deleted", async () => {
    const h = await withObject();
    h.kv.before = async () => {
      await h.call("DELETE", "/bucket/key");
    };
    const answer = await h.call("PUT", OBJECT_TAGS_TARGET, { body: tagging([["k", "v"]]) });
    expect([answer.status, answer.tag("Code")]).toEqual([404, "NoSuchKey"]);
    expect((await h.call("GET", "/bucket/key")).status).toBe(404);
  });

  test("an object that never rests is a conflict", async () => {
    const h = await withObject();
    let writes = 0;
    const rewrite = async (): Promise<void> => {
      await h.call("PUT", "/bucket/key", { body: `${++writes}` });
      h.kv.before = rewrite;
    };
    h.kv.before = rewrite;
    const answer = await h.call("PUT", OBJECT_TAGS_TARGET, { body: tagging([["k", "v"]]) });
    expect([answer.status, answer.tag("Code")]).toEqual([409, "ConditionalRequestConflict"]);
  });
});

describe("GetObjectTagging, DeleteObjectTagging", () => {
  test("an object without tags has an empty set (GetObjectTagging)", async () => {
    const h = await withObject();
    const answer = await h.call("GET", OBJECT_TAGS_TARGET);
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "application/xml"]);
    expect(answer.text).toContain("<TagSet></TagSet>");
  });

  test("deletes the set, and again with success (DeleteObjectTagging)", async () => {
    const h = await withObject();
    await h.call("PUT", OBJECT_TAGS_TARGET, { body: tagging(manyTags(2)) });
    for (let i = 0; i < 2; i++) {
      const answer = await h.call("DELETE", OBJECT_TAGS_TARGET);
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
    const answer = await h.call("GET", `${OBJECT_TAGS_TARGET}&versionId=${id}`);
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
      const put = await h.call("PUT", `${OBJECT_TAGS_TARGET}&versionId=${id}`, {
        body: tagging([["k", `tag ${id}`]]),
      });
      expect([put.status, put.headers.get("x-amz-version-id")]).toEqual([200, id]);
    }
    for (const [i, id] of ids.entries()) {
      expect(await tags(h, id)).toEqual([[`tag ${id}`], id]);
      expect((await h.call("GET", `/bucket/key?versionId=${id}`)).text).toBe(
        ["null", "one", "two"][i] as string,
      );
    }
    expect((await h.call("GET", "/bucket?versions")).tags("VersionId")).toEqual(ids.toReversed());
    const deleted = await h.call("DELETE", `${OBJECT_TAGS_TARGET}&versionId=${ids[1]}`);
    expect([deleted.status, deleted.headers.get("x-amz-version-id")]).toEqual([204, ids[1]]);
    expect(await tags(h, ids[1] as string)).toEqual([[], ids[1]]);
    expect((await h.call("GET", OBJECT_TAGS_TARGET)).tags("Value")).toEqual([`tag ${ids[2]}`]);
  });

  test("tags of a version stay with it when it becomes current again, or is replaced meanwhile", async () => {
    const { h, ids } = await versioned();
    let raced = false;
    h.kv.before = async () => {
      if (!raced) await h.call("DELETE", `/bucket/key?versionId=${ids[2]}`);
      raced = true;
    };
    await h.call("PUT", `${OBJECT_TAGS_TARGET}&versionId=${ids[1]}`, { body: tagging([["k", "v"]]) });
    expect(await tags(h, ids[1] as string)).toEqual([["v"], ids[1]]);
    expect((await h.call("GET", "/bucket/key")).text).toBe("one");
    raced = false;
    h.kv.before = async () => {
      if (!raced) await h.call("PUT", "/bucket/key", { body: "three" });
      raced = true;
    };
    await h.call("PUT", `${OBJECT_TAGS_TARGET}&versionId=${ids[1]}`, { body: tagging([["k", "w"]]) });
    expect(await tags(h, ids[1] as string)).toEqual([["w"], ids[1]]);
    expect((await h.call("GET", OBJECT_TAGS_TARGET)).tags("Value")).toEqual([]);
  });

  test("a delete marker has none; neither has a version that is not there", async () => {
    const { h, ids } = await versioned();
    const marker = (await h.call("DELETE", "/bucket/key")).headers.get("x-amz-version-id");
    expect((await h.call("GET", OBJECT_TAGS_TARGET)).tag("Code")).toBe("NoSuchKey");
    for (const method of ["GET", "PUT", "DELETE"]) {
      const body = method === "PUT" ? tagging([["k", "v"]]) : "";
      const of = async (id: string | null | undefined) =>
        (await h.call(method, `${OBJECT_TAGS_TARGET}&versionId=${id}`, { body })).tag("Code");
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
    const h = await withObject();
    const answer = await h.call(method, target, { body });
    expect([answer.status, answer.tag("Code")]).toEqual([status, code]);
  });

  test("versionId=null names the object", async () => {
    const h = await withObject();
    expect((await h.call(method, `${OBJECT_TAGS_TARGET}&versionId=null`, { body })).status).toBeLessThan(300);
  });
});

test("a locked version can be tagged, and stays locked (Locking objects with Object Lock; PutObjectTagging)", async () => {
  const h = harness();
  await h.call("PUT", "/bucket", { headers: { "x-amz-bucket-object-lock-enabled": "true" } });
  const locked = { "x-amz-object-lock-legal-hold": "ON", "Content-MD5": "mgNkuembtIDdJeHwKEyFVQ==" };
  const put = await h.call("PUT", "/bucket/key", { body: "content", headers: locked });
  const target = `/bucket/key?versionId=${put.headers.get("x-amz-version-id")}`;
  const tagged = await h.call("PUT", target.replace("?", "?tagging&"), { body: tagging([["k", "v"]]) });
  expect([put.tag("Message"), put.status, tagged.status]).toEqual([undefined, 200, 200]);
  expect((await h.call("HEAD", target)).headers.get("x-amz-object-lock-legal-hold")).toBe("ON");
  expect((await h.call("DELETE", target)).tag("Code")).toBe("AccessDenied");
  expect((await h.call("GET", target)).text).toBe("content");
  expect((await h.call("DELETE", target.replace("?", "?tagging&"))).status).toBe(204);
  expect((await h.call("DELETE", target)).tag("Code")).toBe("AccessDenied");
});
