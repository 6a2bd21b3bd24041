/**
 * PutBucketTagging, GetBucketTagging, DeleteBucketTagging. Pages: API reference of each operation, and of Tag; S3 User
 * Guide, "Using cost allocation S3 bucket tags" (limits and characters).
 */
import { describe, expect, test } from "bun:test";
import { type Harness, harness } from "../support/harness.ts";
import { tagging } from "../support/tagging.ts";

const TAGS = "/bucket?tagging";

async function prepared(): Promise<Harness> {
  const h = harness();
  await h.call("PUT", "/bucket");
  return h;
}

interface Refusal {
  readonly does: string;
  readonly page: string;
  readonly body: string;
  readonly code: string;
  readonly message?: string;
}

const many = (count: number): [string, string][] => Array.from({ length: count }, (_, i) => [`k${i}`, "v"]);
const RESTRICTIONS = "Tag restrictions";

const REFUSALS: readonly Refusal[] = [
  { does: "no body", page: "PutBucketTagging", body: "", code: "MissingRequestBodyError" },
  { does: "another root", page: "PutBucketTagging", body: "<Tags/>", code: "MalformedXML" },
  { does: "no tag set", page: "Tagging", body: "<Tagging/>", code: "MalformedXML" },
  {
    does: "a tag without a value",
    page: "Tag",
    body: "<Tagging><TagSet><Tag><Key>k</Key></Tag></TagSet></Tagging>",
    code: "MalformedXML",
  },
  {
    does: "a tag without a key",
    page: "Tag",
    body: "<Tagging><TagSet><Tag><Value>v</Value></Tag></TagSet></Tagging>",
    code: "MalformedXML",
  },
  {
    does: "an unknown element",
    page: "Tagging",
    body: "<Tagging><TagSet><Label/></TagSet></Tagging>",
    code: "MalformedXML",
  },
  {
    does: "51 tags",
    page: RESTRICTIONS,
    body: tagging(many(51)),
    code: "BadRequest",
    message: "Bucket tag count cannot be greater than 50",
  },
  {
    does: "an empty key",
    page: "Tag",
    body: tagging([["", "v"]]),
    code: "InvalidTag",
    message: "The TagKey you have provided is invalid",
  },
  {
    does: "a key of 129 characters",
    page: RESTRICTIONS,
    body: tagging([["k".repeat(129), "v"]]),
    code: "InvalidTag",
    message: "The TagKey you have provided is invalid",
  },
  {
    does: "a value of 257 characters",
    page: RESTRICTIONS,
    body: tagging([["k", "v".repeat(257)]]),
    code: "InvalidTag",
    message: "The TagValue you have provided is invalid",
  },
  {
    does: "a character that tags do not have",
    page: RESTRICTIONS,
    body: tagging([["k,", "v"]]),
    code: "InvalidTag",
    message: "The TagKey you have provided is invalid",
  },
  {
    does: "the same, in a value",
    page: RESTRICTIONS,
    body: tagging([["k", "{}"]]),
    code: "InvalidTag",
    message: "The TagValue you have provided is invalid",
  },
  {
    does: "one key twice",
    page: "Using cost allocation S3 bucket tags",
    body: tagging([
      ["k", "1"],
      ["k", "2"],
    ]),
    code: "InvalidTag",
    message: "Cannot provide multiple Tags with the same key",
  },
  {
    does: "a key with the prefix of AWS",
    page: RESTRICTIONS,
    body: tagging([["AWS:x", "v"]]),
    code: "InvalidTag",
    message: "System tags cannot be added/updated by requester",
  },
];

