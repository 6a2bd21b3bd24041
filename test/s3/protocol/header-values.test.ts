/** Header lines that repeat a name: lists are joined (RFC 9110 section 5.3), single values have one (decision 074). */
import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import type { PayloadMode } from "../../../src/s3/auth/types.ts";
import { connectTo, edgeFor, text } from "../../http/fixture.ts";
import { authenticate, EXAMPLE_MS } from "../auth/fixture.ts";
import { signHeaders } from "../auth/sign.ts";
import { type Answer, type Harness, harness, OWNER_ID } from "../support/harness.ts";

type Line = readonly [name: string, value: string];

const ETAG = `"${createHash("md5").update("content").digest("hex")}"`;

async function prepared(): Promise<Harness> {
  const h = harness();
  await h.call("PUT", "/bucket");
  await h.call("PUT", "/bucket/key", { body: "content" });
  return h;
}

const of = (name: string, ...values: string[]): Line[] => values.map((value) => [name, value]);

describe("x-amz-object-attributes", () => {
  const name = "X-Amz-Object-Attributes";
  test.each<[what: string, lines: Line[]]>([
    ["a line each (Go SDK)", of(name, "ETag", "ObjectSize")],
    ["one line with commas (boto3, JavaScript SDK)", of(name, "ETag, ObjectSize")],
    ["no blanks", of(name, "ETag,ObjectSize")],
    ["blanks of both kinds, empty elements", of(name, " ETag\t, ,ObjectSize,", "")],
    [
      "both, in other letters, with another header between",
      [
        [name, "ETag"],
        ["x-amz-request-payer", "requester"],
        [name.toLowerCase(), "ObjectSize,ETag"],
      ],
    ],
  ])("%s", async (_what, lines) => {
    const h = await prepared();
    const answer = await h.call("GET", "/bucket/key?attributes", { lines });
    expect([answer.status, answer.tag("ETag"), answer.tag("ObjectSize"), answer.tag("StorageClass")]).toEqual(
      [200, ETAG.slice(1, -1), "7", undefined],
    );
  });

  test("in the query of a presigned URL, a parameter each or one with commas", async () => {
    const h = await prepared();
    const url = "/bucket/key?attributes&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0";
    for (const query of [`${name}=ETag&${name}=ObjectSize`, `${name}=ETag%2C%20ObjectSize`]) {
      const answer = await h.call("GET", `${url}&${query}`);
      expect([answer.status, answer.tag("ObjectSize")]).toEqual([200, "7"]);
    }
    const twice = await h.call("GET", `${url}&${name}=ETag&X-Amz-Max-Parts=1&x-amz-max-parts=2`);
    expect([twice.tag("Code"), twice.tag("ArgumentName")]).toEqual(["InvalidArgument", "x-amz-max-parts"]);
  });

  test("a name that there is not is refused wherever it stands, and so is an empty list", async () => {
    const h = await prepared();
    for (const lines of [of(name, "ETag", "Colour"), of(name, "ETag,Colour"), of(name, "Colour", "ETag")]) {
      const answer = await h.call("GET", "/bucket/key?attributes", { lines });
      expect([answer.tag("Code"), answer.tag("ArgumentValue")]).toEqual(["InvalidArgument", "Colour"]);
    }
    for (const lines of [[], of(name, ""), of(name, " ", ",")]) {
      expect((await h.call("GET", "/bucket/key?attributes", { lines })).tag("Code")).toBe("InvalidRequest");
    }
  });
});

describe("x-amz-trailer", () => {
  const TRAILER: PayloadMode = { kind: "chunked", trailer: true, signing: undefined };
  const put = (h: Harness, lines: Line[]): Promise<Answer> =>
    h.call("PUT", "/bucket/trailed", {
      lines: [...lines, ["x-amz-decoded-content-length", "3"]],
      payload: TRAILER,
      body: "3\r\nabc\r\n0\r\nx-amz-checksum-crc32:NSRBwg==\r\n\r\n",
    });

  test.each<[what: string, lines: Line[], code: string | undefined]>([
    ["one name", of("x-amz-trailer", " X-Amz-Checksum-CRC32 "), undefined],
    ["an empty line beside it", of("x-amz-trailer", "", "x-amz-checksum-crc32"), undefined],
    ["an empty element", of("x-amz-trailer", "x-amz-checksum-crc32,"), undefined],
    [
      "two checksums in two lines",
      of("x-amz-trailer", "x-amz-checksum-crc32", "x-amz-checksum-sha1"),
      "InvalidRequest",
    ],
    [
      "two checksums with a comma",
      of("x-amz-trailer", "x-amz-checksum-crc32,x-amz-checksum-sha1"),
      "InvalidRequest",
    ],
    [
      "something else in the second line",
      of("x-amz-trailer", "x-amz-checksum-crc32", "x-amz-meta-a"),
      "InvalidRequest",
    ],
    ["nothing", of("x-amz-trailer", ""), "InvalidRequest"],
  ])("%s", async (_what, lines, code) => {
    const answer = await put(await prepared(), lines);
    expect([answer.status, answer.tag("Code")]).toEqual([code === undefined ? 200 : 400, code]);
  });
});

