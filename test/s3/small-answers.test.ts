/** Small things that S3 was seen to answer otherwise than we did. Each names where. */
import { describe, expect, test } from "bun:test";
import { type Harness, harness } from "./support/harness.ts";

const CRC32_OF_X = Buffer.from(Bun.hash.crc32("x").toString(16).padStart(8, "0"), "hex").toString("base64");

async function prepared(): Promise<Harness> {
  const h = harness();
  await h.call("PUT", "/bucket");
  await h.call("PUT", "/bucket/key", { body: "0123456789" });
  return h;
}

/** versity/versitygw#1401, s3err/invalid-argument.go: "Invalid copy source encoding". */
describe("a bad escape in x-amz-copy-source is InvalidArgument", () => {
  test.each([
    "bucket/%%%%",
    "bucket/%zz",
    "%zz/key",
    "bucket/key%",
    "bucket/%ff",
    "bucket%2fkey%zz",
    "bucket/key?versionId=%zz",
  ])("%j", async (source) => {
    const h = await prepared();
    const id = (await h.call("POST", "/bucket/new?uploads")).tag("UploadId");
    for (const target of ["/bucket/new", `/bucket/new?partNumber=1&uploadId=${id}`]) {
      const answer = await h.call("PUT", target, { headers: { "x-amz-copy-source": source } });
      expect([answer.status, answer.tag("Code"), answer.tag("Message")]).toEqual([
        400,
        "InvalidArgument",
        "Invalid copy source encoding",
      ]);
      expect([answer.tag("ArgumentName"), answer.tag("ArgumentValue")]).toEqual([
        "x-amz-copy-source",
        source,
      ]);
    }
  });
});

