/**
 * POST Object. Pages: S3 API, "POST Object", "Browser-based uploads using POST (AWS signature version 4)", "POST
 * policy", "Authenticating requests in browser-based uploads using POST". Answers as recorded of S3 in
 * localstack/localstack, tests/aws/services/s3/test_s3.snapshot.json (TestS3PresignedPost); cases of ceph/s3-tests.
 */
import { describe, expect, test } from "bun:test";
import { type Answer, type Call, type Harness, harness } from "../support/harness.ts";
import {
  expectNothing,
  type Fields,
  FORM_TYPE,
  type FormOptions,
  formBody,
  KEY,
  KEY_CONDITION,
  LATER,
  policyFields,
  post,
  prepared,
  SIGNING_CONDITIONS,
  signed,
  withVariable,
} from "../support/post-form.ts";

describe("fields (POST Object)", () => {
  const any = (...names: string[]): unknown[] => names.map((name) => ["starts-with", `$${name}`, ""]);
  const posted = async (
    fields: Fields,
    options: FormOptions = {},
    h?: Harness,
  ): Promise<[Harness, Answer]> => {
    const used = h ?? (await prepared());
    const names = fields.map(([name]) => name);
    return [used, await post(used, signed(fields, any(...names)), options)];
  };

  test("headers, metadata, storage class and tags are those of the object", async () => {
    const [h, answer] = await posted(
      [
        ["key", "k"],
        ["acl", "private"],
        ["Content-Type", "text/html; charset=utf-8"],
        ["Cache-Control", "no-cache"],
        ["Content-Disposition", "attachment"],
        ["Content-Encoding", "gzip"],
        ["Content-Language", "de"],
        ["Expires", "Wed, 21 Oct 2026 07:28:00 GMT"],
        ["x-amz-meta-TEST-2", "größe"],
        ["x-amz-storage-class", "STANDARD_IA"],
        ["tagging", "<Tagging><TagSet><Tag><Key>a b</Key><Value>c&amp;=+</Value></Tag></TagSet></Tagging>"],
      ].filter(([name]) => name !== "tagging") as [string, string][],
    );
    expect(answer.status).toBe(204);
    const { headers } = await h.call("GET", "/bucket/k");
    expect(
      [
        "content-type",
        "cache-control",
        "content-disposition",
        "content-encoding",
        "content-language",
        "expires",
      ].map((name) => headers.get(name)),
    ).toEqual([
      "text/html; charset=utf-8",
      "no-cache",
      "attachment",
      "gzip",
      "de",
      "Wed, 21 Oct 2026 07:28:00 GMT",
    ]);
    expect(headers.get("x-amz-meta-test-2")).toBe(`=?UTF-8?B?${Buffer.from("größe").toString("base64")}?=`);
    expect(headers.get("x-amz-storage-class")).toBe("STANDARD_IA");
  });

  test("tagging is a document", async () => {
    const tags = "<Tagging><TagSet><Tag><Key>a b</Key><Value>c=+@</Value></Tag></TagSet></Tagging>";
    const [h, answer] = await posted([
      ["key", "k"],
      ["tagging", tags],
    ]);
    expect(answer.status).toBe(204);
    const found = await h.call("GET", "/bucket/k?tagging");
    expect([found.tags("Key"), found.tags("Value")]).toEqual([["a b"], ["c=+@"]]);
    expect(
      (
        await posted([
          ["key", "k"],
          ["tagging", "not-xml"],
        ])
      )[1].tag("Code"),
    ).toBe("MalformedXML");
    const reserved = tags.replace("a b", "aws:a");
    expect(
      (
        await posted([
          ["key", "k"],
          ["tagging", reserved],
        ])
      )[1].tag("Code"),
    ).toBe("InvalidTag");
  });

  test("a lock is taken as from a PUT: with a digest, in a bucket that has locks", async () => {
    const lock: Fields = [
      ["key", "k"],
      ["x-amz-object-lock-mode", "GOVERNANCE"],
      ["x-amz-object-lock-retain-until-date", "2030-01-01T00:00:00Z"],
    ];
    const md5 = new Bun.CryptoHasher("md5").update("content").digest("base64");
    expect((await posted(lock))[1].tag("Code")).toBe("InvalidRequest");
    const h = harness();
    await h.call("PUT", "/bucket", { headers: { "x-amz-bucket-object-lock-enabled": "true" } });
    expect((await posted(lock, {}, h))[1].tag("Code")).toBe("InvalidRequest");
    const [, answer] = await posted([...lock, ["Content-MD5", md5]], {}, h);
    expect([answer.status, answer.headers.has("x-amz-version-id")]).toEqual([204, true]);
    expect((await h.call("HEAD", "/bucket/k")).headers.get("x-amz-object-lock-mode")).toBe("GOVERNANCE");
  });

  test("without Content-Type the object has the default, not that of the file's part", async () => {
    const [h] = await posted([["key", "k"]]);
    expect((await h.call("HEAD", "/bucket/k")).headers.get("content-type")).toBe("binary/octet-stream");
  });

  test.each([
    ["k-@filename@", "photo.jpg", "k-photo.jpg"],
    ["@filename@", "C:\\\\pictures\\\\photo.jpg", "photo.jpg"],
    ["@filename@", "C:\\pictures\\photo.jpg", "photo.jpg"],
    ["@filename@", "/home/eric/photo.jpg", "photo.jpg"],
    ["@filename@", 'ph\u00f6to $& \\"1\\".jpg', 'ph\u00f6to $& "1".jpg'],
    ["a/@filename@/@filename@", "b", "a/b/b"],
    ["k-@filename@", "", "k-"],
    ["k-@filename@", undefined, "k-@filename@"],
    ["$FILENAME", "b", "$FILENAME"],
  ])("key %s of the file %p is %s", async (key, fileName, stored) => {
    const [h, answer] = await posted([["key", withVariable(key)]], { fileName });
    expect(answer.status).toBe(204);
    expect((await h.call("GET", `/bucket/${encodeURIComponent(withVariable(stored))}`)).text).toBe("content");
  });

  test("a condition on the key is about the key with the file's name", async () => {
    const h = await prepared();
    const fields = (name: string) =>
      signed([["key", withVariable("@filename@")]], [["starts-with", "$key", name]]);
    expect((await post(h, fields("photo"))).status).toBe(204);
    expect((await post(h, fields("other"))).tag("Code")).toBe("AccessDenied");
  });

  test.each([
    [[], "InvalidArgument", "Bucket POST must contain a field named &apos;key&apos;."],
    [[["key", ""]], "InvalidArgument", "User key must have a length greater than 0."],
    [[["key", "k".repeat(1025)]], "KeyTooLongError", ""],
    [
      [
        ["key", "a"],
        ["KEY", "b"],
      ],
      "InvalidArgument",
      "Only one value may be specified.",
    ],
    [
      [
        ["key", "a"],
        ["x-amz-storage-class", "FakeClass"],
      ],
      "InvalidStorageClass",
      "",
    ],
    [
      [
        ["key", "a"],
        ["acl", "public-read"],
      ],
      "AccessControlListNotSupported",
      "",
    ],
    [
      [
        ["key", "a"],
        ["x-amz-server-side-encryption", "AES256"],
      ],
      "NotImplemented",
      "",
    ],
    [
      [
        ["key", "a"],
        ["x-amz-of-tomorrow", "1"],
      ],
      "NotImplemented",
      "",
    ],
    [
      [
        ["key", "a"],
        ["x-amz-meta-a", "b\r\nX-Evil: 1"],
      ],
      "InvalidArgument",
      "This cannot be a header.",
    ],
    [
      [
        ["key", "a"],
        ["x-amz-meta-a b", "c"],
      ],
      "InvalidArgument",
      "This cannot be a header.",
    ],
    [
      [
        ["key", "a"],
        ["x-amz-meta-a", "b".repeat(3000)],
      ],
      "MetadataTooLarge",
      "",
    ],
    [
      [
        ["key", "a"],
        ["Content-MD5", Buffer.alloc(16).toString("base64")],
      ],
      "BadDigest",
      "",
    ],
    [
      [
        ["key", "a"],
        ["Content-MD5", "short"],
      ],
      "InvalidDigest",
      "",
    ],
    [
      [
        ["key", "a"],
        ["x-amz-checksum-sha256", "sailorjerry"],
      ],
      "InvalidRequest",
      "",
    ],
    [
      [
        ["key", "a"],
        ["x-amz-checksum-crc32", "AAAAAA=="],
      ],
      "BadDigest",
      "",
    ],
  ] as [Fields, string, string][])("%j is %s", async (fields, code, message) => {
    const [h, answer] = await posted(fields);
    expect(answer.tag("Code")).toBe(code);
    expect(answer.tag("Message")).toStartWith(message);
    await expectNothing(h);
  });

  test("headers of the form itself that would have to be obeyed are refused", async () => {
    const h = await prepared();
    const fields = signed(KEY, [KEY_CONDITION]);
    const code = async (headers: Record<string, string>) =>
      (await post(h, fields, {}, { headers: { ...FORM_TYPE, ...headers } })).tag("Code");
    expect(await code({ "x-amz-expected-bucket-owner": "123456789012" })).toBe("AccessDenied");
    expect(await code({ "x-amz-of-tomorrow": "1" })).toBe("NotImplemented");
    expect(await code({ "x-amz-server-side-encryption": "AES256" })).toBe("InvalidArgument");
    expect(await code({ "x-amz-date": "20261121T000000Z" })).toBeUndefined();
  });

  test("a checksum is verified, kept and given back", async () => {
    const sha256 = new Bun.CryptoHasher("sha256").update("content").digest("base64");
    const [h, answer] = await posted([
      ["key", "k"],
      ["x-amz-checksum-sha256", sha256],
    ]);
    expect(answer.headers.get("x-amz-checksum-sha256")).toBe(sha256);
    const head = await h.call("HEAD", "/bucket/k", { headers: { "x-amz-checksum-mode": "ENABLED" } });
    expect(head.headers.get("x-amz-checksum-sha256")).toBe(sha256);
  });

  test.each([20_000, 21_000])("%d bytes of fields", async (size) => {
    const h = await prepared();
    const fields = signed([...KEY, ["x-ignore-a", "a".repeat(size - 1500)]], [KEY_CONDITION]);
    const answer = await post(h, fields);
    if (size < 20_480) return expect(answer.status).toBe(204);
    expect([answer.status, answer.tag("Code"), answer.tag("MaxPostPreDataLengthBytes")]).toEqual([
      400,
      "MaxPostPreDataLengthExceeded",
      "20480",
    ]);
    await expectNothing(h);
  });
});

