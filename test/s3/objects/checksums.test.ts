/**
 * The ten additional checksums in every place where S3 has them (service model of botocore 1.44.8; user guide, "Checking
 * object integrity"). Five of them are there since April 2026. Texts of errors are those that were recorded from S3.
 */
import { describe, expect, test } from "bun:test";
import type { PayloadMode } from "../../../src/s3/auth/types.ts";
import { CHECKSUM_ALGORITHMS } from "../../../src/s3/body/checksum-headers.ts";
import { CHECKSUM_VECTORS, PART_ONE, PART_TWO } from "../support/checksum-vectors.ts";
import { type Harness, harness } from "../support/harness.ts";

const TRAILER: PayloadMode = { kind: "chunked", trailer: true, signing: undefined };
const MODE = { "x-amz-checksum-mode": "ENABLED" };

async function withBucket(): Promise<Harness> {
  const h = harness();
  await h.call("PUT", "/bucket");
  return h;
}

test("the vectors cover all of them, in the order that the error names", () => {
  expect(CHECKSUM_VECTORS.map(({ algorithm }) => algorithm).sort()).toEqual([...CHECKSUM_ALGORITHMS].sort());
  expect(CHECKSUM_ALGORITHMS.length).toBe(10);
});

describe.each(CHECKSUM_VECTORS)("$algorithm", ({ algorithm, one, two, composite }) => {
  const header = `x-amz-checksum-${algorithm}`;
  const name = algorithm.toUpperCase();
  const element = `Checksum${name}`;

  test("PUT: header, trailer, and what is refused", async () => {
    const h = await withBucket();
    const put = await h.call("PUT", "/bucket/k", {
      body: PART_TWO,
      headers: { [header]: two, "x-amz-sdk-checksum-algorithm": name },
    });
    expect([put.status, put.headers.get(header), put.headers.get("x-amz-checksum-type")]).toEqual([
      200,
      two,
      "FULL_OBJECT",
    ]);
    const chunked = await h.call("PUT", "/bucket/t", {
      body: `8\r\nthe tail\r\n0\r\n${header}:${two}\r\n\r\n`,
      payload: TRAILER,
      headers: {
        "x-amz-trailer": header,
        "x-amz-decoded-content-length": "8",
        "x-amz-sdk-checksum-algorithm": name.toLowerCase(),
      },
    });
    expect([chunked.status, chunked.headers.get(header)]).toEqual([200, two]);
    for (const [headers, code, message] of [
      [{ [header]: one }, "BadDigest", `The ${name} you specified did not match the calculated checksum.`],
      [{ [header]: two.slice(4) }, "InvalidRequest", `Value for ${header} header is invalid.`],
      [{ [header]: "" }, "InvalidRequest", `Value for ${header} header is invalid.`],
      [
        { "x-amz-sdk-checksum-algorithm": name },
        "InvalidRequest",
        "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.",
      ],
      [
        { [header]: two, "x-amz-sdk-checksum-algorithm": algorithm === "sha1" ? "CRC32" : "SHA1" },
        "InvalidRequest",
        "Value for x-amz-sdk-checksum-algorithm header is invalid.",
      ],
    ] as [Record<string, string>, string, string][]) {
      const answer = await h.call("PUT", "/bucket/no", { body: PART_TWO, headers });
      expect([answer.status, answer.tag("Code"), answer.tag("Message")]).toEqual([400, code, message]);
    }
    expect((await h.call("HEAD", "/bucket/no")).status).toBe(404);
  });

  test("GET, HEAD, attributes, listings", async () => {
    const h = await withBucket();
    await h.call("PUT", "/bucket/k", { body: PART_TWO, headers: { [header]: two } });
    for (const method of ["GET", "HEAD"]) {
      const asked = await h.call(method, "/bucket/k", { headers: MODE });
      expect([asked.headers.get(header), asked.headers.get("x-amz-checksum-type")]).toEqual([
        two,
        "FULL_OBJECT",
      ]);
      expect((await h.call(method, "/bucket/k")).headers.get(header)).toBeUndefined();
    }
    const attributes = await h.call("GET", "/bucket/k?attributes", {
      headers: { "x-amz-object-attributes": "Checksum" },
    });
    expect([attributes.tag(element), attributes.tag("ChecksumType")]).toEqual([two, "FULL_OBJECT"]);
    for (const list of ["", "?list-type=2", "?versions"]) {
      const page = await h.call("GET", `/bucket${list}`);
      expect([page.tag("ChecksumAlgorithm"), page.tag("ChecksumType")]).toEqual([name, "FULL_OBJECT"]);
    }
  });

  test("copies keep it, and change it when asked to", async () => {
    const h = await withBucket();
    await h.call("PUT", "/bucket/k", { body: PART_TWO, headers: { [header]: two } });
    const source = { "x-amz-copy-source": "/bucket/k" };
    const kept = await h.call("PUT", "/bucket/kept", { headers: source });
    expect([kept.status, kept.tag(element), kept.tag("ChecksumType")]).toEqual([200, two, "FULL_OBJECT"]);
    for (const other of CHECKSUM_VECTORS) {
      const changed = await h.call("PUT", "/bucket/changed", {
        headers: { ...source, "x-amz-checksum-algorithm": other.algorithm.toUpperCase() },
      });
      expect(changed.tag(`Checksum${other.algorithm.toUpperCase()}`)).toBe(other.two);
      const head = await h.call("HEAD", "/bucket/changed", { headers: MODE });
      expect(head.headers.get(`x-amz-checksum-${other.algorithm}`)).toBe(other.two);
    }
  });

  test("an upload in parts, composed or of the whole as the algorithm can", async () => {
    const h = await withBucket();
    const whole = CHECKSUM_VECTORS.find((vector) => vector.algorithm === algorithm)?.whole as string;
    const composed = algorithm !== "crc64nvme";
    const type = composed ? "COMPOSITE" : "FULL_OBJECT";
    const created = await h.call("POST", "/bucket/k?uploads", {
      headers: { "x-amz-checksum-algorithm": name },
    });
    expect([
      created.headers.get("x-amz-checksum-algorithm"),
      created.headers.get("x-amz-checksum-type"),
    ]).toEqual([name, type]);
    const target = `/bucket/k?uploadId=${created.tag("UploadId")}`;
    const first = await h.call("PUT", `${target}&partNumber=1`, {
      body: PART_ONE,
      headers: { [header]: one },
    });
    expect([first.status, first.headers.get(header)]).toEqual([200, one]);
    await h.call("PUT", "/bucket/source", { body: PART_TWO });
    const second = await h.call("PUT", `${target}&partNumber=2`, {
      headers: { "x-amz-copy-source": "/bucket/source" },
    });
    expect([second.status, second.tag(element)]).toEqual([200, two]);
    const parts = await h.call("GET", target);
    expect([parts.tag("ChecksumAlgorithm"), parts.tag("ChecksumType"), parts.tags(element)]).toEqual([
      name,
      type,
      [one, two],
    ]);
    const uploads = await h.call("GET", "/bucket?uploads");
    expect([uploads.tag("ChecksumAlgorithm"), uploads.tag("ChecksumType")]).toEqual([name, type]);

    const etags = parts.tags("ETag");
    const document = (sums: readonly string[]): string =>
      `<CompleteMultipartUpload>${[1, 2]
        .map(
          (number, i) =>
            `<Part><PartNumber>${number}</PartNumber><ETag>${etags[i]}</ETag><${element}>${sums[i]}</${element}></Part>`,
        )
        .join("")}</CompleteMultipartUpload>`;
    const wrongPart = await h.call("POST", target, { body: document([one, one]) });
    expect(wrongPart.tag("Code")).toBe("InvalidPart");
    const wrongWhole = await h.call("POST", target, {
      body: document([one, two]),
      headers: { [header]: two },
    });
    expect(wrongWhole.tag("Code")).toBe("BadDigest");
    const expected = composed ? `${composite}-2` : whole;
    const done = await h.call("POST", target, {
      body: document([one, two]),
      headers: { [header]: expected, "x-amz-checksum-type": type },
    });
    expect([done.status, done.tag(element), done.tag("ChecksumType")]).toEqual([200, expected, type]);
    const head = await h.call("HEAD", "/bucket/k", { headers: MODE });
    expect([head.headers.get(header), head.headers.get("x-amz-checksum-type")]).toEqual([expected, type]);
    const part = await h.call("HEAD", "/bucket/k?partNumber=1", { headers: MODE });
    expect(part.headers.get(header)).toBe(one);
    // The suffix is left out there, as was recorded from S3; HEAD and the completion have it.
    const attributes = await h.call("GET", "/bucket/k?attributes", {
      headers: { "x-amz-object-attributes": "Checksum,ObjectParts" },
    });
    expect([attributes.tags(element), attributes.tag("ChecksumType")]).toEqual([
      [composed ? composite : whole, one, two],
      type,
    ]);
    // A copy is one piece again.
    const copy = await h.call("PUT", "/bucket/copy", { headers: { "x-amz-copy-source": "/bucket/k" } });
    expect([copy.tag(element), copy.tag("ChecksumType")]).toEqual([whole, "FULL_OBJECT"]);
  });

  test("which type an upload may have", async () => {
    const h = await withBucket();
    const types = { crc64nvme: ["FULL_OBJECT"], crc32: ["COMPOSITE", "FULL_OBJECT"] }[
      algorithm === "crc32c" ? "crc32" : (algorithm as "crc32")
    ] ?? ["COMPOSITE"];
    for (const type of ["COMPOSITE", "FULL_OBJECT"]) {
      const answer = await h.call("POST", "/bucket/k?uploads", {
        headers: { "x-amz-checksum-algorithm": algorithm, "x-amz-checksum-type": type.toLowerCase() },
      });
      if (types.includes(type)) expect(answer.headers.get("x-amz-checksum-type")).toBe(type);
      else
        expect([answer.status, answer.tag("Code"), answer.tag("Message")]).toEqual([
          400,
          "InvalidRequest",
          `The ${type} checksum type cannot be used with the ${algorithm} checksum algorithm.`,
        ]);
    }
  });
});

