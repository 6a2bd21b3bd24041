/**
 * PutBucketCors, GetBucketCors, DeleteBucketCors, OPTIONS, and the headers of cross-origin answers. Pages: API
 * reference of each operation, CORSRule; S3 User Guide, "Using cross-origin resource sharing (CORS)" and its parts;
 * S3 Developer Guide, "OPTIONS object". Messages as recorded of S3 in localstack/localstack,
 * tests/aws/services/s3/test_s3_cors.snapshot.json; matching as in ceph/s3-tests.
 */
import { describe, expect, test } from "bun:test";
import { type Answer, type Harness, harness } from "../support/harness.ts";

const CORS = "/bucket?cors";

type Rule = Readonly<Record<string, string | readonly string[]>>;

function configuration(...rules: Rule[]): string {
  const inner = rules.map((rule) => {
    const elements = Object.entries(rule).flatMap(([name, values]) =>
      [values].flat().map((value) => `<${name}>${value}</${name}>`),
    );
    return `<CORSRule>${elements.join("")}</CORSRule>`;
  });
  return `<CORSConfiguration>${inner.join("")}</CORSConfiguration>`;
}

async function prepared(...rules: Rule[]): Promise<Harness> {
  const h = harness();
  await h.call("PUT", "/bucket");
  await h.call("PUT", "/bucket/key", { body: "content" });
  if (rules.length > 0) {
    expect((await h.call("PUT", CORS, { body: configuration(...rules) })).status).toBe(200);
  }
  return h;
}

const GET_ANY: Rule = { AllowedMethod: "GET", AllowedOrigin: "*" };
const VARY = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method";

/** The CORS headers of an answer, without the prefix. */
function cors(answer: Answer): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, value] of answer.headers) {
    if (name === "vary") found[name] = value;
    if (name.startsWith("access-control-")) found[name.slice("access-control-".length)] = value;
  }
  return found;
}

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

const preflight = (h: Harness, headers: Record<string, string>, target = "/bucket/key") =>
  h.call("OPTIONS", target, { headers, anonymous: true });
const asks = (origin: string, method = "GET", headers?: string): Record<string, string> => ({
  Origin: origin,
  "Access-Control-Request-Method": method,
  ...(headers === undefined ? {} : { "Access-Control-Request-Headers": headers }),
});

