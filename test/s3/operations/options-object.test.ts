/**
 * PutBucketCors, GetBucketCors, DeleteBucketCors, OPTIONS, and the headers of cross-origin answers. Pages: API
 * reference of each operation, CORSRule; S3 User Guide, "Using cross-origin resource sharing (CORS)" and its parts;
 * S3 Developer Guide, "OPTIONS object". Messages as recorded of S3 in localstack/localstack,
 * tests/aws/services/s3/test_s3_cors.snapshot.json; matching as in ceph/s3-tests.
 */
import { describe, expect, test } from "bun:test";
import { cors, GET_ANY, prepared, type Rule, VARY } from "../support/cors.ts";
import type { Harness } from "../support/harness.ts";

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

  /** Not of AWS: what one unsigned request may cost. */
  test("names and patterns are compared a bounded number of times, repeated names once", async () => {
    const many = Array.from({ length: 1_500 }, (_, i) => `x*${i}-`);
    const h = await prepared({ ...GET_ANY, AllowedHeader: [...many, "x-exact", "y*"] });
    const status = async (names: readonly string[]) =>
      (await preflight(h, asks("http://a", "GET", names.join(",")))).status;
    const last = (count: number) => Array.from({ length: count }, (_, i) => `y${i}`);
    expect(await status(last(100))).toBe(200);
    expect(await status(last(1_000))).toBe(403);
    expect(await status(Array.from({ length: 1_000 }, () => "y1"))).toBe(200);
    expect(await status([...last(100), ...Array.from({ length: 1_000 }, () => "X-Exact")])).toBe(200);
    const all = await prepared({ ...GET_ANY, AllowedHeader: [...many, "*"] });
    expect((await preflight(all, asks("http://a", "GET", last(1_000).join(",")))).status).toBe(200);
  });

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
    // The bucket, its policy, and the object.
    expect(await reads({})).toEqual([1, 3]);
    // And the bucket again, with its policy and its rules.
    expect(await reads({ Origin })).toEqual([2, 6]);
  });
});