/** "Checking object integrity" (S3 user guide): BadDigest is for a value that does not match. */
describe("a malformed checksum is InvalidRequest, and not BadDigest", () => {
  test.each(["AAAA", "!!!!", "", "AAAAAAAAAAAA", "AAAAAA==-x", "not base64"])("%j", async (value) => {
    const h = await prepared();
    const headers = { "x-amz-checksum-crc32": value };
    const put = await h.call("PUT", "/bucket/new", { headers, body: "x" });
    const created = await h.call("POST", "/bucket/new?uploads", {
      headers: { "x-amz-checksum-algorithm": "CRC32", "x-amz-checksum-type": "FULL_OBJECT" },
    });
    const id = created.tag("UploadId");
    const target = `/bucket/new?partNumber=1&uploadId=${id}`;
    const bad = await h.call("PUT", target, { headers, body: "x" });
    const part = await h.call("PUT", target, { headers: { "x-amz-checksum-crc32": CRC32_OF_X }, body: "x" });
    expect(part.status).toBe(200);
    const body = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${part.headers.get("etag")}</ETag></Part></CompleteMultipartUpload>`;
    const complete = await h.call("POST", `/bucket/new?uploadId=${id}`, { headers, body });
    for (const answer of [put, bad, complete]) {
      expect([answer.status, answer.tag("Code"), answer.tag("Message")]).toEqual([
        400,
        "InvalidRequest",
        "Value for x-amz-checksum-crc32 header is invalid.",
      ]);
    }
    // One in order that is not that of the object.
    const other = { "x-amz-checksum-crc32": "AAAAAA==" };
    const wrong = await h.call("POST", `/bucket/new?uploadId=${id}`, { headers: other, body });
    expect(wrong.tag("Code")).toBe("BadDigest");
  });
});

/**
 * versity/versitygw, tests/integration/HeadObject.go: on a body of 100 bytes; RFC 9110 section 14.1.1 has no blank there.
 */
describe("what is no range is ignored, blanks inside included", () => {
  test.each([
    "bytes= -1",
    "bytes= 0-1",
    "bytes=0 -1",
    "bytes=0- 1",
    "bytes=- 1",
    "bytes=,",
    "bytes=--1",
    "bytes=0--1",
    "bytes=\t0-1",
  ])("%j", async (range) => {
    const h = await prepared();
    const got = await h.call("GET", "/bucket/key", { headers: { Range: range } });
    expect([got.status, got.text, got.headers.get("content-range")]).toEqual([200, "0123456789", undefined]);
    const head = await h.call("HEAD", "/bucket/key", { headers: { Range: range } });
    expect(head.status).toBe(200);
  });

  test.each([
    ["bytes=-1", "bytes 9-9/10"],
    ["bytes=00-01", "bytes 0-1/10"],
    ["bytes=-11", "bytes 0-9/10"],
  ])("%j is one", async (range, contentRange) => {
    const h = await prepared();
    const got = await h.call("GET", "/bucket/key", { headers: { Range: range } });
    expect([got.status, got.headers.get("content-range")]).toEqual([206, contentRange]);
  });
});

/** versity/versitygw, s3err/invalid-digest-error.go: "Produces a <Content-MD5> field". */
test.each(["rubbish", "AAAA", "d41d8cd98f00b204e9800998ecf8427e"])(
  "Content-MD5 %j is named in InvalidDigest",
  async (md5) => {
    const h = await prepared();
    const answer = await h.call("PUT", "/bucket/new", { headers: { "Content-MD5": md5 }, body: "x" });
    expect([answer.status, answer.tag("Code"), answer.tag("Content-MD5")]).toEqual([
      400,
      "InvalidDigest",
      md5,
    ]);
  },
);

/** API reference, CompleteMultipartUpload, InvalidPartOrder; pgsty/silo#49 for a store that took the part twice. */
test.each([
  [[1, 1], "InvalidPartOrder"],
  [[2, 1], "InvalidPartOrder"],
  [[1, 2, 2], "InvalidPartOrder"],
] as const)("parts %j in a completion: %s, and the upload goes on", async (numbers, code) => {
  const h = await prepared();
  const id = (await h.call("POST", "/bucket/new?uploads")).tag("UploadId");
  const etags = new Map<number, string>();
  for (const number of [1, 2]) {
    const part = await h.call("PUT", `/bucket/new?partNumber=${number}&uploadId=${id}`, { body: "x" });
    etags.set(number, part.headers.get("etag") ?? "");
  }
  const parts = numbers.map(
    (number) => `<Part><PartNumber>${number}</PartNumber><ETag>${etags.get(number)}</ETag></Part>`,
  );
  const body = `<CompleteMultipartUpload>${parts.join("")}</CompleteMultipartUpload>`;
  const answer = await h.call("POST", `/bucket/new?uploadId=${id}`, { body });
  expect([answer.status, answer.tag("Code")]).toEqual([400, code]);
  expect((await h.call("HEAD", "/bucket/new")).status).toBe(404);
  expect((await h.call("GET", `/bucket/new?uploadId=${id}`)).tags("PartNumber")).toEqual(["1", "2"]);
});

/** Recorded 2026-09-17 (ListObjectsV2) and 2026-09-29 (ListBuckets) from AWS: brekkylab/backlot, tests. */
describe("continuation tokens", () => {
  test.each(["", "garbage"])("%j is InvalidArgument, after the bucket was found", async (token) => {
    const h = await prepared();
    const answer = await h.call("GET", `/bucket?list-type=2&continuation-token=${token}`);
    expect([answer.status, answer.tag("Code"), answer.tag("Message")]).toEqual([
      400,
      "InvalidArgument",
      "The continuation token provided is incorrect",
    ]);
    expect([answer.tag("ArgumentName"), answer.tag("ArgumentValue")]).toEqual([
      "continuation-token",
      undefined,
    ]);
    const nowhere = await h.call("GET", `/nowhere?list-type=2&continuation-token=${token}`);
    expect(nowhere.tag("Code")).toBe("NoSuchBucket");
  });

  test("an empty one of ListBuckets is none", async () => {
    const h = await prepared();
    expect((await h.call("GET", "/?continuation-token=")).tags("Name")).toEqual(["bucket"]);
  });
});

/** Recorded 2026-09-10 from AWS: brekkylab/backlot, tests. */
describe("numbers and encodings of listings", () => {
  test.each([
    ["abc", "Provided max-keys not an integer or within integer range", "abc"],
    ["2147483648", "Provided max-keys not an integer or within integer range", "2147483648"],
    ["-2147483649", "Provided max-keys not an integer or within integer range", "-2147483649"],
    ["%205", "Provided max-keys not an integer or within integer range", " 5"],
    ["-01", "Argument max-keys must be an integer between 0 and 2147483647", "-1"],
  ])("max-keys=%s", async (value, message, named) => {
    const h = await prepared();
    const answer = await h.call("GET", `/bucket?max-keys=${value}`);
    expect([answer.tag("Code"), answer.tag("Message"), answer.tag("ArgumentValue")]).toEqual([
      "InvalidArgument",
      message,
      named,
    ]);
  });

  test.each([
    ["05", "5"],
    ["-0", "0"],
    ["00000000000005", "5"],
    ["2147483647", "1000"],
  ])("max-keys=%s is %s", async (value, shown) => {
    const h = await prepared();
    expect((await h.call("GET", `/bucket?max-keys=${value}`)).tag("MaxKeys")).toBe(shown);
  });

  test.each(["/bucket?", "/bucket?list-type=2&", "/bucket?versions&", "/bucket?uploads&"])(
    "encoding-type of %s",
    async (target) => {
      const h = await prepared();
      for (const value of ["bogus", ""]) {
        const answer = await h.call("GET", `${target}encoding-type=${value}`);
        expect([answer.tag("Code"), answer.tag("Message"), answer.tag("ArgumentName")]).toEqual([
          "InvalidArgument",
          "Invalid Encoding Method specified in Request",
          "encoding-type",
        ]);
      }
      expect((await h.call("GET", `${target}encoding-type=URL`)).status).toBe(200);
    },
  );
});

/** localstack/localstack, tests/aws/services/s3/test_s3_api.snapshot.json, recorded from AWS on 21-01-2025. */
test("a version of an object in a bucket that is not versioned", async () => {
  const h = await prepared();
  const id = "HPniJFCxqTsMuIH9KX8K8wEjNUgmABCD";
  for (const method of ["GET", "DELETE"]) {
    const answer = await h.call(method, `/bucket/key?versionId=${id}`);
    expect([answer.status, answer.tag("Code"), answer.tag("Message"), answer.tag("ArgumentValue")]).toEqual([
      400,
      "InvalidArgument",
      "Invalid version id specified",
      id,
    ]);
  }
  const body = `<Delete><Object><Key>key</Key><VersionId>${id}</VersionId></Object></Delete>`;
  const md5 = new Bun.CryptoHasher("md5").update(body).digest("base64");
  const many = await h.call("POST", "/bucket?delete", { headers: { "Content-MD5": md5 }, body });
  expect([many.status, many.tag("Code"), many.tag("Message")]).toEqual([
    200,
    "NoSuchVersion",
    "The specified version does not exist.",
  ]);
  expect((await h.call("GET", "/bucket/key?versionId=null")).text).toBe("0123456789");
});