describe("OPTIONS", () => {
  test.each([
    [
      "/bucket/key",
      {},
      400,
      "BadRequest",
      "Insufficient information. Origin request header needed.",
      undefined,
    ],
    ["/", {}, 400, "BadRequest", "Insufficient information. Origin request header needed.", undefined],
    [
      "/nowhere/key",
      { Origin: "x" },
      403,
      "AccessForbidden",
      "CORSResponse: Bucket not found",
      "OPTIONS BUCKET",
    ],
    ["/", asks("x"), 403, "AccessForbidden", "CORSResponse: Bucket not found", "GET BUCKET"],
    [
      "/plain/key",
      asks("x", "PUT"),
      403,
      "AccessForbidden",
      "CORSResponse: CORS is not enabled for this bucket.",
      "PUT BUCKET",
    ],
    [
      "/plain/key",
      { Origin: "x" },
      403,
      "AccessForbidden",
      "CORSResponse: CORS is not enabled for this bucket.",
      "OPTIONS BUCKET",
    ],
    [
      "/bucket/key",
      { Origin: "x" },
      400,
      "BadRequest",
      "Invalid Access-Control-Request-Method: null",
      undefined,
    ],
    [
      "/bucket",
      asks("x", "PATCH"),
      400,
      "BadRequest",
      "Invalid Access-Control-Request-Method: PATCH",
      undefined,
    ],
    ["/bucket/key", asks("x", "PUT"), 403, "AccessForbidden", undefined, "PUT OBJECT"],
    ["/bucket", asks("x", "PUT"), 403, "AccessForbidden", undefined, "PUT BUCKET"],
  ] as const)(
    "of %s with %j: %d %s (OPTIONS object)",
    async (target, headers, status, code, message, about) => {
      const h = await prepared(GET_ANY);
      await h.call("PUT", "/plain");
      const answer = await preflight(h, headers, target);
      expect([answer.status, answer.tag("Code")]).toEqual([status, code]);
      expect(answer.tag("Message")).toStartWith(message ?? "CORSResponse: This CORS request is not allowed.");
      expect(cors(answer)).toEqual({});
      const named = about === undefined ? undefined : `${answer.tag("Method")} ${answer.tag("ResourceType")}`;
      expect(named).toBe(about);
    },
  );

  test("answers with everything that the rule allows (Testing CORS)", async () => {
    const h = await prepared({
      AllowedOrigin: "http://www.example1.com",
      AllowedMethod: ["GET", "PUT"],
      AllowedHeader: "Authorization",
      ExposeHeader: ["x-amz-meta-custom-header", "ETag"],
      MaxAgeSeconds: "3000",
    });
    const answer = await preflight(h, asks("http://www.example1.com", "PUT", "authorization"));
    expect([answer.status, answer.text]).toEqual([200, ""]);
    expect(cors(answer)).toEqual({
      "allow-origin": "http://www.example1.com",
      "allow-methods": "GET, PUT",
      "allow-headers": "authorization",
      "expose-headers": "x-amz-meta-custom-header, ETag",
      "max-age": "3000",
      "allow-credentials": "true",
      vary: VARY,
    });
  });

  test("the origin * is answered as *, without credentials (Elements of a CORS configuration)", async () => {
    const answer = await preflight(await prepared(GET_ANY), asks("http://random:1234"));
    expect(cors(answer)).toEqual({ "allow-origin": "*", "allow-methods": "GET", vary: VARY });
  });

  test.each([
    ["*suffix", "foo.suffix", true],
    ["*suffix", "suffix", true],
    ["*suffix", "foo.suffix.get", false],
    ["start*end", "startend", true],
    ["start*end", "start12end", true],
    ["start*end", "0start12end", false],
    ["start*tend", "startend", false],
    ["prefix*", "prefix.suffix", true],
    ["prefix*", "bla.prefix", false],
    ["http://*.origin.com", "http://test.origin.com", true],
    ["http://*.origin.com", "http://test.origin.com/", false],
    ["http://a.com", "http://a.com:80", false],
    ["http://a.com", "https://a.com", false],
    ["http://a.com", "HTTP://A.COM", false],
    ["null", "null", true],
  ])("origin %s and %s: %p (Elements of a CORS configuration)", async (pattern, origin, allowed) => {
    const h = await prepared({ AllowedMethod: "GET", AllowedOrigin: ["http://other", pattern] });
    const answer = await preflight(h, asks(origin));
    expect([answer.status, cors(answer)["allow-origin"]]).toEqual(allowed ? [200, origin] : [403, undefined]);
    expect(cors(await h.call("GET", "/bucket/key", { headers: { Origin: origin } }))["allow-origin"]).toBe(
      allowed ? origin : undefined,
    );
  });

  test.each([
    [["*"], "X-Amz-Date, authorization", "x-amz-date, authorization"],
    [["x-amz-*", "Authorization"], "x-amz-date,AUTHORIZATION", "x-amz-date, authorization"],
    [["x-AMZ-Date"], "x-amz-DATE", "x-amz-date"],
    [["x-amz-date"], "x-amz-date, other", undefined],
    [[], "x-amz-date", undefined],
    [["*"], " , x-a,,", "x-a"],
    [["*"], "a b", undefined],
    [["*"], "a\u00e9", undefined],
  ] as [string[], string, string | undefined][])(
    "headers %j and %j: %s (Elements of a CORS configuration)",
    async (patterns, requested, allowed) => {
      const h = await prepared({ ...GET_ANY, AllowedHeader: patterns });
      const answer = await preflight(h, asks("http://a", "GET", requested));
      expect([answer.status, cors(answer)["allow-headers"]]).toEqual(
        allowed === undefined ? [403, undefined] : [200, allowed],
      );
    },
  );

  test("the first rule that matches decides (PutBucketCors)", async () => {
    const h = await prepared(
      { AllowedMethod: "PUT", AllowedOrigin: "*", MaxAgeSeconds: "1" },
      { AllowedMethod: "GET", AllowedOrigin: "http://a", MaxAgeSeconds: "2" },
      { AllowedMethod: "GET", AllowedOrigin: "*", AllowedHeader: "x-a", MaxAgeSeconds: "3" },
      { AllowedMethod: "GET", AllowedOrigin: "*", MaxAgeSeconds: "4" },
    );
    const age = async (headers: Record<string, string>) => cors(await preflight(h, headers))["max-age"];
    expect(await age(asks("http://a", "PUT"))).toBe("1");
    expect(await age(asks("http://a"))).toBe("2");
    expect(await age(asks("http://a", "GET", "x-a"))).toBe("3");
    expect(await age(asks("http://b", "GET", "x-a"))).toBe("3");
    expect(await age(asks("http://b"))).toBe("3");
    expect(await age(asks("http://b", "GET", "x-b"))).toBeUndefined();
  });

  test("looks at no signature, object or body (OPTIONS object)", async () => {
    const h = await prepared(GET_ANY);
    const target = "/bucket/none?X-Amz-Signature=false&uploads&versionId=x";
    const answer = await h.call("OPTIONS", target, { headers: asks("http://a"), body: "x", anonymous: true });
    expect([answer.status, answer.bodyRead]).toEqual([200, 0]);
  });

  test("counts a bucket of the virtual-host style", async () => {
    const h = await prepared(GET_ANY);
    const headers = { Host: "bucket.s3.test", ...asks("http://a") };
    expect((await preflight(h, headers, "/key")).status).toBe(200);
  });
});