describe("answers (POST Object)", () => {
  const ETAG = `"${new Bun.CryptoHasher("md5").update("content").digest("hex")}"`;
  const KEYS = { key: "a b/ü.jpg", escaped: "a%20b%2F%C3%BC.jpg" };
  const answerTo = async (fields: Fields, call: Call = {}): Promise<Answer> => {
    const names = fields.map(([name]) => ["starts-with", `$${name}`, ""]);
    return post(
      await prepared(),
      signed([["key", KEYS.key], ...fields], [["starts-with", "$key", ""], ...names]),
      {},
      call,
    );
  };

  test.each([
    [[], 204],
    [[["success_action_status", "200"]], 200],
    [[["success_action_status", "204"]], 204],
    [[["success_action_status", "404"]], 204],
    [[["success_action_redirect", "/wrong/redirect/relative"]], 204],
    [[["success_action_redirect", "javascript:alert(1)"]], 204],
    [[["success_action_redirect", "http://a/\r\nX-Evil: 1"]], 204],
  ] as [Fields, number][])("%j: %d without a body", async (fields, status) => {
    const answer = await answerTo(fields);
    expect([answer.status, answer.text]).toEqual([status, ""]);
    expect(answer.headers.get("etag")).toBe(ETAG);
    expect(answer.headers.get("location")).toBe(`http://localhost:9000/bucket/${KEYS.escaped}`);
    expect(answer.headers.has("x-evil")).toBe(false);
  });

  test("201: a document", async () => {
    const answer = await answerTo([["success_action_status", "201"]]);
    const location = `http://localhost:9000/bucket/${KEYS.escaped}`;
    expect([answer.status, answer.headers.get("content-type")]).toEqual([201, "application/xml"]);
    expect(answer.text).toBe(
      `<?xml version="1.0" encoding="UTF-8"?>\n<PostResponse><Location>${location}</Location><Bucket>bucket</Bucket><Key>${KEYS.key}</Key><ETag>${ETAG.replaceAll('"', "&quot;")}</ETag></PostResponse>`,
    );
    expect(answer.headers.get("location")).toBe(location);
  });

  test.each([
    ["success_action_redirect", "http://example.com/done", "?"],
    ["success_action_redirect", "https://example.com/done?a=b c", "&"],
    ["redirect", "http://example.com/done", "?"],
  ])("303: %s to %s", async (field, url, mark) => {
    const answer = await answerTo([[field, url]]);
    expect([answer.status, answer.text]).toEqual([303, ""]);
    const query = `bucket=bucket&key=a+b%2F%C3%BC.jpg&etag=${ETAG.replaceAll('"', "%22")}`;
    expect(answer.headers.get("location")).toBe(`${url}${mark}${query}`);
  });

  test("in the virtual-host style", async () => {
    const h = await prepared();
    const answer = await h.call("POST", "/", {
      anonymous: true,
      headers: { ...FORM_TYPE, Host: "bucket.s3.test" },
      body: formBody(signed(KEY, [KEY_CONDITION])),
    });
    expect([answer.status, answer.headers.get("location")]).toEqual([
      204,
      "http://bucket.s3.test/user%2Feric%2Fphoto.jpg",
    ]);
  });

  test("no bucket, and a bucket that is deleted meanwhile", async () => {
    const h = await prepared();
    const fields = [
      ...KEY,
      ...policyFields({ expiration: LATER, conditions: [KEY_CONDITION, ...SIGNING_CONDITIONS] }),
    ];
    const form = { anonymous: true, headers: FORM_TYPE, body: formBody(fields) };
    expect((await h.call("POST", "/nowhere", form)).tag("Code")).toBe("NoSuchBucket");
    h.kv.before = async () => {
      await h.call("DELETE", "/bucket");
    };
    expect((await h.call("POST", "/bucket", form)).tag("Code")).toBe("NoSuchBucket");
  });
});