describe("PutBucketTagging", () => {
  test.each(REFUSALS)("$does is $code ($page)", async ({ body, code, message }) => {
    const h = await prepared();
    await h.call("PUT", TAGS, { body: tagging([["kept", "yes"]]) });
    const answer = await h.call("PUT", TAGS, { body });
    expect([answer.status, answer.tag("Code")]).toEqual([400, code]);
    if (message !== undefined) expect(answer.tag("Message")).toBe(message);
    expect((await h.call("GET", TAGS)).tags("Key")).toEqual(["kept"]);
  });

  test("replaces the whole set, with every character that tags have (PutBucketTagging)", async () => {
    const h = await prepared();
    expect((await h.call("PUT", TAGS, { body: tagging([["old", "1"]]) })).status).toBe(204);
    const tags: [string, string][] = [
      ["Größe 1", "a_.:/=+-@ \u00a0б"],
      ["empty", ""],
      ["k".repeat(128), "v".repeat(256)],
    ];
    const put = await h.call("PUT", TAGS, { body: tagging(tags) });
    expect([put.status, put.text]).toEqual([204, ""]);
    const answer = await h.call("GET", TAGS);
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "application/xml"]);
    expect(answer.tags("Key")).toEqual(["Größe 1", "empty", "k".repeat(128)]);
    expect(answer.tags("Value")).toEqual(["a_.:/=+-@ \u00a0б", "", "v".repeat(256)]);
  });

  test("takes 50 tags; an empty set deletes them (Using cost allocation S3 bucket tags)", async () => {
    const h = await prepared();
    expect((await h.call("PUT", TAGS, { body: tagging(many(50)) })).status).toBe(204);
    expect((await h.call("GET", TAGS)).tags("Key").length).toBe(50);
    expect((await h.call("PUT", TAGS, { body: tagging([]) })).status).toBe(204);
    expect((await h.call("GET", TAGS)).tag("Code")).toBe("NoSuchTagSet");
  });

  test("the body is verified (PutBucketTagging, Content-MD5)", async () => {
    const h = await prepared();
    const headers = { "Content-MD5": Buffer.alloc(16).toString("base64") };
    const answer = await h.call("PUT", TAGS, { body: tagging([["k", "v"]]), headers });
    expect(answer.tag("Code")).toBe("BadDigest");
    expect((await h.call("GET", TAGS)).tag("Code")).toBe("NoSuchTagSet");
  });
});

describe("GetBucketTagging", () => {
  test("without tags: 404 (GetBucketTagging)", async () => {
    const answer = await (await prepared()).call("GET", TAGS);
    expect([answer.status, answer.tag("Code"), answer.tag("Message"), answer.tag("BucketName")]).toEqual([
      404,
      "NoSuchTagSet",
      "The TagSet does not exist",
      "bucket",
    ]);
  });
});

describe("DeleteBucketTagging", () => {
  test("deletes the set, and again with success (DeleteBucketTagging)", async () => {
    const h = await prepared();
    await h.call("PUT", TAGS, { body: tagging([["k", "v"]]) });
    for (let i = 0; i < 2; i++) expect((await h.call("DELETE", TAGS)).status).toBe(204);
    expect((await h.call("GET", TAGS)).tag("Code")).toBe("NoSuchTagSet");
  });
});

test.each(["PUT", "GET", "DELETE"])("%s of no bucket is NoSuchBucket", async (method) => {
  const body = method === "PUT" ? tagging([["k", "v"]]) : "";
  const answer = await harness().call(method, "/nowhere?tagging", { body });
  expect([answer.status, answer.tag("Code")]).toEqual([404, "NoSuchBucket"]);
});

test("a bucket that is made again has no tags (DeleteBucket)", async () => {
  const h = await prepared();
  await h.call("PUT", TAGS, { body: tagging([["k", "v"]]) });
  expect((await h.call("DELETE", "/bucket")).status).toBe(204);
  await h.call("PUT", "/bucket");
  expect((await h.call("GET", TAGS)).tag("Code")).toBe("NoSuchTagSet");
});

test("tags written by a deleted bucket's request find the bucket gone", async () => {
  const h = await prepared();
  h.kv.before = async () => {
    await h.call("DELETE", "/bucket");
  };
  const answer = await h.call("PUT", TAGS, { body: tagging([["k", "v"]]) });
  expect([answer.status, answer.tag("Code")]).toEqual([404, "NoSuchBucket"]);
});