describe("cross-origin requests", () => {
  const RULE: Rule = {
    AllowedMethod: ["GET", "PUT", "DELETE"],
    AllowedOrigin: "http://a",
    ExposeHeader: "ETag",
    MaxAgeSeconds: "9",
  };
  const EXPECTED = {
    "allow-origin": "http://a",
    "allow-methods": "GET, PUT, DELETE",
    "allow-credentials": "true",
    "expose-headers": "ETag",
    "max-age": "9",
    vary: VARY,
  };
  const Origin = "http://a";

  test.each([
    ["GET", "/bucket/key", 200, {}],
    ["GET", "/bucket/key", 206, { Range: "bytes=0-1" }],
    ["GET", "/bucket/key", 304, { "If-None-Match": "*" }],
    ["GET", "/bucket/key", 412, { "If-Match": '"x"' }],
    ["GET", "/bucket/none", 404, {}],
    ["GET", "/bucket?list-type=2", 200, {}],
    ["GET", "/bucket?whatever", 501, {}],
    ["PUT", "/bucket/key", 200, {}],
    ["DELETE", "/bucket/key", 204, {}],
    ["PUT", "/bucket?acl&cors", 400, {}],
  ] as const)("%s %s: %d with the headers (Using CORS)", async (method, target, status, headers) => {
    const h = await prepared(RULE);
    const answer = await h.call(method, target, { headers: { Origin, ...headers } });
    expect([answer.status, cors(answer)]).toEqual([status, EXPECTED]);
  });

  test("an anonymous request that is denied has them too", async () => {
    const h = await prepared(RULE);
    const answer = await h.call("GET", "/bucket/key", { headers: { Origin }, anonymous: true });
    expect([answer.status, cors(answer)]).toEqual([403, EXPECTED]);
  });

  test.each([
    ["HEAD", { Origin }],
    ["GET", { Origin: "http://b" }],
    ["GET", {}],
    ["GET", { Origin: "" }],
    ["GET", { Origin, "Access-Control-Request-Method": "HEAD" }],
    ["GET", { Origin, "Access-Control-Request-Headers": "x-amz-request-payer" }],
  ] as [string, Record<string, string>][])(
    "%s with %j is served without (Using CORS)",
    async (method, headers) => {
      const h = await prepared(RULE);
      const answer = await h.call(method, "/bucket/key", { headers });
      expect([answer.status, cors(answer)]).toEqual([200, {}]);
    },
  );

  test("without Origin nothing is read; with it, one view", async () => {
    const h = await prepared(RULE);
    const reads = async (headers: Record<string, string>): Promise<number[]> => {
      const before = [h.kv.snapshots, h.kv.gets];
      await h.call("GET", "/bucket/key", { headers });
      return [h.kv.snapshots - (before[0] as number), h.kv.gets - (before[1] as number)];
    };
    expect(await reads({})).toEqual([1, 2]);
    expect(await reads({ Origin })).toEqual([2, 4]);
  });
});