describe("entity tags", () => {
  test.each<[lines: Line[], status: number]>([
    [of("If-Match", '"x"', ETAG), 200],
    [of("If-Match", `"x" ,${ETAG}`), 200],
    [of("If-Match", '"x"', '"y"'), 412],
    [of("If-Match", "*"), 200],
    [of("If-Match", '"x,*"'), 412],
    [of("If-None-Match", '"x"', ETAG), 304],
    [of("If-None-Match", `"x", W/${ETAG}`), 304],
    [of("If-None-Match", '"x"', '"y"'), 200],
  ])("of a read: %p", async (lines, status) => {
    expect((await (await prepared()).call("GET", "/bucket/key", { lines })).status).toBe(status);
  });

  test.each<[lines: Line[], status: number]>([
    [of("If-Match", '"x"', ETAG), 200],
    [of("If-Match", `"x",${ETAG}`), 200],
    [of("If-Match", '"x"', '"y"'), 412],
    [of("If-Match", ETAG.slice(1, -1)), 200],
    [of("If-Match", " * "), 200],
  ])("of a write: %p", async (lines, status) => {
    const h = await prepared();
    expect((await h.call("PUT", "/bucket/key", { lines, body: "new" })).status).toBe(status);
    expect((await h.call("GET", "/bucket/key")).text).toBe(status === 200 ? "new" : "content");
  });

  test.each<[lines: Line[], status: number]>([
    [of("x-amz-copy-source-if-match", '"x"', ETAG), 200],
    [of("x-amz-copy-source-if-match", '"x"', '"y"'), 412],
    [of("x-amz-copy-source-if-none-match", '"x"', ETAG), 412],
  ])("of a copy's source: %p", async (lines, status) => {
    const h = await prepared();
    const headers = { "x-amz-copy-source": "/bucket/key" };
    expect((await h.call("PUT", "/bucket/copy", { headers, lines })).status).toBe(status);
  });
});

test("headers that are kept: lists and user metadata joined in order, aws-chunked taken out", async () => {
  const h = await prepared();
  const lines: Line[] = [
    ["Cache-Control", "no-cache"],
    ["x-amz-meta-a", "1"],
    ["Content-Encoding", "gzip"],
    ["cache-control", "max-age=0, private"],
    ["Content-Encoding", "aws-chunked"],
    ["X-Amz-Meta-A", "2, 3"],
    ["Content-Language", "de"],
    ["content-language", "en"],
    ["content-encoding", "br,aws-chunked"],
  ];
  expect((await h.call("PUT", "/bucket/kept", { lines, body: "x" })).status).toBe(200);
  const { headers } = await h.call("HEAD", "/bucket/kept");
  expect(
    ["cache-control", "content-encoding", "content-language", "x-amz-meta-a"].map((name) =>
      headers.get(name),
    ),
  ).toEqual(["no-cache, max-age=0, private", "gzip, br", "de, en", "1,2, 3"]);
});