test("MD5 as the JavaScript SDK sends it: Content-MD5, as header and as trailer", async () => {
  const h = await withBucket();
  const md5 = CHECKSUM_VECTORS.find(({ algorithm }) => algorithm === "md5")?.two as string;
  const asked = { "x-amz-sdk-checksum-algorithm": "MD5" };
  const put = await h.call("PUT", "/bucket/k", { body: PART_TWO, headers: { ...asked, "Content-MD5": md5 } });
  expect([put.status, put.headers.get("x-amz-checksum-md5")]).toEqual([200, md5]);
  const streamed = (value: string): Promise<{ status: number; tag(name: string): string | undefined }> =>
    h.call("PUT", "/bucket/t", {
      body: `8\r\nthe tail\r\n0\r\ncontent-md5:${value}\r\n\r\n`,
      payload: TRAILER,
      headers: { ...asked, "x-amz-trailer": "content-md5", "x-amz-decoded-content-length": "8" },
    });
  expect((await streamed(md5)).status).toBe(200);
  expect((await streamed("AAAAAAAAAAAAAAAAAAAAAA==")).tag("Code")).toBe("BadDigest");
  // Content-MD5 without the algorithm stays what it was: checked, and not kept.
  const plain = await h.call("PUT", "/bucket/p", { body: PART_TWO, headers: { "Content-MD5": md5 } });
  expect([plain.status, plain.headers.get("x-amz-checksum-md5")]).toEqual([200, undefined]);
});

