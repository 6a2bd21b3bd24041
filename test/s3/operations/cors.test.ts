/**
 * PutBucketCors, GetBucketCors, DeleteBucketCors, OPTIONS, and the headers of cross-origin answers. Pages: API
 * reference of each operation, CORSRule; S3 User Guide, "Using cross-origin resource sharing (CORS)" and its parts;
 * S3 Developer Guide, "OPTIONS object". Messages as recorded of S3 in localstack/localstack,
 * tests/aws/services/s3/test_s3_cors.snapshot.json; matching as in ceph/s3-tests.
 */
import { describe, expect, test } from "bun:test";
import { CORS, configuration, cors, GET_ANY, prepared } from "../support/cors.ts";
import { harness } from "../support/harness.ts";

interface Refusal {
  readonly does: string;
  readonly page: string;
  readonly body: string;
  readonly code: string;
  readonly message?: string;
}

const REFUSALS: readonly Refusal[] = [
  { does: "no body", page: "PutBucketCors", body: "", code: "MissingRequestBodyError" },
  { does: "no rule", page: "CORSConfiguration", body: "<CORSConfiguration/>", code: "MalformedXML" },
  { does: "an empty rule", page: "CORSRule", body: configuration({}), code: "MalformedXML" },
  { does: "no method", page: "CORSRule", body: configuration({ AllowedOrigin: "*" }), code: "MalformedXML" },
  {
    does: "no origin",
    page: "CORSRule",
    body: configuration({ AllowedMethod: "GET" }),
    code: "MalformedXML",
  },
  {
    does: "an unknown element",
    page: "CORSRule",
    body: configuration({ ...GET_ANY, Other: "x" }),
    code: "MalformedXML",
  },
  {
    does: "101 rules",
    page: "CORSConfiguration",
    body: configuration(...Array.from({ length: 101 }, () => GET_ANY)),
    code: "InvalidRequest",
  },
  {
    does: "a method that rules do not have",
    page: "CORSRule",
    body: configuration({ ...GET_ANY, AllowedMethod: "PATCH" }),
    code: "InvalidRequest",
    message: "Found unsupported HTTP method in CORS config. Unsupported method is PATCH",
  },
  {
    does: "a method in lower case",
    page: "CORSRule",
    body: configuration({ ...GET_ANY, AllowedMethod: ["GET", "put"] }),
    code: "InvalidRequest",
    message: "Found unsupported HTTP method in CORS config. Unsupported method is put",
  },
  {
    does: "two wildcards in an origin",
    page: "Elements of a CORS configuration",
    body: configuration({ ...GET_ANY, AllowedOrigin: "*example*.com" }),
    code: "InvalidRequest",
    message: "AllowedOrigin &quot;*example*.com&quot; can not have more than one wildcard.",
  },
  {
    does: "two wildcards in a header",
    page: "Elements of a CORS configuration",
    body: configuration({ ...GET_ANY, AllowedHeader: "x-*-*" }),
    code: "InvalidRequest",
    message: "AllowedHeader &quot;x-*-*&quot; can not have more than one wildcard.",
  },
  {
    does: "a wildcard in an exposed header",
    page: "CORSRule",
    body: configuration({ ...GET_ANY, ExposeHeader: "x-*" }),
    code: "InvalidRequest",
  },
  {
    does: "an exposed header that would begin another",
    page: "CORSRule",
    body: configuration({ ...GET_ANY, ExposeHeader: "a&#13;&#10;Set-Cookie: b" }),
    code: "InvalidRequest",
  },
  {
    does: "an ID of 256 characters",
    page: "CORSRule",
    body: configuration({ ...GET_ANY, ID: "i".repeat(256) }),
    code: "InvalidRequest",
  },
  {
    does: "an age that is no number",
    page: "CORSRule",
    body: configuration({ ...GET_ANY, MaxAgeSeconds: "long" }),
    code: "MalformedXML",
  },
  {
    does: "two ages",
    page: "CORSRule",
    body: configuration({ ...GET_ANY, MaxAgeSeconds: ["1", "2"] }),
    code: "MalformedXML",
  },
  {
    does: "65 KiB",
    page: "PutBucketCors",
    body: configuration({ ...GET_ANY, ID: "i".repeat(65 * 1024) }),
    code: "MaxMessageLengthExceeded",
  },
];

describe("PutBucketCors", () => {
  test.each(REFUSALS)("$does is $code ($page)", async ({ body, code, message }) => {
    const h = await prepared({ ...GET_ANY, ID: "kept" });
    const answer = await h.call("PUT", CORS, { body });
    expect([answer.status, answer.tag("Code")]).toEqual([400, code]);
    if (message !== undefined) expect(answer.tag("Message")).toBe(message);
    expect((await h.call("GET", CORS)).tag("ID")).toBe("kept");
  });

  test("a GET gives back what was put, in its order (GetBucketCors)", async () => {
    const body = configuration(
      {
        AllowedHeader: ["x-AMZ-meta-*", "Authorization"],
        AllowedMethod: ["PUT", "GET", "HEAD", "POST", "DELETE"],
        AllowedOrigin: ["http://b.example:80", "https://*.a.example"],
        ExposeHeader: ["ETag", "x-amz-request-id"],
        ID: "first",
        MaxAgeSeconds: "0",
      },
      { AllowedMethod: ["GET"], AllowedOrigin: ["*"] },
    );
    const h = await prepared();
    expect((await h.call("PUT", CORS, { body })).text).toBe("");
    const answer = await h.call("GET", CORS);
    const root = `<CORSConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`;
    expect(answer.text).toBe(
      `<?xml version="1.0" encoding="UTF-8"?>\n${body.replace("<CORSConfiguration>", root)}`,
    );
    expect((await h.call("PUT", CORS, { body: answer.text })).status).toBe(200);
  });

  test("100 rules are taken (CORSConfiguration)", async () => {
    const h = await prepared(...Array.from({ length: 100 }, (_, i) => ({ ...GET_ANY, ID: `r${i}` })));
    expect((await h.call("GET", CORS)).tags("ID")).toHaveLength(100);
  });
});

describe("GetBucketCors, DeleteBucketCors", () => {
  test("without rules: 404, and a delete succeeds (GetBucketCors, DeleteBucketCors)", async () => {
    const h = await prepared();
    const answer = await h.call("GET", CORS);
    expect([answer.status, answer.tag("Code"), answer.tag("Message"), answer.tag("BucketName")]).toEqual([
      404,
      "NoSuchCORSConfiguration",
      "The CORS configuration does not exist",
      "bucket",
    ]);
    expect((await h.call("DELETE", CORS)).status).toBe(204);
  });

  test("deleted rules allow nothing (DeleteBucketCors)", async () => {
    const h = await prepared(GET_ANY);
    expect((await h.call("DELETE", CORS)).status).toBe(204);
    expect((await h.call("GET", CORS)).status).toBe(404);
    expect(cors(await h.call("GET", "/bucket/key", { headers: { Origin: "http://a" } }))).toEqual({});
  });

  test.each(["PUT", "GET", "DELETE"])("%s of no bucket", async (method) => {
    const body = method === "PUT" ? configuration(GET_ANY) : "";
    expect((await harness().call(method, "/nowhere?cors", { body })).tag("Code")).toBe("NoSuchBucket");
  });
});