describe("single values", () => {
  const SINGLE: readonly (readonly [name: string, first: string, second: string])[] = [
    ["x-amz-checksum-crc32", "AAAAAA==", "AAAAAQ=="],
    ["x-amz-checksum-algorithm", "CRC32", "SHA1"],
    ["x-amz-checksum-type", "COMPOSITE", "FULL_OBJECT"],
    ["x-amz-checksum-mode", "ENABLED", "ENABLED"],
    ["x-amz-sdk-checksum-algorithm", "CRC32", "SHA1"],
    ["x-amz-content-sha256", "UNSIGNED-PAYLOAD", "UNSIGNED-PAYLOAD"],
    ["x-amz-decoded-content-length", "1", "2"],
    ["x-amz-date", "20130524T000000Z", "20130525T000000Z"],
    ["x-amz-copy-source", "/bucket/key", "/bucket/other"],
    ["x-amz-copy-source-range", "bytes=0-1", "bytes=0-2"],
    ["x-amz-metadata-directive", "COPY", "REPLACE"],
    ["x-amz-storage-class", "STANDARD", "GLACIER"],
    ["x-amz-acl", "private", "public-read"],
    ["x-amz-expected-bucket-owner", OWNER_ID, "other"],
    ["x-amz-max-parts", "1", "2"],
    ["x-amz-mp-object-size", "1", "2"],
    ["x-amz-tagging", "a=b", "c=d"],
    ["content-type", "text/a", "text/b"],
    ["content-md5", "AAAAAAAAAAAAAAAAAAAAAA==", "AAAAAAAAAAAAAAAAAAAAAQ=="],
    ["content-disposition", "inline", "attachment"],
    ["expires", "0", "1"],
    ["range", "bytes=0-1", "bytes=2-3"],
    ["if-range", '"a"', '"b"'],
    ["if-modified-since", "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 02 Jan 1970 00:00:00 GMT"],
    ["if-unmodified-since", "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 02 Jan 1970 00:00:00 GMT"],
    ["date", "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 02 Jan 1970 00:00:00 GMT"],
  ];

  test.each(SINGLE)("%s twice is refused, before a byte of the body", async (name, first, second) => {
    const h = await prepared();
    const lines: Line[] = [
      [name, first],
      ["x-other", ""],
      [name.toUpperCase(), second],
      [name, "third"],
    ];
    const answer = await h.call("PUT", "/bucket/key", { lines, body: "new" });
    expect([
      answer.status,
      answer.tag("Code"),
      answer.tag("Message"),
      answer.tag("ArgumentName"),
      answer.tag("ArgumentValue"),
      answer.bodyRead,
    ]).toEqual([
      400,
      "InvalidArgument",
      "Only one value may be specified.",
      name,
      second.replaceAll('"', "&quot;"),
      0,
    ]);
    expect((await h.call("GET", "/bucket/key")).text).toBe("content");
  });

  test("secrets are not repeated in the answer", async () => {
    const h = await prepared();
    for (const name of [
      "authorization",
      "x-amz-security-token",
      "x-amz-server-side-encryption-customer-key",
      "x-amz-copy-source-server-side-encryption-customer-key",
    ]) {
      const answer = await h.call("GET", "/bucket/key", { lines: of(name, "hidden1", "hidden2") });
      expect([answer.tag("Code"), answer.tag("ArgumentName"), answer.text.includes("hidden")]).toEqual([
        "InvalidArgument",
        name,
        false,
      ]);
    }
  });

  test("what is not read here may come as often as it likes", async () => {
    const h = await prepared();
    const lines = [
      ...of("via", "1.1 a", "1.1 b"),
      ...of("Accept-Encoding", "gzip", "br"),
      ...of("X-Forwarded-For", "a", "b"),
    ];
    expect((await h.call("GET", "/bucket/key", { lines })).status).toBe(200);
  });
});

test("signed header lines are joined by a comma in the order in which they came, blanks trimmed", async () => {
  const name = "x-amz-object-attributes";
  const { target, headers } = await signHeaders(
    { method: "GET", path: "/bucket/key", query: { attributes: "" }, headers: { [name]: "ETag,ObjectSize" } },
    EXAMPLE_MS,
  );
  const rest = headers.flatMap((text, i) =>
    i % 2 === 0 && text !== name ? [text, headers[i + 1] as string] : [],
  );
  const principal = (...values: string[]): string =>
    authenticate({ target, headers: [...rest, ...of(name, ...values).flat()] }).principal.kind;
  expect(principal("ETag,ObjectSize")).toBe("user");
  expect(principal("ETag", "ObjectSize")).toBe("user");
  expect(principal("  ETag\t", "ObjectSize ")).toBe("user");
  for (const others of [["ObjectSize", "ETag"], ["ETag"], ["ETag", "ObjectSize", ""]]) {
    expect(() => principal(...others)).toThrow();
  }
});

test("the edge hands over every line as it came", async () => {
  let seen: readonly string[] = [];
  const edge = await edgeFor(async (request) => {
    seen = request.rawHeaders;
    return text(200, "");
  });
  const client = await connectTo(edge);
  const names = [
    "X-Amz-Object-Attributes",
    "If-Match",
    "Content-Type",
    "Range",
    "x-amz-meta-a",
    "Authorization",
  ];
  const lines = names.flatMap((name) => [`${name}: 1`, `${name.toLowerCase()}: 2`]);
  await client.send(`GET /b/k HTTP/1.1\r\nHost: h\r\n${lines.join("\r\n")}\r\n\r\n`);
  expect((await client.response()).status).toBe(200);
  expect(seen.slice(2)).toEqual(names.flatMap((name) => [name, "1", name.toLowerCase(), "2"]));
});