const UNSUPPORTED =
  "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, MD5, SHA1, SHA256, SHA512, XXHASH128, XXHASH3, XXHASH64]";

test.each<[what: string, method: string, target: string, headers: Record<string, string>, message: string]>([
  [
    "a type",
    "POST",
    "/bucket/k?uploads",
    { "x-amz-checksum-type": "NOPE" },
    "Value for x-amz-checksum-type header is invalid.",
  ],
  [
    "a type with an algorithm",
    "POST",
    "/bucket/k?uploads",
    { "x-amz-checksum-algorithm": "CRC32", "x-amz-checksum-type": "NOPE" },
    "Value for x-amz-checksum-type header is invalid.",
  ],
  [
    "a type alone",
    "POST",
    "/bucket/k?uploads",
    { "x-amz-checksum-type": "COMPOSITE" },
    "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.",
  ],
  [
    "an algorithm of an upload",
    "POST",
    "/bucket/k?uploads",
    { "x-amz-checksum-algorithm": "MD4" },
    UNSUPPORTED,
  ],
  ["no algorithm", "POST", "/bucket/k?uploads", { "x-amz-checksum-algorithm": "" }, UNSUPPORTED],
  [
    "an algorithm of a copy",
    "PUT",
    "/bucket/c",
    { "x-amz-copy-source": "/bucket/k", "x-amz-checksum-algorithm": "XXH3" },
    UNSUPPORTED,
  ],
  [
    "a mode",
    "GET",
    "/bucket/k",
    { "x-amz-checksum-mode": "DISABLED" },
    "Value for x-amz-checksum-mode header is invalid.",
  ],
  [
    "a header",
    "PUT",
    "/bucket/c",
    { "x-amz-checksum-md4": "AAAA" },
    "The algorithm type you specified in x-amz-checksum- header is invalid.",
  ],
  [
    "two of them",
    "PUT",
    "/bucket/c",
    { "x-amz-checksum-crc32": "AAAAAA==", "x-amz-checksum-md5": "AAAAAAAAAAAAAAAAAAAAAA==" },
    "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
  ],
  [
    "an SDK's algorithm",
    "PUT",
    "/bucket/c",
    { "x-amz-checksum-crc32": "AAAAAA==", "x-amz-sdk-checksum-algorithm": "BOGUS" },
    "Value for x-amz-sdk-checksum-algorithm header is invalid.",
  ],
])("%s that there is not", async (_what, method, target, headers, message) => {
  const h = await withBucket();
  await h.call("PUT", "/bucket/k", { body: "k" });
  const answer = await h.call(method, target, { headers });
  expect([answer.status, answer.tag("Code"), answer.tag("Message")]).toEqual([
    400,
    "InvalidRequest",
    message,
  ]);
});

