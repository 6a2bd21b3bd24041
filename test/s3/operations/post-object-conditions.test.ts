/**
 * POST Object. Pages: S3 API, "POST Object", "Browser-based uploads using POST (AWS signature version 4)", "POST
 * policy", "Authenticating requests in browser-based uploads using POST". Answers as recorded of S3 in
 * localstack/localstack, tests/aws/services/s3/test_s3.snapshot.json (TestS3PresignedPost); cases of ceph/s3-tests.
 */
import { describe, expect, test } from "bun:test";
import { pattern } from "../support/harness.ts";
import {
  expectNothing,
  type Fields,
  KEY,
  KEY_CONDITION,
  LATER,
  policyFields,
  post,
  prepared,
  signed,
} from "../support/post-form.ts";

describe("conditions (POST policy)", () => {
  interface Case {
    readonly does: string;
    readonly fields?: Fields;
    readonly conditions: readonly unknown[];
    /** undefined: the form is taken. */
    readonly failed?: string;
    readonly extra?: string;
  }
  const redirect = "http://localhost.test/random";
  const CASES: readonly Case[] = [
    { does: "an exact match, as object", conditions: [{ key: "user/eric/photo.jpg" }] },
    { does: "an exact match, as list", conditions: [["eq", "$key", "user/eric/photo.jpg"]] },
    {
      does: "another key",
      conditions: [{ key: "other" }],
      failed: '["eq", "$key", "other"]',
    },
    {
      does: "another prefix",
      conditions: [["starts-with", "$key", "user/bob/"]],
      failed: '["starts-with", "$key", "user/bob/"]',
    },
    {
      does: "values differ in case",
      conditions: [["eq", "$key", "USER/ERIC/PHOTO.JPG"]],
      failed: '["eq", "$key", "USER/ERIC/PHOTO.JPG"]',
    },
    {
      does: "names and operations in any case",
      fields: [["Content-type", "text/plain"]],
      conditions: [
        ["StArTs-WiTh", "$KeY", "user"],
        ["EQ", "$CoNtEnT-TyPe", "text/plain"],
      ],
    },
    {
      does: "a name without $",
      conditions: [["eq", "key", "user/eric/photo.jpg"]],
      failed: '["eq", "key", "user/eric/photo.jpg"]',
    },
    {
      does: "a quotation mark in a value",
      fields: [["Content-Disposition", 'filename="a"']],
      conditions: [KEY_CONDITION, ["eq", "$Content-Disposition", 'filename="b"']],
      failed: '["eq", "$Content-Disposition", "filename=\\"b\\""]',
    },
    {
      does: "a field that is absent",
      conditions: [KEY_CONDITION, ["starts-with", "$x-amz-meta-foo", "bar"]],
      failed: '["starts-with", "$x-amz-meta-foo", "bar"]',
    },
    {
      does: "an absent field, and any value",
      conditions: [KEY_CONDITION, ["starts-with", "$Content-Type", ""]],
      failed: '["starts-with", "$Content-Type", ""]',
    },
    {
      does: "any value",
      fields: [["x-amz-meta-foo", "x"]],
      conditions: [KEY_CONDITION, ["starts-with", "$x-amz-meta-foo", ""]],
    },
    {
      does: "an empty value",
      fields: [["x-amz-meta-foo", "barclamp"]],
      conditions: [KEY_CONDITION, ["eq", "$x-amz-meta-foo", ""]],
      failed: '["eq", "$x-amz-meta-foo", ""]',
    },
    {
      does: "several conditions on a field",
      conditions: [KEY_CONDITION, ["eq", "$key", "user/eric/other"]],
      failed: '["eq", "$key", "user/eric/other"]',
    },
    {
      does: "a list of types",
      fields: [["Content-Type", "image/jpg, image/png,image/gif"]],
      conditions: [KEY_CONDITION, ["starts-with", "$Content-Type", "image/"]],
    },
    {
      does: "a list of types, one of them wrong",
      fields: [["Content-Type", "image/jpg,text/plain"]],
      conditions: [KEY_CONDITION, ["starts-with", "$Content-Type", "image/"]],
      failed: '["starts-with", "$Content-Type", "image/"]',
    },
    {
      does: "a list in another field is text",
      fields: [["x-amz-meta-a", "image/jpg,text/plain"]],
      conditions: [KEY_CONDITION, ["starts-with", "$x-amz-meta-a", "image/"]],
    },
    {
      does: "another bucket",
      conditions: [KEY_CONDITION, { bucket: "other" }],
      failed: '["eq", "$bucket", "other"]',
    },
    {
      does: "a bucket field that is not the URL's",
      fields: [["bucket", "other"]],
      conditions: [KEY_CONDITION],
    },
    {
      does: "a redirect",
      fields: [["success_action_redirect", redirect]],
      conditions: [KEY_CONDITION, ["eq", "$success_Action_REDIRECT", redirect]],
    },
    {
      does: "a redirect of another scheme's case",
      fields: [["success_action_redirect", redirect]],
      conditions: [KEY_CONDITION, ["eq", "$success_action_redirect", "HTTP://localhost.test/random"]],
      failed: '["eq", "$success_action_redirect", "HTTP://localhost.test/random"]',
    },
    {
      does: "a field that no condition names",
      fields: [["x-amz-meta-foo", "bar"]],
      conditions: [KEY_CONDITION],
      extra: "x-amz-meta-foo",
    },
    {
      does: "such a field, named as sent",
      fields: [["StorageClass", "STANDARD"]],
      conditions: [KEY_CONDITION],
      extra: "StorageClass",
    },
    {
      does: "a checksum that no condition names",
      fields: [["x-amz-checksum-crc32", "AAAAAA=="]],
      conditions: [KEY_CONDITION],
      extra: "x-amz-checksum-crc32",
    },
    { does: "a key that no condition names", conditions: [], extra: "key" },
    {
      does: "a field to ignore",
      fields: [
        ["x-ignore-foo", "bar"],
        ["X-Ignore-Foo", "baz"],
      ],
      conditions: [KEY_CONDITION],
    },
  ];

  test.each(CASES)("$does", async ({ fields = [], conditions, failed, extra }) => {
    const h = await prepared();
    const answer = await post(h, signed([...KEY, ...fields], conditions));
    if (failed === undefined && extra === undefined) {
      expect([answer.tag("Message"), answer.status < 400]).toEqual([undefined, true]);
      expect((await h.call("GET", "/bucket/user/eric/photo.jpg")).text).toBe("content");
      return;
    }
    const why = failed === undefined ? `Extra input fields: ${extra}` : `Policy Condition failed: ${failed}`;
    expect([answer.status, answer.tag("Code")]).toEqual([403, "AccessDenied"]);
    expect(answer.tag("Message")?.replaceAll("&quot;", '"')).toBe(`Invalid according to Policy: ${why}`);
    await expectNothing(h);
  });

  test("the fields of the signature need conditions too", async () => {
    const h = await prepared();
    const fields = [...KEY, ...policyFields({ expiration: LATER, conditions: [KEY_CONDITION] })];
    expect((await post(h, fields)).tag("Message")).toBe(
      "Invalid according to Policy: Extra input fields: x-amz-algorithm",
    );
  });

  test.each([
    [[5, 10], 4, 400, "EntityTooSmall", ["4", "5"]],
    [[5, 10], 5, 204, undefined, []],
    [[5, 10], 10, 204, undefined, []],
    [[5, 10], 11, 400, "EntityTooLarge", ["11", "10"]],
    [[0, 0], 0, 204, undefined, []],
    [[0, 0], 3, 400, "EntityTooLarge", ["3", "0"]],
    [["5", "10"], 10, 204, undefined, []],
    [["test", "10"], 7, 403, "AccessDenied", []],
    [[10, 5], 7, 400, "EntityTooLarge", ["7", "5"]],
    [[1 << 20, 2 << 20], 3 << 20, 400, "EntityTooLarge", [String(3 << 20), String(2 << 20)]],
    [[0, 4 << 20], 3 << 20, 204, undefined, []],
  ] as const)("content-length-range %j of %d bytes: %d %s", async (range, size, status, code, sizes) => {
    const h = await prepared();
    const fields = signed(KEY, [KEY_CONDITION, ["content-length-range", ...range]]);
    const answer = await post(h, fields, { file: pattern(size) });
    expect([answer.status, answer.tag("Code")]).toEqual([status, code]);
    if (status !== 204) {
      const limit = answer.tag("MaxSizeAllowed") ?? answer.tag("MinSizeAllowed");
      if (sizes.length > 0) expect([answer.tag("ProposedSize"), limit]).toEqual([...sizes]);
      return expectNothing(h);
    }
    expect((await h.call("GET", "/bucket/user/eric/photo.jpg")).bytes.equals(pattern(size))).toBe(true);
  });

  test("a file that is too long is refused before it is read", async () => {
    const h = await prepared();
    const fields = signed(KEY, [KEY_CONDITION, ["content-length-range", 0, 100]]);
    const answer = await post(h, fields, { file: pattern(8 << 20) });
    expect([answer.tag("Code"), answer.close]).toEqual(["EntityTooLarge", true]);
    expect(answer.bodyRead).toBeLessThan(2 << 20);
    await expectNothing(h);
  });
});