test("parts of an upload whose checksum is composed need theirs; where it is of the whole they are computed", async () => {
  const h = await withBucket();
  const crc64 = CHECKSUM_VECTORS.find(({ algorithm }) => algorithm === "crc64nvme")?.two as string;
  for (const { algorithm, two } of CHECKSUM_VECTORS) {
    for (const type of ["COMPOSITE", "FULL_OBJECT"]) {
      const created = await h.call("POST", "/bucket/k?uploads", {
        headers: { "x-amz-checksum-algorithm": algorithm, "x-amz-checksum-type": type },
      });
      if (created.status !== 200) continue;
      const target = `/bucket/k?uploadId=${created.tag("UploadId")}&partNumber=1`;
      const bare = await h.call("PUT", target, { body: PART_TWO });
      if (type === "COMPOSITE") {
        expect([bare.status, bare.tag("Code"), bare.tag("Message"), bare.bodyRead]).toEqual([
          400,
          "InvalidRequest",
          `Checksum Type mismatch occurred, expected checksum Type: ${algorithm}, actual checksum Type: null`,
          0,
        ]);
      } else {
        expect([bare.status, bare.headers.get(`x-amz-checksum-${algorithm}`)]).toEqual([200, two]);
      }
      if (algorithm === "crc64nvme") continue;
      const other = await h.call("PUT", target, {
        body: PART_TWO,
        headers: { "x-amz-checksum-crc64nvme": crc64 },
      });
      expect([other.status, other.tag("Code"), other.tag("Message")]).toEqual([
        400,
        "InvalidRequest",
        `Checksum Type mismatch occurred, expected checksum Type: ${algorithm}, actual checksum Type: crc64nvme`,
      ]);
    }
  }
});

test("a part with a checksum is taken in an upload that was made without one", async () => {
  const h = await withBucket();
  for (const { algorithm, two, one } of CHECKSUM_VECTORS) {
    const id = (await h.call("POST", "/bucket/k?uploads")).tag("UploadId");
    const target = `/bucket/k?uploadId=${id}&partNumber=1`;
    const part = await h.call("PUT", target, {
      body: PART_TWO,
      headers: { [`x-amz-checksum-${algorithm}`]: two },
    });
    expect([part.status, part.headers.get(`x-amz-checksum-${algorithm}`)]).toEqual([200, two]);
    const wrong = await h.call("PUT", target, {
      body: PART_TWO,
      headers: { [`x-amz-checksum-${algorithm}`]: one },
    });
    expect(wrong.tag("Code")).toBe("BadDigest");
    const etag = part.headers.get("etag");
    const body = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${etag}</ETag></Part></CompleteMultipartUpload>`;
    const done = await h.call("POST", `/bucket/k?uploadId=${id}`, { body });
    expect([done.status, done.tag("ChecksumType")]).toEqual([200, undefined]);
    expect(
      (await h.call("HEAD", "/bucket/k", { headers: MODE })).headers.get("x-amz-checksum-type"),
    ).toBeUndefined();
  }
});

test("what a completion says of the checksum must be that of the upload", async () => {
  const h = await withBucket();
  const created = await h.call("POST", "/bucket/k?uploads", {
    headers: { "x-amz-checksum-algorithm": "CRC32", "x-amz-checksum-type": "FULL_OBJECT" },
  });
  const target = `/bucket/k?uploadId=${created.tag("UploadId")}`;
  const etag = (await h.call("PUT", `${target}&partNumber=1`, { body: PART_TWO })).headers.get("etag");
  const body = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${etag}</ETag></Part></CompleteMultipartUpload>`;
  for (const [headers, message] of [
    [{ "x-amz-checksum-type": "BOGUS" }, "Value for x-amz-checksum-type header is invalid."],
    [
      { "x-amz-checksum-type": "COMPOSITE" },
      "The upload was created using the FULL_OBJECT checksum mode. The complete request must use the same checksum mode.",
    ],
    [{ "x-amz-checksum-crc32": "AAAA" }, "Value for x-amz-checksum-crc32 header is invalid."],
    [{ "x-amz-checksum-crc32": "AAAAAA==-x" }, "Value for x-amz-checksum-crc32 header is invalid."],
    [
      { "x-amz-checksum-crc32": "AAAAAA==", "x-amz-checksum-md5": "AAAAAAAAAAAAAAAAAAAAAA==" },
      "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
    ],
    [
      { "x-amz-checksum-md4": "AAAA" },
      "The algorithm type you specified in x-amz-checksum- header is invalid.",
    ],
    [
      { "x-amz-checksum-xxhash3": "AAAAAAAAAAA=" },
      "Checksum Type mismatch occurred, expected checksum Type: crc32, actual checksum Type: xxhash3",
    ],
  ] as [Record<string, string>, string][]) {
    const answer = await h.call("POST", target, { body, headers });
    expect([answer.status, answer.tag("Code"), answer.tag("Message")]).toEqual([
      400,
      "InvalidRequest",
      message,
    ]);
  }
  expect(
    (await h.call("POST", target, { body, headers: { "x-amz-checksum-type": "full_object" } })).status,
  ).toBe(200);
});
